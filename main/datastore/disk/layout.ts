/**
 * The bytes of an overlay's header and of its map log (docs/formats/disk.md).
 *
 * Invariant: what `decode…` returns was written as it is by `encode…`, and every number in it is within its bounds;
 * everything else is refused with the reason.
 */
import { crc32 } from 'node:zlib';
import { DiskError } from './device.ts';

const MAGIC = Buffer.from('LSDISK\x1a\n', 'latin1');
const BLOCK_MAGIC = 0x4c44534c;
export const VERSION = 1;
/** A header slot, and a block of the map log. */
export const BLOCK_BYTES = 4096;
export const SLOTS = 2;
/** The slots, and room for what a later version may need. Clusters come after it. */
export const RESERVED_BYTES = 65_536;
const CLUSTER_BYTES_MIN = 4096;
export const CLUSTER_BYTES_MAX = 65_536;
export const CLUSTER_BYTES_DEFAULT = 16_384;
export const SECTOR_BYTES = 512;
/** The largest disk that a machine takes: 128 GiB. */
const VIRTUAL_BYTES_MAX = 128 * 2 ** 30;
const PATH_BYTES_MAX = 3072;
const PATH_AT = 144;
const COMMITTING = 1;

/** An entry's location where the cluster is not in this file: the parent's, or zeros. */
export const ABSENT = 0;
/** And where it is zeros, whatever the parent has. */
export const ZERO = 0xffff_ffff;

const ENTRY_BYTES = 12;
const ENTRIES_AT = 32;
export const ENTRIES_PER_BLOCK = Math.floor((BLOCK_BYTES - ENTRIES_AT) / ENTRY_BYTES);

export interface ParentReference {
  readonly kind: 'lsd' | 'raw';
  /** Relative to the overlay's folder, or absolute. */
  readonly path: string;
  readonly bytes: number;
  /** 32 hexadecimal digits; of a raw image zeros. */
  readonly uuid: string;
  /** What the parent holds, as 32 hexadecimal digits: an overlay's own stamp, a raw image's time of change. */
  readonly content: string;
}

export interface Header {
  /** Rises by one with every header that is written. */
  readonly generation: number;
  readonly virtualBytes: number;
  readonly clusterBytes: number;
  readonly uuid: string;
  /** Another one whenever the disk was opened and written to. */
  readonly content: string;
  /** It is being merged into its parent: whatever the parent holds where this has clusters does not matter. */
  readonly committing: boolean;
  readonly parent: ParentReference | null;
  readonly log: {
    /** Where it begins, in clusters of the file. */
    readonly unit: number;
    readonly blocks: number;
    /** The first so many blocks are the whole map. */
    readonly base: number;
    /** Tells this log from whatever stood in its place before: 16 hexadecimal digits, random. */
    readonly nonce: string;
  };
}

export interface Entry {
  readonly cluster: number;
  readonly location: number;
  /** CRC-32 of the cluster's bytes; 0 where the location is none. */
  readonly checksum: number;
}

export interface LogBlock {
  readonly index: number;
  /** All blocks before this one were on the disk when this one was written. */
  readonly confirmed: number;
  readonly entries: readonly Entry[];
}

/** Whether this begins as a header does. */
function hasMagic(bytes: Uint8Array): boolean {
  return bytes.length >= MAGIC.length && MAGIC.compare(bytes, 0, MAGIC.length) === 0;
}

export function clusterCount({ virtualBytes, clusterBytes }: Pick<Header, 'virtualBytes' | 'clusterBytes'>): number {
  return Math.ceil(virtualBytes / clusterBytes);
}

