/**
 * Keys as scan codes (set 1, as an IBM PC keyboard sends them): by the browser's `KeyboardEvent.code`, by the name
 * used in a combination such as `ctrl+alt+del`, and by the character of a US keyboard.
 *
 * Invariant: every press in a sequence made here is followed by its release, in reverse order for combinations.
 * Source: IBM PS/2 Technical Reference, keyboard scan code set 1.
 */

const EXTENDED = 0xe000;

/** `KeyboardEvent.code` → make code; extended keys have 0xE000 added. */
const CODES: { readonly [code: string]: number } = {
  Escape: 0x01,
  Digit1: 0x02,
  Digit2: 0x03,
  Digit3: 0x04,
  Digit4: 0x05,
  Digit5: 0x06,
  Digit6: 0x07,
  Digit7: 0x08,
  Digit8: 0x09,
  Digit9: 0x0a,
  Digit0: 0x0b,
  Minus: 0x0c,
  Equal: 0x0d,
  Backspace: 0x0e,
  Tab: 0x0f,
  KeyQ: 0x10,
  KeyW: 0x11,
  KeyE: 0x12,
  KeyR: 0x13,
  KeyT: 0x14,
  KeyY: 0x15,
  KeyU: 0x16,
  KeyI: 0x17,
  KeyO: 0x18,
  KeyP: 0x19,
  BracketLeft: 0x1a,
  BracketRight: 0x1b,
  Enter: 0x1c,
  ControlLeft: 0x1d,
  KeyA: 0x1e,
  KeyS: 0x1f,
  KeyD: 0x20,
  KeyF: 0x21,
  KeyG: 0x22,
  KeyH: 0x23,
  KeyJ: 0x24,
  KeyK: 0x25,
  KeyL: 0x26,
  Semicolon: 0x27,
  Quote: 0x28,
  Backquote: 0x29,
  ShiftLeft: 0x2a,
  Backslash: 0x2b,
  KeyZ: 0x2c,
  KeyX: 0x2d,
  KeyC: 0x2e,
  KeyV: 0x2f,
  KeyB: 0x30,
  KeyN: 0x31,
  KeyM: 0x32,
  Comma: 0x33,
  Period: 0x34,
  Slash: 0x35,
  ShiftRight: 0x36,
  NumpadMultiply: 0x37,
  AltLeft: 0x38,
  Space: 0x39,
  CapsLock: 0x3a,
  F1: 0x3b,
  F2: 0x3c,
  F3: 0x3d,
  F4: 0x3e,
  F5: 0x3f,
  F6: 0x40,
  F7: 0x41,
  F8: 0x42,
  F9: 0x43,
  F10: 0x44,
  NumLock: 0x45,
  ScrollLock: 0x46,
  Numpad7: 0x47,
  Numpad8: 0x48,
  Numpad9: 0x49,
  NumpadSubtract: 0x4a,
  Numpad4: 0x4b,
  Numpad5: 0x4c,
  Numpad6: 0x4d,
  NumpadAdd: 0x4e,
  Numpad1: 0x4f,
  Numpad2: 0x50,
  Numpad3: 0x51,
  Numpad0: 0x52,
  NumpadDecimal: 0x53,
  IntlBackslash: 0x56,
  F11: 0x57,
  F12: 0x58,
  NumpadEqual: 0x59,
  F13: 0x64,
  F14: 0x65,
  F15: 0x66,
  F16: 0x67,
  F17: 0x68,
  F18: 0x69,
  F19: 0x6a,
  F20: 0x6b,
  F21: 0x6c,
  F22: 0x6d,
  F23: 0x6e,
  F24: 0x76,
  // Japanese and Brazilian keyboards.
  KanaMode: 0x70,
  IntlRo: 0x73,
  Convert: 0x79,
  NonConvert: 0x7b,
  IntlYen: 0x7d,
  NumpadComma: 0x7e,
  NumpadEnter: EXTENDED | 0x1c,
  ControlRight: EXTENDED | 0x1d,
  NumpadDivide: EXTENDED | 0x35,
  PrintScreen: EXTENDED | 0x37,
  AltRight: EXTENDED | 0x38,
  Home: EXTENDED | 0x47,
  ArrowUp: EXTENDED | 0x48,
  PageUp: EXTENDED | 0x49,
  ArrowLeft: EXTENDED | 0x4b,
  ArrowRight: EXTENDED | 0x4d,
  End: EXTENDED | 0x4f,
  ArrowDown: EXTENDED | 0x50,
  PageDown: EXTENDED | 0x51,
  Insert: EXTENDED | 0x52,
  Delete: EXTENDED | 0x53,
  MetaLeft: EXTENDED | 0x5b,
  MetaRight: EXTENDED | 0x5c,
  ContextMenu: EXTENDED | 0x5d,
};

/** Keys that send everything when they are pressed, and nothing when they are released. */
const PRESS_ONLY: { readonly [code: string]: readonly number[] } = {
  Pause: [0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5],
  // Korean keyboards: Hangul, Hanja.
  Lang1: [0xf2],
  Lang2: [0xf1],
};
/** What Pause sends with Ctrl held (Break), and Print Screen with Alt held (SysRq). */
export const BREAK = { press: [0xe0, 0x46, 0xe0, 0xc6], release: [] } as const;
export const SYSRQ = { press: [0x54], release: [0xd4] } as const;

