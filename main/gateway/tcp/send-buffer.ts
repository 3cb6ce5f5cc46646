/**
 * The bytes of a stream that were written and not yet acknowledged, by their positions.
 *
 * Invariant: a large piece is kept as it came, without a copy (whoever wrote it may not change it any more); small
 * ones are put together, so that many tiny writes cost little more memory than their bytes.
 */

/** Shorter pieces are copied together. */
const SMALL_BYTES = 1024;
const BLOCK_BYTES = 4096;
/** How many dropped pieces at the front of the list are worth making it new. */
const DROPPED_MAX = 64;

interface Piece {
  /** Position of its first byte. */
  readonly start: number;
  bytes: Uint8Array;
}

export class SendBuffer {
  #pieces: Piece[] = [];
  /** Index of the first piece that is still needed. */
  #first = 0;
  /** Index of the piece that was read last: the next read goes on there. */
  #cursor = 0;
  #start: number;
  #end: number;
  /** The block that small pieces are copied into, the last piece's; null when that is somebody else's. */
  #block: Uint8Array | null = null;

  constructor(start: number) {
    this.#start = start;
    this.#end = start;
  }

  /** Position after the last byte. */
  get end(): number {
    return this.#end;
  }

  /** Bytes that are kept. */
  get length(): number {
    return this.#end - this.#start;
  }

  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const last = this.#pieces[this.#pieces.length - 1];
    if (bytes.length >= SMALL_BYTES) {
      this.#block = null;
      this.#pieces.push({ start: this.#end, bytes });
    } else if (this.#block && last && last.bytes.length + bytes.length <= BLOCK_BYTES) {
      this.#block.set(bytes, last.bytes.length);
      last.bytes = this.#block.subarray(0, last.bytes.length + bytes.length);
    } else {
      this.#block = new Uint8Array(BLOCK_BYTES);
      this.#block.set(bytes);
      this.#pieces.push({ start: this.#end, bytes: this.#block.subarray(0, bytes.length) });
    }
    this.#end += bytes.length;
  }

  /** Drops what lies before `position`. */
  release(position: number): void {
    this.#start = Math.min(this.#end, Math.max(this.#start, position));
    let piece = this.#pieces[this.#first];
    while (piece && piece.start + piece.bytes.length <= this.#start) {
      this.#first += 1;
      piece = this.#pieces[this.#first];
    }
    if (!piece) {
      this.#pieces = [];
      this.#first = 0;
      this.#cursor = 0;
      this.#block = null;
    } else if (this.#first > DROPPED_MAX) {
      this.#pieces = this.#pieces.slice(this.#first);
      this.#cursor = Math.max(0, this.#cursor - this.#first);
      this.#first = 0;
    }
  }

  clear(): void {
    this.release(this.#end);
  }

  /** Copies `length` bytes from `position` on, which must all be there, to `target` at `at`. */
  copy(target: Uint8Array, at: number, position: number, length: number): void {
    let index = this.#find(position);
    let from = position;
    let to = at;
    let left = length;
    while (left > 0) {
      const piece = this.#pieces[index];
      if (!piece) throw new Error(`bytes at ${from} were released, or not yet written`);
      const offset = from - piece.start;
      const count = Math.min(left, piece.bytes.length - offset);
      const whole = offset === 0 && count === piece.bytes.length;
      target.set(whole ? piece.bytes : piece.bytes.subarray(offset, offset + count), to);
      this.#cursor = index;
      index += 1;
      from += count;
      to += count;
      left -= count;
    }
  }

  /** Index of the piece that holds this position: almost always the last one found, or the one behind it. */
  #find(position: number): number {
    for (let index = Math.max(this.#cursor, this.#first); index <= this.#cursor + 1; index++) {
      const piece = this.#pieces[index];
      if (piece && position >= piece.start && position < piece.start + piece.bytes.length) return index;
    }
    let low = this.#first;
    let high = this.#pieces.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#pieces[middle]?.start ?? 0) <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
