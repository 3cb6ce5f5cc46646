/**
 * A simulated process: one thread, its own clock, and an operating system that can stop, continue and kill it.
 *
 * Invariants: a process that is stopped does nothing, and finds all that came meanwhile when it goes on; a process that
 * is dead does nothing any more. Its clock never goes back, though it may run fast or slow, or jump ahead.
 */
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

type Kind = 'timer' | 'message';

export class SimProcess {
  readonly name: string;
  readonly #time: Timeline;
  readonly #random: Random;
  readonly #crashed: (error: Error) => void;
  #alive = true;
  #stopped = false;
  #waiting: { readonly kind: Kind; readonly act: () => void }[] = [];
  #rate = 1;
  #clock: number;
  #clockAt: number;

  /** `crashed` hears of what its code has thrown, which ends it. */
  constructor(name: string, time: Timeline, random: Random, crashed: (error: Error) => void) {
    this.name = name;
    this.#time = time;
    this.#random = random;
    this.#crashed = crashed;
    // Monotonic clocks of two processes have nothing to do with each other.
    this.#clock = random.below(1_000_000);
    this.#clockAt = time.now;
  }

  get alive(): boolean {
    return this.#alive;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Its monotonic clock, in milliseconds. */
  get now(): number {
    return this.#clock + (this.#time.now - this.#clockAt) * this.#rate;
  }

  /** From now on its clock runs at this rate. */
  setRate(rate: number): void {
    this.jump(0);
    this.#rate = rate;
  }

  /** Its clock jumps ahead, and no timer knows. */
  jump(ms: number): void {
    this.#clock = this.now + ms;
    this.#clockAt = this.#time.now;
  }

  /** Something comes in. */
  post(act: () => void, kind: Kind = 'message'): void {
    if (!this.#alive) return;
    if (this.#stopped) this.#waiting.push({ kind, act });
    else this.#run(act);
  }

  /** A timer, on its own clock. */
  after(ms: number, act: () => void): void {
    this.#time.after(ms / this.#rate, () => this.post(act, 'timer'));
  }

  /** SIGSTOP. */
  stop(): void {
    this.#stopped = true;
  }

  /** SIGCONT: what waited comes at once, its timers before what it was sent or after it. */
  continue(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    const first = this.#random.chance(0.5) ? 'timer' : 'message';
    const waiting = this.#waiting;
    this.#waiting = [];
    const order = [...waiting.filter(({ kind }) => kind === first), ...waiting.filter(({ kind }) => kind !== first)];
    for (const { act, kind } of order) this.post(act, kind);
  }

  /** SIGKILL. */
  kill(): void {
    this.#alive = false;
    this.#waiting = [];
  }

  #run(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#crashed(error as Error);
    }
  }
}
