// Places on drives: a set of them never forgets one.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { overlaps, RANGES_MAX, RangeSet, type DiskRange } from '../../main/ft/ranges.ts';
import { holds } from '../support/random.ts';

const range: fc.Arbitrary<DiskRange> = fc.record({
  drive: fc.constantFrom('hda', 'cdrom'),
  offset: fc.nat(40),
  length: fc.nat(12),
});

test('a set of places is what byte by byte would be', () => {
  const step = fc.record({ add: fc.boolean(), range });
  holds(
    fc.property(fc.array(step, { maxLength: 30 }), range, (steps, asked) => {
      const set = new RangeSet();
      const bytes = new Set<string>();
      const each = ({ drive, offset, length }: DiskRange): string[] =>
        Array.from({ length }, (_, index) => `${drive} ${offset + index}`);
      for (const now of steps) {
        if (now.add) set.add(now.range);
        else set.remove(now.range);
        for (const byte of each(now.range)) {
          if (now.add) bytes.add(byte);
          else bytes.delete(byte);
        }
      }
      expect(set.touches(asked)).toBe(each(asked).some((byte) => bytes.has(byte)));
      expect(set.empty).toBe(bytes.size === 0);
    }),
    300,
  );
});

test('two requests meet only on the same drive, and only where both have a byte', () => {
  const at = (drive: string, offset: number, length: number): DiskRange => ({ drive, offset, length });
  expect(overlaps(at('hda', 0, 512), at('hda', 512, 512))).toBe(false);
  expect(overlaps(at('hda', 0, 513), at('hda', 512, 512))).toBe(true);
  expect(overlaps(at('hda', 0, 512), at('cdrom', 0, 512))).toBe(false);
  expect(overlaps(at('hda', 8, 0), at('hda', 0, 512))).toBe(false);
});

test('a set of very many places remembers rather too much than too little, and stays small', () => {
  const set = new RangeSet();
  for (let index = 0; index <= RANGES_MAX; index++) set.add({ drive: 'hda', offset: index * 100, length: 1 });
  set.add({ drive: 'cdrom', offset: 7, length: 1 });
  for (let index = 0; index <= RANGES_MAX; index++) {
    expect(set.touches({ drive: 'hda', offset: index * 100, length: 1 })).toBe(true);
  }
  expect(set.touches({ drive: 'hda', offset: 150, length: 1 })).toBe(true);
  expect(set.touches({ drive: 'hda', offset: RANGES_MAX * 100 + 1, length: 9 })).toBe(false);
  expect(set.touches({ drive: 'cdrom', offset: 8, length: 1 })).toBe(false);
});
