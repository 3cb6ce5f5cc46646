/**
 * Which outputs have arrived, where they go to several receivers, each of which confirms its own.
 *
 * Invariant: the position that is told is one up to which every output has been confirmed by its receiver; it only
 * rises.
 */
import { comparePositions, type Position } from '../ft/output.ts';

/** Who takes an output: the fleet (serial port, sound), or the network's gateway. */
export type Receiver = 'fleet' | 'gateway';

interface Outstanding extends Position {
  readonly receiver: Receiver;
  arrived: boolean;
}

export class Confirmations {
  readonly #confirmed: (position: Position) => void;
  /** In the order in which they left. */
  #outstanding: Outstanding[] = [];
  #first = 0;

  /** `confirmed` hears how far all outputs have arrived, each time that grows. */
  constructor(confirmed: (position: Position) => void) {
    this.#confirmed = confirmed;
  }

  /** An output leaves for its receiver. Positions rise. */
  left({ epoch, index }: Position, receiver: Receiver): void {
    this.#outstanding.push({ epoch, index, receiver, arrived: false });
  }

  /** The receiver has its output at `position` and all its outputs before it. */
  arrived(receiver: Receiver, position: Position): void {
    for (let at = this.#first; at < this.#outstanding.length; at += 1) {
      const output = this.#outstanding[at] as Outstanding;
      if (comparePositions(output, position) > 0) break;
      if (output.receiver === receiver) output.arrived = true;
    }
    this.#settle();
  }

  /** This one will never arrive. */
  lost(receiver: Receiver, position: Position): void {
    const output = this.#outstanding.findLast((one) => comparePositions(one, position) === 0);
    if (output?.receiver === receiver) output.arrived = true;
    this.#settle();
  }

  /** The receiver is gone: nothing that was on its way to it will ever be confirmed, or can be sent again. */
  gone(receiver: Receiver): void {
    for (const output of this.#outstanding) if (output.receiver === receiver) output.arrived = true;
    this.#settle();
  }

  #settle(): void {
    let last: Outstanding | null = null;
    while (this.#outstanding[this.#first]?.arrived) {
      last = this.#outstanding[this.#first] as Outstanding;
      this.#first += 1;
    }
    if (this.#first > 64 && this.#first * 2 > this.#outstanding.length) {
      this.#outstanding = this.#outstanding.slice(this.#first);
      this.#first = 0;
    }
    if (last) this.#confirmed({ epoch: last.epoch, index: last.index });
  }
}
