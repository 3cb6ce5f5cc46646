/**
 * The log of an overlay's map that is being written: its first blocks are the whole map, the rest what changed since.
 *
 * Invariants: a block that was closed is never written again; the one that is being filled holds nothing that a flush
 * has confirmed. So a torn block loses only what nobody was promised.
 */
import { assert } from '../../ft/assert.ts';
import type { DiskFile } from './device.ts';
import { BLOCK_BYTES, encodeBlock, ENTRIES_PER_BLOCK, type Entry, type Header } from './layout.ts';

/** So many blocks are written at once: 1 MiB. */
const PIECE_BLOCKS = 256;

export class MapLog {
  readonly #file: DiskFile;
  readonly #at: number;
  readonly #log: Header['log'];
  readonly #bytes = Buffer.alloc(BLOCK_BYTES);
  #entries: Entry[] = [];
  #index: number;
  #confirmed: number;

  /** After its first blocks have been written. */
  constructor(file: DiskFile, { log, clusterBytes }: Pick<Header, 'log' | 'clusterBytes'>) {
    this.#file = file;
    this.#log = log;
    this.#at = log.unit * clusterBytes;
    this.#index = log.base;
    this.#confirmed = log.base;
  }

  /** So many entries can be appended. */
  get room(): number {
    return (this.#log.blocks - this.#index) * ENTRIES_PER_BLOCK - this.#entries.length;
  }

  /** Appends entries, for which there must be room. */
  async append(entries: readonly Entry[]): Promise<void> {
    assert(entries.length <= this.room, 'the map log has room for what is appended');
    for (let done = 0; done < entries.length; ) {
      const fit = entries.slice(done, done + ENTRIES_PER_BLOCK - this.#entries.length);
      this.#entries.push(...fit);
      done += fit.length;
      await this.#write();
      if (this.#entries.length === ENTRIES_PER_BLOCK) this.#close();
    }
  }

  /**
   * All that was appended is on the disk: says so in a new block, in which the log goes on.
   * @returns false where there is no room for one.
   */
  async barrier(): Promise<boolean> {
    if (this.#entries.length > 0) this.#close();
    if (this.#index >= this.#log.blocks) return false;
    this.#confirmed = this.#index;
    await this.#write();
    return true;
  }

  #close(): void {
    this.#index += 1;
    this.#entries = [];
  }

  #write(): Promise<void> {
    const block = { index: this.#index, confirmed: this.#confirmed, entries: this.#entries };
    encodeBlock(this.#bytes, this.#log.nonce, block);
    return this.#file.write(this.#bytes, this.#at + this.#index * BLOCK_BYTES);
  }
}

/** Writes a new log: the whole map, and zeros, so that no later block can lack room on the host's disk. */
export async function writeLog(
  file: DiskFile,
  { log, clusterBytes }: Pick<Header, 'log' | 'clusterBytes'>,
  entries: Iterable<Entry>,
): Promise<void> {
  const source = entries[Symbol.iterator]();
  const next = (): Entry[] => {
    const block: Entry[] = [];
    while (block.length < ENTRIES_PER_BLOCK) {
      const { value, done } = source.next();
      if (done) break;
      block.push(value);
    }
    return block;
  };
  for (let first = 0; first < log.blocks; first += PIECE_BLOCKS) {
    const count = Math.min(PIECE_BLOCKS, log.blocks - first);
    const piece = Buffer.alloc(count * BLOCK_BYTES);
    for (let index = first; index < Math.min(first + count, log.base); index += 1) {
      const at = (index - first) * BLOCK_BYTES;
      const block = { index, confirmed: 0, entries: next() };
      encodeBlock(piece.subarray(at, at + BLOCK_BYTES), log.nonce, block);
    }
    await file.write(piece, log.unit * clusterBytes + first * BLOCK_BYTES);
  }
}
