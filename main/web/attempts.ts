/**
 * Wrong logins by client: who has had too many is not listened to for a while.
 *
 * Invariant: what is remembered is bounded, whoever knocks from wherever.
 */
const ATTEMPTS_MAX = 10;
const WINDOW_MS = 60_000;
const CLIENTS_MAX = 1024;

export class Attempts {
  readonly #now: () => number;
  readonly #clients = new Map<string, { startedAt: number; count: number }>();

  /** `now` is in milliseconds. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** In how many seconds this client may try again; 0: now. */
  waitSeconds(client: string): number {
    const attempts = this.#clients.get(client);
    if (!attempts || attempts.count < ATTEMPTS_MAX) return 0;
    return Math.max(0, Math.ceil((attempts.startedAt + WINDOW_MS - this.#now()) / 1000));
  }

  failed(client: string): void {
    const now = this.#now();
    const present = this.#clients.get(client);
    if (present && now - present.startedAt < WINDOW_MS) {
      present.count += 1;
      return;
    }
    this.#clients.delete(client);
    this.#clients.set(client, { startedAt: now, count: 1 });
    const [oldest] = this.#clients.keys();
    if (this.#clients.size > CLIENTS_MAX && oldest !== undefined) this.#clients.delete(oldest);
  }
}
