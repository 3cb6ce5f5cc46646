/**
 * The shared storage of a pair in memory: the lease with its test-and-set, and the disk that both replicas use.
 *
 * Invariant of the lease: its generation only rises, by one, and what a replica is told is what happened, however late.
 */
import type { ClaimResult } from '../../main/ft/arbiter.ts';
import { encodeDiskInput } from '../../main/machine/devices/disk.ts';
import { readStamp, stamped, type ToyRequest } from './toy-machine.ts';

export class ToyLease {
  generation: number;
  holder: string;
  /** The storage answers nobody. */
  unreachable = false;
  /** The storage does not answer these replicas. */
  readonly unreachableFor = new Set<string>();

  constructor(generation: number, holder: string) {
    this.generation = generation;
    this.holder = holder;
  }

  /** A virtual machine is powered on: whoever still holds an older generation has lost it. */
  begin(holder: string): number {
    this.generation += 1;
    this.holder = holder;
    return this.generation;
  }

  testAndSet(holder: string, generation: number): ClaimResult {
    if (this.unreachable || this.unreachableFor.has(holder)) {
      return { outcome: 'unreachable', reason: 'the storage is away' };
    }
    // The answer to an earlier try may have been lost: what this replica has won it has won.
    if (this.generation === generation + 1 && this.holder === holder) return { outcome: 'won' };
    if (this.generation !== generation) return { outcome: 'lost', holder: this.holder, generation: this.generation };
    this.generation += 1;
    this.holder = holder;
    return { outcome: 'won' };
  }
}

const NOTHING = new Uint8Array(0);

/** Blocks, each with the number that was written to it, and the fate of each request as an input for the machine. */
export class ToyDisk {
  readonly #blocks = new Map<number, number>();
  writes = 0;

  /** @returns that it is done, or what was read. */
  perform(request: ToyRequest): Uint8Array {
    const { id, operation, offset } = request;
    if (operation === 'write') {
      this.#blocks.set(offset, readStamp(request.data ?? NOTHING));
      this.writes += 1;
    }
    const data = operation === 'read' ? stamped(this.#blocks.get(offset) ?? 0, request.length) : NOTHING;
    return encodeDiskInput({ id, status: 'ok', data });
  }

  /** The host's disk has an error; where it is a write's, nobody knows whether it happened. */
  fail(request: ToyRequest): Uint8Array {
    return encodeDiskInput({ id: request.id, status: 'error', data: NOTHING });
  }
}
