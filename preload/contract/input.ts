/**
 * Console input as bytes: what a viewer's keyboard and mouse send up the `screen` topic; and how many pictures it has
 * shown, so that it gets no more than it can.
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
      /** Where on the screen the pointer is, for guests that ask; left out where nobody knows. */
      readonly at?: PointerPlace;
    };

/** From the left and from the top, 0 to 65535 over the whole screen. */
export interface PointerPlace {
  readonly x: number;
  readonly y: number;
}

export const PLACE_MAX = 65_535;

const KEYS = 1;
const MOUSE = 2;
const SEEN = 4;
const MOUSE_BYTES = 7;
const PLACED_MOUSE_BYTES = 11;
/** The most pictures that one message can speak of. */
const SEEN_MAX = 255;

export function encodeConsoleInput(input: ConsoleInput): Uint8Array {
  if (input.kind === 'keys') return Uint8Array.of(KEYS, ...input.codes);
  const bytes = new Uint8Array(input.at ? PLACED_MOUSE_BYTES : MOUSE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, MOUSE);
  view.setInt16(1, clamp(input.dx, 32767), true);
  view.setInt16(3, clamp(input.dy, 32767), true);
  view.setInt8(5, clamp(input.wheel, 127));
  view.setUint8(6, input.buttons & BUTTONS);
  if (input.at) {
    view.setUint16(7, Math.max(0, clamp(input.at.x, PLACE_MAX)), true);
    view.setUint16(9, Math.max(0, clamp(input.at.y, PLACE_MAX)), true);
  }
  return bytes;
}

/** So many pictures more were shown. */
export function encodeSeen(pictures: number): Uint8Array {
  return Uint8Array.of(SEEN, Math.min(pictures, SEEN_MAX));
}

/** How many pictures more were shown; null where the message says something else. */
export function decodeSeen(bytes: Uint8Array): number | null {
  return bytes[0] === SEEN && bytes.length === 2 ? (bytes[1] ?? 0) : null;
}

/** @throws {RangeError} that says what is wrong with the message. */
export function decodeConsoleInput(bytes: Uint8Array): ConsoleInput {
  const kind = bytes[0];
  if (kind === KEYS) {
    if (bytes.length - 1 > SCANCODES_MAX) throw new RangeError(`at most ${SCANCODES_MAX} scan codes fit one message`);
    return { kind: 'keys', codes: bytes.slice(1) };
  }
  if (kind === MOUSE) {
    const placed = bytes.length === PLACED_MOUSE_BYTES;
    if (!placed && bytes.length !== MOUSE_BYTES) {
      throw new RangeError(`a mouse message has ${MOUSE_BYTES} or ${PLACED_MOUSE_BYTES} bytes`);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return {
      kind: 'mouse',
      dx: view.getInt16(1, true),
      dy: view.getInt16(3, true),
      wheel: view.getInt8(5),
      buttons: view.getUint8(6) & BUTTONS,
      ...(placed ? { at: { x: view.getUint16(7, true), y: view.getUint16(9, true) } } : {}),
    };
  }
  throw new RangeError(`unknown console input ${kind ?? '(empty)'}`);
}

function clamp(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, Math.round(value)));
}
