/**
 * A VM's saved state in one file: memory and devices at one epoch boundary (docs/formats/state.md).
 *
 *     "LOCKSTEPSTA\n" | version u32 | length u32 | checksum u32 | header (JSON, length bytes)
 *     | frames: size u32 | length u32 | checksum u32 | data (length bytes, compressed) | "LOCKSTEPEND\n"
 *
 * Numbers are little endian, checksums CRC-32. The frames are the snapshot's description, then its pages, cut into
 * pieces of SNAPSHOT_CHUNK_BYTES before they are compressed.
 *
 * Invariants: a file has its name only when it is whole and on the disk; what is damaged, cut off or foreign is
 * refused with what is wrong; nothing is allocated by a length that was not checked.
 */
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import * as v from 'valibot';
import { SNAPSHOT_BYTES_MAX, SNAPSHOT_CHUNK_BYTES } from '../ft/constants.ts';
import { compress, decompress } from './compression.ts';
import { syncFolder } from './disk/create.ts';
import { openRegular } from './regular.ts';

export const STATE_VERSION = 1;
export const STATE_EXTENSION = '.lockstate';
/** What is being written has this at its end. */
export const UNFINISHED = '.part';

const MAGIC = Buffer.from('LOCKSTEPSTA\n', 'latin1');
const END = Buffer.from('LOCKSTEPEND\n', 'latin1');
const FIXED_BYTES = MAGIC.length + 12;
const HEADER_BYTES_MAX = 64 << 10;
const FRAME_BYTES = 12;
/** Compressing what cannot be compressed makes it a little longer. */
const FRAME_DATA_BYTES_MAX = SNAPSHOT_CHUNK_BYTES + (64 << 10);

const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Sha256 = v.pipe(v.string(), v.hash(['sha256']));
const Header = v.strictObject({
  /** The VM's name, for people. */
  vm: v.string(),
  /** Milliseconds since 1970, UTC. */
  takenAt: Count,
  epoch: Count,
  /** The guest's clock, in nanoseconds since power-on. */
  virtualNs: v.pipe(v.number(), v.finite(), v.minValue(0)),
  /** The newest outside input that it includes. */
  lastInput: Count,
  /** Of what the machine was built (`fingerprintOf`): only such a one can take the state. */
  fingerprint: Sha256,
  /** The machine's full hash. */
  hash: Sha256,
  descriptionBytes: Count,
  pagesBytes: Count,
});

export type StateHeader = v.InferOutput<typeof Header>;

/** What a machine is captured as (machine/machine.ts). */
export interface StateParts {
  readonly description: Uint8Array;
  readonly pages: Uint8Array;
}

/** The file is no saved state, or not one that can be used. The message names the file, and says what is wrong. */
export class StateFileError extends Error {
  override name = 'StateFileError';
}

/** Hears how far it is, 0 to 1; what is being written is given up when it answers false. */
export type StateProgress = (fraction: number) => boolean;

const GO_ON: StateProgress = () => true;

/* ------------------------------------------------------------------ writing ------------------------------------- */

/**
 * Writes a state; what has this name already is replaced.
 * @returns the bytes of the file; null when it was given up. Nothing of it is left then, nor when it throws.
 */
export async function writeState(
  file: string,
  header: Omit<StateHeader, 'descriptionBytes' | 'pagesBytes'>,
  parts: StateParts,
  progress: StateProgress = GO_ON,
): Promise<number | null> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const unfinished = `${file}${UNFINISHED}`;
  await rm(unfinished, { force: true });
  const handle = await open(unfinished, 'wx', 0o600);
  try {
    const whole = await writeParts(handle, header, parts, progress);
    if (whole) await handle.sync();
    const { size } = await handle.stat();
    await handle.close();
    if (whole) {
      await rename(unfinished, file);
      await syncFolder(path.dirname(file));
      return size;
    }
    await rm(unfinished, { force: true });
    return null;
  } catch (error) {
    await handle.close().catch(() => {});
    await rm(unfinished, { force: true });
    throw error;
  }
}

async function writeParts(
  handle: FileHandle,
  header: Omit<StateHeader, 'descriptionBytes' | 'pagesBytes'>,
  { description, pages }: StateParts,
  progress: StateProgress,
): Promise<boolean> {
  const sizes = { descriptionBytes: description.length, pagesBytes: pages.length };
  await handle.appendFile(encodeStateHeader({ ...header, ...sizes }));
  const total = description.length + pages.length;
  let done = 0;
  for (const piece of pieces([description, pages])) {
    const data = await compress(piece);
    const frame = Buffer.alloc(FRAME_BYTES);
    frame.writeUInt32LE(piece.length, 0);
    frame.writeUInt32LE(data.length, 4);
    frame.writeUInt32LE(crc32(data), 8);
    await handle.appendFile(Buffer.concat([frame, data]));
    done += piece.length;
    if (!progress(done / total)) return false;
  }
  await handle.appendFile(END);
  return true;
}

function* pieces(parts: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const part of parts) {
    for (let at = 0; at < part.length; at += SNAPSHOT_CHUNK_BYTES) yield part.subarray(at, at + SNAPSHOT_CHUNK_BYTES);
  }
}

