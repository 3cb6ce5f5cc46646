/**
 * Flow control: how far the backup is behind, and how much the primary must therefore be slowed (Scales et al., 2010,
 * section 2.4).
 *
 * Invariant: the lag is the age of the oldest head that the backup has not executed, on the primary's clock; the
 * throttle is a function of the lag and the VM's limits alone, 0 below `lagThrottleMs`, rising to 1 at `lagHardMs`.
 */
import { LAG_FREE_MS, THROTTLE_SLEEP_MS_MAX } from './constants.ts';
import type { FtSettings } from './environment.ts';

/** Weight of the newest lag in the moving average that VMware shows as the vLockstep interval. */
const AVERAGE_WEIGHT = 0.05;

export class LagMeter {
  #sent: { epoch: number; at: number }[] = [];
  #first = 0;
  #averageMs: number | null = null;

  /** The head of `epoch` was sent. */
  sent(epoch: number, nowMs: number): void {
    this.#sent.push({ epoch, at: nowMs });
  }

  /** The backup has executed all epochs below `epoch`. */
  executed(epoch: number, nowMs: number): void {
    while (this.#first < this.#sent.length && (this.#sent[this.#first]?.epoch ?? epoch) < epoch) this.#first += 1;
    if (this.#first > 256 && this.#first * 2 > this.#sent.length) {
      this.#sent = this.#sent.slice(this.#first);
      this.#first = 0;
    }
    const lag = this.lagMs(nowMs);
    this.#averageMs = this.#averageMs === null ? lag : this.#averageMs + (lag - this.#averageMs) * AVERAGE_WEIGHT;
  }

  /** In milliseconds. */
  lagMs(nowMs: number): number {
    const oldest = this.#sent[this.#first];
    return oldest ? Math.max(0, nowMs - oldest.at) : 0;
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
