/**
 * Which outputs have arrived, where they go to several receivers, each of which confirms its own.
 *
 * Invariant: the position that is told is one up to which every output has been confirmed by its receiver; it only
 * rises.
 */
import { assert } from '../ft/assert.ts';
import { Fifo } from '../ft/fifo.ts';
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
  readonly #outstanding = new Fifo<Outstanding>();
  #newest: Position = { epoch: 0, index: -1 };

  /** `confirmed` hears how far all outputs have arrived, each time that grows. */
  constructor(confirmed: (position: Position) => void) {
    this.#confirmed = confirmed;
  }

  /** An output leaves for its receiver. Positions rise. */
  left({ epoch, index }: Position, receiver: Receiver): void {
    assert(comparePositions(this.#newest, { epoch, index }) < 0, 'outputs leave in their order');
    this.#newest = { epoch, index };
    this.#outstanding.push({ epoch, index, receiver, arrived: false });
  }

  /** The receiver has its output at `position` and all its outputs before it. */
  arrived(receiver: Receiver, position: Position): void {
    for (let at = 0; at < this.#outstanding.length; at += 1) {
      const output = this.#outstanding.at(at);
      if (!output || comparePositions(output, position) > 0) break;
      if (output.receiver === receiver) output.arrived = true;
    }
    this.#settle();
  }

  /** This one will never arrive. */
  lost(receiver: Receiver, position: Position): void {
    for (let at = this.#outstanding.length - 1; at >= 0; at -= 1) {
      const output = this.#outstanding.at(at);
      // It is most often the newest; what comes before its place is none of its business.
      if (!output || comparePositions(output, position) < 0) break;
      if (comparePositions(output, position) === 0 && output.receiver === receiver) output.arrived = true;
    }
    this.#settle();
  }

  /** The receiver is gone: nothing that was on its way to it will ever be confirmed, or can be sent again. */
  gone(receiver: Receiver): void {
    for (let at = 0; at < this.#outstanding.length; at += 1) {
      const output = this.#outstanding.at(at);
      if (output?.receiver === receiver) output.arrived = true;
    }
    this.#settle();
  }

  #settle(): void {
    let last: Outstanding | null = null;
    for (let output = this.#outstanding.first; output?.arrived; output = this.#outstanding.first) {
      last = output;
      this.#outstanding.shift();
    }
    if (last) this.#confirmed({ epoch: last.epoch, index: last.index });
  }
}
