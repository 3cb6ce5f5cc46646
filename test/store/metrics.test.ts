// Measurements in the database: seconds become longer steps, and no more is kept than is shown.

import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SampleLine } from '../../main/fleet/watch/sample-line.ts';
import { Sampler, type Sampled } from '../../main/fleet/watch/sampler.ts';
import { openDataFolder } from '../../main/store/database.ts';
import { KEPT_MS, MetricTable, STEPS_MS, type MetricRow } from '../../main/store/metrics.ts';
import { VmTable } from '../../main/store/vms.ts';
import { METRICS_POINTS_MAX, RANGES, RANGE_NAMES } from '../../preload/contract/metrics.ts';
import { fakeMetrics } from '../renderer/fake/metrics.ts';
import { fakeVm, OFF, PRIMARY } from '../renderer/fake/world.ts';
import { temporaryFolder } from '../support/folder.ts';

/** A whole minute. */
const NOON = Date.UTC(2026, 10, 21, 12);

function open() {
  const data = openDataFolder(temporaryFolder());
  onTestFinished(() => data.close());
  const vms = new VmTable(data.database);
  vms.insert({ id: 'a', name: 'a', createdAt: 0, config: {} as never });
  const count = (): number => data.database.prepare<[], number>('SELECT count(*) FROM metric').pluck().get() ?? 0;
  return { table: new MetricTable(data.database), vms, count };
}

/** A sampler whose clock is the test's, over one VM that a test switches on and off. */
function sampled(table: MetricTable) {
  const vm = fakeVm('a', { power: 'on', ft: { ...OFF, primary: PRIMARY } });
  const state = { power: 'on', lagMs: 0 as number | null };
  const one: Sampled = {
    id: 'a',
    get power() {
      return state.power;
    },
    metrics: () => ({ ...fakeMetrics(vm, 0, 1), lagMs: state.lagMs }),
  };
  const sampler = new Sampler(table, () => [one]);
  onTestFinished(() => sampler.close());
  return { sampler, state };
}

describe('the steps that seconds make up', () => {
  test('have the mean and the peak of what was measured, and no zero where nothing was', () => {
    const line = new SampleLine('a');
    for (const [second, lagMs] of [10, 20, 60].entries()) line.add(NOON + second * 1000, { lagMs });
    line.add(NOON + 3000, {});
    const rows = line.take(NOON + 10_000);
    expect(rows.filter(({ stepMs }) => stepMs === 10_000)).toEqual([
      { vm: 'a', stepMs: 10_000, at: NOON, mean: { lagMs: 30 }, peak: { lagMs: 60 } },
    ]);
    expect(rows.filter(({ stepMs }) => stepMs === 1000).map(({ mean }) => mean.lagMs)).toEqual([10, 20, 60, undefined]);
  });

  test('count every measurement once, whenever they are taken', () => {
    const seconds = fc.array(
      fc.record({ skip: fc.integer({ min: 4, max: 90 }), value: fc.integer({ min: 0, max: 1000 }) }),
      {
        minLength: 1,
        maxLength: 40,
      },
    );
    fc.assert(
      fc.property(seconds, fc.integer({ min: 1, max: 30 }), (samples, takeEvery) => {
        const line = new SampleLine('a');
        const rows: MetricRow[] = [];
        let at = NOON;
        for (const [index, { skip, value }] of samples.entries()) {
          at += skip * 1000;
          line.add(at, { lagMs: value });
          if (index % takeEvery === 0) rows.push(...line.take(at));
        }
        rows.push(...line.take(at, true));
        for (const stepMs of STEPS_MS) {
          const mine = rows.filter((row) => row.stepMs === stepMs);
          expect(new Set(mine.map((row) => row.at)).size).toBe(mine.length);
          expect(mine.every((row) => row.at % stepMs === 0)).toBe(true);
          const highest = Math.max(...mine.map(({ mean, peak }) => (peak ?? mean).lagMs ?? 0));
          expect(highest).toBe(Math.max(...samples.map(({ value }) => value)));
        }
        expect(rows.filter(({ stepMs }) => stepMs === 1000)).toHaveLength(samples.length);
      }),
    );
  });

  test('a sample that is late by a second or two stands for them, one that is later leaves a hole', () => {
    const line = new SampleLine('a');
    for (const second of [0, 3, 8]) line.add(NOON + second * 1000, { lagMs: second });
    const seconds = line.take(NOON + 10_000).filter(({ stepMs }) => stepMs === 1000);
    expect(seconds.map(({ at, mean }) => [(at - NOON) / 1000, mean.lagMs])).toEqual([
      [0, 0],
      [1, 3],
      [2, 3],
      [3, 3],
      [8, 8],
    ]);
  });
});

