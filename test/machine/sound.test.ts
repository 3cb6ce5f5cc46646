/** The loudspeakers: what the guest plays comes out whole, in order, by the virtual clock, and the same twice. */
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { createMachine } from '../../main/machine/emulated.ts';
import {
  decodeSound,
  encodeSound,
  SOUND_RATE_MAX,
  TONE_HZ_MAX,
  type SoundMessage,
} from '../../preload/contract/sound.ts';
import { bootSector, Runner } from './guest.ts';
import { soundGuest } from './sound-guest.ts';

vi.setConfig({ testTimeout: 180_000 });

const RATE = 22_050;
const GUEST = bootSector(soundGuest());

async function playing(): Promise<{ runner: Runner; heard: SoundMessage[] }> {
  const runner = await Runner.start(GUEST);
  const heard: SoundMessage[] = [];
  const replay = runner.replay.bind(runner);
  runner.replay = (head) => {
    const outcome = replay(head);
    for (const { device, data } of outcome.outputs) if (device === 'sound') heard.push(decodeSound(data));
    return outcome;
  };
  runner.untilSerial('S');
  return { runner, heard };
}

describe('the loudspeakers', () => {
  test('the PC speaker plays the tone that the guest has set', async () => {
    const { heard } = await playing();
    const tones = heard.filter((message) => message.kind === 'tone');
    expect(tones.at(-1)?.hertz).toBeCloseTo(1000, 0);
  });

  test('the sound card plays what is in memory, without a gap, as fast as the virtual clock goes', async () => {
    const { runner, heard } = await playing();
    const from = runner.machine.virtualNs;
    runner.until(() => runner.machine.virtualNs > from + 2e9, 100_000);
    const samples = heard.filter((message) => message.kind === 'samples');
    expect(samples.every(({ rate }) => rate === RATE)).toBe(true);
    const left = samples.flatMap((message) => [...message.samples].filter((_, index) => index % 2 === 0));
    const seconds = left.length / RATE;
    expect(seconds).toBeGreaterThan(1.95);
    expect(seconds).toBeLessThan(2.2);
    // A saw-tooth of 256 steps: each sample is one step above the one before, or the first again.
    const step = 32_767 / 127.5;
    const jumps = left.filter((sample, index) => index > 0 && Math.abs(sample - (left[index - 1] ?? 0) - step) > 2);
    expect(jumps.length).toBe(Math.floor((left.length - 1) / 256));
    for (const [index, message] of samples.entries()) {
      const before = samples[index - 1];
      if (!before) continue;
      const end = before.startMs + (before.samples.length / 2 / RATE) * 1000;
      expect(Math.abs(message.startMs - end)).toBeLessThan(0.01);
    }
  });

  test('a machine that plays is the same when its heads are executed again, and when it was cloned', async () => {
    const { runner } = await playing();
    runner.steps(200);
    const clone = await createMachine(GUEST);
    clone.restore(runner.machine.capture());
    const from = runner.heads.length;
    runner.steps(500);
    for (const head of runner.heads.slice(from)) clone.execute(head);
    expect(clone.hash('full')).toBe(runner.machine.hash('full'));
    const again = await createMachine(GUEST);
    for (const head of runner.heads) again.execute(head);
    expect(again.hash('full')).toBe(runner.machine.hash('full'));
  });

  test('a guest that plays sleeps in between', async () => {
    const { runner } = await playing();
    const before = runner.machine.instructions;
    const from = runner.machine.virtualNs;
    runner.until(() => runner.machine.virtualNs > from + 1e9, 100_000);
    expect(runner.machine.instructions - before).toBeLessThan(10_000_000);
  });
});

describe('sound as bytes', () => {
  test('what is encoded is decoded', () => {
    const startMs = fc.double({ min: 0, max: 1e12, noNaN: true });
    const tone = fc.record({
      kind: fc.constant('tone' as const),
      startMs,
      hertz: fc.float({ min: 0, max: TONE_HZ_MAX - 1, noNaN: true }),
    });
    const samples = fc.record({
      kind: fc.constant('samples' as const),
      startMs,
      rate: fc.integer({ min: 1, max: SOUND_RATE_MAX }),
      samples: fc.array(fc.tuple(fc.integer({ min: -32_768, max: 32_767 }), fc.integer({ min: -32_768, max: 32_767 }))),
    });
    fc.assert(
      fc.property(fc.oneof(tone, samples), (message) => {
        const given: SoundMessage =
          message.kind === 'tone' ? message : { ...message, samples: Int16Array.from(message.samples.flat()) };
        expect(decodeSound(encodeSound(given))).toEqual(given);
      }),
    );
  });

  test('bytes that are no sound are refused, never worse', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          decodeSound(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});
