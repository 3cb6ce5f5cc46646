/**
 * What is due now and then: looked at when the process is awake anyway, and by a timer where it is not.
 *
 * Invariant: a look is never later than is asked for, as far as the system's timers are punctual. A process that wakes
 * for messages and epochs is not woken for the look alone.
 */

/** The part of the interval after which a process that is awake looks again. */
const MOMENT = 1 / 8;

export class Ticker {
  readonly #inMs: (nowMs: number) => number;
  readonly #look: (nowMs: number) => void;
  #timer: NodeJS.Timeout;
  #lookedAt = performance.now();

  /** Looks in `inMs(now)` milliseconds at the latest, which is asked at once and after every look. */
  constructor(inMs: (nowMs: number) => number, look: (nowMs: number) => void) {
    this.#inMs = inMs;
    this.#look = look;
    this.#timer = this.#arm(this.#lookedAt);
  }

  /** The process is awake: a look is had now, unless there was one a moment ago. */
  awake(nowMs: number): void {
    if (nowMs - this.#lookedAt < this.#inMs(nowMs) * MOMENT) return;
    clearTimeout(this.#timer);
    this.#now(nowMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#lookedAt = Number.POSITIVE_INFINITY;
  }

  #now(nowMs: number): void {
    this.#lookedAt = nowMs;
    this.#look(nowMs);
    // The look may have stopped it.
    if (this.#lookedAt === nowMs) this.#timer = this.#arm(nowMs);
  }

  #arm(nowMs: number): NodeJS.Timeout {
    return setTimeout(() => this.#now(performance.now()), this.#inMs(nowMs));
  }
}
