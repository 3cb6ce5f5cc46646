// The failure detector: a silent peer is suspected, one's own standstill is not the peer's.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FailureDetector } from '../../main/ft/detector.ts';
import { holds } from '../support/random.ts';

const TIMEOUT_MS = 500;
const TICK_MS = 25;

/** Ticks regularly from `from` (exclusive) to `to`; the first time it suspects, or null. */
function tick(detector: FailureDetector, from: number, to: number): number | null {
  for (let now = from + TICK_MS; now <= to; now += TICK_MS) if (detector.suspects(now)) return now;
  return null;
}

test('a peer is suspected when nothing was heard of it for longer than the timeout', () => {
  const detector = new FailureDetector(TIMEOUT_MS, 0);
  expect(tick(detector, 0, 500)).toBeNull();
  expect(detector.suspects(525)).toBe(true);
  expect(detector.heardAt).toBe(0);
});

test('a peer that is heard of in time is never suspected', () => {
  const detector = new FailureDetector(TIMEOUT_MS, 0);
  for (let heard = 450; heard < 5000; heard += 450) {
    expect(tick(detector, heard - 450, heard)).toBeNull();
    detector.heard(heard);
  }
});

test('an observer that was stopped itself listens for a whole timeout again before it suspects', () => {
  const detector = new FailureDetector(TIMEOUT_MS, 0);
  tick(detector, 0, 100);
  const wokeAt = 60_000;
  expect(detector.suspects(wokeAt)).toBe(false);
  expect(tick(detector, wokeAt, wokeAt + TIMEOUT_MS)).toBeNull();
  expect(detector.suspects(wokeAt + TIMEOUT_MS + TICK_MS)).toBe(true);
});

test('an observer that stands still again and again is slow to suspect, but does in the end', () => {
  const detector = new FailureDetector(TIMEOUT_MS, 0);
  let now = 0;
  for (let stop = 0; stop < 5; stop++) {
    now += 10_000;
    expect(detector.suspects(now)).toBe(false);
  }
  expect(tick(detector, now, now + 2 * TIMEOUT_MS)).toBe(now + TIMEOUT_MS + TICK_MS);
});

test('with ticks as often as they are due, it suspects exactly when the silence is longer than the timeout', () => {
  holds(
    fc.property(fc.array(fc.integer({ min: 1, max: 1200 }), { minLength: 1, maxLength: 10 }), (silences) => {
      const detector = new FailureDetector(TIMEOUT_MS, 0);
      let now = 0;
      for (const silence of silences) {
        const end = now + silence;
        let suspected = false;
        for (let at = now + 1; at <= end; at++) if (at % TICK_MS === 0 && detector.suspects(at)) suspected = true;
        const firstTickPastTimeout = Math.ceil((now + TIMEOUT_MS + 1) / TICK_MS) * TICK_MS;
        expect(suspected).toBe(firstTickPastTimeout <= end);
        detector.heard(end);
        now = end;
      }
    }),
    50,
  );
});
