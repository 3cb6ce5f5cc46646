/**
 * The bytes of a stream that arrived, each at its place, whatever the order, until they are read.
 *
 * Invariant: it owns its memory, no view of a frame is kept; it holds blocks only where bytes arrived within the window
 * that the caller allows, and at most RANGES_MAX separate stretches beyond a gap.
 */

const BLOCK_BYTES = 1 << 14;
/** A guest that leaves more gaps than this has the rest to send again. */
const RANGES_MAX = 64;

interface Range {
  from: number;
  to: number;
}

export class ReceiveBuffer {
  /** Blocks from the one that holds `#readAt` on; a hole where nothing has arrived. */
  #blocks: (Uint8Array | undefined)[] = [];
  /** Position of the first byte that was not read. */
  #readAt: number;
  /** Position after the last byte before the first gap. */
  #next: number;
  /** What arrived beyond the gap: in order, apart from each other. */
  readonly #ranges: Range[] = [];

  constructor(start: number) {
    this.#readAt = start;
    this.#next = start;
  }

  get next(): number {
    return this.#next;
  }

  /** Bytes that can be read now. */
  get readable(): number {
    return this.#next - this.#readAt;
  }

  /** Whether something arrived beyond a gap. */
  get hasGap(): boolean {
    return this.#ranges.length > 0;
  }

  /** Stores bytes; what was there before is skipped. The caller has cut them to the window. */
  store(position: number, bytes: Uint8Array): void {
    const skipped = Math.max(0, this.#next - position);
    if (skipped >= bytes.length) return;
    const from = position + skipped;
    const fresh = skipped > 0 ? bytes.subarray(skipped) : bytes;
    if (from === this.#next) {
      this.#put(from, fresh);
      this.#next += fresh.length;
      if (this.#ranges.length > 0) this.#closeGap();
    } else if (this.#note(from, from + fresh.length)) {
      this.#put(from, fresh);
    }
  }

  /** A view of some of the next bytes, which then count as read; null when there are none. It never changes. */
  read(): Uint8Array | null {
    if (this.readable === 0) return null;
    const offset = this.#readAt % BLOCK_BYTES;
    const count = Math.min(this.readable, BLOCK_BYTES - offset);
    const block = this.#blocks[0];
    if (!block) throw new Error(`no bytes at ${this.#readAt}, although they count as received`);
    this.#readAt += count;
    if (offset + count === BLOCK_BYTES) this.#blocks.shift();
    return block.subarray(offset, offset + count);
  }

  /** Drops everything. */
  clear(): void {
    this.#blocks = [];
    this.#ranges.length = 0;
    this.#readAt = this.#next;
  }

  #put(position: number, bytes: Uint8Array): void {
    const firstBlock = Math.floor(this.#readAt / BLOCK_BYTES);
    let at = position;
    let done = 0;
    while (done < bytes.length) {
      const index = Math.floor(at / BLOCK_BYTES) - firstBlock;
      const offset = at % BLOCK_BYTES;
      const count = Math.min(bytes.length - done, BLOCK_BYTES - offset);
      const block = (this.#blocks[index] ??= new Uint8Array(BLOCK_BYTES));
      block.set(count === bytes.length ? bytes : bytes.subarray(done, done + count), offset);
      at += count;
      done += count;
    }
  }

  /** What follows the bytes that have just come is no longer beyond a gap. */
  #closeGap(): void {
    let first = this.#ranges[0];
    while (first && first.from <= this.#next) {
      this.#next = Math.max(this.#next, first.to);
      this.#ranges.shift();
      first = this.#ranges[0];
    }
  }

  /** Notes a stretch beyond the gap. @returns false when there are too many already. */
  #note(from: number, to: number): boolean {
    let index = 0;
    while ((this.#ranges[index]?.to ?? Infinity) < from) index += 1;
    const merged = { from, to };
    let until = index;
    let range = this.#ranges[until];
    while (range && range.from <= to) {
      merged.from = Math.min(merged.from, range.from);
      merged.to = Math.max(merged.to, range.to);
      until += 1;
      range = this.#ranges[until];
    }
    if (until === index && this.#ranges.length >= RANGES_MAX) return false;
    this.#ranges.splice(index, until - index, merged);
    return true;
  }
}
