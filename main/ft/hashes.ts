/**
 * Comparing two machines without stopping them: hashes of parts of the state, each taken on both sides before the same
 * epoch.
 *
 * Invariants: every part of the state has its turn again and again; a difference is never explained away, and is named
 * as closely as the hashes allow.
 */
import {
  HASH_BLOCK_PAGES,
  HASH_INTERVAL_MS,
  SLICE_INTERVAL_EPOCHS,
  SLICE_INTERVAL_MS,
  SLICE_PAGES,
} from './constants.ts';
import type { HashRegion, PageRange } from './entry.ts';
import type { BlockRequest, ReplicatedMachine } from './environment.ts';
import type { HashEntry } from './log.ts';

const BLOCK_DIGITS = 8;

type Hashed = Pick<ReplicatedMachine<BlockRequest>, 'epoch' | 'hash' | 'pages'>;

/** Says which part of the state is to be hashed next. */
export class HashRota {
  /** Null before it is asked for the first time. */
  #cpuAt: number | null = null;
  #sliceAt = Number.NEGATIVE_INFINITY;
  #sliceEpoch = Number.NEGATIVE_INFINITY;
  /** The first page of the next slice; -1 where the devices are next. */
  #next = -1;

  /**
   * What to hash before the epoch that comes now; null for nothing. To be asked once an epoch. The CPU has its turn
   * every `cpuInterval` epochs, and every second.
   */
  due(machine: Hashed, nowMs: number, cpuInterval: number): HashRegion | null {
    const { epoch, pages } = machine;
    this.#cpuAt ??= nowMs;
    if (epoch % cpuInterval === 0 || nowMs - this.#cpuAt >= HASH_INTERVAL_MS) {
      this.#cpuAt = nowMs;
      return 'cpu';
    }
    const early = nowMs - this.#sliceAt < SLICE_INTERVAL_MS || epoch - this.#sliceEpoch < SLICE_INTERVAL_EPOCHS;
    if (pages === 0 || early) return null;
    this.#sliceAt = nowMs;
    this.#sliceEpoch = epoch;
    if (this.#next < 0 || this.#next >= pages) {
      this.#next = 0;
      return 'devices';
    }
    const first = this.#next;
    this.#next += SLICE_PAGES;
    return { first, end: Math.min(this.#next, pages) };
  }
}

/** Where the machine's state is not what the entry says, in words; null where it is. */
export function difference(machine: Hashed, entry: HashEntry): string | null {
  const { region, epoch, hash } = entry;
  if (typeof region !== 'string' && region.end > machine.pages) {
    return `memory at epoch ${epoch} ends at page ${machine.pages}, the primary's reaches page ${region.end}`;
  }
  const mine = machine.hash(region);
  if (mine === hash) return null;
  const where = typeof region === 'string' ? NAMES[region] : firstBlock(region, mine, hash);
  return `${where} at epoch ${epoch} differs from the primary's (${abridged(mine)}, not ${abridged(hash)})`;
}

const NAMES = { cpu: 'the CPU state', devices: 'the state of the devices', full: 'the whole state' } as const;

/** So begins what is said of a difference in memory alone. */
export const MEMORY_DIFFERS = 'memory in pages';

/** The first block of pages whose hashes differ. */
function firstBlock({ first, end }: PageRange, mine: string, theirs: string): string {
  let at = 0;
  while (mine[at] === theirs[at] && at < mine.length) at += 1;
  const from = Math.min(end - 1, first + Math.floor(at / BLOCK_DIGITS) * HASH_BLOCK_PAGES);
  return `${MEMORY_DIFFERS} ${from} to ${Math.min(end, from + HASH_BLOCK_PAGES) - 1}`;
}

function abridged(hash: string): string {
  return hash.length <= 16 ? hash : `${hash.slice(0, 16)}…`;
}
