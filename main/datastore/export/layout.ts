/**
 * The bytes of an exported virtual machine (docs/formats/export.md): a head, numbered records, an end.
 *
 * Invariant: what `decode…` returns was written as it is by `encode…`, and every number in it is within its bounds;
 * everything else is refused with the reason. No length is believed before it was checked.
 */
import { crc32 } from 'node:zlib';

const MAGIC = Buffer.from('LSVMEX\x1a\n', 'latin1');
export const VERSION = 1;
export const HEAD_BYTES = 16;
export const RECORD_HEAD_BYTES = 32;
export const END_BYTES = 48;
/** A data record carries at most this much of a part. */
export const CHUNK_BYTES = 256 << 10;
export const MANIFEST_BYTES_MAX = 256 << 10;
export const PARTS_MAX = 16;

/** An export that cannot be read, or not be made: the message says what is wrong, without the file's name. */
export class ExportError extends Error {
  override name = 'ExportError';
}

const KINDS = { manifest: 1, data: 2, end: 3 } as const;
const ENCODINGS = { plain: 0, zstd: 1, deflate: 2 } as const;
export type RecordKind = keyof typeof KINDS;
export type Encoding = keyof typeof ENCODINGS;

export interface RecordHead {
  readonly kind: RecordKind;
  readonly encoding: Encoding;
  /** Counts the records of the file from 0. */
  readonly index: number;
  /** Data: which part, and where in it, in bytes. Else 0. */
  readonly part: number;
  readonly offset: number;
  /** As it is in the part, and as it is stored here. */
  readonly bytes: number;
  readonly stored: number;
}

export interface End {
  /** All bytes of all data records, as they are in their parts. */
  readonly dataBytes: number;
  /** The records before the end. */
  readonly records: number;
  /** SHA-256 of everything before the end's record. */
  readonly digest: Uint8Array;
}

export function encodeHead(): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  MAGIC.copy(head);
  head.writeUInt32LE(VERSION, 8);
  head.writeUInt32LE(crc32(head.subarray(0, 12)), 12);
  return head;
}

/** @throws {ExportError} */
export function decodeHead(head: Buffer): void {
  if (head.length < HEAD_BYTES || !head.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new ExportError('it is no exported virtual machine');
  }
  if (head.readUInt32LE(12) !== crc32(head.subarray(0, 12))) throw new ExportError('its first bytes are damaged');
  const version = head.readUInt32LE(8);
  if (version !== VERSION) {
    throw new ExportError(`it has version ${version}, this Lockstep reads version ${VERSION}: update Lockstep`);
  }
}

/** A record's head, with the checksum of head and payload. */
export function encodeRecord(head: RecordHead, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(RECORD_HEAD_BYTES);
  bytes.writeUInt16LE(KINDS[head.kind], 0);
  bytes.writeUInt16LE(ENCODINGS[head.encoding], 2);
  bytes.writeUInt32LE(head.index, 8);
  bytes.writeUInt32LE(head.part, 12);
  bytes.writeBigUInt64LE(BigInt(head.offset), 16);
  bytes.writeUInt32LE(head.bytes, 24);
  bytes.writeUInt32LE(head.stored, 28);
  bytes.writeUInt32LE(checksum(bytes, payload), 4);
  return bytes;
}

/** The head alone, bounded; its checksum needs the payload. @throws {ExportError} */
export function decodeRecord(bytes: Buffer): RecordHead {
  const kind = nameOf(KINDS, bytes.readUInt16LE(0));
  const encoding = nameOf(ENCODINGS, bytes.readUInt16LE(2));
  if (!kind || !encoding) throw new ExportError('it has a record of a kind that is not known, or is damaged');
  const head = {
    kind,
    encoding,
    index: bytes.readUInt32LE(8),
    part: bytes.readUInt32LE(12),
    offset: Number(bytes.readBigUInt64LE(16)),
    bytes: bytes.readUInt32LE(24),
    stored: bytes.readUInt32LE(28),
  };
  const most = { manifest: MANIFEST_BYTES_MAX, data: CHUNK_BYTES, end: END_BYTES }[kind];
  const packed = encoding === 'plain' ? head.stored === head.bytes : head.stored < head.bytes;
  if (head.bytes === 0 || head.bytes > most || head.stored === 0 || !packed) {
    throw new ExportError('it has a record of an impossible length, or is damaged');
  }
  if (kind !== 'data' && (encoding !== 'plain' || head.part !== 0 || head.offset !== 0)) {
    throw new ExportError('it has a record that makes no sense, or is damaged');
  }
  return head;
}

/** @throws {ExportError} when the record is not what was written. */
export function checkRecord(head: Buffer, payload: Uint8Array): void {
  if (head.readUInt32LE(4) !== checksum(head, payload)) {
    throw new ExportError('it is damaged: a checksum is wrong');
  }
}

export function encodeEnd({ dataBytes, records, digest }: End): Buffer {
  const bytes = Buffer.alloc(END_BYTES);
  bytes.writeBigUInt64LE(BigInt(dataBytes), 0);
  bytes.writeUInt32LE(records, 8);
  bytes.set(digest, 16);
  return bytes;
}

export function decodeEnd(bytes: Buffer): End {
  const dataBytes = Number(bytes.readBigUInt64LE(0));
  return { dataBytes, records: bytes.readUInt32LE(8), digest: bytes.subarray(16, END_BYTES) };
}

/** Of the head with its checksum's place as zeros, and the payload. */
function checksum(head: Buffer, payload: Uint8Array): number {
  const zeroed = Buffer.from(head);
  zeroed.writeUInt32LE(0, 4);
  return crc32(payload, crc32(zeroed));
}

function nameOf<T extends { readonly [name: string]: number }>(table: T, value: number): keyof T | undefined {
  return Object.keys(table).find((name) => table[name] === value);
}
