/**
 * The attempts to start a secondary: when the next one is due, how long one may take, and what the last good one took.
 *
 * Invariant: attempts that fail in a row are ever further apart; at most one is due, and at most one is under way.
 */
import type { FtStatus } from '../../preload/contract.ts';

/** Waiting times before the next attempt, by the number of failures in a row, in milliseconds. */
const RETRY_MS = [0, 500, 2000, 5000, 15_000];
const START_TIMEOUT_MS = 120_000;

export class StartAttempts {
  /** In a row. */
  failures = 0;
  #due: NodeJS.Timeout | null = null;
  #tooLong: NodeJS.Timeout | null = null;
  #startedAt = 0;
  #last: FtStatus['lastStart'] = null;
  /** How long the guest stood still for the present attempt, in milliseconds. */
  stunMs = 0;

  /** The last attempt that went well. */
  get last(): FtStatus['lastStart'] {
    return this.#last;
  }

  /** Starts when it is time; nothing happens when a start is due already. */
  schedule(start: () => void): void {
    if (this.#due) return;
    const delay = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)] ?? 0;
    this.#due = setTimeout(() => {
      this.#due = null;
      start();
    }, delay);
  }

  begin(tookTooLong: () => void): void {
    this.#startedAt = Date.now();
    this.#tooLong = setTimeout(tookTooLong, START_TIMEOUT_MS);
  }

  /** Whatever became of it, nobody waits for it any more. */
  end(): void {
    if (this.#tooLong) clearTimeout(this.#tooLong);
    this.#tooLong = null;
  }

  /** The secondary protects. */
  succeeded(): NonNullable<FtStatus['lastStart']> {
    this.end();
    this.failures = 0;
    this.#last = { stunMs: this.stunMs, protectedMs: Date.now() - this.#startedAt };
    return this.#last;
  }

  /** No further attempt. */
  clear(): void {
    this.end();
    if (this.#due) clearTimeout(this.#due);
    this.#due = null;
  }
}
