/**
 * The failure detector: a peer that has not been heard of for longer than the timeout is suspected.
 *
 * Invariant: the observer's own standstill is never taken for the peer's. A process that was stopped for a while
 * (SIGSTOP, a suspended computer) has heard nothing either; after it wakes, it first listens for a whole timeout
 * again.
 */

export class FailureDetector {
  readonly #timeoutMs: number;
  #heardAt: number;
  #tickedAt: number;

  constructor(timeoutMs: number, nowMs: number) {
    this.#timeoutMs = timeoutMs;
    this.#heardAt = nowMs;
    this.#tickedAt = nowMs;
  }

  /** When the peer gave its last sign of life, on the caller's clock. */
  get heardAt(): number {
    return this.#heardAt;
  }

  heard(nowMs: number): void {
    this.#heardAt = nowMs;
  }

  /** In how many milliseconds the peer will be suspected if nothing is heard of it. */
  dueInMs(nowMs: number): number {
    return Math.max(0, this.#heardAt + this.#timeoutMs - nowMs) + 1;
  }

  /** Called often, at least every quarter of the timeout; true when the peer must be suspected. */
  suspects(nowMs: number): boolean {
    const asleep = nowMs - this.#tickedAt > this.#timeoutMs / 2;
    this.#tickedAt = nowMs;
    if (asleep) this.#heardAt = nowMs;
    return nowMs - this.#heardAt > this.#timeoutMs;
  }
}
