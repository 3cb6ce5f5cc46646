// The guest's keyboard: what the guest sees pressed, it sees released.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scancodes } from '../../preload/keys.ts';
import { GuestKeyboard } from '../../renderer/views/console/keyboard.ts';

const down = (code: string) => ({ code, pressed: true });
const up = (code: string) => ({ code, pressed: false });
const sends = (code: string, pressed: boolean) => ({ kind: 'send', codes: scancodes(code, pressed) });

describe('the keyboard', () => {
  test('sends a key down, repeats it, and sends it up', () => {
    const keyboard = new GuestKeyboard();
    expect(keyboard.key(down('KeyA'))).toEqual(sends('KeyA', true));
    expect(keyboard.key(down('KeyA'))).toEqual(sends('KeyA', true));
    expect(keyboard.key(up('KeyA'))).toEqual(sends('KeyA', false));
  });

  test('Ctrl+Alt alone gives the keyboard back, and both keys are released in the guest', () => {
    const keyboard = new GuestKeyboard();
    keyboard.key(down('ControlLeft'));
    keyboard.key(down('AltLeft'));
    expect(keyboard.key(up('AltLeft'))).toEqual({ kind: 'local', what: 'release' });
    expect(keyboard.releaseAll()).toEqual([
      ...(scancodes('AltLeft', false) ?? []),
      ...(scancodes('ControlLeft', false) ?? []),
    ]);
  });

  test("Ctrl+Alt with another key is the guest's combination", () => {
    const keyboard = new GuestKeyboard();
    for (const code of ['ControlLeft', 'AltLeft']) keyboard.key(down(code));
    expect(keyboard.key(down('F2'))).toEqual(sends('F2', true));
    expect(keyboard.key(up('F2'))).toEqual(sends('F2', false));
    expect(keyboard.key(up('AltLeft'))).toEqual(sends('AltLeft', false));
    expect(keyboard.key(up('ControlLeft'))).toEqual(sends('ControlLeft', false));
  });

  test('AltGr does not give the keyboard back', () => {
    const keyboard = new GuestKeyboard();
    for (const code of ['ControlLeft', 'AltRight']) keyboard.key(down(code));
    expect(keyboard.key(up('AltRight'))).toEqual(sends('AltRight', false));
  });

  test("Ctrl+Alt+Insert and Ctrl+Alt+Enter are the page's", () => {
    const keyboard = new GuestKeyboard();
    for (const code of ['ControlLeft', 'AltLeft']) keyboard.key(down(code));
    expect(keyboard.key(down('Insert'))).toEqual({ kind: 'local', what: 'ctrlAltDel' });
    expect(keyboard.key(down('Enter'))).toEqual({ kind: 'local', what: 'fullScreen' });
  });
});

describe('the odd cases', () => {
  test('a key that a PC keyboard does not have is ignored, and so is a release without a press', () => {
    const keyboard = new GuestKeyboard();
    expect(keyboard.key(down('LaunchMail'))).toEqual({ kind: 'ignore' });
    expect(keyboard.key(up('KeyQ'))).toEqual({ kind: 'ignore' });
  });

  test('whatever is typed, no key stays down in the guest once the keyboard is given back', () => {
    const codes = [
      'ControlLeft',
      'ControlRight',
      'AltLeft',
      'AltRight',
      'ShiftLeft',
      'KeyA',
      'Delete',
      'Enter',
      'Insert',
    ];
    const presses = fc.array(fc.record({ code: fc.constantFrom(...codes), pressed: fc.boolean() }), { maxLength: 40 });
    fc.assert(
      fc.property(presses, (keys) => {
        const keyboard = new GuestKeyboard();
        const outcomes = keys.map((key) => keyboard.key(key));
        const sent = outcomes.flatMap((outcome) => (outcome.kind === 'send' ? [outcome.codes] : []));
        const released = keyboard.releaseAll();
        expect(heldAfter([...sent, ...chunks(released)])).toEqual(new Set());
      }),
    );
  });
});

/** One key's bytes each. */
function chunks(codes: readonly number[]): number[][] {
  const keys: number[][] = [];
  for (let at = 0; at < codes.length; at++) keys.push(codes[at] === 0xe0 ? [0xe0, codes[++at] ?? 0] : [codes[at] ?? 0]);
  return keys;
}

function heldAfter(keys: readonly (readonly number[])[]): Set<string> {
  const held = new Set<string>();
  for (const key of keys) {
    const last = key.at(-1) ?? 0;
    const name = `${key.length}:${last & 0x7f}`;
    if (last & 0x80) held.delete(name);
    else held.add(name);
  }
  return held;
}
