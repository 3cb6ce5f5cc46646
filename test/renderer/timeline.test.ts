// A failover to scale, charts' numbers, the merge of measurements, and notices: the pure parts of those views.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EventRecord } from '../../preload/contract/contract.ts';
import { RANGES, type MetricsHistory } from '../../preload/contract/metrics.ts';
import { describe as inWords, highest, roundTop, ticks } from '../../renderer/kit/plot-scale.ts';
import { mergeHistory, resumeAt } from '../../renderer/views/monitor/metrics-query.ts';
import { followAlarms, noticeOf, type Notice } from '../../renderer/views/shell/notices.ts';
import { interruptionMs, phasesOf, timelineOf } from '../../renderer/views/ft/timeline.ts';
import { storyOf } from '../../renderer/views/ft/fault-lab.tsx';
import { fakeAlarm } from './fake/history.ts';
import { fakeFailover } from './fake/metrics.ts';
import { fakeVm } from './fake/world.ts';

const vm = fakeVm('One');
const ms = fc.double({ min: 0, max: 5000, noNaN: true });
const report = fc
  .record({
    detectMs: ms,
    drainMs: ms,
    arbitrateMs: ms,
    liveMs: ms,
    firstOutputMs: fc.option(ms),
    protectedMs: fc.option(ms),
  })
  .map((part) => fakeFailover(vm, 1, part));

describe('a timeline', () => {
  test('has phases that follow each other and add up to the interruption', () => {
    fc.assert(
      fc.property(report, (one) => {
        const phases = phasesOf(one);
        const [detect, ...rest] = phases.slice(0, 4);
        expect(detect?.startMs).toBe(0);
        for (const [index, phase] of rest.entries()) expect(phase.startMs).toBe(phases[index]?.endMs);
        expect(phases[3]?.endMs).toBeCloseTo(interruptionMs(one), 6);
        for (const { startMs, endMs } of phases) expect(endMs ?? startMs).toBeGreaterThanOrEqual(startMs);
      }),
    );
  });

  test('is to scale: shares are milliseconds over the whole, and nothing leaves it', () => {
    fc.assert(
      fc.property(report, fc.constantFrom('interruption' as const, 'protection' as const), (one, scale) => {
        const { bars, endMs, ticks: marks } = timelineOf(one, scale);
        for (const bar of bars) {
          expect(bar.left).toBeGreaterThanOrEqual(0);
          expect(bar.left + bar.width).toBeLessThanOrEqual(1 + 1e-9);
          if (!bar.open) expect(bar.width * endMs).toBeCloseTo((bar.endMs ?? 0) - bar.startMs, 6);
        }
        expect(marks.length).toBeLessThanOrEqual(8);
        for (const { left } of marks) expect(left).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });

  test('of an interruption leaves out how long the new protection took, and says that it goes on', () => {
    const one = fakeFailover(vm, 1, { protectedMs: 3000, firstOutputMs: 20 });
    const short = timelineOf(one, 'interruption');
    expect(short.endMs).toBeLessThan(50);
    expect(short.bars.at(-1)).toMatchObject({ key: 'protect', open: true });
    expect(timelineOf(one, 'protection').bars.at(-1)).toMatchObject({ open: false, endMs: 3016.5 });
  });

  test('of one whose guest has said nothing yet, and is not protected, says so', () => {
    const { bars } = timelineOf(fakeFailover(vm, 1, { firstOutputMs: null, protectedMs: null }), 'protection');
    expect(bars.map(({ endMs }) => endMs === null)).toEqual([false, false, false, false, true, true]);
  });
});

describe("a chart's numbers", () => {
  test('the scale is round and reaches every value', () => {
    for (const value of [0.3, 1, 9.9, 10, 101, 164_000]) expect(roundTop(value)).toBeGreaterThanOrEqual(value);
    expect([3, 17, 24, 99].map(roundTop)).toEqual([5, 20, 25, 100]);
    expect(highest([[1, null, 7], []], 5)).toBe(7);
  });

  test('marks are round and few', () => {
    expect(ticks(19.6, 6)).toEqual([0, 5, 10, 15]);
    expect(ticks(3200, 6)).toEqual([0, 1000, 2000, 3000]);
    expect(ticks(0.3, 6)).toEqual([0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]);
    expect(ticks(0, 6)).toEqual([0]);
  });

  test('are told in words, and what is unknown is', () => {
    const lines = [
      { label: 'Primary', values: [10, 40, 12] },
      { label: 'Secondary', values: [3, null] },
      { label: 'Third', values: [] },
    ];
    const words = inWords('CPU', lines, (value) => `${value} %`);
    expect(words).toBe('CPU: Primary now 12 %, at most 40 %; Secondary unknown now, at most 3 %; Third no data');
  });
});

describe('measurements that are asked for bit by bit', () => {
  const { stepMs, spanMs } = RANGES['1m'];
  const points = spanMs / stepMs;
  /** At each step its own number. */
  const numbered = (from: number, count: number, hole?: number): MetricsHistory => {
    const mean = Array.from({ length: count }, (_, index) =>
      from / stepMs + index === hole ? null : from / stepMs + index,
    );
    return { range: '1m', from, stepMs, points: count, series: { lagMs: { mean, peak: mean } } };
  };

  test('are as if they had been asked for at once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), (seconds) => {
        const before = numbered(0, points);
        const since = resumeAt(before);
        const to = (points + seconds) * stepMs;
        const from = Math.max(to - spanMs, since);
        const merged = mergeHistory(before, numbered(from, (to - from) / stepMs));
        expect(merged).toEqual(numbered(to - spanMs, points));
      }),
    );
  });

  test('what was not measured stays a hole, and the newest answer counts', () => {
    const merged = mergeHistory(numbered(0, points, points - 1), numbered((points - 2) * stepMs, 3, points));
    expect(merged.series.lagMs?.mean.slice(-3)).toEqual([points - 2, points - 1, null]);
  });
});

