/**
 * Hashes of a disk's blocks, taken off the epoch loop.
 *
 * Invariant: two blocks with the same hash are equal; holes and written zeros count as the same.
 */
import { webcrypto } from 'node:crypto';
import type { BlockDevice } from '../datastore/disk/device.ts';
import { BLOCKS_MAX, SYNC_BLOCK_BYTES, type BlockHash } from './sync-messages.ts';

const ZEROS = new Uint8Array(SYNC_BLOCK_BYTES);

export function isZero(block: Uint8Array): boolean {
  return Buffer.compare(block, ZEROS.subarray(0, block.length)) === 0;
}

/** The bytes of up to BLOCKS_MAX blocks. @throws {Error} when the host's disk fails. */
export function readBlocks(image: BlockDevice, first: number, count: number): Promise<Uint8Array> {
  const offset = first * SYNC_BLOCK_BYTES;
  return image.read(offset, Math.min(count * SYNC_BLOCK_BYTES, image.byteLength - offset));
}

/** One block of what `readBlocks` gave. */
export function blockOf(bytes: Uint8Array, index: number): Uint8Array {
  return bytes.subarray(index * SYNC_BLOCK_BYTES, (index + 1) * SYNC_BLOCK_BYTES);
}

/** The hashes of the blocks in `bytes`. */
export function hashBlocks(bytes: Uint8Array): Promise<BlockHash[]> {
  const count = Math.ceil(bytes.length / SYNC_BLOCK_BYTES);
  const hashOf = async (index: number): Promise<BlockHash> => {
    const block = blockOf(bytes, index);
    return isZero(block)
      ? null
      : new Uint8Array(await webcrypto.subtle.digest('SHA-256', block as Uint8Array<ArrayBuffer>));
  };
  return Promise.all(Array.from({ length: count }, (_, index) => hashOf(index)));
}

/** Calls `act` with pieces of at most BLOCKS_MAX blocks, one after the other. */
export async function forEachPiece(
  first: number,
  count: number,
  act: (first: number, count: number) => Promise<void>,
): Promise<void> {
  for (let done = 0; done < count; done += BLOCKS_MAX) await act(first + done, Math.min(BLOCKS_MAX, count - done));
}
