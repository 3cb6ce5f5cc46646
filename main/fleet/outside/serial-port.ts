/**
 * The outside end of a VM's serial port. It outlives every failover.
 *
 * Invariants: what the guest printed reaches the listeners exactly once and in order, because outputs at or before
 * the last position seen are dropped; what was confirmed to the primary has been handed to the listeners.
 */
import { comparePositions, type Position } from '../../ft/output.ts';

/** How much of what was printed is kept for those who come later, in bytes. */
export const SERIAL_HISTORY_BYTES = 64 << 10;

export interface SerialListener {
  data(bytes: Uint8Array): void;
  /** The VM was powered off. */
  end(): void;
}

export class SerialPort {
  readonly #listeners = new Set<SerialListener>();
  #seen: Position = { epoch: 0, index: -1 };
  #history: Uint8Array[] = [];
  #historyBytes = 0;

  /** The position of the last output that arrived. */
  get seen(): Position {
    return this.#seen;
  }

  /** An output of a replica; false when it had been seen before. */
  receive(position: Position, data: Uint8Array): boolean {
    if (comparePositions(position, this.#seen) <= 0) return false;
    this.#seen = { epoch: position.epoch, index: position.index };
    this.#history.push(data);
    this.#historyBytes += data.length;
    while (this.#historyBytes - (this.#history[0]?.length ?? 0) > SERIAL_HISTORY_BYTES) {
      this.#historyBytes -= this.#history.shift()?.length ?? 0;
    }
    for (const listener of this.#listeners) listener.data(data);
    return true;
  }

  history(): Uint8Array {
    const all = Buffer.concat(this.#history);
    return all.subarray(Math.max(0, all.length - SERIAL_HISTORY_BYTES));
  }

  /** Until the returned function is called. */
  attach(listener: SerialListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The VM was powered off: the next one that is powered on counts anew. */
  reset(): void {
    this.#seen = { epoch: 0, index: -1 };
    this.#history = [];
    this.#historyBytes = 0;
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    listeners.forEach((listener) => listener.end());
  }
}
