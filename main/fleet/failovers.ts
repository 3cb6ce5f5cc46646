/**
 * The failovers of a pair: whether the user asked for one, and how the last one went.
 *
 * Invariant: a report is complete when its failover is told; until then its last phase counts as zero.
 */
import type { FailoverReport, FtReason } from '../../preload/contract.ts';
import type { FtEvent } from '../ft/environment.ts';

export class Failovers {
  #requested = false;
  #last: FailoverReport | null = null;

  get last(): FailoverReport | null {
    return this.#last;
  }

  /** The user asks for one (Test Failover), or it is over: the pair is Protected again. */
  request(requested: boolean): void {
    this.#requested = requested;
  }

  /** A secondary went live. @returns why a new one is needed. */
  begin({ why: reason, detectMs, drainMs, arbitrateMs }: Extract<FtEvent, { type: 'live' }>): FtReason {
    this.#last = { at: Date.now(), reason, detectMs, drainMs, arbitrateMs, liveMs: 0 };
    return this.#requested ? 'userAction' : 'lostConnection';
  }

  /** The new primary has executed its first epoch. @returns the event's words and data; null where there was none. */
  live(liveMs: number): { readonly message: string; readonly data: { readonly [key: string]: unknown } } | null {
    if (!this.#last) return null;
    this.#last = { ...this.#last, liveMs };
    const { detectMs, drainMs, arbitrateMs, reason } = this.#last;
    const total = (detectMs + drainMs + arbitrateMs + liveMs).toFixed(1);
    return {
      message: `The secondary went live as the new primary after ${total} ms: ${reason}.`,
      data: { ...this.#last, requested: this.#requested },
    };
  }
}
