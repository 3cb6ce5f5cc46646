/**
 * The pacer: it turns wall time into heads. The only place where the real clock reaches a machine, and only a
 * primary's.
 *
 * Invariant: virtual time follows wall time and does not overtake it for long: inside an epoch it runs at about nine
 * tenths of the measured speed, and the next head's `advance` makes up the rest. Restarting it maps the clock anew,
 * so a machine that stood still (a pause, a full disk) goes on without a jump for the time before; one that was taken
 * over makes up for the takeover.
 * A guest that only sleeps is woken late, never early, and its clock misses no tick. One that only computes gets long
 * epochs, so that few heads travel; the length is never more than a small share of its silence.
 */
import { assert } from '../ft/assert.ts';
import { HEAD_ADVANCE_US_MAX, HEAD_RATE_MAX, HEAD_SLICES_MAX, LAG_FREE_MS } from '../ft/constants.ts';
import type { Head, Input } from '../ft/entry.ts';
import { INSTRUCTIONS_PER_RATE } from '../machine/clock.ts';

const NS_PER_MS = 1e6;
/** Virtual ns per 1024 instructions before anything was measured, and its bounds (0.5 to 20 ns an instruction). */
const RATE_FIRST = 5 * INSTRUCTIONS_PER_RATE;
const RATE_MIN = INSTRUCTIONS_PER_RATE / 2;
const RATE_MAX = 20 * INSTRUCTIONS_PER_RATE;
/** The share of the measured speed at which the clock runs inside an epoch, normally and when it has run ahead. */
const SHARE = 0.9;
const SHARE_AHEAD = 0.5;
/** It has run ahead by more than the last epochs' small errors, which the next advance makes up. */
const AHEAD_MS = 0.5;
/** A new rate is used when it differs by this much from the old one: a steady rate keeps the log small. */
const RATE_CHANGE = 0.15;
/** What v86 executes at once where the guest does not halt (v86-facts: a slice). */
const SLICE_INSTRUCTIONS = 100_000;
/** Epochs with fewer instructions say little about the speed. */
const INSTRUCTIONS_MIN = 20_000;
/** What is left of an epoch's weight after each later one: the speed is that of the last thirty or so. */
const DECAY = 0.97;
/** Virtual time this far ahead of wall time is slept off. */
const AHEAD_SLEEP_MS = 10;
/**
 * A guest that has slept for so many epochs, doing no more meanwhile than to count its timer's ticks (some 4000
 * instructions each), is in a lull: it is woken less often, for several ticks at once, and the less often the longer
 * that lasts. What a wake-up costs is mostly that the processor's caches have forgotten the guest. An input still wakes
 * it at once; its own timers come late by so many milliseconds at most, by wall time alone.
 */
const LULL_EPOCHS = 32;
const LULL_INSTRUCTIONS = { once: 12_000, perMs: 1150 };
const LULL_SLEEP_MS = { first: 48, last: 90 };
const LULL_SHARE = 1 / 32;
/**
 * What comes in during an epoch waits for its end, and what goes out as well. So an epoch lasts a 32nd of the time for
 * which nothing has come in or gone out, and EPOCH_MS_MAX at most: an input is late by as little as nobody would notice
 * after such a silence.
 */
const SILENCE_SHARE = 1 / 32;
const EPOCH_MS_MAX = 5;
/** A bound that needs no measurement, should that be wrong: 6.4 million instructions, EPOCH_MS_MAX at 0.8 ns each. */
const SLICES_MAX = 64;
/** The longest jump of the virtual clock in one head; a computer that slept for an hour catches up in steps. */
const ADVANCE_US_MAX = 1_000_000;

assert(RATE_MAX <= HEAD_RATE_MAX, 'a head takes every rate');
assert(SLICES_MAX <= HEAD_SLICES_MAX, 'a head takes as many slices');
assert(ADVANCE_US_MAX <= HEAD_ADVANCE_US_MAX, 'a head takes the longest advance');
// A guest that is silent is behind by an epoch: that must not look like lag.
assert(EPOCH_MS_MAX < LAG_FREE_MS, 'the longest epoch is no lag');

export class Pacer {
  readonly #nowNs: () => number;
  #offsetNs = 0;
  #rate = RATE_FIRST;
  #wallSum = 0;
  #instructionSum = 1;
  #startedNs = 0;
  #advanceUs = 0;
  #quietEpochs = 0;
  #quietSinceNs = 0;
  /** When something came in or went out the last time. */
  #stirredNs = 0;

