/**
 * Writing and reading the small binary fields of a log entry, and what its checksum is.
 *
 * Invariant: a reader never reads past its end and never allocates by a length it has not checked against what is
 * there.
 */

/** What a decoder throws: the bytes are not what they should be. The message says which field and why. */
export class DecodeError extends Error {
  override name = 'DecodeError';
}

/** CRC-32 (as in zlib) of the bytes, continued from `seed`. Given by the environment: here is no library. */
export type Checksum = (bytes: Uint8Array, seed?: number) => number;

const VARINT_MAX = Number.MAX_SAFE_INTEGER;
/** 7 bits a byte: enough for 53. */
const VARINT_BYTES_MAX = 8;

/** Grows as it is written to. Numbers are little endian; varints hold 7 bits a byte, lowest first. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    this.#reserve(1);
    this.#view.setUint8(this.#length, value);
    this.#length += 1;
    return this;
  }

  u32(value: number): this {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
    return this;
  }

  /** A non-negative safe integer. */
  varint(value: number): this {
    let rest = value;
    while (rest >= 0x80) {
      this.u8((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    return this.u8(rest);
  }

  /** The bytes alone, without their length. */
  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** The bytes after their length. */
  sized(bytes: Uint8Array): this {
    return this.varint(bytes.length).raw(bytes);
  }

  /** What was written, as a view: valid until the next write. */
  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.done());
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Reads what `ByteWriter` wrote. Every method throws `DecodeError` at the end of the bytes. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.#bytes.length - this.#position;
  }

  u8(field: string): number {
    this.#need(1, field);
    return this.#view.getUint8(this.#position++);
  }

  u32(field: string): number {
    this.#need(4, field);
    this.#position += 4;
    return this.#view.getUint32(this.#position - 4, true);
  }

  varint(field: string): number {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < VARINT_BYTES_MAX; count++) {
      const byte = this.u8(field);
      value += (byte & 0x7f) * factor;
      if (value > VARINT_MAX) break;
      if (byte < 0x80) return value;
      factor *= 0x80;
    }
    throw new DecodeError(`${field} is too large`);
  }

  /** A view of the next `length` bytes. */
  raw(length: number, field: string): Uint8Array {
    this.#need(length, field);
    this.#position += length;
    return this.#bytes.subarray(this.#position - length, this.#position);
  }

  sized(field: string, lengthMax: number): Uint8Array {
    const length = this.varint(`${field} length`);
    if (length > lengthMax) throw new DecodeError(`${field} has ${length} bytes, more than the ${lengthMax} allowed`);
    return this.raw(length, field);
  }

  /** @throws {DecodeError} when something is left over. */
  end(what: string): void {
    if (this.remaining > 0) throw new DecodeError(`${what} has ${this.remaining} bytes too many`);
  }

  #need(count: number, field: string): void {
    if (count > this.remaining)
      throw new DecodeError(`${field} is cut off: ${count} bytes needed, ${this.remaining} left`);
  }
}
