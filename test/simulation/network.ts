/**
 * The gateway's end of the guest's network cable: it takes frames once, by their position, confirms them to whoever
 * sent them, and sends frames of its own.
 *
 * Invariant: it outlives every replica; what it confirms it has.
 */
import type { Output } from '../../main/ft/entry.ts';
import { comparePositions, type Position, type Positioned } from '../../main/ft/output.ts';
import type { SimReplica, Surroundings } from './parts.ts';

export class Network {
  readonly #world: Surroundings;
  #life = 0;
  #seen: Position = { epoch: 0, index: -1 };

  constructor(world: Surroundings) {
    this.#world = world;
  }

  receive(replica: SimReplica, { epoch, index, output }: Positioned<Output>): void {
    // A frame of a machine that was powered off is nobody's.
    if (replica.life !== this.#world.fleet.life) return;
    if (replica.life !== this.#life) {
      this.#life = replica.life;
      this.#seen = { epoch: 0, index: -1 };
    }
    if (comparePositions({ epoch, index }, this.#seen) > 0) {
      this.#seen = { epoch, index };
      this.#world.watch((checker) => checker.delivered?.(output));
    } else {
      this.#world.coverage.add('repeatsDropped');
    }
    replica.tellFromNetwork({ type: 'arrived', ...this.#seen });
  }

  /** A frame for the guest: it may be lost, as on any network. */
  send(data: Uint8Array): void {
    this.#world.fleet.primary?.tellFromNetwork({ type: 'frame', data });
  }
}
