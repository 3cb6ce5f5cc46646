// What a replica reports of itself: rates over the time since the last report, and of its own work alone.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ReplicaReport } from '../../main/replica/messages.ts';
import { startReporting, type RoleNumbers } from '../../main/replica/reporter.ts';

const numbers = () => ({ logBytes: null, disk: null }) as unknown as RoleNumbers;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('what a restored machine had executed elsewhere is nobody’s work', () => {
  const machine = { epoch: 0, instructions: 0 };
  const reports: ReplicaReport[] = [];
  const reporting = startReporting(machine, numbers, (message) => {
    if (message.type === 'report') reports.push(message.report);
  });
  Object.assign(machine, { epoch: 90_000, instructions: 9e9 });
  reporting.restored();
  Object.assign(machine, { epoch: 90_050, instructions: 9e9 + 5e6 });
  vi.advanceTimersByTime(500);
  Object.assign(machine, { epoch: 90_150, instructions: 9e9 + 15e6 });
  vi.advanceTimersByTime(500);
  expect(reports).toMatchObject([
    { epoch: 90_050, epochsPerSecond: 100, instructionsPerSecond: 1e7 },
    { epoch: 90_150, epochsPerSecond: 200, instructionsPerSecond: 2e7 },
  ]);
  reporting.stop();
  vi.advanceTimersByTime(5000);
  expect(reports).toHaveLength(2);
});
