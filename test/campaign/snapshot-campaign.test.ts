/**
 * What a campaign of snapshots does apart from running: its plan and its report.
 */
import { expect, test } from 'vitest';
import { actionFor, drawPlan, FILES, KEPT_MAX, type SnapshotOrder, type SnapshotStep } from './snapshot-plan.ts';
import { reportOf } from './snapshot-report.ts';
import type { SnapshotResult } from './snapshot-scene.ts';

const ORDER: SnapshotOrder = { seed: 7, actions: 200, diskMB: 1024, format: 'raw' };

test('a plan is the same for the same seed, and has everything in it', () => {
  const plan = drawPlan(ORDER);
  expect(drawPlan(ORDER)).toEqual(plan);
  expect(drawPlan({ ...ORDER, seed: 8 })).not.toEqual(plan);
  // A longer one begins like a shorter one.
  expect(drawPlan({ ...ORDER, actions: 50 })).toEqual(plan.slice(0, 50));
  expect(new Set(plan.map(({ action }) => action)).size).toBe(3);
  for (const key of ['offline', 'protect', 'restore'] as const) {
    expect(new Set(plan.map((step) => step[key])).size).toBe(2);
  }
  const deaths = plan.flatMap(({ deathMs }) => deathMs ?? []);
  expect(deaths.length).toBeGreaterThan(60);
  expect([Math.min(...deaths) < 20, Math.max(...deaths) > 2000]).toEqual([true, true]);
  expect(plan.every(({ files }) => files.every((file) => file < FILES))).toBe(true);
});

test('there are neither too few nor too many snapshots', () => {
  const step = drawPlan(ORDER)[0] as SnapshotStep;
  expect(actionFor({ ...step, action: 'delete' }, 0)).toBe('take');
  expect(actionFor({ ...step, action: 'take' }, KEPT_MAX + 1)).toBe('delete');
  expect(actionFor({ ...step, action: 'revert' }, 3)).toBe('revert');
});

test('the report counts what was killed, what had happened all the same, and what it took', () => {
  const result = (number: number, change: Partial<SnapshotResult>): SnapshotResult => ({
    number,
    action: 'take',
    offline: false,
    protect: true,
    death: null,
    tookMs: 100 * number,
    stunMs: 7,
    mergedMs: null,
    bytes: 3 * 2 ** 20,
    folderBytes: 2 ** 20,
    diskFiles: 2,
    snapshots: 1,
    checkedMs: null,
    ...change,
  });
  const death = { afterMs: 5, reported: false, happened: true };
  const results = [result(1, {}), result(2, { death, tookMs: null }), result(3, { action: 'delete', offline: true })];
  const header = { order: ORDER, machine: { cpus: 2, model: 'a model', node: 'v24' }, startedAt: 0 };
  const text = reportOf([{ header, results, wrong: 'Step 4: it is lost' }]);
  expect(text).toContain('## 3 steps, 1 deaths, one violation');
  expect(text).toContain('**Step 4: it is lost**');
  expect(text).toContain('| take | 2 | 0 | 0 | 2 | 1 | 1 | 1 |');
  expect(text).toContain('| take, ms | 1 | – | – | 100 / 100 / 100 / 100 |');
});
