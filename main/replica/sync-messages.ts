/**
 * What primary and backup say to each other while the backup's own disk is made equal to the primary's. Each message
 * is one `sync` entry of the log; here is its inside, written with the log's own fields.
 *
 * A disk is cut into blocks of SYNC_BLOCK_BYTES, the last of which may be shorter.
 *
 * Invariant: decode(encode(x)) is x; counts and lengths are checked before anything is allocated by them.
 */
import { ByteReader, ByteWriter, DecodeError } from '../ft/bytes.ts';

export const SYNC_BLOCK_BYTES = 65_536;
/** Blocks whose hashes are asked for at once. */
export const HASHES_MAX = 256;
/** Blocks in one message, before compression: 1 MiB. */
export const BLOCKS_MAX = 16;
/** Of a hash: SHA-256. */
const SYNC_HASH_BYTES = 32;

/** The hash of a block; null where the block holds nothing but zeros, as a hole does. */
export type BlockHash = Uint8Array | null;

export type SyncMessage =
  /** Primary: this is how large my disk is, in bytes. */
  | { readonly type: 'begin'; readonly bytes: number }
  /** Primary: which hashes have your blocks from `first` on? */
  | { readonly type: 'ask'; readonly first: number; readonly count: number }
  /** Backup: these. */
  | { readonly type: 'hashes'; readonly first: number; readonly hashes: readonly BlockHash[] }
  /** Primary: these blocks are so; compressed. */
  | { readonly type: 'blocks'; readonly first: number; readonly count: number; readonly data: Uint8Array }
  /** Primary: these blocks hold zeros. */
  | { readonly type: 'zeros'; readonly first: number; readonly count: number }
  /** Backup: one more message of blocks or zeros is on my disk. */
  | { readonly type: 'wrote' }
  /** Primary: that was all. */
  | { readonly type: 'end' };

const TYPES = ['begin', 'ask', 'hashes', 'blocks', 'zeros', 'wrote', 'end'] as const;

/** How many blocks a disk of this size has. */
export function blockCount(bytes: number): number {
  return Math.ceil(bytes / SYNC_BLOCK_BYTES);
}

export function encodeSync(message: SyncMessage): Uint8Array {
  const out = new ByteWriter().u8(TYPES.indexOf(message.type));
  switch (message.type) {
    case 'begin':
      out.varint(message.bytes);
      break;
    case 'ask':
    case 'zeros':
      out.varint(message.first).varint(message.count);
      break;
    case 'hashes':
      out.varint(message.first).varint(message.hashes.length);
      for (const hash of message.hashes) {
        out.u8(hash ? 1 : 0);
        if (hash) out.raw(hash);
      }
      break;
    case 'blocks':
      out.varint(message.first).varint(message.count).raw(message.data);
      break;
    case 'wrote':
    case 'end':
  }
  return out.done().slice();
}

/** @throws {DecodeError} when the bytes cannot be such a message. */
export function decodeSync(bytes: Uint8Array): SyncMessage {
  const from = new ByteReader(bytes);
  const chosen = from.u8('sync message');
  const type = TYPES[chosen];
  if (type === undefined) throw new DecodeError(`unknown sync message ${chosen}`);
  const message = decodeBody(from, type);
  from.end(`sync message (${type})`);
  return message;
}

function decodeBody(from: ByteReader, type: (typeof TYPES)[number]): SyncMessage {
  switch (type) {
    case 'begin':
      return { type, bytes: from.varint('disk size') };
    case 'ask':
      return { type, ...span(from, HASHES_MAX) };
    case 'zeros':
      return { type, ...span(from, BLOCKS_MAX) };
    case 'hashes': {
      const { first, count } = span(from, HASHES_MAX);
      return { type, first, hashes: Array.from({ length: count }, () => readHash(from)) };
    }
    case 'blocks':
      return { type, ...span(from, BLOCKS_MAX), data: from.raw(from.remaining, 'blocks') };
    case 'wrote':
    case 'end':
      return { type };
  }
}

function span(from: ByteReader, most: number): { first: number; count: number } {
  const first = from.varint('first block');
  const count = from.varint('block count');
  if (count < 1 || count > most) throw new DecodeError(`${count} blocks at once are absurd`);
  return { first, count };
}

function readHash(from: ByteReader): BlockHash {
  const flag = from.u8('block hash');
  if (flag > 1) throw new DecodeError(`unknown block hash ${flag}`);
  return flag === 1 ? from.raw(SYNC_HASH_BYTES, 'block hash') : null;
}
