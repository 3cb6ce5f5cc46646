/**
 * Messages between a replica and those around it (the fleet, the gateway), one way.
 *
 * Invariant: what is sent arrives once and in order, or its sender dies and the last of it is lost.
 */
import type { Random } from './random.ts';
import type { SimProcess } from './process.ts';
import type { Timeline } from './timeline.ts';

export class Pipe {
  readonly #time: Timeline;
  readonly #random: Random;
  readonly #from: SimProcess;
  readonly #to: SimProcess;
  readonly #latencyMs: () => number;
  #sent = 0;
  #arrived = 0;
  #arrivesAt = 0;
  /** What was sent after this one is lost. */
  #last = Number.POSITIVE_INFINITY;

  constructor(
    time: Timeline,
    random: Random,
    ends: { readonly from: SimProcess; readonly to: SimProcess },
    latencyMs: () => number,
  ) {
    this.#time = time;
    this.#random = random;
    this.#from = ends.from;
    this.#to = ends.to;
    this.#latencyMs = latencyMs;
  }

  /** `act` happens at the other end. */
  send(act: () => void): void {
    if (!this.#from.alive) return;
    const number = (this.#sent += 1);
    this.#arrivesAt = Math.max(this.#arrivesAt, this.#time.now + this.#latencyMs() * (1 + this.#random.next()));
    this.#time.at(this.#arrivesAt, () => {
      this.#arrived = number;
      if (number <= this.#last) this.#to.post(act);
    });
  }

  /** The sender has died: some of what is on the way may be lost. @returns when the rest has arrived. */
  died(): number {
    if (this.#random.chance(0.5)) this.#last = this.#arrived + this.#random.below(this.#sent - this.#arrived + 1);
    return Math.max(this.#arrivesAt, this.#time.now);
  }
}
