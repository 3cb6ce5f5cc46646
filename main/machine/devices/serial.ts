/**
 * The serial console (COM1): bytes in, bytes out.
 *
 * Input layout: the bytes themselves. Output layout: the same.
 *
 * Invariant: no byte is lost between the outside and the guest's receiver. v86's receiver would take any number of
 * bytes at once, more than a guest's driver can; so bytes wait here, as state, and enter like on a real line: a FIFO's
 * worth at a slice's start, when the guest has read the ones before.
 */
import { assert } from '../errors.ts';
import type { Bus, Uart } from '../v86-types.ts';

/** The most bytes of one input. */
export const SERIAL_INPUT_BYTES_MAX = 65_536;
/** The most bytes that wait for the guest; what comes beyond is dropped, as on any line without flow control. */
const SERIAL_QUEUE_BYTES_MAX = 4_194_304;
/** The 16550's FIFO. */
const FIFO_BYTES = 16;

/** @throws {RangeError} when there are more than `SERIAL_INPUT_BYTES_MAX`. */
export function encodeSerialInput(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(decodeSerialInput(bytes));
}

/** @throws {RangeError} when there are more than `SERIAL_INPUT_BYTES_MAX`. */
export function decodeSerialInput(data: Uint8Array): Uint8Array {
  if (data.length > SERIAL_INPUT_BYTES_MAX) {
    throw new RangeError(`a serial input has ${data.length} bytes, at most ${SERIAL_INPUT_BYTES_MAX} are allowed`);
  }
  return data;
}

export class SerialPort {
  readonly #uart: () => Uart;
  readonly #bus: Bus;
  /** Bytes that wait: `#queue` from `#taken` to `#filled`. */
  #queue = new Uint8Array(256);
  #taken = 0;
  #filled = 0;
  #sent = new Uint8Array(256);
  #sentCount = 0;

  /** `uart` is asked every time: v86 owns the object. */
  constructor(uart: () => Uart, bus: Bus) {
    this.#uart = uart;
    this.#bus = bus;
  }

  /** Bytes that wait for the guest. */
  get waiting(): number {
    return this.#filled - this.#taken;
  }

  receive(data: Uint8Array): void {
    const bytes = decodeSerialInput(data).subarray(0, SERIAL_QUEUE_BYTES_MAX - this.waiting);
    if (this.#filled + bytes.length > this.#queue.length) this.#makeRoom(bytes.length);
    this.#queue.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  /** Whether `feed` would do something. */
  get ready(): boolean {
    return this.waiting > 0 && this.#uart().input.length === 0;
  }

  /** Hands the guest what its receiver can hold, if it has read everything before. */
  feed(): void {
    if (!this.ready) return;
    const room = (this.#uart().fifo_control & 1) === 0 ? 1 : FIFO_BYTES;
    const count = Math.min(room, this.waiting);
    for (let index = 0; index < count; index += 1) {
      this.#bus.send('serial0-input', this.#queue[this.#taken + index]);
    }
    this.#taken += count;
  }

  /** The guest sent a byte. */
  transmit(byte: number): void {
    if (this.#sentCount === this.#sent.length) this.#sent = grown(this.#sent, this.#sentCount * 2);
    this.#sent[this.#sentCount] = byte;
    this.#sentCount += 1;
  }

  /** What the guest sent since the last call, as an own copy. */
  takeSent(): Uint8Array {
    const sent = this.#sent.slice(0, this.#sentCount);
    this.#sentCount = 0;
    return sent;
  }

  state(): Uint8Array {
    assert(this.#sentCount === 0, 'captured between epochs');
    return this.#queue.slice(this.#taken, this.#filled);
  }

  /** @throws {RangeError} when more bytes wait than can. */
  restore(waiting: Uint8Array): void {
    if (waiting.length > SERIAL_QUEUE_BYTES_MAX) throw new RangeError(`${waiting.length} serial bytes cannot wait`);
    this.#queue = grown(waiting, Math.max(256, waiting.length));
    this.#taken = 0;
    this.#filled = waiting.length;
  }

  #makeRoom(count: number): void {
    const waiting = this.#queue.subarray(this.#taken, this.#filled);
    const length = Math.max(this.#queue.length, (waiting.length + count) * 2);
    this.#queue = grown(waiting, length);
    this.#filled = waiting.length;
    this.#taken = 0;
  }
}

function grown(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(length);
  larger.set(bytes);
  return larger;
}
