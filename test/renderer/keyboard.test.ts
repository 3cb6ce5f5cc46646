// The guest's keyboard: what the guest sees pressed, it sees released.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scancodes } from '../../preload/contract/keys.ts';
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

const NONE = { ctrl: false, alt: false, shift: false, meta: false };
const codes = (code: string, pressed: boolean) => scancodes(code, pressed) ?? [];

describe('a modifier does not stick', () => {
  test('when its release went to somebody else: the next key tells that it is up', () => {
    const keyboard = new GuestKeyboard();
    keyboard.key({ ...down('ShiftLeft'), down: { ...NONE, shift: true } });
    keyboard.key({ ...down('AltLeft'), down: { ...NONE, shift: true, alt: true } });
    const outcome = keyboard.key({ ...down('KeyA'), down: NONE });
    expect(outcome).toEqual({
      kind: 'send',
      codes: [...codes('AltLeft', false), ...codes('ShiftLeft', false), ...codes('KeyA', true)],
    });
    expect(keyboard.releaseAll()).toEqual(codes('KeyA', false));
  });

  test("when Windows makes AltGr of Ctrl and Alt: Ctrl goes up before the guest's AltGr goes down", () => {
    const keyboard = new GuestKeyboard();
    keyboard.key({ ...down('ControlLeft'), down: { ...NONE, ctrl: true } });
    expect(keyboard.key({ ...down('AltRight'), down: NONE })).toEqual({
      kind: 'send',
      codes: [...codes('ControlLeft', false), ...codes('AltRight', true)],
    });
    expect(keyboard.key({ ...down('KeyQ'), down: NONE })).toEqual(sends('KeyQ', true));
    expect(keyboard.key({ ...up('AltRight'), down: NONE })).toEqual(sends('AltRight', false));
  });

  test('when a Mac keeps the release of a key to itself while Command is down', () => {
    const keyboard = new GuestKeyboard(true);
    for (const code of ['MetaLeft', 'KeyC']) keyboard.key(down(code));
    expect(keyboard.key(up('MetaLeft'))).toEqual({
      kind: 'send',
      codes: [...codes('KeyC', false), ...codes('MetaLeft', false)],
    });
    const stroke = { kind: 'send', codes: [...codes('CapsLock', true), ...codes('CapsLock', false)] };
    expect([keyboard.key(down('CapsLock')), keyboard.key(up('CapsLock'))]).toEqual([stroke, stroke]);
  });
});

describe('keys that send something of their own', () => {
  test('Pause sends all at once, and with Ctrl it is Break', () => {
    const keyboard = new GuestKeyboard();
    const pause = { kind: 'send', codes: [0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5] };
    expect([keyboard.key(down('Pause')), keyboard.key(up('Pause'))]).toEqual([pause, { kind: 'send', codes: [] }]);
    keyboard.key(down('ControlRight'));
    expect(keyboard.key(down('Pause'))).toEqual({ kind: 'send', codes: [0xe0, 0x46, 0xe0, 0xc6] });
    keyboard.key(up('Pause'));
    expect(keyboard.releaseAll()).toEqual(codes('ControlRight', false));
  });

  test('Print Screen with Alt is SysRq, and one that is told only when it goes up is pressed as well', () => {
    const keyboard = new GuestKeyboard();
    expect(keyboard.key(up('PrintScreen'))).toEqual({ kind: 'send', codes: [0xe0, 0x37, 0xe0, 0xb7] });
    keyboard.key(down('AltLeft'));
    expect(keyboard.key(down('PrintScreen'))).toEqual({ kind: 'send', codes: [0x54] });
    keyboard.key(up('AltLeft'));
    expect(keyboard.key(up('PrintScreen'))).toEqual({ kind: 'send', codes: [0xd4] });
  });
});

describe('the odd cases', () => {
  test('a key that a PC keyboard does not have is ignored, and so is a release without a press', () => {
    const keyboard = new GuestKeyboard();
    expect(keyboard.key(down('LaunchMail'))).toEqual({ kind: 'ignore' });
    expect(keyboard.key(up('KeyQ'))).toEqual({ kind: 'ignore' });
  });

  test('whatever is typed, no key stays down in the guest once the keyboard is given back', () => {
    const names = [
      'ControlLeft',
      'ControlRight',
      'AltLeft',
      'AltRight',
      'ShiftLeft',
      'KeyA',
      'Delete',
      'Enter',
      'Insert',
      'MetaLeft',
    ];
    const presses = fc.array(fc.record({ code: fc.constantFrom(...names), pressed: fc.boolean() }), { maxLength: 40 });
    fc.assert(
      fc.property(presses, (keys) => {
        const keyboard = new GuestKeyboard();
        const outcomes = keys.map((key) => keyboard.key(key));
        const sent = outcomes.flatMap((outcome) => (outcome.kind === 'send' ? [outcome.codes] : []));
        const released = keyboard.releaseAll();
        expect(heldAfter([...sent, released].flatMap(chunks))).toEqual(new Set());
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
