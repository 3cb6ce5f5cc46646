/**
 * The storage of a pair in memory: the lease with its test-and-set, and the disks that replicas use.
 *
 * Invariant of the lease: its generation only rises, by one, and what a replica is told is what happened, however late.
 */
import type { ClaimResult } from '../../main/ft/arbiter.ts';
import type { DiskSlot } from '../../main/datastore/leases.ts';
import { encodeDiskInput } from '../../main/machine/devices/disk.ts';
import { readStamp, stamped, type ToyRequest } from './toy-machine.ts';

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

  /** A virtual machine is powered on: whoever still holds an older generation has lost it. */
  begin(holder: string): number {
    this.generation += 1;
    this.holder = holder;
    return this.generation;
  }

  testAndSet(holder: string, generation: number, slot: DiskSlot): ClaimResult {
    if (this.unreachable || this.unreachableFor.has(holder)) {
      return { outcome: 'unreachable', reason: 'the storage is away' };
    }
    // The answer to an earlier try may have been lost: what this replica has won it has won.
    if (this.generation === generation + 1 && this.holder === holder) return { outcome: 'won' };
    if (this.generation !== generation) return { outcome: 'lost', holder: this.holder, generation: this.generation };
    this.generation += 1;
    this.holder = holder;
    this.slot = slot;
    return { outcome: 'won' };
  }
}

const BLOCK_BYTES = 512;
const NOTHING = new Uint8Array(0);

/** Blocks, each with the number that was written to it, and the fate of each request as an input for the machine. */
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

  /** A block that is not the same on both, in words; null where they are equal. */
  difference(other: ToyDisk): string | null {
    for (const block of new Set([...this.#blocks.keys(), ...other.#blocks.keys()])) {
      if (this.block(block) !== other.block(block)) {
        return `block ${block} holds ${this.block(block)} and ${other.block(block)}`;
      }
    }
    return null;
  }

  /** Somebody changes a block who should not. */
  tamper(block: number, value: number): void {
    this.#blocks.set(block, value);
  }

  /** @returns that it is done, or what was read. */
  perform(request: ToyRequest, by: string): Uint8Array {
    if (this.fails(request, by)) return this.fail(request);
    const { id, operation, offset, length } = request;
    this.performed.push(id);
    const block = offset / BLOCK_BYTES;
    if (operation === 'write') {
      this.tamper(block, readStamp(request.data ?? NOTHING));
      this.writes += 1;
    }
    const data = operation === 'read' ? stamped(this.block(block), length) : NOTHING;
    return encodeDiskInput({ id, status: 'ok', data });
  }

  /** The host's disk has an error; where it is a write's, nobody knows whether it happened. */
  fail(request: ToyRequest): Uint8Array {
    return encodeDiskInput({ id: request.id, status: 'error', data: NOTHING });
  }
}