describe('the sampler', () => {
  test('answers with a regular grid, holes where the VM was off, and what is not written yet', () => {
    const { sampler, state } = sampled(open().table);
    for (let second = 0; second < 60; second++) {
      state.power = second >= 20 && second < 40 ? 'off' : 'on';
      state.lagMs = second;
      sampler.sample(NOON + second * 1000 + 400);
    }
    const history = sampler.history('a', '1m', undefined, NOON + 59_900);
    expect(history).toMatchObject({ from: NOON, stepMs: 1000, points: 60 });
    const lag = history.series.lagMs?.mean ?? [];
    expect(lag).toHaveLength(60);
    expect([lag[0], lag[19], lag[20], lag[39], lag[40], lag[59]]).toEqual([0, 19, null, null, 40, 59]);
    expect(history.series.secondaryCpuPercent).toBeUndefined();
  });

  test('ends with what was measured last, until that is no longer now', () => {
    const { sampler, state } = sampled(open().table);
    sampler.sample(NOON + 500);
    sampler.sample(NOON + 1500);
    const newest = (now: number) => sampler.history('a', '1m', undefined, NOON + now).series.lagMs?.mean.at(-1);
    expect([newest(1600), newest(2100), newest(3400)]).toEqual([0, 0, 0]);
    state.power = 'off';
    expect(newest(6000)).toBeNull();
  });

  test('answers what is new since a time, and never with more points than its limit', () => {
    const { sampler } = sampled(open().table);
    for (let second = 0; second < 30; second++) sampler.sample(NOON + second * 1000);
    expect(sampler.history('a', '10m', NOON + 25_000, NOON + 29_000)).toMatchObject({ from: NOON + 25_000, points: 5 });
    expect(sampler.history('a', '10m', NOON + 99_000, NOON + 29_000)).toMatchObject({ points: 0, series: {} });
    for (const range of RANGE_NAMES) {
      const { points } = sampler.history('a', range, 0, NOON + 29_000);
      expect(points).toBe(RANGES[range].spanMs / RANGES[range].stepMs);
      expect(points).toBeLessThanOrEqual(METRICS_POINTS_MAX);
    }
  });

  test('writes every ten seconds, so that only they are lost with the host', () => {
    const { table, count } = open();
    const { sampler } = sampled(table);
    for (let second = 0; second < 10; second++) sampler.sample(NOON + second * 1000);
    expect(count()).toBe(0);
    sampler.sample(NOON + 10_000);
    expect(table.read('a', 1000, NOON, NOON + 10_000)).toHaveLength(10);
    expect(table.read('a', 10_000, NOON, NOON + 60_000)).toHaveLength(1);
    const next = sampled(table).sampler;
    expect(next.history('a', '1m', undefined, NOON + 10_000).series.lagMs?.mean.filter(Number.isFinite)).toHaveLength(
      10,
    );
  });

  test('leaves a VM that was deleted meanwhile alone', () => {
    const { table, vms, count } = open();
    const list: Sampled[] = [{ id: 'a', power: 'on', metrics: () => fakeMetrics(fakeVm('a'), 0, 1) }];
    const sampler = new Sampler(table, () => list);
    for (let second = 0; second < 12; second++) sampler.sample(NOON + second * 1000);
    expect(count()).toBeGreaterThan(0);
    list.pop();
    vms.delete('a');
    sampler.sample(NOON + 20_000);
    sampler.close();
    expect(count()).toBe(0);
  });
});

test('two days of measuring leave as many rows as the ranges show, and little more', () => {
  const { table, count } = open();
  const row = (stepMs: (typeof STEPS_MS)[number], at: number): MetricRow => ({
    vm: 'a',
    stepMs,
    at,
    mean: { lagMs: 1 },
    peak: null,
  });
  const end = NOON + 2 * 86_400_000;
  // An hour at a time: what matters is what is left, not how often it was trimmed.
  for (let hour = NOON; hour < end; hour += 3_600_000) {
    const rows = STEPS_MS.flatMap((stepMs) =>
      Array.from({ length: 3_600_000 / stepMs }, (_, index) => row(stepMs, hour + index * stepMs)),
    );
    table.add(rows, hour + 3_600_000);
  }
  for (const stepMs of STEPS_MS) expect(table.read('a', stepMs, 0, end)).toHaveLength(KEPT_MS[stepMs] / stepMs);
  expect(count()).toBeLessThan(3100);
});
