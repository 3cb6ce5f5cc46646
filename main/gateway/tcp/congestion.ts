/**
 * How much may be under way at once: slow start, congestion avoidance, fast retransmit and fast recovery (RFC 5681,
 * RFC 6582: NewReno).
 *
 * Invariant: the window is never below one segment. It begins large: the path is a virtual wire that loses next to
 * nothing, and is not shared with anyone who could suffer.
 */

const FIRST_WINDOW_BYTES = 1 << 16;
const FIRST_WINDOW_SEGMENTS = 10;
const WINDOW_BYTES_MAX = 1 << 26;
const DUPLICATES_FOR_LOSS = 3;

export class Congestion {
  readonly #mss: number;
  #window: number;
  #threshold = WINDOW_BYTES_MAX;
  #duplicates = 0;
  #recovering = false;
  /** Acknowledgements below this position say nothing about what was sent since the last loss. */
  #recover = 0;

  constructor(mss: number) {
    this.#mss = mss;
    this.#window = Math.max(FIRST_WINDOW_BYTES, FIRST_WINDOW_SEGMENTS * mss);
  }

  /** In bytes. */
  get window(): number {
    return this.#window;
  }

  /**
   * `acked` bytes were acknowledged, everything before `una`; `flight` are still under way.
   * @returns whether the first unacknowledged segment must be sent again: it was lost together with the one before.
   */
  advanced(una: number, acked: number, flight: number): boolean {
    this.#duplicates = 0;
    if (this.#recovering) {
      if (una < this.#recover) {
        this.#window = Math.max(this.#mss, this.#window - acked + Math.min(acked, this.#mss));
        return true;
      }
      this.#recovering = false;
      this.#window = Math.max(this.#mss, Math.min(this.#threshold, Math.max(flight, this.#mss) + this.#mss));
      return false;
    }
    const slowStart = this.#window < this.#threshold;
    const growth = slowStart ? acked : (this.#mss * acked) / this.#window;
    this.#window = Math.min(WINDOW_BYTES_MAX, this.#window + growth);
    return false;
  }

  /**
   * The same acknowledgement came again, `flight` bytes after `una` are under way, and everything before `max` was
   * sent.
   * @returns whether the first unacknowledged segment counts as lost and must be sent again.
   */
  duplicate(una: number, flight: number, max: number): boolean {
    this.#duplicates += 1;
    if (this.#recovering) {
      this.#window = Math.min(WINDOW_BYTES_MAX, this.#window + this.#mss);
      return false;
    }
    if (this.#duplicates !== DUPLICATES_FOR_LOSS || una < this.#recover) return false;
    this.#recovering = true;
    this.#recover = max;
    this.#threshold = this.#half(flight);
    this.#window = this.#threshold + DUPLICATES_FOR_LOSS * this.#mss;
    return true;
  }

  /** The retransmission timeout passed. */
  timedOut(flight: number, max: number): void {
    this.#threshold = this.#half(flight);
    this.#window = this.#mss;
    this.restart(max);
  }

  /** All that is unacknowledged is about to be sent again: duplicates that this provokes mean nothing. */
  restart(max: number): void {
    this.#recovering = false;
    this.#duplicates = 0;
    this.#recover = max;
  }

  #half(flight: number): number {
    return Math.max(flight / 2, 2 * this.#mss);
  }
}
