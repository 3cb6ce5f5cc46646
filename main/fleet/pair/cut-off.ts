/**
 * Replicas that cannot reach the datastore, and so can neither go live nor go on alone.
 *
 * Invariant: told once for each, however often it tries; and once that it is over, when one of the pair has got on.
 */
import type { PairOutside } from './pair-parts.ts';
import type { Replica } from './replica.ts';

export class CutOffReplicas {
  readonly #outside: Pick<PairOutside, 'event'>;
  readonly #replicas = new Set<Replica>();

  constructor(outside: Pick<PairOutside, 'event'>) {
    this.#outside = outside;
  }

  unreachable(replica: Replica, who: 'primary' | 'secondary', why: string): void {
    const message = `The ${who} cannot reach the datastore: ${why}.`;
    if (!this.#replicas.has(replica)) this.#outside.event('ft.storageUnreachable', 'error', message, { who, why });
    this.#replicas.add(replica);
  }

  reachable(replica: Replica): void {
    if (!this.#replicas.has(replica)) return;
    this.#replicas.clear();
    this.#outside.event('ft.storageReachable', 'info', 'The datastore can be reached again.');
  }
}
