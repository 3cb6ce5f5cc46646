/**
 * The storage of a pair in memory: the lease with its test-and-set, and the disks that replicas use.
 *
 * Invariant of the lease: its generation only rises, by one, and what a replica is told is what happened, however late.
 */
import type { ClaimResult } from '../../main/ft/arbiter.ts';
import type { DiskSlot } from '../../main/datastore/leases.ts';
import { encodeDiskInput } from '../../main/machine/devices/disk.ts';
import type { ToyRequest } from './toy-machine.ts';

export class ToyLease {
  generation: number;
  holder: string;
  /** Which disk is true: the holder's. */
  slot: DiskSlot = 'A';
  /** The storage answers nobody. */
  unreachable = false;
  /** The storage does not answer these replicas. */
  readonly unreachableFor = new Set<string>();

  constructor(generation: number, holder: string) {
    this.generation = generation;
    this.holder = holder;
  }

  testAndSet(holder: string, generation: number, slot: DiskSlot): ClaimResult {
    if (this.unreachable || this.unreachableFor.has(holder)) {
      return { outcome: 'unreachable', reason: 'the storage is away' };
    }
    if (this.generation !== generation) return { outcome: 'lost', holder: this.holder, generation: this.generation };
    this.generation += 1;
    this.holder = holder;
    this.slot = slot;
    return { outcome: 'won' };
  }
}

const BLOCK_BYTES = 512;

/** Blocks, and the fate of each request: what was read or that it is done, as an input for the machine. */
export class ToyDisk {
  readonly #blocks = new Map<number, number>();
  writes = 0;
  /** The requests that were carried out, by their ids. */
  readonly performed: number[] = [];
  /** Which requests of whom fail. */
  fails: (request: ToyRequest, by: string) => boolean = () => false;

  /** What a block holds. */
  block(number: number): number {
    return this.#blocks.get(number) ?? 0;
  }

  /** The other disk is made equal to this one. */
  copyTo(other: ToyDisk): void {
    other.#blocks.clear();
    for (const [block, value] of this.#blocks) other.#blocks.set(block, value);
  }

  /** Somebody changes a block who should not. */
  tamper(block: number, value: number): void {
    this.#blocks.set(block, value);
  }

  perform(request: ToyRequest, by: string): Uint8Array {
    const block = request.offset / BLOCK_BYTES;
    if (this.fails(request, by)) {
      return encodeDiskInput({ id: request.id, status: 'error', data: new Uint8Array(0) });
    }
    this.performed.push(request.id);
    let data = new Uint8Array(0);
    if (request.operation === 'read') data = new Uint8Array(BLOCK_BYTES).fill(this.#blocks.get(block) ?? 0);
    if (request.operation === 'write') {
      this.#blocks.set(block, request.data?.[0] ?? 0);
      this.writes += 1;
    }
    return encodeDiskInput({ id: request.id, status: 'ok', data });
  }
}
