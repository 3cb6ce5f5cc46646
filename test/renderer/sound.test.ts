// When the guest's sound is played, and as what. Time here is a number.

import { describe, expect, test } from 'vitest';
import type { SoundMessage } from '../../preload/contract/sound.ts';
import { AHEAD_MAX_S, audible, JITTER_S, pieceOf, SoundSchedule } from '../../renderer/views/console/sound/schedule.ts';

const samples = (startMs: number, frames = 441): SoundMessage => ({
  kind: 'samples',
  startMs,
  rate: 22_050,
  samples: new Int16Array(frames * 2),
});
const tone = (startMs: number, hertz = 440): SoundMessage => ({ kind: 'tone', startMs, hertz });

/** A line that has begun with guest time 5000 ms at 10 s. */
function begun(): SoundSchedule {
  const schedule = new SoundSchedule();
  expect(schedule.plan(samples(5000), 10)).toEqual({ at: 10 + JITTER_S, restart: false });
  return schedule;
}

describe('the schedule of sound', () => {
  test('keeps the distances of the guest, however unevenly the pieces arrive', () => {
    const schedule = begun();
    const arrivals = [10.005, 10.09, 10.09, 10.1];
    const at = arrivals.map((now, index) => schedule.plan(samples(5020 + index * 20), now)?.at);
    expect(at.map((time) => time?.toFixed(3))).toEqual(['10.120', '10.140', '10.160', '10.180']);
  });

  test('drops what is late, and goes on with what is not', () => {
    const schedule = begun();
    expect(schedule.plan(samples(5020), 10.3)).toBeNull();
    expect(schedule.plan(samples(5220), 10.3)).toEqual({ at: expect.closeTo(10.32), restart: false });
  });

  test('begins anew after the guest stood still', () => {
    const schedule = begun();
    expect(schedule.plan(samples(5020), 20)).toEqual({ at: 20 + JITTER_S, restart: true });
    expect(schedule.plan(samples(5040), 20.02)?.at).toBeCloseTo(20.12);
  });

  test('begins anew when everything has been late for a while: the guest is slower than the clock', () => {
    const schedule = begun();
    const plans = [10.4, 10.5, 10.6, 10.7].map((now) => schedule.plan(samples(5000 + (now - 10.2) * 1000), now));
    expect(plans.map((plan) => plan?.restart ?? null)).toEqual([null, null, null, true]);
  });

  test('does not pile up: what is far ahead begins anew', () => {
    const schedule = begun();
    expect(schedule.plan(samples(5000 + (AHEAD_MAX_S - JITTER_S) * 1000), 10)?.restart).toBe(false);
    expect(schedule.plan(samples(9000), 10)).toEqual({ at: 10 + JITTER_S, restart: true });
  });

  test('plays a late tone at once, since a tone lasts until the next one', () => {
    const schedule = begun();
    expect(schedule.plan(tone(5020), 10.3)).toEqual({ at: 10.3, restart: false });
    expect(schedule.plan(tone(5030, 0), 10.3)).toEqual({ at: 10.3, restart: false });
  });

  test('never plays a tone before the one that was told before it', () => {
    const schedule = begun();
    const first = schedule.plan(tone(5400), 10)?.at ?? 0;
    expect(schedule.plan(tone(5300, 0), 10)?.at).toBe(first);
  });
});

describe('the samples of a piece', () => {
  test('are divided by channel, between -1 and 1', () => {
    const { rate, left, right } = pieceOf({
      kind: 'samples',
      startMs: 0,
      rate: 44_100,
      samples: Int16Array.of(-32_768, 16_384, 0, 32_767),
    });
    expect(rate).toBe(44_100);
    expect([...left]).toEqual([-1, 0]);
    expect([...right].map((sample) => sample.toFixed(2))).toEqual(['0.50', '1.00']);
  });

  test('are repeated where browsers refuse the rate, and cut where a hostile guest makes them last for ever', () => {
    const slow = pieceOf({ kind: 'samples', startMs: 0, rate: 4000, samples: Int16Array.of(-32_768, 0, 0, 0) });
    expect(slow.rate).toBe(8000);
    expect([...slow.left]).toEqual([-1, -1, 0, 0]);
    const hostile = pieceOf({ kind: 'samples', startMs: 0, rate: 1, samples: new Int16Array(131_072) });
    expect(hostile.left.length).toBe(16_000);
  });
});

test('tones that nobody hears are silence', () => {
  expect([0, 440, 17_999, 30_000].map(audible)).toEqual([0, 440, 17_999, 0]);
});
