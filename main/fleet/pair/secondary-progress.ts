/**
 * How far the start of a secondary is, for people, and how long it may take.
 *
 * Invariant: a start that makes no progress for START_TIMEOUT_MS is told once; comparing a large disk is progress.
 */
import type { StartProgress, StartTimes } from '../../../preload/contract/contract.ts';

const START_TIMEOUT_MS = 120_000;

export class SecondaryProgress {
  readonly #timedOut: () => void;
  readonly #startedAt = Date.now();
  #timer: NodeJS.Timeout | null = null;
  #times = { stunMs: 0, builtMs: 0, capturedMs: 0, copiedMs: 0 };
  #copied = 0;
  /** The share of its own disk that has been compared; null where that is done, or it has none. */
  #synchronised: number | null = null;

  /** It begins. */
  constructor(timedOut: () => void) {
    this.#timedOut = timedOut;
    this.#wait();
  }

  built(): void {
    this.#times.builtMs = this.#passedMs;
  }

  synchronised(fraction: number): void {
    this.#synchronised = fraction;
    this.#wait();
  }

  captured(stunMs: number): void {
    this.#times.stunMs = stunMs;
    this.#times.capturedMs = this.#passedMs;
    this.#synchronised = null;
    this.#wait();
  }

  copied(fraction: number): void {
    this.#copied = fraction;
    this.#times.copiedMs = this.#passedMs;
  }

  /** It is Protected, or it is none any more. */
  end(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** It is Protected now. */
  times(): StartTimes {
    return { ...this.#times, protectedMs: this.#passedMs };
  }

  get #passedMs(): number {
    return Date.now() - this.#startedAt;
  }

  /** Where it is after its machine was built. */
  view(): StartProgress {
    if (this.#synchronised !== null) return { phase: 'synchronising', copied: this.#synchronised };
    return { phase: this.#copied < 1 ? 'copying' : 'catchingUp', copied: this.#copied };
  }

  #wait(): void {
    this.end();
    this.#timer = setTimeout(this.#timedOut, START_TIMEOUT_MS);
  }
}
