/**
 * The keyboard: scancodes of set 1, as a PC's keyboard controller hands them to the processor.
 *
 * Input layout: the scancode bytes themselves, prefixes (0xE0, 0xE1) and releases (bit 7) included.
 *
 * Invariant: the controller's buffer never overflows. It holds as many bytes as a real one, the rest waits here, as
 * state.
 */
import type { Bus, Ps2 } from '../v86-types.ts';

/** The most bytes of one input. */
export const KEYBOARD_INPUT_BYTES_MAX = 4096;
/** The most bytes that wait for the guest; what comes beyond is dropped, as a real keyboard does after 16. */
export const KEYBOARD_QUEUE_BYTES_MAX = 65_536;
const CONTROLLER_BYTES = 16;

/** @throws {RangeError} when there are more than `KEYBOARD_INPUT_BYTES_MAX`. */
export function encodeKeyboardInput(scancodes: Uint8Array): Uint8Array {
  return new Uint8Array(decodeKeyboardInput(scancodes));
}

/** @throws {RangeError} when there are more than `KEYBOARD_INPUT_BYTES_MAX`. */
export function decodeKeyboardInput(data: Uint8Array): Uint8Array {
  if (data.length > KEYBOARD_INPUT_BYTES_MAX) {
    throw new RangeError(`a keyboard input has ${data.length} bytes, at most ${KEYBOARD_INPUT_BYTES_MAX} are allowed`);
  }
  return data;
}

export class Keyboard {
  readonly #ps2: () => Ps2;
  readonly #bus: Bus;
  #queue: number[] = [];

  constructor(ps2: () => Ps2, bus: Bus) {
    this.#ps2 = ps2;
    this.#bus = bus;
  }

  receive(data: Uint8Array): void {
    for (const scancode of decodeKeyboardInput(data)) {
      if (this.#queue.length < KEYBOARD_QUEUE_BYTES_MAX) this.#queue.push(scancode);
    }
  }

  /** Whether `feed` would do something. */
  get ready(): boolean {
    return this.#queue.length > 0 && this.#ps2().kbd_buffer.length < CONTROLLER_BYTES;
  }

  feed(): void {
    if (!this.ready) return;
    const count = Math.min(CONTROLLER_BYTES - this.#ps2().kbd_buffer.length, this.#queue.length);
    for (const scancode of this.#queue.splice(0, count)) this.#bus.send('keyboard-code', scancode);
  }

  state(): Uint8Array {
    return Uint8Array.from(this.#queue);
  }

  /** @throws {RangeError} when more bytes wait than can. */
  restore(waiting: Uint8Array): void {
    if (waiting.length > KEYBOARD_QUEUE_BYTES_MAX) throw new RangeError(`${waiting.length} scancodes cannot wait`);
    this.#queue = [...waiting];
  }
}
