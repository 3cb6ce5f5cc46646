/**
 * What a torture run leaves for those who repeat it: the log, byte for byte as on the logging channel, with hashes of
 * every part, and snapshots taken in the middle.
 *
 * Invariant: a run's files are written by one process and only read by others.
 */
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import zlib from 'node:zlib';
import type { HashRegion, Head } from '../../main/ft/entry.ts';
import { decodeEntry, encodeEntry, type Entry } from '../../main/ft/log.ts';
import { decodeContainer } from '../../main/machine/container.ts';
import type { Machine, Snapshot } from '../../main/machine/machine.ts';
import { PAGE_BYTES } from '../../main/machine/pages.ts';
import { readDescription } from '../../main/machine/snapshot-description.ts';

/** The device objects are hashed so often, in epochs; everything else as often as `FULL_EPOCHS` says. */
const DEVICES_EPOCHS = 100;
const FULL_EPOCHS = 500;
const SLICE_PAGES = 256;

export class RecordingWriter {
  readonly #file: string;
  readonly #descriptor: number;

  constructor(file: string) {
    this.#file = file;
    this.#descriptor = openSync(file, 'w');
  }

  /** To be called before every epoch: hashes what is due. */
  check(machine: Machine, everything = false): void {
    const { epoch } = machine;
    this.#hash(machine, 'cpu');
    const all = everything || epoch % FULL_EPOCHS === 0;
    if (all || epoch % DEVICES_EPOCHS === 0) this.#hash(machine, 'devices');
    if (!all) return;
    for (let first = 0; first < machine.pages; first += SLICE_PAGES) {
      this.#hash(machine, { first, end: Math.min(machine.pages, first + SLICE_PAGES) });
    }
    this.#hash(machine, 'full');
  }

  head(epoch: number, head: Head): void {
    this.#write({ kind: 'head', epoch, head });
  }

  snapshot(machine: Machine): void {
    const { description, pages } = machine.capture();
    const length = Buffer.alloc(4);
    length.writeUInt32LE(description.length);
    const packed = zlib.zstdCompressSync(Buffer.concat([length, description, pages]), {
      params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 },
    });
    writeFileSync(snapshotFile(this.#file, machine.epoch), packed);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #hash(machine: Machine, region: HashRegion): void {
    this.#write({ kind: 'hash', epoch: machine.epoch, region, hash: machine.hash(region) });
  }

  #write(entry: Entry): void {
    writeSync(this.#descriptor, encodeEntry(entry, zlib.crc32));
  }
}

export function readSnapshot(file: string, epoch: number): Snapshot {
  const bytes = zlib.zstdDecompressSync(readFileSync(snapshotFile(file, epoch)));
  const end = 4 + bytes.readUInt32LE(0);
  return { description: new Uint8Array(bytes.subarray(4, end)), pages: new Uint8Array(bytes.subarray(end)) };
}

/** How many pages the machine's memory had, zero ones included. */
export function snapshotPages({ description }: Snapshot): number {
  return readDescription(decodeContainer(description).json).memoryBytes / PAGE_BYTES;
}

function snapshotFile(file: string, epoch: number): string {
  return `${file}.${epoch}`;
}

/** The entries of a log, in order. @throws {Error} when it is cut off. */
export function* readEntries(file: string): Generator<Entry> {
  let rest: Uint8Array = readFileSync(file);
  while (rest.length > 0) {
    const decoded = decodeEntry(rest, zlib.crc32);
    if (!decoded) throw new Error(`${file} ends inside an entry`);
    rest = rest.subarray(decoded.length);
    yield decoded.entry;
  }
}