/** Names people write in combinations; letters, digits and F-keys come on top. */
const NAMES: { readonly [name: string]: string } = {
  ctrl: 'ControlLeft',
  control: 'ControlLeft',
  alt: 'AltLeft',
  altgr: 'AltRight',
  shift: 'ShiftLeft',
  meta: 'MetaLeft',
  win: 'MetaLeft',
  super: 'MetaLeft',
  esc: 'Escape',
  escape: 'Escape',
  enter: 'Enter',
  return: 'Enter',
  tab: 'Tab',
  space: 'Space',
  backspace: 'Backspace',
  del: 'Delete',
  delete: 'Delete',
  ins: 'Insert',
  insert: 'Insert',
  home: 'Home',
  end: 'End',
  pageup: 'PageUp',
  pagedown: 'PageDown',
  up: 'ArrowUp',
  down: 'ArrowDown',
  left: 'ArrowLeft',
  right: 'ArrowRight',
  menu: 'ContextMenu',
  print: 'PrintScreen',
  printscreen: 'PrintScreen',
  pause: 'Pause',
  capslock: 'CapsLock',
  numlock: 'NumLock',
  scrolllock: 'ScrollLock',
};

const PLAIN: { readonly [character: string]: string } = {
  ' ': 'Space',
  '\n': 'Enter',
  '\r': 'Enter',
  '\t': 'Tab',
  '\b': 'Backspace',
  '\x1b': 'Escape',
  '-': 'Minus',
  '=': 'Equal',
  '[': 'BracketLeft',
  ']': 'BracketRight',
  ';': 'Semicolon',
  "'": 'Quote',
  '`': 'Backquote',
  '\\': 'Backslash',
  ',': 'Comma',
  '.': 'Period',
  '/': 'Slash',
};
const SHIFTED: { readonly [character: string]: string } = {
  _: 'Minus',
  '+': 'Equal',
  '{': 'BracketLeft',
  '}': 'BracketRight',
  ':': 'Semicolon',
  '"': 'Quote',
  '~': 'Backquote',
  '|': 'Backslash',
  '<': 'Comma',
  '>': 'Period',
  '?': 'Slash',
  '!': 'Digit1',
  '@': 'Digit2',
  '#': 'Digit3',
  $: 'Digit4',
  '%': 'Digit5',
  '^': 'Digit6',
  '&': 'Digit7',
  '*': 'Digit8',
  '(': 'Digit9',
  ')': 'Digit0',
};

/** The table's own entry: a name such as "constructor" is none. */
function own<T>(table: { readonly [name: string]: T }, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** The bytes that pressing (or releasing) a key sends; null for a key a PC keyboard does not have. */
export function scancodes(code: string, pressed: boolean): number[] | null {
  const whole = own(PRESS_ONLY, code);
  if (whole) return pressed ? [...whole] : [];
  const make = own(CODES, code);
  if (make === undefined) return null;
  const byte = (make & 0xff) | (pressed ? 0 : 0x80);
  return make & EXTENDED ? [0xe0, byte] : [byte];
}

function stroke(codes: readonly string[]): number[] {
  const press = codes.flatMap((code) => scancodes(code, true) ?? []);
  return [...press, ...codes.toReversed().flatMap((code) => scancodes(code, false) ?? [])];
}

/**
 * The key of a US keyboard that types this character, with the shift key where it is needed; null where there is
 * none.
 */
function keysFor(character: string): string[] | null {
  if (/^[a-z]$/.test(character)) return [`Key${character.toUpperCase()}`];
  if (/^[A-Z]$/.test(character)) return ['ShiftLeft', `Key${character}`];
  if (/^[0-9]$/.test(character)) return [`Digit${character}`];
  const plain = own(PLAIN, character);
  if (plain) return [plain];
  const shifted = own(SHIFTED, character);
  return shifted ? ['ShiftLeft', shifted] : null;
}

/** Whether a US keyboard types this character. */
export function hasKey(character: string): boolean {
  return keysFor(character) !== null;
}

/**
 * One run of scan codes for each character of `text`, typed on a US keyboard.
 * @throws {RangeError} naming the first character that has no key.
 */
export function typeText(text: string): number[][] {
  return [...text.replaceAll('\r\n', '\n')].map((character) => {
    const keys = keysFor(character);
    if (!keys) throw new RangeError(`the character ${JSON.stringify(character)} has no key on a US keyboard`);
    return stroke(keys);
  });
}

/**
 * The scan codes of a combination such as `ctrl+alt+del`, `F2` or `a`.
 * @throws {RangeError} naming the part that is no key.
 */
export function pressCombo(combo: string): number[] {
  const keys = combo.split('+').map((part) => {
    const name = part.trim().toLowerCase();
    const code = own(NAMES, name) ?? (/^f([1-9]|1[0-2])$/.test(name) ? name.toUpperCase() : keysFor(name)?.at(-1));
    if (!code) throw new RangeError(`"${part}" is no key; write, for example, ctrl+alt+del, enter, f2 or a`);
    return code;
  });
  return stroke(keys);
}
