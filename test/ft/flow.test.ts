// Flow control: the lag, and what it does to the primary's speed.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_SETTINGS,
  LAG_FREE_MS,
  LAG_HARD_MS,
  LAG_THROTTLE_MS,
  THROTTLE_SLEEP_MS_MAX,
} from '../../main/ft/constants.ts';
import { LagMeter, startingThrottle, throttle, throttleSleepMs } from '../../main/ft/flow.ts';
import { holds } from '../support/random.ts';

describe('the lag', () => {
  test('is the age of the oldest head that the backup has not executed', () => {
    const lag = new LagMeter();
    lag.sent(0, 1000);
    lag.sent(1, 1010);
    expect(lag.lagMs(1030)).toBe(30);
    lag.executed(1, 1030);
    expect(lag.lagMs(1030)).toBe(20);
    lag.executed(2, 1040);
    expect(lag.lagMs(5000)).toBe(0);
  });

  test('does not grow while an idle guest makes no heads', () => {
    const lag = new LagMeter();
    lag.sent(0, 0);
    lag.executed(1, 1);
    expect(lag.lagMs(3_600_000)).toBe(0);
  });

  test('is told as a moving average, null before anything was executed', () => {
    const lag = new LagMeter();
    lag.sent(0, 0);
    expect(lag.vLockstepIntervalMs).toBeNull();
    lag.executed(0, 40);
    expect(lag.vLockstepIntervalMs).toBe(40);
    lag.executed(1, 40);
    expect(lag.vLockstepIntervalMs).toBeCloseTo(38);
  });

  test('is right whatever the order of sending and executing', () => {
    holds(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(20)), { maxLength: 800 }), (steps) => {
        const lag = new LagMeter();
        const sentAt: number[] = [];
        let [now, executed] = [0, 0];
        for (const [sends, ms] of steps) {
          now += ms;
          if (sends) lag.sent(sentAt.push(now) - 1, now);
          else lag.executed((executed = Math.min(executed + 2, sentAt.length)), now);
          expect(lag.lagMs(now)).toBe(executed < sentAt.length ? now - (sentAt[executed] ?? 0) : 0);
        }
      }),
      20,
    );
  });
});

describe('the throttle', () => {
  test('is open below the first limit, rises, and is full at the last', () => {
    expect([0, LAG_THROTTLE_MS, LAG_HARD_MS, 60_000].map((lag) => throttle(lag, DEFAULT_SETTINGS))).toEqual([
      0, 0, 1, 1,
    ]);
    expect(throttle((LAG_THROTTLE_MS + LAG_HARD_MS) / 2, DEFAULT_SETTINGS)).toBeCloseTo(0.5);
  });

  test('never opens as the lag grows, and never asks for more than the longest sleep', () => {
    const lag = fc.double({ min: 0, max: 10_000, noNaN: true });
    holds(
      fc.property(lag, lag, fc.constantFrom(throttle, startingThrottle), (a, b, of) => {
        const [less, more] = [of(Math.min(a, b), DEFAULT_SETTINGS), of(Math.max(a, b), DEFAULT_SETTINGS)];
        expect(less).toBeLessThanOrEqual(more);
        expect(throttleSleepMs(more)).toBeLessThanOrEqual(THROTTLE_SLEEP_MS_MAX);
        expect(throttleSleepMs(less)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test('waits for a starting backup before it is Protected, not only when it is far behind', () => {
    expect(startingThrottle(0, DEFAULT_SETTINGS)).toBe(0);
    expect(startingThrottle(LAG_FREE_MS, DEFAULT_SETTINGS)).toBeGreaterThan(0);
    expect(throttle(LAG_FREE_MS, DEFAULT_SETTINGS)).toBe(0);
    expect(startingThrottle(LAG_HARD_MS, DEFAULT_SETTINGS)).toBe(1);
  });
});
