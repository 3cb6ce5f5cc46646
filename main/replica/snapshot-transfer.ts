/**
 * Carrying a snapshot from the primary to a new backup, or into a recording: cut into chunks, packed, put together
 * again.
 *
 * Invariant: the receiver allocates in proportion to what has arrived, never by what was announced alone, and restores
 * only when every byte has arrived.
 */
import { SNAPSHOT_BYTES_MAX, SNAPSHOT_CHUNK_BYTES } from '../ft/constants.ts';
import type { ChunkEntry, SnapshotEntry } from '../ft/log.ts';
import type { Snapshot } from '../machine/machine.ts';
import { decompress } from '../datastore/compression.ts';
import { reach } from './crash-points.ts';

/** How a part is packed (datastore/compression.ts): `compress` for a file, `plain` for a link between processes. */
export type Pack = (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;

/** The parts of a snapshot in their order. */
function* partsOf({ description, pages }: Snapshot): Generator<Uint8Array, void> {
  for (const part of [description, pages]) {
    for (let offset = 0; offset < part.length; offset += SNAPSHOT_CHUNK_BYTES) {
      yield part.subarray(offset, offset + SNAPSHOT_CHUNK_BYTES);
    }
  }
}

/**
 * Sends the snapshot's bytes, description first. `send` hands over a chunk and resolves when the next may come; it
 * answers false when the attempt was given up.
 */
export async function sendSnapshot(
  snapshot: Snapshot,
  pack: Pack,
  send: (chunk: Pick<ChunkEntry, 'size' | 'data'>) => Promise<boolean>,
  progress: (fraction: number) => void,
): Promise<void> {
  const total = snapshot.description.length + snapshot.pages.length;
  let sent = 0;
  for (const part of partsOf(snapshot)) {
    const size = part.length;
    const data = await pack(part);
    const point = sent + size === total ? 'lastChunk' : 'chunk';
    reach('before', point);
    if (!(await send({ size, data }))) return;
    reach('after', point);
    sent += size;
    progress(sent / total);
  }
}

/** Takes in a part of a snapshot whose size was announced; its memory grows with what arrives. */
class Part {
  readonly #size: number;
  #bytes: Uint8Array = new Uint8Array();
  #length = 0;

  constructor(size: number) {
    this.#size = size;
  }

  get missing(): number {
    return this.#size - this.#length;
  }

  add(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(this.#size, Math.max(2 * length, SNAPSHOT_CHUNK_BYTES)));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = length;
  }

  /** To be asked when nothing is missing. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }
}

/** Puts a snapshot together. Chunks are decompressed one after the other, in their order. */
export class SnapshotReceiver {
  readonly #complete: (snapshot: Snapshot) => void;
  readonly #failed: (error: Error) => void;
  #description: Part | null = null;
  #pages: Part | null = null;
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
    this.#description = new Part(part.descriptionBytes);
    this.#pages = new Part(part.pagesBytes);
  }

  async #take(chunk: ChunkEntry): Promise<void> {
    const description = this.#description;
    const pages = this.#pages;
    if (!description || !pages) throw new Error('a snapshot chunk came before the snapshot was announced');
    if (chunk.size > SNAPSHOT_CHUNK_BYTES) throw new Error(`a snapshot chunk of ${chunk.size} bytes is absurd`);
    const last = chunk.size === description.missing + pages.missing;
    reach('before', last ? 'lastChunk' : 'chunk');
    const bytes = await decompress(chunk.data, chunk.size);
    const part = description.missing > 0 ? description : pages;
    if (bytes.length !== chunk.size || bytes.length > part.missing) {
      throw new Error('a snapshot chunk has not the size it was announced with');
    }
    part.add(bytes);
    reach('after', last ? 'lastChunk' : 'chunk');
    if (!last) return;
    this.#description = null;
    this.#pages = null;
    this.#complete({ description: description.bytes, pages: pages.bytes });
  }
}
