/**
 * Carrying a snapshot from the primary to a new backup: cut into chunks, compressed off the epoch loop, put together
 * again.
 *
 * Invariant: the receiver allocates only what the announced sizes, checked against the VM's own limits, allow, and
 * restores only when every byte has arrived.
 */
import { SNAPSHOT_BYTES_MAX, SNAPSHOT_CHUNK_BYTES } from '../ft/constants.ts';
import type { ChunkEntry, SnapshotEntry } from '../ft/log.ts';
import type { Snapshot } from '../machine/machine.ts';
import { compress, decompress } from './compression.ts';
import { reach } from './crash-points.ts';

/**
 * Sends the snapshot's bytes, description first. `send` hands over a chunk and resolves when the next may come; it
 * answers false when the attempt was given up.
 */
export async function sendSnapshot(
  snapshot: Snapshot,
  send: (chunk: Pick<ChunkEntry, 'size' | 'data'>) => Promise<boolean>,
  progress: (fraction: number) => void,
): Promise<void> {
  const total = snapshot.description.length + snapshot.pages.length;
  let sent = 0;
  for (const part of [snapshot.description, snapshot.pages]) {
    for (let offset = 0; offset < part.length; offset += SNAPSHOT_CHUNK_BYTES) {
      const bytes = part.subarray(offset, offset + SNAPSHOT_CHUNK_BYTES);
      const data = await compress(bytes);
      const point = sent + bytes.length === total ? 'lastChunk' : 'chunk';
      reach('before', point);
      if (!(await send({ size: bytes.length, data }))) return;
      reach('after', point);
      sent += bytes.length;
      progress(sent / total);
    }
  }
}

/** Puts a snapshot together. Chunks are decompressed one after the other, in their order. */
export class SnapshotReceiver {
  readonly #complete: (snapshot: Snapshot) => void;
  readonly #failed: (error: Error) => void;
  #description: Uint8Array | null = null;
  #pages: Uint8Array | null = null;
  #received = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(complete: (snapshot: Snapshot) => void, failed: (error: Error) => void) {
    this.#complete = complete;
    this.#failed = failed;
  }

  /** Resolves when all that was received until now has been taken in. */
  get settled(): Promise<void> {
    return this.#tail;
  }

  receive(part: SnapshotEntry | ChunkEntry): void {
    if (part.kind === 'chunk') {
      this.#tail = this.#tail.then(() => this.#take(part)).catch(this.#failed);
      return;
    }
    if (part.descriptionBytes + part.pagesBytes > SNAPSHOT_BYTES_MAX) {
      this.#failed(new Error(`a snapshot of ${part.descriptionBytes + part.pagesBytes} bytes is absurd`));
      return;
    }
    this.#description = new Uint8Array(part.descriptionBytes);
    this.#pages = new Uint8Array(part.pagesBytes);
    this.#received = 0;
  }

  async #take(chunk: ChunkEntry): Promise<void> {
    const description = this.#description;
    const pages = this.#pages;
    if (!description || !pages) throw new Error('a snapshot chunk came before the snapshot was announced');
    if (chunk.size > SNAPSHOT_CHUNK_BYTES) throw new Error(`a snapshot chunk of ${chunk.size} bytes is absurd`);
    const last = this.#received + chunk.size === description.length + pages.length;
    reach('before', last ? 'lastChunk' : 'chunk');
    const bytes = await decompress(chunk.data, chunk.size);
    const inDescription = this.#received < description.length;
    const part = inDescription ? description : pages;
    const offset = inDescription ? this.#received : this.#received - description.length;
    if (bytes.length !== chunk.size || offset + bytes.length > part.length) {
      throw new Error('a snapshot chunk has not the size it was announced with');
    }
    part.set(bytes, offset);
    this.#received += bytes.length;
    reach('after', last ? 'lastChunk' : 'chunk');
    if (this.#received === description.length + pages.length) {
      this.#description = null;
      this.#pages = null;
      this.#complete({ description, pages });
    }
  }
}
