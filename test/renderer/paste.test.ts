// Pasting as keystrokes: what cannot be typed is known before anything is, and no piece is typed twice.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { typeText } from '../../preload/contract/keys.ts';
import {
  nameOf,
  PASTE_MAX,
  pasteText,
  typePaste,
  untypeable,
  withoutUntypeable,
} from '../../renderer/views/console/paste.ts';
import { KEYBOARD_QUEUE_BYTES_MAX } from '../../main/machine/devices/keyboard.ts';

describe('what can be typed', () => {
  test('is what a US keyboard has; the rest is named once each, in its order', () => {
    expect(untypeable('ls -l "$HOME" | grep ~\t{}\n')).toEqual([]);
    expect(untypeable('café → naïve é\u0007\u{1f600}')).toEqual(['é', '→', 'ï', '\u0007', '\u{1f600}']);
    expect(['é', '\u0007', '\u00a0', '\u0301'].map(nameOf)).toEqual(['é (U+00E9)', 'U+0007', 'U+00A0', 'U+0301']);
  });

  test('of any text is what is left when the rest is left out, and it has keys', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aZ~ \n\r\t\u0007é→\u0301\u{1f600}') }), (text) => {
        const kept = withoutUntypeable(text);
        expect(untypeable(kept)).toEqual([]);
        expect(() => typeText(kept)).not.toThrow();
        if (untypeable(text).length === 0) expect(kept).toBe(pasteText(text));
      }),
    );
  });

  test('has one Enter for each line end, whoever made it', () => {
    expect(pasteText('a\r\nb\rc\n')).toBe('a\nb\nc\n');
  });

  test('at once fits what the machine keeps for a guest that takes nothing', () => {
    const strokes = typeText('A'.repeat(PASTE_MAX)).reduce((sum, codes) => sum + codes.length, 0);
    expect(strokes).toBeLessThanOrEqual(KEYBOARD_QUEUE_BYTES_MAX);
  });
});

describe('the typing', () => {
  const run = (text: string, type: (piece: string) => Promise<unknown>, signal = new AbortController().signal) => {
    const typed: number[] = [];
    const done = typePaste({
      text,
      type,
      signal,
      onTyped: (count) => typed.push(count),
      pause: () => Promise.resolve(),
    });
    return { done, typed };
  };

  test('goes piece after piece, each when the one before was taken, and tells how far it is', async () => {
    const pieces: string[] = [];
    let busy = 0;
    const text = 'abcdefghijklmnopqrstuvwxyz';
    const { done, typed } = run(text, async (piece) => {
      expect(++busy).toBe(1);
      await new Promise(setImmediate);
      busy -= 1;
      pieces.push(piece);
    });
    expect(await done).toBe(26);
    expect(pieces.join('')).toBe(text);
    expect(typed).toEqual([8, 16, 24, 26]);
  });

  test('ends where it is stopped, and says how much was typed', async () => {
    const controller = new AbortController();
    const pieces: string[] = [];
    const type = async (piece: string) => {
      if (pieces.push(piece) === 2) controller.abort();
    };
    expect(await run('x'.repeat(100), type, controller.signal).done).toBe(16);
    expect(pieces.join('')).toHaveLength(16);
  });

  test('ends with a piece that was not taken: it is not sent again', async () => {
    const pieces: string[] = [];
    const { done, typed } = run('x'.repeat(100), async (piece) => {
      if (pieces.push(piece) === 3) throw new Error('powered off');
    });
    await expect(done).rejects.toThrow('powered off');
    expect([pieces.length, typed]).toEqual([3, [8, 16]]);
  });
});
