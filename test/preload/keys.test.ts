// Keys as scan codes: what is typed arrives as a PC keyboard would send it.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pressCombo, scancodes, typeText } from '../../preload/contract/keys.ts';
import { holds } from '../support/random.ts';

const SHIFT = 0x2a;
/** Every character a US keyboard has. */
const PRINTABLE = Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index));
const TYPEABLE = [...PRINTABLE, '\n', '\r', '\t', '\b', '\x1b'];

/** The keys that are held down after these scan codes. @throws when a key is released that was not held. */
function heldAfter(codes: readonly number[]): number[] {
  const held: number[] = [];
  let prefix = 0;
  for (const code of codes) {
    if (code === 0xe0) {
      prefix = 0xe000;
      continue;
    }
    const key = prefix | (code & 0x7f);
    if (code < 0x80) held.push(key);
    else if (!held.includes(key)) throw new Error(`key ${key} is released and was not held`);
    else held.splice(held.indexOf(key), 1);
    prefix = 0;
  }
  return held;
}

describe('typed text', () => {
  test.each([
    ['a', [0x1e, 0x9e]],
    ['A', [SHIFT, 0x1e, 0x9e, 0xaa]],
    ['1', [0x02, 0x82]],
    ['!', [SHIFT, 0x02, 0x82, 0xaa]],
    ['~', [SHIFT, 0x29, 0xa9, 0xaa]],
    [' ', [0x39, 0xb9]],
    ['\n', [0x1c, 0x9c]],
    ['\r', [0x1c, 0x9c]],
    ['\t', [0x0f, 0x8f]],
  ])('%j is %j', (character, codes) => {
    expect(typeText(character)).toEqual([codes]);
  });

  test('gives each character of a US keyboard a stroke of its own', () => {
    const strokes = PRINTABLE.map((character) => typeText(character)[0]?.join(' '));
    expect(new Set(strokes).size).toBe(PRINTABLE.length);
  });

  test('leaves no key held, whatever is typed', () => {
    holds(
      fc.property(fc.array(fc.constantFrom(...TYPEABLE)), (characters) => {
        const strokes = typeText(characters.join(''));
        for (const stroke of strokes) expect(heldAfter(stroke)).toEqual([]);
      }),
    );
  });

  test('takes the end of a line from Windows for one Enter', () => {
    expect(typeText('a\r\nb')).toHaveLength(3);
  });

  test.each(['é', '€', '🔒', '\0', '\x7f'])('is refused whole because of %j, which is named', (character) => {
    expect(() => typeText(`fine ${character}`)).toThrow(
      `the character ${JSON.stringify(character)} has no key on a US keyboard`,
    );
    expect(() => typeText(`fine ${character}`)).toThrow(RangeError);
  });
});

describe('a combination', () => {
  test.each([
    ['ctrl+alt+del', [0x1d, 0x38, 0xe0, 0x53, 0xe0, 0xd3, 0xb8, 0x9d]],
    ['Ctrl + C', [0x1d, 0x2e, 0xae, 0x9d]],
    ['enter', [0x1c, 0x9c]],
    ['F2', [0x3c, 0xbc]],
    ['f12', [0x58, 0xd8]],
    ['a', [0x1e, 0x9e]],
    ['A', [0x1e, 0x9e]],
    ['altgr+q', [0xe0, 0x38, 0x10, 0x90, 0xe0, 0xb8]],
    ['shift+/', [SHIFT, 0x35, 0xb5, 0xaa]],
    ['super+l', [0xe0, 0x5b, 0x26, 0xa6, 0xe0, 0xdb]],
  ])('%s is pressed in order and released in reverse', (combo, codes) => {
    expect(pressCombo(combo)).toEqual(codes);
  });

  test('leaves no key held', () => {
    const names = [
      'ctrl',
      'alt',
      'altgr',
      'shift',
      'del',
      'up',
      'f1',
      'f10',
      'x',
      '7',
      'space',
      'win',
      'menu',
      'print',
    ];
    holds(
      fc.property(fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 4 }), (parts) => {
        expect(heldAfter(pressCombo(parts.join('+')))).toEqual([]);
      }),
    );
  });

  test.each([
    '',
    'hyper+a',
    'ctrl+',
    'f13',
    'f0',
    'ctrl+alt+delete+everything',
    'é',
    'constructor',
    'ctrl+toString',
    '__proto__',
  ])('%j is refused, with an example of what can be written', (combo) => {
    expect(() => pressCombo(combo)).toThrow(/is no key; write, for example, ctrl\+alt\+del, enter, f2 or a$/);
    expect(() => pressCombo(combo)).toThrow(RangeError);
  });
});

describe("a browser's key", () => {
  test.each([
    ['KeyQ', [0x10], [0x90]],
    ['ArrowUp', [0xe0, 0x48], [0xe0, 0xc8]],
    ['ControlRight', [0xe0, 0x1d], [0xe0, 0x9d]],
    ['NumpadEnter', [0xe0, 0x1c], [0xe0, 0x9c]],
  ])('%s is %j when pressed and %j when released', (code, pressed, released) => {
    expect([scancodes(code, true), scancodes(code, false)]).toEqual([pressed, released]);
  });

  test.each(['', 'Unidentified', 'MediaPlay', 'constructor', '__proto__'])('%j is none of a PC keyboard', (code) => {
    expect(scancodes(code, true)).toBeNull();
  });
});
