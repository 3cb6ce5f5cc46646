/**
 * The primary's side of making a backup's own disk equal (Scales et al., 2010, section 4.1), while the guest runs on:
 * blocks are compared by hash and sent where they differ, then again those that the guest has written meanwhile, until
 * little is left; that little is read at the moment of the capture, before any later write is carried out.
 *
 * Invariants: when the backup has written all that was sent, its disk is what the primary's was at the capture. An
 * attempt that is interrupted is no loss: what is equal then is skipped by the next one. Nothing piles up: few
 * messages are on their way at a time.
 */
import { assert } from '../ft/assert.ts';
import { DecodeError } from '../ft/bytes.ts';
import type { BlockDevice } from '../datastore/disk/device.ts';
import { blockOf, hashBlocks, forEachPiece, isZero, readBlocks } from './block-hash.ts';
import { compress } from '../datastore/compression.ts';
import {
  blockCount,
  decodeSync,
  encodeSync,
  HASHES_MAX,
  SYNC_BLOCK_BYTES,
  type BlockHash,
  type SyncMessage,
} from './sync-messages.ts';

/** So few blocks are left to the moment of the capture: 8 MiB. */
export const LITTLE_BLOCKS = 128;
/** More than this is not read while writes wait: 64 MiB. */
export const FINAL_BLOCKS_MAX = 1024;
/** A guest that has rewritten more than a little this often is faster than the channel. */
const PASSES_MAX = 50;
/** Messages of blocks that the backup has not written yet. */
const UNWRITTEN_MAX = 16;
const PROGRESS_MS = 200;

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

export interface SyncOutside {
  /** Hands a message to the channel and resolves when the next may come. */
  readonly send: (message: Uint8Array) => Promise<void>;
  /** The share of the disk that has been compared, 0 to 1. */
  readonly progress: (fraction: number) => void;
}

export class DiskSync {
  readonly #image: BlockDevice;
  readonly #outside: SyncOutside;
  readonly #blocks: number;
  #dirty = new Set<number>();
  #unwritten = 0;
  #room: Waiting<void> | null = null;
  #answer: (Waiting<readonly BlockHash[]> & { readonly first: number; readonly count: number }) | null = null;
  #stopped: Error | null = null;
  #progressAt = 0;

  constructor(image: BlockDevice, outside: SyncOutside) {
    this.#image = image;
    this.#outside = outside;
    this.#blocks = blockCount(image.byteLength);
  }

  /** So little is left that the capture may come. */
  get littleLeft(): boolean {
    return this.#dirty.size <= FINAL_BLOCKS_MAX;
  }

