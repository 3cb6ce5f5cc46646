/** The WAV file is as long as the recording, and what was played stands where it was played. */
import { expect, test } from 'vitest';
import { mix, wav } from '../../main/cli/sound.ts';

const RATE = 44_100;

test('sounds stand on one time line: samples at their time, silence between them, a tone until it ends', () => {
  const loud = new Int16Array(2 * 441).fill(1000);
  const line = mix(
    [
      { kind: 'samples', startMs: 5000, rate: 44_100, samples: loud },
      { kind: 'samples', startMs: 5500, rate: 22_050, samples: loud },
      { kind: 'tone', startMs: 5800, hertz: 440 },
      { kind: 'tone', startMs: 5900, hertz: 0 },
    ],
    1,
  );
  const at = (ms: number): number => Math.abs(line[Math.round((ms / 1000) * RATE) * 2] ?? 0);
  expect(line.length).toBe(RATE * 2);
  expect([at(0), at(5), at(15), at(505), at(515), at(525)]).toEqual([1000, 1000, 0, 1000, 1000, 0]);
  expect(at(850)).toBeGreaterThan(0);
  expect(at(950)).toBe(0);
});

test('sound beyond the recording is left out, and loudness is bounded', () => {
  const loud = new Int16Array(2 * 44_100).fill(30_000);
  const twice = { kind: 'samples', startMs: 0, rate: 44_100, samples: loud } as const;
  const line = mix([twice, twice], 0.5);
  expect(line.length).toBe(RATE);
  expect(line.every((sample) => sample === 32_767)).toBe(true);
});

test('the file says what it is', () => {
  const file = Buffer.from(wav(new Int16Array(8)));
  expect(file.toString('latin1', 0, 4) + file.toString('latin1', 8, 16)).toBe('RIFFWAVEfmt ');
  expect(file.length).toBe(44 + 16);
  expect(file.readUInt32LE(40)).toBe(16);
});
