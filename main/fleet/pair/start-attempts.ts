/**
 * When the next attempt to start a secondary is due.
 *
 * Invariant: attempts that fail in a row are ever further apart; at most one is due.
 */

/** Waiting times before the next attempt, by the number of failures in a row, in milliseconds. */
const RETRY_MS = [0, 500, 2000, 5000, 15_000];

export class StartAttempts {
  /** In a row. */
  failures = 0;
  #due: NodeJS.Timeout | null = null;

  /** Starts when it is time; nothing happens when a start is due already. */
  schedule(start: () => void): void {
    if (this.#due) return;
    const delay = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)] ?? 0;
    this.#due = setTimeout(() => {
      this.#due = null;
      start();
    }, delay);
  }

  /** No further attempt. */
  clear(): void {
    if (this.#due) clearTimeout(this.#due);
    this.#due = null;
  }
}
