/**
 * Keeps the history within its limits, a little at a time, while the host runs.
 *
 * Invariant: one step at a time, with pauses between, so that no guest's output waits for it.
 */
import { trim } from '../../store/retention.ts';

const FIRST_MS = 10_000;
/** Nothing was left to trim. */
const IDLE_MS = 600_000;
/** There may be more. */
const BUSY_MS = 200;

export class Housekeeping {
  readonly #database: Parameters<typeof trim>[0];
  #timer: NodeJS.Timeout;

  constructor(database: Parameters<typeof trim>[0]) {
    this.#database = database;
    this.#timer = this.#in(FIRST_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #in(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#timer = this.#in(trim(this.#database, Date.now()) > 0 ? BUSY_MS : IDLE_MS);
    }, ms).unref();
  }
}
