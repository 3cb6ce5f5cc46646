/**
 * A recording: what a file of it holds, byte for byte.
 *
 *     "LOCKSTEP" "REC\n" | version u32 | length u32 | checksum u32 | description (JSON, length bytes) | log entries
 *
 * Numbers are little endian; the checksum (CRC-32) is the description's. The description says what to build the
 * machine of. The entries are those of the log (ft/log.ts): a snapshot, its chunks, then hashes and heads as on the
 * logging channel, and at an orderly end a control entry (`end` or `powerOff`).
 *
 * Invariants: decode(encode(x)) is x; nothing is allocated by a length that was not checked; a recording that ends
 * early, or is damaged, can be read up to its last good entry, and the place is named.
 */
import { crc32 } from 'node:zlib';
import * as v from 'valibot';
import { ByteWriter, DecodeError } from '../ft/bytes.ts';
import { LOG_VERSION } from '../ft/constants.ts';
import { decodeEntry, type Entry } from '../ft/log.ts';

/** The version of this layout; the log's own version is in the description. */
const RECORDING_VERSION = 1;
const MAGIC = Buffer.from('LOCKSTEPREC\n', 'latin1');
const FIXED_BYTES = MAGIC.length + 12;
const DESCRIPTION_BYTES_MAX = 1 << 20;

const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** A file whose contents are built into the machine: replay needs the same. */
const Part = v.strictObject({ path: v.string(), bytes: Count, sha256: v.pipe(v.string(), v.hash(['sha256'])) });
/** A drive: what the guest read from it is in the log, so replay needs its size only. */
const DriveSize = v.strictObject({ path: v.string(), bytes: Count });

const Description = v.strictObject({
  logVersion: Count,
  vm: v.string(),
  /** Milliseconds since 1970, UTC. */
  recordedAt: Count,
  memoryMB: v.pipe(Count, v.minValue(1), v.maxValue(2048)),
  vgaMemoryMB: v.pipe(Count, v.minValue(1), v.maxValue(256)),
  seed: Count,
  startTimeMs: Count,
  nic: v.nullable(v.object({ type: v.picklist(['virtio', 'ne2k']), mac: v.string(), mtu: v.number() })),
  cmdline: v.string(),
  bootOrder: v.optional(v.array(v.picklist(['hda', 'cdrom', 'fda']))),
  files: v.strictObject({
    bios: Part,
    vgaBios: Part,
    bzimage: v.optional(Part),
    initrd: v.optional(Part),
    multiboot: v.optional(Part),
    fda: v.optional(Part),
    hda: v.optional(DriveSize),
  }),
});

export type RecordingDescription = v.InferOutput<typeof Description>;

/** The file is no recording, or not one that this version can read. The message says which. */
export class RecordingError extends Error {
  override name = 'RecordingError';
}

export function encodeRecordingHeader(description: RecordingDescription): Uint8Array {
  const json = Buffer.from(JSON.stringify(description));
  if (json.length > DESCRIPTION_BYTES_MAX) throw new RecordingError('the description of the machine is too long');
  const writer = new ByteWriter(FIXED_BYTES + json.length);
  return writer.raw(MAGIC).u32(RECORDING_VERSION).u32(json.length).u32(crc32(json)).raw(json).done().slice();
}

/**
 * The description at the start of a file; null when `bytes` ends before it does.
 * @throws {RecordingError} when the bytes cannot be the start of a recording that can be read here.
 */
export function decodeRecordingHeader(bytes: Uint8Array): { description: RecordingDescription; length: number } | null {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, MAGIC.length));
  if (!start.equals(MAGIC.subarray(0, start.length))) throw new RecordingError('it is not a recording of Lockstep');
  if (bytes.length < FIXED_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset + MAGIC.length, 12);
  const version = view.getUint32(0, true);
  if (version > RECORDING_VERSION) throw newer('its layout', version, RECORDING_VERSION);
  const length = view.getUint32(4, true);
  if (version < 1 || length > DESCRIPTION_BYTES_MAX) throw new RecordingError('its header is damaged');
  if (bytes.length < FIXED_BYTES + length) return null;
  const json = bytes.subarray(FIXED_BYTES, FIXED_BYTES + length);
  if (crc32(json) !== view.getUint32(8, true)) throw new RecordingError('its header is damaged');
  return { description: readDescription(json), length: FIXED_BYTES + length };
}

function readDescription(json: Uint8Array): RecordingDescription {
  let plain: unknown;
  try {
    plain = JSON.parse(Buffer.from(json).toString());
  } catch {
    throw new RecordingError('its header is damaged');
  }
  const log = v.safeParse(v.looseObject({ logVersion: Count }), plain);
  if (log.success && log.output.logVersion > LOG_VERSION) throw newer('its log', log.output.logVersion, LOG_VERSION);
  if (log.success && log.output.logVersion < LOG_VERSION) {
    throw new RecordingError(
      `it was made by an older Lockstep: its log has version ${log.output.logVersion}, this one reads ${LOG_VERSION}`,
    );
  }
  const parsed = v.safeParse(Description, plain);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new RecordingError(`its header is damaged (${v.getDotPath(issue) ?? 'description'}: ${issue.message})`);
}

function newer(what: string, version: number, known: number): RecordingError {
  return new RecordingError(
    `it was made by a newer Lockstep: ${what} has version ${version}, this one reads ${known}. Update Lockstep`,
  );
}

/** Cuts a stream of bytes into log entries; holds no more than one entry and what was pushed last. */
export class EntryReader {
  #rest: Uint8Array = new Uint8Array();
  #offset: number;

  /** `offset` is where in the file the first pushed byte is. */
  constructor(offset: number) {
    this.#offset = offset;
  }

  /** Where in the file the next entry begins. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes that are not a whole entry yet. */
  get unread(): number {
    return this.#rest.length;
  }

  push(bytes: Uint8Array): void {
    // Plain arrays, as on the channel: the slices of a Buffer are something else.
    const joined = new Uint8Array(this.#rest.length + bytes.length);
    joined.set(this.#rest);
    joined.set(bytes, this.#rest.length);
    this.#rest = joined;
  }

  /** The next entry; null when more bytes are needed. @throws {DecodeError} naming the place, when it is damaged. */
  next(): Entry | null {
    try {
      const decoded = decodeEntry(this.#rest, crc32);
      if (!decoded) return null;
      this.#rest = this.#rest.subarray(decoded.length);
      this.#offset += decoded.length;
      return decoded.entry;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw new DecodeError(`the entry at offset ${this.#offset} is damaged: ${error.message}`, { cause: error });
    }
  }
}
