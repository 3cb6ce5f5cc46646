/**
 * The backup's side of making its own disk equal to the primary's: tells the hashes of its blocks, and writes what it
 * is sent.
 *
 * Invariants: nothing outside the image is written, and nothing is allocated by a length that was not checked;
 * `finished` resolves only when everything has been written and is on the disk.
 */
import { DecodeError } from '../ft/bytes.ts';
import type { BlockDevice } from '../datastore/disk/device.ts';
import { hashBlocks, forEachPiece, readBlocks } from './block-hash.ts';
import { decompress } from '../datastore/compression.ts';
import {
  blockCount,
  decodeSync,
  encodeSync,
  SYNC_BLOCK_BYTES,
  type BlockHash,
  type SyncMessage,
} from './sync-messages.ts';

/** Messages that wait for the disk; a primary sends fewer before it hears that they are written. */
const WAITING_MAX = 64;

export class DiskSyncTarget {
  readonly #image: BlockDevice;
  readonly #send: (message: Uint8Array) => void;
  readonly #failed: (error: Error) => void;
  readonly #done = Promise.withResolvers<void>();
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;
  #begun = false;
  #over = false;

  /** `failed` is told once, when the disk cannot be made equal. */
  constructor(image: BlockDevice, send: (message: Uint8Array) => void, failed: (error: Error) => void) {
    this.#image = image;
    this.#send = send;
    this.#failed = failed;
  }

  /** Resolves when the disk is what the primary's was at the capture. */
  get finished(): Promise<void> {
    return this.#done.promise;
  }

  /** A message of the primary. Messages are handled one after the other. */
  receive(data: Uint8Array): void {
    this.#waiting += 1;
    if (this.#waiting > WAITING_MAX) {
      this.#fail(new DecodeError('the primary sends faster than it may'));
      return;
    }
    this.#tail = this.#tail
      .then(async () => {
        if (!this.#over) await this.#handle(decodeSync(data));
        this.#waiting -= 1;
      })
      .catch((error: Error) => this.#fail(error));
  }

  /** What arrives from now on is ignored. */
  stop(): void {
    this.#over = true;
  }

  async #handle(message: SyncMessage): Promise<void> {
    if (!this.#begun && message.type !== 'begin') throw new DecodeError(`"${message.type}" came before "begin"`);
    switch (message.type) {
      case 'begin':
        if (message.bytes !== this.#image.byteLength) {
          throw new Error(
            `the primary's disk has ${message.bytes} bytes, ${this.#image.path} ${this.#image.byteLength}`,
          );
        }
        this.#begun = true;
        return;
      case 'ask':
        return this.#tellHashes(message.first, message.count);
      case 'blocks':
        return this.#write(message.first, message.count, (size) => decompress(message.data, size));
      case 'zeros':
        return this.#write(message.first, message.count, (size) => Promise.resolve(new Uint8Array(size)));
      case 'end':
        await this.#image.flush();
        this.#over = true;
        this.#done.resolve();
        return;
      case 'hashes':
      case 'wrote':
        throw new DecodeError(`a primary does not send "${message.type}"`);
    }
  }

  async #tellHashes(first: number, count: number): Promise<void> {
    this.#check(first, count);
    const hashes: BlockHash[] = [];
    await forEachPiece(first, count, async (from, n) => {
      hashes.push(...(await hashBlocks(await readBlocks(this.#image, from, n))));
    });
    this.#send(encodeSync({ type: 'hashes', first, hashes }));
  }

  async #write(first: number, count: number, bytesOf: (size: number) => Promise<Uint8Array>): Promise<void> {
    this.#check(first, count);
    const offset = first * SYNC_BLOCK_BYTES;
    const size = Math.min(count * SYNC_BLOCK_BYTES, this.#image.byteLength - offset);
    const bytes = await bytesOf(size);
    if (bytes.length !== size) throw new DecodeError(`${count} blocks have ${size} bytes, not ${bytes.length}`);
    await this.#image.write(offset, bytes);
    this.#send(encodeSync({ type: 'wrote' }));
  }

  #check(first: number, count: number): void {
    if (first + count <= blockCount(this.#image.byteLength)) return;
    throw new DecodeError(`blocks ${first} to ${first + count - 1} are outside the disk`);
  }

  #fail(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#failed(new Error(`its disk could not be made equal to the primary's: ${error.message}`, { cause: error }));
  }
}