/** @throws {DiskError} when the parent's path is too long. */
export function encodeHeader(header: Header): Uint8Array {
  const bytes = Buffer.alloc(BLOCK_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(VERSION, 8);
  bytes.writeUInt32LE(header.committing ? COMMITTING : 0, 12);
  bytes.writeUInt32LE(header.clusterBytes, 20);
  bytes.writeBigUInt64LE(BigInt(header.generation), 24);
  bytes.writeBigUInt64LE(BigInt(header.virtualBytes), 32);
  bytes.write(header.uuid, 40, 'hex');
  bytes.write(header.content, 56, 'hex');
  bytes.writeUInt32LE(header.log.unit, 72);
  bytes.writeUInt32LE(header.log.blocks, 76);
  bytes.writeUInt32LE(header.log.base, 80);
  bytes.write(header.log.nonce, 88, 'hex');
  if (header.parent) {
    const { kind, path, bytes: size, uuid, content } = header.parent;
    const name = Buffer.from(path, 'utf8');
    if (name.length > PATH_BYTES_MAX) throw new DiskError(`The path of the parent is too long: "${path}".`);
    bytes.writeUInt32LE(kind === 'lsd' ? 1 : 2, 96);
    bytes.writeUInt32LE(name.length, 100);
    bytes.writeBigUInt64LE(BigInt(size), 104);
    bytes.write(uuid, 112, 'hex');
    bytes.write(content, 128, 'hex');
    name.copy(bytes, PATH_AT);
  }
  bytes.writeUInt32LE(crc32(bytes), 16);
  return bytes;
}

/** @throws {DiskError} saying what is wrong, as a clause. */
export function decodeHeader(slot: Uint8Array): Header {
  if (slot.length < BLOCK_BYTES) throw new DiskError('it ends within its header');
  if (!hasMagic(slot)) throw new DiskError('it does not begin as a Lockstep disk');
  const bytes = Buffer.from(slot.subarray(0, BLOCK_BYTES));
  const checksum = bytes.readUInt32LE(16);
  bytes.writeUInt32LE(0, 16);
  if (crc32(bytes) !== checksum) throw new DiskError('the checksum of its header is wrong');
  const version = bytes.readUInt32LE(8);
  if (version !== VERSION) {
    throw new DiskError(`it has version ${version} of the format, this program knows ${VERSION}: update Lockstep`);
  }
  const flags = bytes.readUInt32LE(12);
  if (flags & ~COMMITTING) throw new DiskError('it has flags that this program does not know: update Lockstep');
  const header: Header = {
    generation: number64(bytes, 24),
    virtualBytes: number64(bytes, 32),
    clusterBytes: bytes.readUInt32LE(20),
    uuid: bytes.toString('hex', 40, 56),
    content: bytes.toString('hex', 56, 72),
    committing: (flags & COMMITTING) !== 0,
    parent: decodeParent(bytes),
    log: {
      unit: bytes.readUInt32LE(72),
      blocks: bytes.readUInt32LE(76),
      base: bytes.readUInt32LE(80),
      nonce: bytes.toString('hex', 88, 96),
    },
  };
  checkHeader(header);
  return header;
}

/** @throws {DiskError} when these cannot be a disk's, as a clause. */
export function checkGeometry(virtualBytes: number, clusterBytes: number): void {
  const power = Number.isInteger(Math.log2(clusterBytes));
  if (!power || clusterBytes < CLUSTER_BYTES_MIN || clusterBytes > CLUSTER_BYTES_MAX) {
    throw new DiskError(
      `its cluster size is ${clusterBytes}, no power of two from ${CLUSTER_BYTES_MIN} to ${CLUSTER_BYTES_MAX}`,
    );
  }
  const whole = Number.isSafeInteger(virtualBytes) && virtualBytes % SECTOR_BYTES === 0;
  if (!whole || virtualBytes < SECTOR_BYTES || virtualBytes > VIRTUAL_BYTES_MAX) {
    throw new DiskError(
      `its size is ${virtualBytes} bytes, no multiple of ${SECTOR_BYTES} from ${SECTOR_BYTES} to ${VIRTUAL_BYTES_MAX}`,
    );
  }
}

function checkHeader(header: Header): void {
  checkGeometry(header.virtualBytes, header.clusterBytes);
  const { unit, blocks, base } = header.log;
  if (unit < RESERVED_BYTES / header.clusterBytes || base < 1 || base > blocks) {
    throw new DiskError('its header places the map log where it cannot be');
  }
}

function decodeParent(bytes: Buffer): ParentReference | null {
  const kind = bytes.readUInt32LE(96);
  if (kind === 0) return null;
  const length = bytes.readUInt32LE(100);
  if (kind > 2 || length === 0 || length > PATH_BYTES_MAX) throw new DiskError('its reference to a parent is damaged');
  return {
    kind: kind === 1 ? 'lsd' : 'raw',
    path: bytes.toString('utf8', PATH_AT, PATH_AT + length),
    bytes: number64(bytes, 104),
    uuid: bytes.toString('hex', 112, 128),
    content: bytes.toString('hex', 128, 144),
  };
}

function number64(bytes: Buffer, at: number): number {
  const value = Number(bytes.readBigUInt64LE(at));
  if (!Number.isSafeInteger(value)) throw new DiskError('a number in its header is too large');
  return value;
}

/** Writes a block of the map log into `bytes`, which has BLOCK_BYTES. */
export function encodeBlock(bytes: Buffer, nonce: string, block: LogBlock): void {
  bytes.fill(0);
  bytes.writeUInt32LE(BLOCK_MAGIC, 0);
  bytes.write(nonce, 8, 'hex');
  bytes.writeUInt32LE(block.index, 16);
  bytes.writeUInt32LE(block.confirmed, 20);
  bytes.writeUInt32LE(block.entries.length, 24);
  let at = ENTRIES_AT;
  for (const { cluster, location, checksum } of block.entries) {
    bytes.writeUInt32LE(cluster, at);
    bytes.writeUInt32LE(location, at + 4);
    bytes.writeUInt32LE(checksum, at + 8);
    at += ENTRY_BYTES;
  }
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
}

/** The block with this index of the log with this nonce; null where these bytes are none. */
export function decodeBlock(bytes: Buffer, nonce: string, index: number): LogBlock | null {
  if (bytes.length !== BLOCK_BYTES || bytes.readUInt32LE(0) !== BLOCK_MAGIC) return null;
  if (bytes.toString('hex', 8, 16) !== nonce || bytes.readUInt32LE(16) !== index) return null;
  const confirmed = bytes.readUInt32LE(20);
  const count = bytes.readUInt32LE(24);
  if (count > ENTRIES_PER_BLOCK || confirmed > index) return null;
  if (crc32(bytes.subarray(8)) !== bytes.readUInt32LE(4)) return null;
  const entries = Array.from({ length: count }, (_, entry) => {
    const at = ENTRIES_AT + entry * ENTRY_BYTES;
    return {
      cluster: bytes.readUInt32LE(at),
      location: bytes.readUInt32LE(at + 4),
      checksum: bytes.readUInt32LE(at + 8),
    };
  });
  return { index, confirmed, entries };
}