export function encodeStateHeader(header: StateHeader): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  if (json.length > HEADER_BYTES_MAX) throw new StateFileError('The header of a saved state is too long.');
  const fixed = Buffer.alloc(FIXED_BYTES);
  MAGIC.copy(fixed);
  fixed.writeUInt32LE(STATE_VERSION, MAGIC.length);
  fixed.writeUInt32LE(json.length, MAGIC.length + 4);
  fixed.writeUInt32LE(crc32(json), MAGIC.length + 8);
  return Buffer.concat([fixed, json]);
}

/* ------------------------------------------------------------------ reading ------------------------------------- */

/** @throws {StateFileError} as `readState`. */
export async function readStateHeader(file: string): Promise<StateHeader> {
  return reading(file, async (handle) => (await headerOf(handle)).header);
}

/**
 * Reads a whole state. `progress` may not give up.
 * @throws {StateFileError} naming the file, when it cannot be read, is foreign, cut off or damaged.
 */
export async function readState(
  file: string,
  progress: (fraction: number) => void = () => {},
): Promise<{ readonly header: StateHeader } & StateParts> {
  return reading(file, async (handle) => {
    const { header, length } = await headerOf(handle);
    const total = Math.max(1, header.descriptionBytes + header.pagesBytes);
    let at = length;
    let done = 0;
    const take = async (bytes: number): Promise<Uint8Array> => {
      const taken: Uint8Array[] = [];
      for (let left = bytes; left > 0; ) {
        const { piece, length: frame } = await readFrame(handle, at, Math.min(left, SNAPSHOT_CHUNK_BYTES));
        taken.push(piece);
        at += frame;
        left -= piece.length;
        done += piece.length;
        progress(done / total);
      }
      return joined(taken, bytes);
    };
    const description = await take(header.descriptionBytes);
    const pages = await take(header.pagesBytes);
    const end = await readAt(handle, at, END.length);
    if (!end.equals(END)) throw new StateFileError('it is cut off: it has no end mark');
    if ((await handle.stat()).size !== at + END.length) throw new StateFileError('it is longer than it says');
    return { header, description, pages };
  });
}

async function reading<T>(file: string, work: (handle: FileHandle) => Promise<T>): Promise<T> {
  let handle: FileHandle | null = null;
  try {
    handle = await openRegular(file, true);
    return await work(handle);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === undefined ? message : `it cannot be read (${code})`;
    throw new StateFileError(`The saved state "${file}" cannot be used: ${why}.`, { cause: error });
  } finally {
    await handle?.close();
  }
}

/** Fewer at the file's end. */
async function readAt(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

async function headerOf(handle: FileHandle): Promise<{ header: StateHeader; length: number }> {
  const fixed = await readAt(handle, 0, FIXED_BYTES);
  if (!fixed.subarray(0, MAGIC.length).equals(MAGIC)) throw new StateFileError('it is no saved state of Lockstep');
  if (fixed.length < FIXED_BYTES) throw new StateFileError('it is cut off in its header');
  const version = fixed.readUInt32LE(MAGIC.length);
  if (version > STATE_VERSION) {
    const versions = `it has version ${version}, this one reads ${STATE_VERSION}`;
    throw new StateFileError(`it was made by a newer Lockstep: ${versions}. Update Lockstep`);
  }
  const length = fixed.readUInt32LE(MAGIC.length + 4);
  if (version < 1 || length > HEADER_BYTES_MAX) throw new StateFileError('its header is damaged');
  const json = await readAt(handle, FIXED_BYTES, length);
  if (json.length < length) throw new StateFileError('it is cut off in its header');
  if (crc32(json) !== fixed.readUInt32LE(MAGIC.length + 8)) throw new StateFileError('its header is damaged');
  return { header: parseHeader(json), length: FIXED_BYTES + length };
}

function parseHeader(json: Buffer): StateHeader {
  let plain: unknown;
  try {
    plain = JSON.parse(json.toString());
  } catch {
    throw new StateFileError('its header is damaged');
  }
  const parsed = v.safeParse(Header, plain);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new StateFileError(`its header is damaged (${v.getDotPath(issue) ?? 'header'}: ${issue.message})`);
  }
  const bytes = parsed.output.descriptionBytes + parsed.output.pagesBytes;
  if (bytes > SNAPSHOT_BYTES_MAX) throw new StateFileError(`a state of ${bytes} bytes is absurd`);
  return parsed.output;
}

async function readFrame(
  handle: FileHandle,
  at: number,
  expected: number,
): Promise<{ piece: Uint8Array; length: number }> {
  const frame = await readAt(handle, at, FRAME_BYTES);
  if (frame.length < FRAME_BYTES) throw new StateFileError(`it is cut off at offset ${at}`);
  const length = frame.readUInt32LE(4);
  const damaged = new StateFileError(`it is damaged at offset ${at}`);
  if (frame.readUInt32LE(0) !== expected || length > FRAME_DATA_BYTES_MAX) throw damaged;
  const data = await readAt(handle, at + FRAME_BYTES, length);
  if (data.length < length) throw new StateFileError(`it is cut off at offset ${at}`);
  if (crc32(data) !== frame.readUInt32LE(8)) throw damaged;
  const piece = await decompress(data, expected).catch(() => null);
  if (piece?.length !== expected) throw damaged;
  return { piece, length: FRAME_BYTES + length };
}

/** A plain array, as on the channel. The pieces are let go on the way. */
function joined(taken: Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (let piece = taken.shift(); piece; piece = taken.shift()) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
