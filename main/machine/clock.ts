/**
 * The virtual clock: the only time a guest can see.
 *
 * Invariant: a reading depends on the heads executed so far, on the instructions executed and on the number of readings
 * in this epoch; readings rise strictly. Wall time enters only through a head's `advanceUs` and `rate`.
 *
 * Nanoseconds are kept as a double. Whole numbers are exact for 104 days of virtual time; after that single steps are
 * rounded (the same on every computer, IEEE 754) and readings still rise for nine years, as 20 ns exceed half a unit.
 */

/** What one reading of the clock costs; it lets a guest that waits for time without counting instructions get on. */
const READING_NS = 100;
/** The least distance of two readings. */
const STEP_NS = 20;
/** Readings rise up to here: nine years. */
export const CLOCK_NS_MAX = 2 ** 58;
/** v86 was written for a clock that is already running when a machine starts: stay clear of zero. */
const ORIGIN_NS = 1_000_000_000;
/** A head's rate is the virtual nanoseconds of so many executed instructions. */
export const INSTRUCTIONS_PER_RATE = 1024;

export interface ClockState {
  readonly lastNs: number;
  readonly rate: number;
}

export class VirtualClock {
  /** Milliseconds since 1970 at power-on. */
  readonly #startTimeMs: number;
  /** The executed instructions as an unsigned 32-bit number that wraps. */
  readonly #instructions: () => number;
  #baseNs = 0;
  #rate = INSTRUCTIONS_PER_RATE;
  #instructionsAtBase = 0;
  #readings = 0;
  #lastNs = 0;

  constructor(startTimeMs: number, instructions: () => number) {
    this.#startTimeMs = startTimeMs;
    this.#instructions = instructions;
  }

  /** The latest reading, in nanoseconds since power-on. Looking does not count as a reading. */
  get lastNs(): number {
    return this.#lastNs;
  }

  /** Moves forward by `advanceUs` and lets time run at `rate` virtual nanoseconds per 1024 instructions from here. */
  beginEpoch(advanceUs: number, rate: number): void {
    this.#baseNs = this.#lastNs + advanceUs * 1000;
    this.#lastNs = this.#baseNs;
    this.#rate = rate;
    this.#readings = 0;
    this.#instructionsAtBase = this.#instructions();
  }

  /** Reads the clock, in nanoseconds since power-on. */
  readNs(): number {
    const executed = (this.#instructions() - this.#instructionsAtBase) >>> 0;
    const now =
      this.#baseNs + Math.floor((executed * this.#rate) / INSTRUCTIONS_PER_RATE) + this.#readings * READING_NS;
    this.#readings += 1;
    this.#lastNs = now > this.#lastNs ? now : this.#lastNs + STEP_NS;
    return this.#lastNs;
  }

  /** The clock as v86's `microtick` wants it: milliseconds with a fraction. */
  readMs(): number {
    return (this.readNs() + ORIGIN_NS) / 1e6;
  }

  /** The time of day, in whole milliseconds since 1970. */
  readDateMs(): number {
    return this.#startTimeMs + Math.floor(this.readNs() / 1e6);
  }

  state(): ClockState {
    return { lastNs: this.#lastNs, rate: this.#rate };
  }

  /** Goes on from `state` at an epoch boundary; the next head sets the base anew. */
  restore(state: ClockState): void {
    this.#lastNs = state.lastNs;
    this.#baseNs = state.lastNs;
    this.#rate = state.rate;
    this.#readings = 0;
    this.#instructionsAtBase = this.#instructions();
  }
}

/** A `Date` whose present is the virtual clock and whose time zone is UTC, to stand for the global one inside v86. */
export function virtualDate(clock: VirtualClock): DateConstructor {
  class VirtualDate extends Date {
    constructor(...parts: unknown[]) {
      // `Date`'s overloads do not take a spread; v86 passes none or one number.
      super(parts.length === 0 ? clock.readDateMs() : (parts[0] as number));
    }
    static override now(): number {
      return clock.readDateMs();
    }
    override getTimezoneOffset(): number {
      return 0;
    }
  }
  return VirtualDate as unknown as DateConstructor;
}
