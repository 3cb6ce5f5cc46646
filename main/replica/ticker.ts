/**
 * What is due now and then: looked at when the process is awake anyway, and by a timer where it is not.
 *
 * Invariant: between two looks there is never more than the interval (as far as the system's timers are punctual). A
 * process that sleeps between messages and epochs is not woken for the look alone.
 */

export class Ticker {
  readonly #everyMs: () => number;
  readonly #look: (nowMs: number) => void;
  #timer: NodeJS.Timeout;
  #lookedAt = performance.now();

  /** Looks for the first time in `everyMs()` milliseconds, which is asked again after every look. */
  constructor(everyMs: () => number, look: (nowMs: number) => void) {
    this.#everyMs = everyMs;
    this.#look = look;
    this.#timer = this.#arm();
  }

  /** The process is awake: a look that would be due before long is had now. */
  awake(nowMs: number): void {
    if (nowMs - this.#lookedAt < this.#everyMs() / 2) return;
    clearTimeout(this.#timer);
    this.#now(nowMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#lookedAt = Number.POSITIVE_INFINITY;
  }

  #now(nowMs: number): void {
    this.#lookedAt = nowMs;
    // Armed before the look, which may stop it.
    this.#timer = this.#arm();
    this.#look(nowMs);
  }

  #arm(): NodeJS.Timeout {
    return setTimeout(() => this.#now(performance.now()), this.#everyMs());
  }
}
