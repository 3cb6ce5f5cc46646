/**
 * Where a VM's sound goes: to whoever listens. It outlives every failover.
 *
 * Invariant: a listener hears each sound at most once and in order, because outputs at or before the last position seen
 * are dropped.
 */
import { comparePositions, type Position } from '../../ft/output.ts';

export interface SoundListener {
  /** A message of preload/contract/sound.ts. */
  data(message: Uint8Array): void;
  /** The VM was powered off. */
  end(): void;
}

export class SoundHub {
  readonly #listeners = new Set<SoundListener>();
  #seen: Position = { epoch: 0, index: -1 };

  receive(position: Position, message: Uint8Array): void {
    if (comparePositions(position, this.#seen) <= 0) return;
    this.#seen = { epoch: position.epoch, index: position.index };
    for (const listener of this.#listeners) listener.data(message);
  }

  /** Until the returned function is called. */
  listen(listener: SoundListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The VM was powered off: the next one that is powered on counts anew. */
  reset(): void {
    this.#seen = { epoch: 0, index: -1 };
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener.end();
  }
}
