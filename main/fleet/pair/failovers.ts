/**
 * The failovers of a pair: whether the user asked for one, and how the last one went, phase by phase.
 *
 * Invariant: a failover is told once, when its secondary went live; what comes later is filled in, until the next one.
 */
import type { FailoverRecord, FailoverReport, FtReason } from '../../../preload/contract/contract.ts';
import type { FtEvent } from '../../ft/environment.ts';

/** A failover without what only its VM knows. */
export type PairFailover = Omit<FailoverRecord, 'id' | 'vm'>;

export interface FailoverKeeper {
  /** @returns its id. */
  add(failover: PairFailover): number;
  fill(id: number, failover: PairFailover): void;
}

interface Changed {
  readonly event: Extract<FtEvent, { type: 'live' }>;
  readonly fromPid: number;
  readonly toPid: number;
}

export class Failovers {
  readonly #keeper: FailoverKeeper;
  #requested = false;
  #last: PairFailover | null = null;
  #id: number | null = null;

  constructor(keeper: FailoverKeeper) {
    this.#keeper = keeper;
  }

  get last(): FailoverReport | null {
    if (!this.#last) return null;
    const { generation: _generation, fromPid: _from, toPid: _to, requested: _requested, ...report } = this.#last;
    return report;
  }

  /** The user asks for one (Test Failover), or it is over: the pair is Protected again. */
  request(requested: boolean): void {
    this.#requested = requested;
  }

  /** A secondary went live. @returns why a new one is needed. */
  begin({ event, fromPid, toPid }: Changed): FtReason {
    const { why: reason, detectMs, drainMs, arbitrateMs, generation } = event;
    const later = { liveMs: 0, firstOutputMs: null, protectedMs: null };
    const requested = this.#requested;
    this.#id = null;
    this.#last = {
      at: Date.now(),
      reason,
      detectMs,
      drainMs,
      arbitrateMs,
      ...later,
      generation,
      fromPid,
      toPid,
      requested,
    };
    return requested ? 'userAction' : 'lostConnection';
  }

  /** The new primary has executed its first epoch. @returns the event's words and data; null where there was none. */
  live(liveMs: number): { readonly message: string; readonly data: { readonly [key: string]: unknown } } | null {
    const last = this.#fill({ liveMs });
    if (!last) return null;
    this.#id = this.#keeper.add(last);
    const { detectMs, drainMs, arbitrateMs, reason, generation, requested, fromPid, toPid } = last;
    const total = (detectMs + drainMs + arbitrateMs + liveMs).toFixed(1);
    return {
      message: `The secondary went live as the new primary after ${total} ms: ${reason}.`,
      data: { ...this.last, failover: this.#id, requested, generation, fromPid, pid: toPid },
    };
  }

  /** The new primary made an output that the old one had not made, so long after the test-and-set. */
  firstOutput(firstOutputMs: number): void {
    this.#fill({ firstOutputMs });
  }

  /** The pair is Protected: again, where this follows a failover. */
  protected(): void {
    this.#requested = false;
    if (this.#last?.protectedMs === null) this.#fill({ protectedMs: Date.now() - this.#last.at });
  }

  #fill(later: Partial<PairFailover>): PairFailover | null {
    if (!this.#last) return null;
    this.#last = { ...this.#last, ...later };
    if (this.#id !== null) this.#keeper.fill(this.#id, this.#last);
    return this.#last;
  }
}
