// Flow control: the lag, and what it does to the primary's speed.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_SETTINGS,
  LAG_FREE_MS,
  LAG_HARD_MS,
  LAG_THROTTLE_MS,
  ROUND_TRIP_MS_MAX,
  THROTTLE_SLEEP_MS_MAX,
} from '../../main/ft/constants.ts';
import { LagMeter, startingThrottle, throttle, throttleSleepMs } from '../../main/ft/flow.ts';
import { holds } from '../support/random.ts';

describe('the lag', () => {
  test('is the time between what the backup has executed and what it has received', () => {
    const lag = new LagMeter();
    for (const epoch of [0, 1, 2, 3]) lag.sent(epoch, 1000 + epoch * 10);
    lag.progressed(0, 3, 1040);
    expect(lag.lagMs(1040)).toBe(20);
    lag.progressed(2, 3, 1050);
    expect(lag.lagMs(1050)).toBe(0);
    lag.progressed(2, 4, 1060);
    expect(lag.lagMs(1060)).toBe(10);
    lag.progressed(4, 4, 1070);
    expect(lag.lagMs(5000)).toBe(0);
  });

  test('is not the way there and back, unless that is longer than any way should be', () => {
    const lag = new LagMeter();
    lag.sent(0, 0);
    lag.sent(1, 10);
    expect(lag.lagMs(ROUND_TRIP_MS_MAX)).toBe(0);
    expect(lag.lagMs(ROUND_TRIP_MS_MAX + 30)).toBe(30);
    lag.progressed(1, 1, ROUND_TRIP_MS_MAX + 30);
    expect(lag.lagMs(ROUND_TRIP_MS_MAX + 30)).toBe(20);
  });

  test('does not grow while an idle guest makes no heads', () => {
    const lag = new LagMeter();
    lag.sent(0, 0);
    lag.progressed(1, 1, 1);
    expect(lag.lagMs(3_600_000)).toBe(0);
  });

  test('is told as a moving average, null before anything was executed', () => {
    const lag = new LagMeter();
    lag.sent(0, 0);
    lag.sent(1, 40);
    expect(lag.vLockstepIntervalMs).toBeNull();
    lag.progressed(0, 2, 40);
    expect(lag.vLockstepIntervalMs).toBe(40);
    lag.progressed(1, 2, 40);
    expect(lag.vLockstepIntervalMs).toBeCloseTo(38);
  });

  test('is right whatever the order of sending, receiving and executing', () => {
    holds(
      fc.property(fc.array(fc.tuple(fc.nat(2), fc.nat(20)), { maxLength: 800 }), (steps) => {
        const lag = new LagMeter();
        const sentAt: number[] = [];
        let [now, received, executed] = [0, 0, 0];
        for (const [what, ms] of steps) {
          now += ms;
          if (what === 0) lag.sent(sentAt.push(now) - 1, now);
          else if (what === 1) lag.progressed(executed, (received = Math.min(received + 3, sentAt.length)), now);
          else lag.progressed((executed = Math.min(executed + 2, received)), received, now);
          const behind = executed < received ? (sentAt[received - 1] ?? 0) - (sentAt[executed] ?? 0) : 0;
          const late = received < sentAt.length ? now - (sentAt[received] ?? 0) - ROUND_TRIP_MS_MAX : 0;
          expect(lag.lagMs(now)).toBe(Math.max(0, behind, late));
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
