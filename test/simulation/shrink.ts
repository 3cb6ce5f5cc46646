/**
 * Makes the list of faults of a failed history as short as it can cheaply be made: one after the other is left out, and
 * stays out where the history fails without it.
 *
 * Invariant: what comes back fails too, though perhaps in another way.
 */
import { runHistory } from './history.ts';
import type { Scenario, Timed } from './scenario.ts';

export function shrunk(scenario: Scenario): readonly Timed[] {
  let { faults } = scenario;
  for (let at = faults.length - 1; at >= 0; at--) {
    const fewer = faults.toSpliced(at, 1);
    if (runHistory({ ...scenario, faults: fewer }).violations.length > 0) faults = fewer;
  }
  return faults;
}
