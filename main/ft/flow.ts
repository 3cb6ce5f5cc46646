/**
 * Flow control: how far the backup is behind, and how much the primary must therefore be slowed (Scales et al., 2010,
 * section 2.4).
 *
 * Invariant: the lag is how much of the primary's time lies between what the backup has executed and what it has
 * received. The way there and back is no lag, however long, up to ROUND_TRIP_MS_MAX: a distant backup is not a slow
 * one. The throttle is a function of the lag and the VM's limits alone, 0 below `lagThrottleMs`, rising to 1 at
 * `lagHardMs`.
 */
import { assert } from './assert.ts';
import { LAG_FREE_MS, ROUND_TRIP_MS_MAX, THROTTLE_SLEEP_MS_MAX } from './constants.ts';
import type { FtSettings } from './environment.ts';
import { Fifo } from './fifo.ts';

/** Weight of the newest lag in the moving average that VMware shows as the vLockstep interval. */
const AVERAGE_WEIGHT = 0.05;

export class LagMeter {
  /** Heads that the backup has not executed, as far as it has said; their epochs are consecutive. */
  readonly #sent = new Fifo<{ readonly epoch: number; readonly at: number }>();
  /** Of the head that was sent last. */
  #newest: number | null = null;
  #received = 0;
  #averageMs: number | null = null;

  /** The head of `epoch` was sent. */
  sent(epoch: number, nowMs: number): void {
    assert(this.#newest === null || epoch === this.#newest + 1, 'heads are sent in the order of their epochs');
    this.#newest = epoch;
    this.#sent.push({ epoch, at: nowMs });
  }

  /** The backup says that it has executed all epochs below `executed`, and has the heads of all below `received`. */
  progressed(executed: number, received: number, nowMs: number): void {
    this.#received = Math.max(this.#received, received);
    while ((this.#sent.first?.epoch ?? executed) < executed) this.#sent.shift();
    const lag = this.lagMs(nowMs);
    this.#averageMs = this.#averageMs === null ? lag : this.#averageMs + (lag - this.#averageMs) * AVERAGE_WEIGHT;
  }

  /** In milliseconds. */
  lagMs(nowMs: number): number {
    const oldest = this.#sent.first;
    if (!oldest) return 0;
    const newestReceived = this.#sentAt(this.#received - 1);
    const behindMs = newestReceived === undefined ? 0 : newestReceived - oldest.at;
    const oldestOnItsWay = this.#sentAt(Math.max(this.#received, oldest.epoch));
    const onItsWayMs = oldestOnItsWay === undefined ? 0 : nowMs - oldestOnItsWay - ROUND_TRIP_MS_MAX;
    return Math.max(0, behindMs, onItsWayMs);
  }

  /** When the head of this epoch was sent; undefined when it was executed already, or not yet sent. */
  #sentAt(epoch: number): number | undefined {
    const oldest = this.#sent.first;
    return oldest && epoch >= oldest.epoch ? this.#sent.at(epoch - oldest.epoch)?.at : undefined;
  }

  /** The moving average of the lag, in milliseconds; null before the backup has executed anything. */
  get vLockstepIntervalMs(): number | null {
    return this.#averageMs;
  }
}

/** How much the primary is slowed at this lag: 0 free, 1 as much as it can be. */
export function throttle(lagMs: number, limits: Pick<FtSettings, 'lagThrottleMs' | 'lagHardMs'>): number {
  const { lagThrottleMs, lagHardMs } = limits;
  return Math.min(1, Math.max(0, (lagMs - lagThrottleMs) / (lagHardMs - lagThrottleMs)));
}

/**
 * How much a primary is slowed while its new backup catches up: a backup that is no faster than its primary would
 * otherwise stay behind for ever. 0 where Protected is near, 1 from `lagHardMs` on.
 */
export function startingThrottle(lagMs: number, { lagHardMs }: Pick<FtSettings, 'lagHardMs'>): number {
  return Math.min(1, Math.max(0, (lagMs - LAG_FREE_MS / 2) / (lagHardMs - LAG_FREE_MS / 2)));
}

/** How long to sleep before the next epoch at this throttle, in milliseconds. */
export function throttleSleepMs(throttled: number): number {
  return throttled * THROTTLE_SLEEP_MS_MAX;
}
