/**
 * The process that fuzzes one target. It tells its parent in lines of JSON how far it is, and what it found.
 *
 * Invariant: before an input is tried it stands in a file, so that it is known also when this process is gone.
 */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import v8 from 'node:v8';
import { changed, Random } from './random.ts';
import type { Room, Target } from './target.ts';

/** What the parent orders, as JSON in the first argument. */
export interface Order {
  /** A module that exports `TARGETS`. */
  readonly module: string;
  readonly target: string;
  readonly seed: number;
  readonly runsMax: number;
  readonly secondsMax: number;
  /** Where each input stands before it is tried. */
  readonly inputFile: string;
  /** Try this file's bytes once instead. */
  readonly only?: string;
}

export interface Tally {
  readonly runs: number;
  readonly accepted: number;
  readonly refused: number;
  /** By one run, in bytes: JavaScript's heap and array buffers. */
  readonly allocatedMax: number;
  /** By how much the process grew at most, in bytes. */
  readonly grownMax: number;
  readonly slowestMs: number;
  readonly seconds: number;
  /** What the target says of its runs. */
  readonly note: string;
}

export type Said =
  | { readonly type: 'progress' | 'done'; readonly tally: Tally }
  | { readonly type: 'found'; readonly tally: Tally; readonly why: string };

const ALLOCATION = { fixed: 8 << 20, factor: 64 };
/** Of the whole process, above what it had when its runs began. */
const GROWN_BYTES_MAX = 1 << 30;
const PROGRESS_MS = 1000;
/** Timers and sockets have their turn this often. */
const BATCH = 500;
const CHANGES_MAX = 6;

const allocated = (): number => {
  const { used_heap_size: heap, external_memory: external } = v8.getHeapStatistics();
  return heap + external;
};

/** The input of a run. */
export function drawInput(target: Target, samples: readonly Uint8Array[], random: Random): Uint8Array {
  if (target.draw) return target.draw(samples, random);
  if (random.below(20) === 0) return random.bytes(random.below(400));
  let input: Uint8Array = random.pick(samples).slice();
  for (let times = random.below(CHANGES_MAX); times > 0; times -= 1) input = changed(input, random, samples);
  return target.mend && random.below(8) > 0 ? target.mend(input) : input;
}

class Finding extends Error {}

/** Fuzzes, and tells how far it is. @returns the tally, and what was found; null where it was nothing. */
export async function fuzz(
  target: Target,
  order: Order,
  tell: (tally: Tally) => void,
): Promise<[Tally, string | null]> {
  const samples = await target.samples();
  const room = await target.open(order.seed);
  const startedAt = performance.now();
  const rss = process.memoryUsage.rss();
  const tally = { runs: 0, accepted: 0, refused: 0, allocatedMax: 0, grownMax: 0, slowestMs: 0, seconds: 0, note: '' };
  const file = openSync(order.inputFile, 'w');
  let toldAt = startedAt;
  tell({ ...tally });
  const look = (): void => {
    tally.seconds = (performance.now() - startedAt) / 1000;
    tally.grownMax = Math.max(tally.grownMax, process.memoryUsage.rss() - rss);
    if (tally.grownMax > GROWN_BYTES_MAX) throw new Finding(`the process grew by ${tally.grownMax} bytes`);
  };
  const only = order.only === undefined ? null : readFileSync(order.only);
  const runsMax = only ? 1 : order.runsMax;
  try {
    while (tally.runs < runsMax && performance.now() - startedAt < order.secondsMax * 1000) {
      const input = only ?? room.next?.() ?? drawInput(target, samples, Random.of(order.seed, tally.runs));
      ftruncateSync(file, 0);
      writeSync(file, input, 0, input.length, 0);
      await once(room, input, tally, target.allocation ?? ALLOCATION);
      if (tally.runs % BATCH === 0) await nextTurn();
      if (performance.now() - toldAt < PROGRESS_MS) continue;
      toldAt = performance.now();
      look();
      tell({ ...tally });
    }
    // What was not caught is told now.
    await nextTurn();
    tally.note = (await room.close?.()) ?? '';
    look();
    return [tally, null];
  } catch (error) {
    return [tally, error instanceof Finding ? error.message : ((error as Error).stack ?? String(error))];
  } finally {
    closeSync(file);
  }
}

type Growing = { -readonly [K in keyof Tally]: Tally[K] };

async function once(room: Room, input: Uint8Array, tally: Growing, limit: typeof ALLOCATION): Promise<void> {
  const before = allocated();
  const at = performance.now();
  const result = room.run(input);
  const accepted = typeof result === 'boolean' ? result : await result;
  tally.slowestMs = Math.max(tally.slowestMs, performance.now() - at);
  // Garbage that was collected meanwhile makes it less.
  const bytes = allocated() - before;
  tally.runs += 1;
  if (accepted) tally.accepted += 1;
  else tally.refused += 1;
  tally.allocatedMax = Math.max(tally.allocatedMax, bytes);
  if (bytes > limit.fixed + limit.factor * input.length) {
    throw new Finding(`a run allocated ${bytes} bytes for an input of ${input.length}`);
  }
}

async function main(order: Order): Promise<void> {
  const say = (said: Said): void => void process.stdout.write(`${JSON.stringify(said)}\n`);
  const { TARGETS } = (await import(order.module)) as { TARGETS: readonly Target[] };
  const target = TARGETS.find(({ name }) => name === order.target);
  if (!target) throw new Error(`there is no target ${order.target}`);
  let unhandled: string | null = null;
  const remember = (error: unknown): void => {
    unhandled ??= (error as Error).stack ?? String(error);
    process.stdout.write('', () => finish());
  };
  let tally: Tally = {
    runs: 0,
    accepted: 0,
    refused: 0,
    allocatedMax: 0,
    grownMax: 0,
    slowestMs: 0,
    seconds: 0,
    note: '',
  };
  const finish = (): void => {
    if (unhandled === null) return;
    say({ type: 'found', tally, why: `not caught: ${unhandled}` });
    process.stdout.write('', () => process.exit(1));
  };
  process.on('uncaughtException', remember);
  process.on('unhandledRejection', remember);
  const [last, why] = await fuzz(target, order, (now) => {
    tally = now;
    say({ type: 'progress', tally });
  });
  tally = last;
  if (unhandled !== null) return finish();
  if (why === null) say({ type: 'done', tally });
  else say({ type: 'found', tally, why });
  process.stdout.write('', () => process.exit(0));
}

const [argument] = process.argv.slice(2);
if (import.meta.main && argument !== undefined) await main(JSON.parse(argument) as Order);
