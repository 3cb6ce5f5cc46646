/**
 * What a campaign does apart from failing: its plan, its results on the disk, and its report.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { groupBy, kindOf, percentiles } from './figures.ts';
import { drawPlan, MODES, type Order } from './plan.ts';
import { SORTIES, sortieName } from './points.ts';
import { isViolation, readResults, ResultFile, type Failure, type Header } from './results.ts';

const ORDER: Order = {
  seed: 7,
  counts: { random: 40, point: 120, gateway: 8, host: 4, hang: 6, cut: 6 },
  modes: MODES,
  batch: 10,
  victim: 'both',
  point: '',
  timeoutMs: 800,
};
const HEADER: Header = { order: ORDER, machine: { cpus: 2, model: 'a model', node: 'v24' }, startedAt: 0 };

const failure = (number: number, change: Partial<Failure> = {}): Failure => ({
  number,
  fault: 'random',
  victim: 'primary',
  point: null,
  mode: MODES[0] as Failure['mode'],
  outcome: 'lived',
  silenceMs: { console: number * 10 },
  protectedMs: number * 1000,
  suspicions: 0,
  stunMs: 50,
  failover: {
    at: 0,
    reason: 'r',
    detectMs: number,
    drainMs: 0,
    arbitrateMs: 2,
    liveMs: 3,
    firstOutputMs: null,
    protectedMs: null,
  },
  metrics: { lagMs: 1, logBandwidthBitsPerSecond: 1, outputDelayMsP50: 1, outputDelayMsP99: 1 },
  ...change,
});

describe('a plan', () => {
  const plan = drawPlan(ORDER);

  test('is the same for the same order, and another for another seed', () => {
    expect(drawPlan(ORDER)).toEqual(plan);
    expect(drawPlan({ ...ORDER, seed: 8 })).not.toEqual(plan);
  });

  test('has what was ordered, numbered from 1', () => {
    for (const [fault, count] of Object.entries(ORDER.counts)) {
      expect([fault, plan.filter((step) => step.fault === fault).length]).toEqual([fault, count]);
    }
    expect(plan.map(({ number }) => number)).toEqual(plan.map((_, index) => index + 1));
  });

  test('comes to every named point, and hits whom that point is for', () => {
    const names = plan.flatMap(({ sortie }) => (sortie ? [sortieName(sortie)] : []));
    expect(new Set(names)).toEqual(new Set(SORTIES.map(sortieName)));
    for (const { fault, sortie, victim, count } of plan) {
      expect(fault === 'point').toBe(sortie !== null);
      if (sortie) expect(victim).toBe(sortie.armed === 'primary' ? 'primary' : 'secondary');
      if (sortie) expect(count).toBeLessThanOrEqual(sortie.countMax);
    }
  });

  test('goes through every disk mode, some failures at a time', () => {
    const modes = plan.map(({ mode }) => MODES.indexOf(mode));
    expect(modes.slice(0, 41)).toEqual(Array.from({ length: 41 }, (_, index) => Math.floor(index / 10) % 4));
  });

  test('hits primary and secondary in turn, or only the one that is to be hit', () => {
    const victims = plan.filter(({ fault }) => fault === 'random').map(({ victim }) => victim);
    expect(victims.slice(0, 4)).toEqual(['primary', 'secondary', 'primary', 'secondary']);
    const only = drawPlan({ ...ORDER, victim: 'secondary' }).filter(({ fault }) => fault === 'random');
    expect(new Set(only.map(({ victim }) => victim))).toEqual(new Set(['secondary']));
  });
});

describe('results', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'lockstep-campaign-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('are there after each failure, and a later run goes on with what is left', () => {
    const state = path.join(folder, 'state');
    const first = new ResultFile(state);
    expect(first.order).toBeNull();
    first.begin(HEADER);
    first.add(failure(1));
    first.add(failure(2));
    const second = new ResultFile(state);
    expect(second.order).toEqual(ORDER);
    expect(second.done).toEqual([failure(1), failure(2)]);
    second.begin({ ...HEADER, startedAt: 9 });
    second.add({ number: 3, violation: 'a gap', events: [] });
    const { header, done } = readResults(state);
    expect(header).toEqual(HEADER);
    expect(done.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(done.filter(isViolation)).toHaveLength(1);
  });

  test('do without a line that was cut off in the middle', () => {
    const state = path.join(folder, 'torn');
    const results = new ResultFile(state);
    results.begin(HEADER);
    results.add(failure(1));
    appendFileSync(path.join(state, 'results.jsonl'), '{"number":2,"fau');
    const again = new ResultFile(state);
    again.add(failure(2));
    expect(readResults(state).done).toEqual([failure(1), failure(2)]);
  });

  test('without a folder are kept nowhere', () => {
    const results = new ResultFile(null);
    results.begin(HEADER);
    results.add(failure(1));
    expect(results.done).toHaveLength(1);
  });
});

describe('figures', () => {
  test('are measured values, by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentiles(hundred)).toEqual({ n: 100, p50: 50, p90: 90, p99: 99, worst: 100 });
    expect(percentiles([7])).toEqual({ n: 1, p50: 7, p90: 7, p99: 7, worst: 7 });
    expect(percentiles([])).toBeNull();
  });

  test('leave the silence of a guest that ended out, and count it', () => {
    const [group] = groupBy([failure(1), failure(2, { outcome: 'ended', silenceMs: {}, failover: null })], kindOf);
    expect(group).toMatchObject({ name: 'kill primary, any moment', n: 2, ended: 1 });
    expect(group?.silenceMs['console']?.n).toBe(1);
    expect(group?.phases.detectMs?.n).toBe(1);
  });
});

test('the report has every group with its percentiles, what was wrong, and leaves the earlier campaigns', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lockstep-report-'));
  try {
    const results = new ResultFile(folder);
    results.begin(HEADER);
    results.add(failure(1));
    results.add(failure(2, { fault: 'point', point: 'before log (primary)' }));
    results.add({ number: 3, violation: 'the console printed nonsense', events: [] });
    const file = path.join(folder, 'page.md');
    writeFileSync(file, '# Old\n\n## Earlier campaigns\n\nkept\n');
    const json = path.join(folder, 'page.json');
    const report = path.join(import.meta.dirname, 'report.ts');
    execFileSync(process.execPath, [report, '--write', file, '--json', json, folder]);
    const page = readFileSync(file, 'utf8');
    expect(page).toContain('## 2 failures, 1 violations');
    expect(page).toContain('**Failure 3: the console printed nonsense**');
    expect(page).toContain('| before log (primary) | 1 | 0 | 20 / 20 / 20 / 20 | 2000 / 2000 / 2000 / 2000 |');
    expect(page).toMatch(/## Earlier campaigns\n\nkept\n$/);
    expect(page).not.toContain('# Old');
    expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({ campaigns: [{ failures: 3 }], kinds: [{}, {}] });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
