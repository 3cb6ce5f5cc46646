/**
 * Runs histories one after the other: in a thread of its own, or in the one that asks.
 *
 * Invariant: a lane loads the protocol as it was told to (small or real limits, a planted bug), before anything else
 * has loaded it; what it finds depends on the seeds alone.
 */
import type { Counts } from './coverage.ts';
import { patchSources, SMALL_LIMITS } from './patch.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';
import type { Timed } from './scenario.ts';

export interface Failure {
  readonly seed: number;
  readonly violations: readonly string[];
  /** The faults that it takes. */
  readonly faults: readonly Timed[];
}

export interface Batch {
  readonly runs: number;
  readonly counts: Counts;
  readonly failures: readonly Failure[];
}

export interface LaneOptions {
  /** The limits of the product instead of small ones. */
  readonly realLimits: boolean;
  readonly plant: string | null;
}

export type Lane = (firstSeed: number, runs: number) => Batch;

/** @throws {Error} when there is no such bug. */
export async function openLane({ realLimits, plant }: LaneOptions): Promise<Lane> {
  const bugs = PLANTED_BUGS.filter(({ name }) => name === plant);
  if (plant !== null && bugs.length === 0) {
    throw new Error(
      `There is no planted bug "${plant}"; there are: ${PLANTED_BUGS.map(({ name }) => name).join(', ')}`,
    );
  }
  patchSources([...(realLimits ? [] : SMALL_LIMITS), ...bugs]);
  const { runHistory } = await import('./history.ts');
  const { drawScenario } = await import('./scenario.ts');
  const { Coverage } = await import('./coverage.ts');
  const { shrunk } = await import('./shrink.ts');
  return (firstSeed, runs) => {
    const coverage = new Coverage();
    const failures: Failure[] = [];
    let done = 0;
    while (done < runs && failures.length === 0) {
      const scenario = drawScenario(firstSeed + done);
      const { violations, counts } = runHistory(scenario);
      done += 1;
      coverage.merge(counts);
      if (violations.length > 0) failures.push({ seed: scenario.seed, violations, faults: shrunk(scenario) });
    }
    return { runs: done, counts: coverage.counts, failures };
  };
}
