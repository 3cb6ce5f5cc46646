/**
 * Writes a recording (recording.ts) while its machine runs.
 *
 * Invariants: the epoch loop never waits for the file: entries are queued and appended by asynchronous writes; the
 * queue is bounded, and a disk that is full or too slow ends the recording, never the machine. What is in the file is
 * always a prefix of the recording.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { diskBytes } from '../datastore/disk/open.ts';
import { LOG_VERSION } from '../ft/constants.ts';
import { compress } from '../datastore/compression.ts';
import { encodeEntry, type SnapshotEntry } from '../ft/log.ts';
import type { Capture } from '../machine/machine.ts';
import { inPieces } from '../machine/pieces.ts';
import { sendSnapshot } from './snapshot-transfer.ts';
import type { ReplicaSpec } from './messages.ts';
import { encodeRecordingHeader, type RecordingDescription } from './recording.ts';

/** Entries that wait for the disk: past it the disk is too slow. */
export const RECORDING_QUEUE_BYTES_MAX = 64 << 20;

/** Where the bytes go. */
export interface Sink {
  append(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Makes the file, which must not exist. @throws {Error} when it cannot be made. */
export async function createSink(file: string): Promise<Sink> {
  const handle = await open(file, 'wx', 0o600);
  return { append: (bytes) => handle.appendFile(bytes), close: () => handle.close() };
}

/** What replay will build the machine of. @throws {Error} when a file cannot be read. */
export async function describe(spec: ReplicaSpec, recordedAt: number): Promise<RecordingDescription> {
  const { files, memoryMB, vgaMemoryMB, seed, startTimeMs, nic, cmdline, bootOrder } = spec;
  const part = async (path: string): Promise<{ path: string; bytes: number; sha256: string }> => {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const block of createReadStream(path) as AsyncIterable<Uint8Array>) {
      hash.update(block);
      bytes += block.length;
    }
    return { path, bytes, sha256: hash.digest('hex') };
  };
  const { bios, vgaBios, bzimage, initrd, multiboot, fda, hda } = files;
  const made: RecordingDescription['files'] = {
    bios: await part(bios),
    vgaBios: await part(vgaBios),
    ...(bzimage && { bzimage: await part(bzimage) }),
    ...(initrd && { initrd: await part(initrd) }),
    ...(multiboot && { multiboot: await part(multiboot) }),
    ...(fda && { fda: await part(fda) }),
    ...(hda && { hda: { path: hda, bytes: diskBytes(hda) } }),
  };
  const order = bootOrder ? { bootOrder: [...bootOrder] } : {};
  const machine = { memoryMB, vgaMemoryMB, seed, startTimeMs, nic, cmdline, ...order };
  return { logVersion: LOG_VERSION, vm: spec.name, recordedAt, ...machine, files: made };
}

export class Recorder {
  readonly #sink: Sink;
  readonly #failed: (why: string) => void;
  #queue: Uint8Array[] = [];
  #queued = 0;
  #written = 0;
  /** All that was asked to be written until now, once it is settled; null while nothing may follow the header. */
  #tail: Promise<void>;
  #draining = false;
  #copied = false;
  #over = false;

  /** `failed` is told once, when the sink cannot take what comes. */
  constructor(sink: Sink, description: RecordingDescription, failed: (why: string) => void) {
    this.#sink = sink;
    this.#failed = failed;
    this.#tail = this.#put(encodeRecordingHeader(description));
  }

  /** Bytes in the file. */
  get bytes(): number {
    return this.#written;
  }

  /** The recording begins with this state. */
  begin(at: Pick<SnapshotEntry, 'epoch' | 'lastInput'>, capture: Capture): void {
    const { descriptionBytes, pagesBytes } = capture;
    const head = encodeEntry({ kind: 'snapshot', ...at, descriptionBytes, pagesBytes }, crc32);
    this.#tail = this.#tail
      .then(() => this.#put(head))
      .then(() => inPieces(capture.seal()))
      .then((snapshot) =>
        sendSnapshot(
          snapshot,
          compress,
          (chunk) => this.#chunk(at.epoch, chunk),
          () => {},
        ),
      )
      .then(() => {
        this.#copied = true;
        return this.#drain();
      })
      .catch((error: Error) => this.#fail(error.message));
  }

  /** The next entry, as bytes that nobody changes any more. */
  append(entry: Uint8Array): void {
    if (this.#over) return;
    this.#queue.push(entry);
    this.#queued += entry.length;
    if (this.#queued > RECORDING_QUEUE_BYTES_MAX) {
      this.#fail(`the disk is too slow: ${this.#queued >> 20} MiB wait to be written`);
    } else if (this.#copied && !this.#draining) {
      this.#tail = this.#drain();
    }
  }

  /** Writes what is queued and closes the file. */
  async finish(): Promise<void> {
    await this.#tail;
    while (this.#draining) await this.#tail;
    if (this.#over) return;
    this.#over = true;
    await this.#sink.close().catch((error: Error) => this.#failed(error.message));
  }

  async #chunk(epoch: number, chunk: { size: number; data: Uint8Array }): Promise<boolean> {
    await this.#put(encodeEntry({ kind: 'chunk', epoch, ...chunk }, crc32));
    return !this.#over;
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    while (this.#queue.length > 0 && !this.#over) {
      const batch = this.#queue;
      this.#queue = [];
      const bytes = Buffer.concat(batch);
      await this.#put(bytes);
      this.#queued -= bytes.length;
    }
    this.#draining = false;
  }

  async #put(bytes: Uint8Array): Promise<void> {
    if (this.#over) return;
    try {
      await this.#sink.append(bytes);
      this.#written += bytes.length;
    } catch (error) {
      this.#fail((error as Error).message);
    }
  }

  #fail(why: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#queue = [];
    this.#failed(why);
    void this.#sink.close().catch(() => {
      // It has failed already, and its reason was told.
    });
  }
}