describe('notices', () => {
  test('tell of lost protection and failovers, and not of what somebody has seen', () => {
    expect(noticeOf(fakeAlarm(vm, 1))).toMatchObject({ vm: vm.id, title: expect.stringContaining('One: ') });
    expect(noticeOf(fakeAlarm(vm, 1, { acknowledgedAt: 1 }))).toBeNull();
    expect(noticeOf(fakeAlarm(vm, 1, { definition: 'ft.interval' }))).toBeNull();
  });

  test('come once for each time an alarm is raised; what was there before is not told', () => {
    const shown: Notice[] = [];
    let tell = (_alarms: readonly ReturnType<typeof fakeAlarm>[]) => {};
    const subscribe = (_topic: string, _args: unknown, handlers: { data: typeof tell }) => {
      tell = handlers.data;
      return { send: () => {}, cancel: () => {} };
    };
    followAlarms({ subscribe: subscribe as never }, (notice) => shown.push(notice));
    tell([fakeAlarm(vm, 1)]);
    tell([fakeAlarm(vm, 2, { definition: 'ft.failover' })]);
    tell([fakeAlarm(vm, 2, { definition: 'ft.failover' })]);
    tell([fakeAlarm(vm, 2, { definition: 'ft.failover', count: 2 })]);
    tell([fakeAlarm(vm, 3, { clearedAt: 5 })]);
    expect(shown.map(({ tag }) => tag)).toEqual(['alarm 2', 'alarm 2']);
  });
});

test('the story of a fault begins with it, and is its own VM’s; healing is part of it', () => {
  const event = (id: number, kind: string, of = vm.id, data = {}): EventRecord => {
    return { id, at: id, vm: { id: of, name: of }, kind, severity: 'info', message: kind, data };
  };
  const events = [
    event(1, 'fault.injected', vm.id, { kind: 'cut-channel' }),
    event(2, 'power.on'),
    event(3, 'fault.injected', vm.id, { kind: 'hang-primary' }),
    event(4, 'power.on', 'other'),
    event(5, 'ft.failover'),
    event(6, 'fault.injected', vm.id, { kind: 'heal' }),
  ];
  expect(storyOf(events, vm.id).map(({ id }) => id)).toEqual([3, 5, 6]);
  expect(storyOf(events, 'other')).toEqual([]);
});
