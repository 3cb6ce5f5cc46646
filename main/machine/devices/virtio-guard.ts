/**
 * Bounds on what a guest can make v86's virtio code do.
 *
 * v86 adds up the lengths that a guest writes into its descriptors and allocates as much (virtio_net.js), for as many
 * requests as the guest claims. Its code is not changed: the queues' own methods are wrapped, on the prototype that
 * this machine's copy of v86 has.
 *
 * Invariant: of one request no more is read than a frame can have, and every buffer lies in the guest's memory; a chain
 * that breaks this is taken from the queue as one without buffers. What is decided follows from the guest's memory
 * alone, so primary and backup decide the same, and nothing here is state: a request is taken in one call.
 */
import type { VirtChain, VirtDescriptor, VirtQueue } from '../v86-types.ts';

/** Flag of a descriptor that the device writes to (virtio 1.2, section 2.7.5). */
const WRITE = 2;
const END: VirtDescriptor = { addr_low: 0, addr_high: 0, len: 0, flags: 0, next: 0 };

/** `bytesMax` is the most that the device may read of one request, in bytes. */
export function guardQueues(queues: readonly VirtQueue[], bytesMax: number): void {
  const [first] = queues;
  if (first === undefined) return;
  const prototype = Object.getPrototypeOf(first) as VirtQueue;
  const { count_requests: count, get_descriptor: describe, pop_request: pop } = prototype;
  let bytes = 0;
  let descriptors = 0;
  let broken = false;

  // More than the queue has places for cannot be waiting: the index is nonsense, and the queue stands still.
  prototype.count_requests = function (this: VirtQueue): number {
    const waiting = count.call(this);
    return waiting <= this.size ? waiting : 0;
  };
  prototype.get_descriptor = function (this: VirtQueue, table: number, index: number): VirtDescriptor {
    const descriptor = describe.call(this, table, index);
    descriptors += 1;
    if ((descriptor.flags & WRITE) === 0) bytes += Math.max(0, descriptor.len);
    broken ||= descriptors > this.size + 1 || bytes > bytesMax || !inMemory(descriptor, this.cpu.mem8.length);
    return broken ? END : descriptor;
  };
  prototype.pop_request = function (this: VirtQueue): VirtChain {
    bytes = 0;
    descriptors = 0;
    broken = false;
    const chain = pop.call(this);
    if (broken) {
      chain.read_buffers = [];
      chain.write_buffers = [];
      chain.length_readable = 0;
      chain.length_writable = 0;
    }
    return chain;
  };
}

function inMemory({ addr_low: address, addr_high: high, len }: VirtDescriptor, memoryBytes: number): boolean {
  return high === 0 && len >= 0 && address >= 0 && address + len <= memoryBytes;
}
