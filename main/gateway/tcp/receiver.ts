/**
 * The receiving half of a connection: which segments lie in the window, what they bring, and which window is offered.
 *
 * Invariant: the right edge of the window, once offered, is kept, also when there should be less memory now; nothing
 * beyond it is stored. Positions as in sequence.ts: 0 is the peer's SYN, data begin at 1.
 */
import { ReceiveBuffer } from './receive-buffer.ts';
import { positionOf, sequenceOf } from './sequence.ts';

const WINDOW_FIELD_MAX = 0xffff;

/**
 * `news`: in order. `gap`: something before it is missing. `repeat`: all of it is known. `nothing`: there was nothing.
 */
export type Received = 'news' | 'gap' | 'nothing' | 'repeat';

export class Receiver {
  readonly #buffer = new ReceiveBuffer(1);
  readonly #capacity: () => number;
  readonly #mss: number;
  /** The peer's initial sequence number. */
  #initial = 0;
  #scale = 0;
  /** Position after the last that was offered. */
  #edge = 1;
  /** Position of the peer's FIN, where it was seen. */
  #finAt: number | null = null;
  #synSeen = false;

  /** `capacity`: how many bytes may be kept at present; `mss`: the longest segment that the peer is allowed. */
  constructor(capacity: () => number, mss: number) {
    this.#capacity = capacity;
    this.#mss = mss;
  }

  /** The peer's SYN came. */
  begin(initial: number): void {
    this.#initial = initial;
    this.#synSeen = true;
  }

  /** From now on windows are offered in units of 2^scale bytes. */
  setScale(scale: number): void {
    this.#scale = scale;
  }

  /** The position that is expected next. */
  get next(): number {
    if (!this.#synSeen) return 0;
    return this.finReached ? this.#buffer.next + 1 : this.#buffer.next;
  }

  get nextSequence(): number {
    return sequenceOf(this.#initial, this.next);
  }

  /** Whether the peer's FIN came and everything before it. */
  get finReached(): boolean {
    return this.#finAt !== null && this.#finAt === this.#buffer.next;
  }

  get readable(): number {
    return this.#buffer.readable;
  }

  get hasGap(): boolean {
    return this.#buffer.hasGap;
  }

  positionOf(sequence: number): number {
    return positionOf(this.#initial, sequence, this.next);
  }

  /** Whether a segment of `length` octets touches the window (as Linux decides it: both ends included). */
  acceptable(position: number, length: number): boolean {
    return position <= Math.max(this.#edge, this.next) && position + length >= this.next;
  }

  /** Takes what lies in the window. */
  accept(position: number, payload: Uint8Array, fin: boolean): Received {
    const end = position + payload.length;
    const before = this.next;
    if (fin && this.#finAt === null && end <= this.#edge && end >= this.#buffer.next) this.#finAt = end;
    const limit = Math.min(this.#edge, this.#finAt ?? Infinity);
    const inside = end > limit ? payload.subarray(0, Math.max(0, limit - position)) : payload;
    if (inside.length > 0) this.#buffer.store(position, inside);
    if (this.next > before) return 'news';
    // An acknowledgement must never be answered with one, wherever it stands: the two ends would go on for ever.
    if (payload.length === 0 && !fin) return 'nothing';
    return position > this.next ? 'gap' : 'repeat';
  }

  read(): Uint8Array | null {
    return this.#buffer.read();
  }

  clear(): void {
    this.#buffer.clear();
  }

  /** What the window may be now. */
  get #candidate(): number {
    return this.#buffer.next + Math.max(0, this.#capacity() - this.#buffer.readable);
  }

  /** Whether the window has grown by so much that the peer should hear of it. */
  get windowUpdateDue(): boolean {
    const growth = this.#candidate - this.#edge;
    return this.#finAt === null && growth >= Math.min(2 * this.#mss, this.#capacity() / 2);
  }

  /** The window for the header of the next segment; the edge moves there. In a SYN it is not scaled. */
  offerWindow(inSyn: boolean): number {
    const scale = inSyn ? 0 : this.#scale;
    const unit = 2 ** scale;
    const next = this.#buffer.next;
    // The edge moves in steps that are worth a segment (RFC 9293, section 3.8.6.2.2).
    const step = Math.min(this.#mss, this.#capacity() / 2);
    if (this.#candidate - this.#edge >= step) {
      const window = Math.min(Math.floor((this.#candidate - next) / unit), WINDOW_FIELD_MAX);
      this.#edge = Math.max(this.#edge, next + window * unit);
    }
    return Math.min(WINDOW_FIELD_MAX, Math.floor((this.#edge - next) / unit));
  }
}