  /** The guest may have changed this part of the disk; to be told after the write. */
  written(offset: number, length: number): void {
    const end = Math.min(this.#blocks, Math.ceil((offset + length) / SYNC_BLOCK_BYTES));
    for (let block = Math.floor(offset / SYNC_BLOCK_BYTES); block < end; block += 1) this.#dirty.add(block);
  }

  /** A message of the backup. @throws {DecodeError} when it cannot be what a backup says now. */
  receive(data: Uint8Array): void {
    const message = decodeSync(data);
    if (message.type === 'wrote') {
      if (this.#unwritten === 0) throw new DecodeError('more blocks are said to be written than were sent');
      this.#unwritten -= 1;
      this.#room?.resolve();
      this.#room = null;
      return;
    }
    const wanted = this.#answer;
    const fits = message.type === 'hashes' && wanted?.first === message.first;
    if (!fits || message.hashes.length !== wanted.count) {
      throw new DecodeError(`a backup does not send "${message.type}" now`);
    }
    this.#answer = null;
    wanted.resolve(message.hashes);
  }

  /** The attempt is given up: whatever is under way ends with this error. */
  stop(why: string): void {
    this.#stopped = new Error(why);
    this.#room?.reject(this.#stopped);
    this.#answer?.reject(this.#stopped);
  }

  /** Compares the whole disk. @throws {Error} when the attempt was stopped, or the host's disk fails. */
  async compare(): Promise<void> {
    await this.#send({ type: 'begin', bytes: this.#image.byteLength });
    for (let first = 0; first < this.#blocks; first += HASHES_MAX) {
      const theirs = await this.#ask(first, Math.min(HASHES_MAX, this.#blocks - first));
      await forEachPiece(first, theirs.length, (from, count) =>
        this.#compare(from, theirs.slice(from - first, from - first + count)),
      );
      this.#tellProgress(Math.min(1, (first + theirs.length) / this.#blocks));
    }
  }

  /** Sends what was written meanwhile, again and again, until little is left. @throws as `compare`. */
  async catchUp(): Promise<void> {
    for (let pass = 0; this.#dirty.size > LITTLE_BLOCKS; pass += 1) {
      if (pass === PASSES_MAX) throw new Error('the guest writes to its disk faster than the disk can be sent');
      for (const { first, count } of this.#takeDirty()) {
        await forEachPiece(first, count, async (from, n) => this.#sendBlocks(from, n, await this.#read(from, n)));
      }
    }
  }

  /**
   * At the capture: reads and sends the rest. `read` resolves when later writes may be carried out, whatever happens;
   * `sent` when all is on its way. @throws (`sent`) as `compare`.
   */
  finish(): { read: Promise<void>; sent: Promise<void> } {
    assert(this.littleLeft, 'writes wait for little only');
    const pieces: { first: number; count: number; bytes: Uint8Array }[] = [];
    const reading = (async () => {
      for (const { first, count } of this.#takeDirty()) {
        await forEachPiece(first, count, async (from, n) => {
          pieces.push({ first: from, count: n, bytes: await this.#read(from, n) });
        });
      }
    })();
    const sending = async (): Promise<void> => {
      await reading;
      for (const { first, count, bytes } of pieces) await this.#sendBlocks(first, count, bytes);
      await this.#send({ type: 'end' });
    };
    const read = reading.catch(() => {
      // `sent` tells of it.
    });
    return { read, sent: sending() };
  }

  /** Runs of dirty blocks, which are dirty no more: what is written from now on comes again. */
  #takeDirty(): { first: number; count: number }[] {
    const blocks = [...this.#dirty].sort((a, b) => a - b);
    this.#dirty = new Set();
    const runs: { first: number; count: number }[] = [];
    for (const block of blocks) {
      const last = runs.at(-1);
      if (last && last.first + last.count === block) last.count += 1;
      else runs.push({ first: block, count: 1 });
    }
    return runs;
  }

  async #compare(first: number, theirs: readonly BlockHash[]): Promise<void> {
    const bytes = await this.#read(first, theirs.length);
    const mine = await hashBlocks(bytes);
    const differs = (index: number): boolean => !sameHash(mine[index] ?? null, theirs[index] ?? null);
    for (let index = 0; index < theirs.length; ) {
      let end = index;
      while (end < theirs.length && differs(end)) end += 1;
      if (end > index) {
        const part = bytes.subarray(index * SYNC_BLOCK_BYTES, end * SYNC_BLOCK_BYTES);
        await this.#sendBlocks(first + index, end - index, part);
      }
      index = end + 1;
    }
  }

  async #sendBlocks(first: number, count: number, bytes: Uint8Array): Promise<void> {
    assert(Math.ceil(bytes.length / SYNC_BLOCK_BYTES) === count, 'the bytes are those of the blocks');
    const zeros = Array.from({ length: count }, (_, index) => isZero(blockOf(bytes, index))).every(Boolean);
    const data = zeros ? null : await compress(bytes);
    while (this.#unwritten >= UNWRITTEN_MAX) {
      this.#goesOn();
      assert(this.#room === null, 'blocks are sent one after the other');
      await new Promise<void>((resolve, reject) => (this.#room = { resolve, reject }));
    }
    this.#unwritten += 1;
    await this.#send(data ? { type: 'blocks', first, count, data } : { type: 'zeros', first, count });
  }

  async #ask(first: number, count: number): Promise<readonly BlockHash[]> {
    this.#goesOn();
    assert(this.#answer === null, 'one question is open at a time');
    const answered = new Promise<readonly BlockHash[]>((resolve, reject) => {
      this.#answer = { first, count, resolve, reject };
    });
    void this.#outside.send(encodeSync({ type: 'ask', first, count }));
    return answered;
  }

  #read(first: number, count: number): Promise<Uint8Array> {
    this.#goesOn();
    return readBlocks(this.#image, first, count);
  }

  async #send(message: SyncMessage): Promise<void> {
    this.#goesOn();
    await this.#outside.send(encodeSync(message));
  }

  #goesOn(): void {
    if (this.#stopped) throw this.#stopped;
  }

  #tellProgress(fraction: number): void {
    const now = performance.now();
    if (fraction < 1 && now - this.#progressAt < PROGRESS_MS) return;
    this.#progressAt = now;
    this.#outside.progress(fraction);
  }
}

function sameHash(a: BlockHash, b: BlockHash): boolean {
  return a === null || b === null ? a === b : Buffer.compare(a, b) === 0;
}
