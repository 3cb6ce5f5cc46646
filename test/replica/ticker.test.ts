/** A ticker looks as often as it must, and wakes nobody who is awake anyway. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Ticker } from '../../main/replica/ticker.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

test('a process that sleeps looks by its timer, one that is awake without', () => {
  const looks: number[] = [];
  const begun = performance.now();
  const ticker = new Ticker(
    () => 50,
    (now) => looks.push(now - begun),
  );
  vi.advanceTimersByTime(120);
  expect(looks).toEqual([50, 100]);
  // Awake every 40 ms: the timer never gets its turn.
  for (let turn = 0; turn < 5; turn += 1) {
    vi.advanceTimersByTime(40);
    ticker.awake(performance.now());
  }
  expect(looks).toEqual([50, 100, 150, 160, 200, 240, 280, 320]);
  ticker.stop();
});

test('how often is asked after every look', () => {
  const looks: number[] = [];
  const begun = performance.now();
  let everyMs = 50;
  const ticker = new Ticker(
    () => everyMs,
    (now) => looks.push(now - begun),
  );
  everyMs = 25;
  vi.advanceTimersByTime(100);
  expect(looks).toEqual([50, 75, 100]);
  ticker.stop();
  ticker.awake(performance.now() + 1000);
  vi.advanceTimersByTime(100);
  expect(looks).toHaveLength(3);
});