  /** `nowNs` is a monotonic clock in nanoseconds. */
  constructor(nowNs: () => number) {
    this.#nowNs = nowNs;
  }

  /** From now on the machine's clock stands for the present, which it has yet to reach where it is `behindMs`. */
  restart(virtualNs: number, behindMs = 0): void {
    this.#offsetNs = this.#nowNs() - virtualNs - behindMs * NS_PER_MS;
    this.#quietEpochs = 0;
    this.#quietSinceNs = this.#wallNs();
    this.stirred();
  }

  /** Something came in or went out, or the guest is to stand at an epoch boundary often: its epochs are short. */
  stirred(): void {
    this.#stirredNs = this.#nowNs();
  }

  /** The head of the epoch that starts now. */
  head(virtualNs: number, inputs: readonly Input[]): Head {
    this.#startedNs = this.#wallNs();
    const behindUs = Math.max(0, Math.floor((this.#startedNs - virtualNs) / 1000));
    this.#advanceUs = Math.min(behindUs, ADVANCE_US_MAX);
    if (inputs.length > 0) this.stirred();
    return { advanceUs: this.#advanceUs, rate: this.#rate, slices: this.#slices(), inputs };
  }

  /**
   * Learns from the epoch that has just ended, and says how long to wait before the next one, in milliseconds: 0 while
   * the guest is busy. `punctual`: it must not be woken later than it asks for.
   */
  executed(virtualNs: number, instructions: number, idleMs: number, punctual = false): number {
    const wallNs = this.#wallNs();
    const aheadMs = (virtualNs - wallNs) / NS_PER_MS;
    if (instructions > INSTRUCTIONS_MIN) this.#learn(wallNs - this.#startedNs, instructions, aheadMs);
    this.#quietEpochs = idleMs > 0 && !punctual && this.#quiet(instructions) ? this.#quietEpochs + 1 : 0;
    if (this.#quietEpochs === 0) this.#quietSinceNs = wallNs;
    const sleepMs = this.#quietEpochs > LULL_EPOCHS ? Math.max(idleMs, this.#lullMs(wallNs)) : idleMs;
    if (sleepMs > 0) return Math.max(1, Math.ceil(sleepMs + Math.max(0, aheadMs)));
    return aheadMs > AHEAD_SLEEP_MS ? aheadMs : 0;
  }

  /** Whether the epoch that has just ended did no more than the time it covered asks for. */
  #quiet(instructions: number): boolean {
    const coveredMs = this.#advanceUs / 1000;
    return instructions < LULL_INSTRUCTIONS.once + LULL_INSTRUCTIONS.perMs * coveredMs;
  }

  #lullMs(wallNs: number): number {
    const quietMs = (wallNs - this.#quietSinceNs) / NS_PER_MS;
    return Math.min(LULL_SLEEP_MS.last, Math.max(LULL_SLEEP_MS.first, quietMs * LULL_SHARE));
  }

  /** How many slices of about 100,000 instructions fit the time that an epoch may last. */
  #slices(): number {
    const silentNs = this.#nowNs() - this.#stirredNs;
    const lastsNs = Math.min(silentNs * SILENCE_SHARE, EPOCH_MS_MAX * NS_PER_MS);
    const sliceNs = (this.#wallSum / this.#instructionSum) * SLICE_INSTRUCTIONS;
    return sliceNs > 0 ? Math.max(1, Math.min(SLICES_MAX, Math.floor(lastsNs / sliceNs))) : 1;
  }

  #wallNs(): number {
    return this.#nowNs() - this.#offsetNs;
  }

  #learn(wallNs: number, instructions: number, aheadMs: number): void {
    this.#wallSum = this.#wallSum * DECAY + wallNs;
    this.#instructionSum = this.#instructionSum * DECAY + instructions;
    const measured = (this.#wallSum / this.#instructionSum) * INSTRUCTIONS_PER_RATE;
    const wanted = measured * (aheadMs > AHEAD_MS ? SHARE_AHEAD : SHARE);
    const rate = Math.round(Math.min(RATE_MAX, Math.max(RATE_MIN, wanted)));
    if (Math.abs(rate - this.#rate) > this.#rate * RATE_CHANGE) this.#rate = rate;
  }
}
