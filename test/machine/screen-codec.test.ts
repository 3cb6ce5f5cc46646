/** The binary display messages: what goes in comes out, and nothing else gets in. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CP437 } from '../../preload/contract/cp437.ts';
import {
  CELL_WORDS,
  decodeScreen,
  encodeScreen,
  type GraphicsUpdate,
  type ScreenUpdate,
  type TextUpdate,
} from '../../preload/contract/screen.ts';
import { ScreenModel } from '../../preload/contract/screen-model.ts';

const glyph = fc
  .tuple(fc.integer({ min: 0, max: 511 }), fc.boolean())
  .map(([code, blinks]) => code | (blinks ? 0x8000 : 0));
const colour = fc.integer({ min: 0, max: 0xff_ffff });
const cell = fc.tuple(glyph, colour, colour);

const font = fc
  .record({
    width: fc.constantFrom(8, 9, 16),
    height: fc.integer({ min: 1, max: 32 }),
    glyphs: fc.constantFrom(256, 512),
    seed: fc.integer(),
  })
  .map(({ width, height, glyphs, seed }) => ({
    width,
    height,
    rows: Uint16Array.from({ length: glyphs * height }, (_, index) => Math.imul(index ^ seed, 40_503)),
  }));

const text: fc.Arbitrary<TextUpdate> = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 6 }), fc.boolean(), fc.boolean())
  .chain(([columns, rows, full, withFont]) =>
    fc.record({
      kind: fc.constant('text' as const),
      full: fc.constant(full),
      columns: fc.constant(columns),
      rows: fc.constant(rows),
      cursor: fc.record({
        row: fc.integer({ min: 0, max: rows - 1 }),
        column: fc.integer({ min: 0, max: columns - 1 }),
        first: fc.integer({ min: 0, max: 31 }),
        last: fc.integer({ min: 0, max: 31 }),
      }),
      lines: (full
        ? fc.constant(Array.from({ length: rows }, (_, row) => row))
        : fc.subarray(Array.from({ length: rows }, (_, row) => row))
      ).chain((chosen) =>
        fc.tuple(
          ...chosen.map((row) =>
            fc
              .array(cell, { minLength: columns, maxLength: columns })
              .map((cells) => ({ row, cells: Uint32Array.from(cells.flat()) })),
          ),
        ),
      ),
      ...(full || withFont ? { font } : {}),
    }),
  );

const graphics: fc.Arbitrary<GraphicsUpdate> = fc
  .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }))
  .chain(([width, height]) => {
    const tile = fc
      .tuple(fc.nat(width - 1), fc.nat(height - 1))
      .chain(([x, y]) =>
        fc.tuple(
          fc.constant(x),
          fc.constant(y),
          fc.integer({ min: 1, max: width - x }),
          fc.integer({ min: 1, max: height - y }),
        ),
      )
      .chain(([x, y, w, h]) =>
        fc.uint8Array({ minLength: w * h * 4, maxLength: w * h * 4 }).map((rgba) => ({
          x,
          y,
          width: w,
          height: h,
          rgba: Uint8Array.from(rgba, (value, index) => (index % 4 === 3 ? 255 : value)),
        })),
      );
    return fc.record({
      kind: fc.constant('graphics' as const),
      full: fc.boolean(),
      width: fc.constant(width),
      height: fc.constant(height),
      tiles: fc.array(tile, { maxLength: 4 }),
    });
  });

const blank = fc.constant<ScreenUpdate>({ kind: 'blank', full: true });
const update: fc.Arbitrary<ScreenUpdate> = fc.oneof(text, graphics, blank);

describe('codec', () => {
  test('decoding gives back what was encoded', () => {
    fc.assert(
      fc.property(update, (value) => {
        expect(decodeScreen(encodeScreen(value))).toEqual(value);
      }),
    );
  });

  test('every cut-off message is refused', () => {
    fc.assert(
      fc.property(update, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (value, part) => {
        const bytes = encodeScreen(value);
        expect(() => decodeScreen(bytes.subarray(0, Math.floor(bytes.length * part)))).toThrow(RangeError);
      }),
    );
  });

  test('whatever it is given, it returns an update or throws a RangeError', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.tuple(update, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
        const encoded = encodeScreen(value);
        encoded[at % Math.min(encoded.length, 24)] = byte;
        return encoded;
      }),
    );
    fc.assert(
      fc.property(bytes, (data) => {
        try {
          new ScreenModel().apply({ ...decodeScreen(data) });
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('lengths that are absurd are refused before anything is made for them', () => {
    const large = new Uint8Array(10);
    large.set([2, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    expect(() => decodeScreen(large)).toThrow(/width must be/);
    expect(() => decodeScreen(Uint8Array.of(2, 1, 0, 4, 0, 3, 0xff, 0xff, 0, 0))).toThrow(/should follow/);
    expect(() => decodeScreen(Uint8Array.of(9, 1))).toThrow(/kind 9/);
    expect(() => decodeScreen(Uint8Array.of(0, 0))).toThrow(/full/);
  });
});

describe('model', () => {
  const fullText = (cells: number[], columns: number): TextUpdate => ({
    kind: 'text',
    full: true,
    columns,
    rows: 1,
    cursor: { row: 0, column: 0, first: 1, last: 0 },
    font: { width: 8, height: 1, rows: Uint16Array.from({ length: 256 }, (_, code) => code << 8) },
    lines: [{ row: 0, cells: Uint32Array.from(cells) }],
  });

  test('box drawing and accents read as themselves', () => {
    const codes = [0xc9, 0xcd, 0xbb, 0x20, 0x41, 0x84, 0xe1, 0x20];
    const model = new ScreenModel();
    model.apply(
      fullText(
        codes.flatMap((code) => [code, 0xffffff, 0]),
        codes.length,
      ),
    );
    expect(model.text()).toEqual(['╔═╗ Aäß']);
    expect(CP437).toHaveLength(256);
    expect(new Set(CP437).size).toBe(255); // 0 and 32 are both blanks
  });

  test('glyphs are drawn in their colours, most significant bit left; blinking ones come and go', () => {
    const model = new ScreenModel();
    model.apply(fullText([0x80 | 0x8000, 0x112233, 0x445566], 1));
    const row = (first: number[]) => [
      ...first,
      255,
      ...Array.from({ length: 7 }, () => [0x44, 0x55, 0x66, 255]).flat(),
    ];
    expect([...model.pixels().rgba]).toEqual(row([0x11, 0x22, 0x33]));
    expect([...model.pixels(true).rgba]).toEqual(row([0x44, 0x55, 0x66]));
  });

  test('a change needs the screen it builds on', () => {
    const change = {
      ...fullText(
        Array.from({ length: CELL_WORDS }, () => 0),
        1,
      ),
      full: false,
    };
    expect(() => new ScreenModel().apply(change)).toThrow(RangeError);
  });
});
