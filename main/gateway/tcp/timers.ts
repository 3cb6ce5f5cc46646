/**
 * How long a TCP endpoint waits: the retransmission timeout (RFC 6298), and the fixed limits.
 *
 * Invariant: the timeout follows the measured round trip; each time it passes in vain it doubles, until something new
 * is acknowledged or somebody says that the past says nothing about the future (`reset`).
 */

const FIRST_RTO_MS = 1000;
/** Added to the round trip at least: a guest may keep its acknowledgement back for this long. */
const VARIANCE_MS_MIN = 200;
const RTO_MS_MAX = 60_000;

/** A connection that is being opened and hears nothing for this long is given up. */
export const HANDSHAKE_MS_MAX = 30_000;
/** One that has something to send and hears nothing for this long is given up (Linux waits as long). */
export const SILENCE_MS_MAX = 15 * 60_000;
/** An idle connection is asked whether it lives after this time (RFC 9293, section 3.8.4: no less than two hours) … */
export const KEEPALIVE_IDLE_MS = 2 * 3_600_000;
/** … then at this interval … */
export const KEEPALIVE_INTERVAL_MS = 75_000;
/** … and this often before it is given up. */
export const KEEPALIVE_PROBES = 9;
/** How long the end that closed first answers the other's repeated FIN (Linux waits as long). */
export const TIME_WAIT_MS = 60_000;
/** Segments that cannot belong here are answered at most once in this time (RFC 5961, section 7). */
export const CHALLENGE_INTERVAL_MS = 100;

export class RetransmissionTimeout {
  #smoothedMs: number | null = null;
  #variationMs = 0;
  #backoff = 1;

  /** In milliseconds. */
  get currentMs(): number {
    const base =
      this.#smoothedMs === null ? FIRST_RTO_MS : this.#smoothedMs + Math.max(VARIANCE_MS_MIN, 4 * this.#variationMs);
    return Math.min(RTO_MS_MAX, base * this.#backoff);
  }

  /** The smoothed round trip in milliseconds; null before the first was measured. */
  get roundTripMs(): number | null {
    return this.#smoothedMs;
  }

  /** A round trip was measured, on something that was sent once (Karn). */
  sample(roundTripMs: number): void {
    if (this.#smoothedMs === null) {
      this.#smoothedMs = roundTripMs;
      this.#variationMs = roundTripMs / 2;
      return;
    }
    this.#variationMs += (Math.abs(this.#smoothedMs - roundTripMs) - this.#variationMs) / 4;
    this.#smoothedMs += (roundTripMs - this.#smoothedMs) / 8;
  }

  backOff(): void {
    if (this.currentMs < RTO_MS_MAX) this.#backoff *= 2;
  }

  reset(): void {
    this.#backoff = 1;
  }
}
