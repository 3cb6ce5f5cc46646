/**
 * The check of the planted bugs: each is planted alone, and histories run until one of them fails.
 *
 * Invariant: a bug is found by the first seed that shows it, counted from 1, however many threads there are; each has a
 * thread of its own, because a source is patched while it is loaded.
 */
import { Worker } from 'node:worker_threads';
import type { Batch, LaneOptions } from './lane.ts';
import type { PlantedBug } from './planted-bugs.ts';

/** A planted bug must show within so many seeds. */
export const PLANTED_SEEDS_MAX = 5000;
/** Histories between two looks at the count. */
const BATCH = 20;

export interface Found {
  readonly name: string;
  readonly breaks: string;
  /** Histories that were run: the last of them failed where the bug was found. */
  readonly runs: number;
  readonly found: boolean;
  /** The first violation, in words; empty where there was none. */
  readonly violation: string;
  readonly seconds: number;
}

/** Looks for one bug with at most `seedsMax` seeds. */
function look({ name, breaks }: PlantedBug, seedsMax: number): Promise<Found> {
  const startedAt = Date.now();
  const workerData: LaneOptions = { realLimits: false, plant: name };
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./lane-thread.ts', import.meta.url), { workerData });
    let runs = 0;
    const more = (): void => worker.postMessage([1 + runs, Math.min(BATCH, seedsMax - runs)]);
    worker.on('error', reject);
    worker.on('message', (batch: Batch) => {
      runs += batch.runs;
      const found = batch.failures.length > 0;
      if (!found && runs < seedsMax) return more();
      const violation = batch.failures[0]?.violations[0] ?? '';
      const seconds = Math.round((Date.now() - startedAt) / 100) / 10;
      return void worker.terminate().then(() => resolve({ name, breaks, runs, found, violation, seconds }));
    });
    more();
  });
}

/** Looks for all of these, `workers` at a time; tells of each as it ends. */
export async function lookForPlanted(
  bugs: readonly PlantedBug[],
  { seedsMax, workers }: { readonly seedsMax: number; readonly workers: number },
  tell: (found: Found) => void,
): Promise<readonly Found[]> {
  const waiting = [...bugs];
  const all: Found[] = [];
  const lane = async (): Promise<void> => {
    for (let bug = waiting.shift(); bug; bug = waiting.shift()) {
      const found = await look(bug, seedsMax);
      all.push(found);
      tell(found);
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, bugs.length) }, lane));
  return all;
}
