/**
 * Whether a virtual machine may be lost: a Protected pair survives the death of either side, whatever else goes on
 * that is not a failure.
 *
 * Invariant: it says "may not" only where exactly one side of a healthy pair was killed and nothing else was out of
 * order since the pair became Protected.
 */

export class Survival {
  #healthy = false;
  #kills = 0;
  #others = 0;
  /** Faults that go on. */
  #going = 0;

  /** `corrupted`: a bit of the secondary's memory is wrong, and nobody knows yet. */
  protected(corrupted: boolean): void {
    this.#healthy = true;
    this.#kills = 0;
    this.#others = this.#going + (corrupted ? 1 : 0);
  }

  /** One side was killed; `healthy` says whether the other could go on at this moment. */
  killed(healthy: boolean): void {
    if (healthy) this.#kills += 1;
    else this.#others += 1;
  }

  /** Anything else that a pair need not survive together with a death. */
  disturbed(): void {
    this.#others += 1;
  }

  /** A fault that takes its time. */
  begins(): void {
    this.#going += 1;
    this.#others += 1;
  }

  ends(): void {
    this.#going -= 1;
  }

  /** No replica is left. @returns whether that should never have been. */
  lost(): boolean {
    const wrong = this.#healthy && this.#kills === 1 && this.#others === 0;
    this.#healthy = false;
    return wrong;
  }
}
