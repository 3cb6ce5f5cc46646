/**
 * When a piece of the guest's sound is played: guest time to the time of the loudspeaker, with a little room for what
 * arrives unevenly.
 *
 * Invariant: pure; what is planned lies between the present and `AHEAD_MAX_S` beyond it, and pieces whose times follow
 * one another in the guest do so here, until the line is begun anew.
 */
import type { SoundMessage } from '../../../../preload/contract/sound.ts';

/** From the arrival of the first piece until it is played, in seconds. */
export const JITTER_S = 0.1;
/** Later than that, the guest stood still for longer than the network can delay: the line begins anew. */
const LATE_MAX_S = 1;
/** So does it when pieces have been late for this long, one after the other: the guest's clock is slower than ours. */
const LATE_FOR_S = 0.25;
/** More than this in stock: the line begins anew with the newest, else the sound would stay behind the picture. */
export const AHEAD_MAX_S = 1;
/** Of one message; longer ones are cut. */
const PIECE_MAX_S = 2;
/** What every browser's AudioBuffer takes. */
const RATE_MIN = 8000;
/** Nobody hears it, and an oscillator near the sampling rate would fold down to what one hears. */
const AUDIBLE_HZ_MAX = 18_000;

export interface Plan {
  /** In seconds of the loudspeaker's clock. */
  readonly at: number;
  /** The line begins anew: what was planned before is to be stopped. */
  readonly restart: boolean;
}

export class SoundSchedule {
  #anchor: { readonly startMs: number; readonly at: number } | null = null;
  /** Since when every piece has come too late. */
  #lateSince: number | null = null;
  #lastTone = 0;

  /** Null where the message is late and to be dropped. Times in seconds, of the loudspeaker's clock. */
  plan(message: SoundMessage, now: number): Plan | null {
    const { startMs } = message;
    if (!this.#anchor) return this.#begin(message, now, false);
    const at = this.#anchor.at + (startMs - this.#anchor.startMs) / 1000;
    if (at > now + AHEAD_MAX_S) return this.#begin(message, now, true);
    if (at >= now) {
      this.#lateSince = null;
      return this.#planned(message, at, false);
    }
    this.#lateSince ??= now;
    if (now - at > LATE_MAX_S || now - this.#lateSince > LATE_FOR_S) return this.#begin(message, now, true);
    // A tone lasts until the next one: one that never came would leave the speaker beeping.
    return message.kind === 'tone' ? this.#planned(message, now, false) : null;
  }

  #begin(message: SoundMessage, now: number, restart: boolean): Plan {
    this.#anchor = { startMs: message.startMs, at: now + JITTER_S };
    this.#lateSince = null;
    this.#lastTone = 0;
    return this.#planned(message, now + JITTER_S, restart);
  }

  /** A tone never comes before the one that was told before it. */
  #planned(message: SoundMessage, at: number, restart: boolean): Plan {
    if (message.kind === 'samples') return { at, restart };
    this.#lastTone = Math.max(this.#lastTone, at);
    return { at: this.#lastTone, restart };
  }
}

export interface Piece {
  readonly rate: number;
  readonly left: Float32Array<ArrayBuffer>;
  readonly right: Float32Array<ArrayBuffer>;
}

/**
 * A message's samples as a loudspeaker takes them, -1 to 1 a channel. A rate that browsers refuse is raised by playing
 * each sample several times.
 */
export function pieceOf(message: Extract<SoundMessage, { kind: 'samples' }>): Piece {
  const times = Math.max(1, Math.ceil(RATE_MIN / message.rate));
  const frames = Math.min(message.samples.length / 2, Math.ceil(message.rate * PIECE_MAX_S));
  const left = new Float32Array(frames * times);
  const right = new Float32Array(frames * times);
  for (let frame = 0; frame < frames; frame += 1) {
    const [from, to] = [frame * times, (frame + 1) * times];
    left.fill((message.samples[frame * 2] ?? 0) / 32_768, from, to);
    right.fill((message.samples[frame * 2 + 1] ?? 0) / 32_768, from, to);
  }
  return { rate: message.rate * times, left, right };
}

/** The tone that is heard: 0 where none is. */
export function audible(hertz: number): number {
  return hertz > 0 && hertz <= AUDIBLE_HZ_MAX ? hertz : 0;
}
