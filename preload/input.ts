/**
 * Console input as bytes: what a viewer's keyboard and mouse send up the `screen` topic.
 *
 * Invariant: `decodeConsoleInput(encodeConsoleInput(x))` is x; decoding refuses unknown kinds and wrong lengths.
 */

/** The longest run of scan codes in one message. */
export const SCANCODES_MAX = 256;

/** Mouse buttons held, as bits, the browser's and the PS/2 mouse's alike: 1 left, 2 right, 4 middle. */
const BUTTONS = 7;

export type ConsoleInput =
  /** Set-1 scan codes, press and release, extended ones with their 0xE0. */
  | { readonly kind: 'keys'; readonly codes: Uint8Array }
  /** Movement since the last message, in pixels (-32768 to 32767, down is positive), and the buttons held now. */
  | {
      readonly kind: 'mouse';
      readonly dx: number;
      readonly dy: number;
      readonly wheel: number;
      readonly buttons: number;
    };

const KEYS = 1;
const MOUSE = 2;
const MOUSE_BYTES = 7;

export function encodeConsoleInput(input: ConsoleInput): Uint8Array {
  if (input.kind === 'keys') return Uint8Array.of(KEYS, ...input.codes);
  const bytes = new Uint8Array(MOUSE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, MOUSE);
  view.setInt16(1, clamp(input.dx, 32767), true);
  view.setInt16(3, clamp(input.dy, 32767), true);
  view.setInt8(5, clamp(input.wheel, 127));
  view.setUint8(6, input.buttons & BUTTONS);
  return bytes;
}

/** @throws {RangeError} that says what is wrong with the message. */
export function decodeConsoleInput(bytes: Uint8Array): ConsoleInput {
  const kind = bytes[0];
  if (kind === KEYS) {
    if (bytes.length - 1 > SCANCODES_MAX) throw new RangeError(`at most ${SCANCODES_MAX} scan codes fit one message`);
    return { kind: 'keys', codes: bytes.slice(1) };
  }
  if (kind === MOUSE) {
    if (bytes.length !== MOUSE_BYTES) throw new RangeError(`a mouse message has ${MOUSE_BYTES} bytes`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return {
      kind: 'mouse',
      dx: view.getInt16(1, true),
      dy: view.getInt16(3, true),
      wheel: view.getInt8(5),
      buttons: view.getUint8(6) & BUTTONS,
    };
  }
  throw new RangeError(`unknown console input ${kind ?? '(empty)'}`);
}

function clamp(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, Math.round(value)));
}
