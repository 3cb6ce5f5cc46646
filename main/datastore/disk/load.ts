/**
 * Reads an overlay's header and map log into memory.
 *
 * Invariants: what is loaded is all that a flush has confirmed and a prefix of what came after it, or an error that
 * says what is damaged; nothing is allocated by a length that was not checked. Memory: 8 bytes a cluster of the disk
 * (512 KiB a GiB with clusters of 16 KiB), of which the system gives only what is written, and 1 byte a cluster of
 * the file.
 */
import { crc32 } from 'node:zlib';
import { DiskError, type DiskFile } from './device.ts';
import {
  ABSENT,
  BLOCK_BYTES,
  clusterCount,
  decodeBlock,
  decodeHeader,
  RESERVED_BYTES,
  SLOTS,
  ZERO,
  type Entry,
  type Header,
  type LogBlock,
} from './layout.ts';
import { Units } from './units.ts';

const PIECE_BLOCKS = 256;

export interface ClusterMap {
  /** Of each cluster: in which cluster of the file it is, or ABSENT, or ZERO. */
  readonly locations: Uint32Array;
  readonly checksums: Uint32Array;
}

export interface Slots {
  readonly header: Header;
  /** Which slot it stands in. */
  readonly slot: number;
  /** What is wrong with the other slot; null where it is the same. */
  readonly other: string | null;
}

export interface Loaded extends Slots {
  readonly map: ClusterMap;
  readonly units: Units;
  /**
   * Places that are in no use, but named in entries that no flush has confirmed: until there is a new log, whoever
   * opens the file compares them with their checksums.
   */
  readonly unsettled: readonly number[];
}

/** An empty map of a disk. */
export function emptyMap(header: Pick<Header, 'virtualBytes' | 'clusterBytes'>): ClusterMap {
  const clusters = clusterCount(header);
  return { locations: new Uint32Array(clusters), checksums: new Uint32Array(clusters) };
}

/** The header that holds. @throws {DiskError} when there is none. */
export async function readHeader(file: DiskFile): Promise<Slots> {
  const slots: (Header | DiskError)[] = [];
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const bytes = Buffer.alloc(BLOCK_BYTES);
    const length = await file.read(bytes, slot * BLOCK_BYTES);
    try {
      slots.push(decodeHeader(bytes.subarray(0, length)));
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      slots.push(error);
    }
  }
  const generation = (slot: Header | DiskError | undefined): number =>
    slot === undefined || slot instanceof DiskError ? -1 : slot.generation;
  const slot = generation(slots[1]) > generation(slots[0]) ? 1 : 0;
  const [best, other] = [slots[slot], slots[1 - slot]];
  if (best === undefined || best instanceof DiskError) throw damaged(file, best?.message ?? 'it is empty');
  const same = generation(other) === best.generation;
  const why = other instanceof DiskError ? other.message : 'it is older';
  return { header: best, slot, other: same ? null : why };
}

/**
 * Loads a whole overlay. `verify`: what no flush has confirmed is compared with its checksums, and holds up to the
 * first difference; without it, while somebody else writes to the disk, it is taken as it is.
 * @throws {DiskError} naming the damage.
 */
export async function load(file: DiskFile, verify = true): Promise<Loaded> {
  const slots = await readHeader(file);
  const { header } = slots;
  const size = await file.size();
  const { clusterBytes, log } = header;
  if (log.unit * clusterBytes + log.blocks * BLOCK_BYTES > size) throw damaged(file, 'it ends within its map log');
  const map = emptyMap(header);
  const named = await replay(file, header, map, verify);
  const units = new Units(RESERVED_BYTES / clusterBytes, Math.ceil(size / clusterBytes));
  const take = (unit: number, who: string): void => {
    if (!units.take(unit)) throw damaged(file, `${who} is at ${unit * clusterBytes}, where it cannot be`);
  };
  for (let unit = log.unit; unit < logEnd(header); unit += 1) take(unit, 'its map log');
  const { locations } = map;
  for (let cluster = 0; cluster < locations.length; cluster += 1) {
    const location = locations[cluster] ?? ABSENT;
    if (location !== ABSENT && location !== ZERO) take(location, `cluster ${cluster}`);
  }
  return { ...slots, map, units, unsettled: named.filter((unit) => units.take(unit)) };
}

/** The first cluster of the file after the map log. */
export function logEnd({ log, clusterBytes }: Pick<Header, 'log' | 'clusterBytes'>): number {
  return log.unit + Math.ceil((log.blocks * BLOCK_BYTES) / clusterBytes);
}

/** @returns the places that unconfirmed entries name. */
async function replay(file: DiskFile, header: Header, map: ClusterMap, verify: boolean): Promise<number[]> {
  const { log } = header;
  /** Blocks that no later one has confirmed yet. */
  let waiting: LogBlock[] = [];
  let confirmed = log.base;
  let end: number | null = null;
  const apply = (block: LogBlock): void => {
    for (const entry of block.entries) set(file, map, entry);
  };
  for (let first = 0; first < log.blocks; first += PIECE_BLOCKS) {
    const piece = Buffer.alloc(Math.min(PIECE_BLOCKS, log.blocks - first) * BLOCK_BYTES);
    await file.read(piece, log.unit * header.clusterBytes + first * BLOCK_BYTES);
    for (let index = first; index < first + piece.length / BLOCK_BYTES; index += 1) {
      const at = (index - first) * BLOCK_BYTES;
      const block = decodeBlock(piece.subarray(at, at + BLOCK_BYTES), log.nonce, index);
      if (!block) {
        end ??= index;
        if (end < log.base) throw damaged(file, `block ${end} of its map is damaged`);
        continue;
      }
      confirmed = Math.max(confirmed, block.confirmed);
      if (end !== null && confirmed > end) throw damaged(file, `block ${end} of its map log is damaged`);
      if (end !== null) continue;
      waiting.push(block);
      if (waiting[0] && waiting[0].index < confirmed) {
        for (const one of waiting) if (one.index < confirmed) apply(one);
        waiting = waiting.filter((one) => one.index >= confirmed);
      }
    }
  }
  const named: number[] = [];
  for (const block of waiting) {
    for (const entry of block.entries) {
      if (verify && !(await isThere(file, header, entry))) return named;
      named.push(entry.location);
      set(file, map, entry);
    }
  }
  return named;
}

function set(file: DiskFile, { locations, checksums }: ClusterMap, { cluster, location, checksum }: Entry): void {
  if (cluster >= locations.length) throw damaged(file, `its map speaks of cluster ${cluster}, which it does not have`);
  locations[cluster] = location;
  checksums[cluster] = checksum;
}

async function isThere(file: DiskFile, { clusterBytes }: Header, { location, checksum }: Entry): Promise<boolean> {
  if (location === ABSENT || location === ZERO) return true;
  const bytes = Buffer.alloc(clusterBytes);
  const length = await file.read(bytes, location * clusterBytes);
  return length === clusterBytes && crc32(bytes) === checksum;
}

export function damaged(file: Pick<DiskFile, 'path'>, why: string): DiskError {
  return new DiskError(
    `"${file.path}" cannot be used: ${why}. "lockstep disk check" says more; a backup copy may be needed.`,
  );
}
