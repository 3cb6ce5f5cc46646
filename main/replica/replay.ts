/**
 * Replays a recording: builds the machine that it describes, restores its snapshot, and executes its heads.
 *
 * Invariants: the file is read as a stream, a block at a time; nothing but the recording decides what the machine
 * does; a difference ends the replay and is never explained away; a damaged recording is replayed to its last good
 * entry.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { DecodeError } from '../ft/bytes.ts';
import { difference } from '../ft/hashes.ts';
import { wholeHead, type Head } from '../ft/entry.ts';
import type { Entry } from '../ft/log.ts';
import type { DriveConfig, Machine, MachineConfig } from '../machine/machine.ts';
import { buildWithDrives } from './build-machine.ts';
import { SnapshotReceiver } from './snapshot-transfer.ts';
import { decodeRecordingHeader, EntryReader, RecordingError, type RecordingDescription } from './recording.ts';
import type { FromReplay, ReplayOrder, ReplayOutcome } from './replay-messages.ts';

const BLOCK_BYTES = 1 << 20;
const PROGRESS_MS = 1000;

type Progress = Extract<FromReplay, { type: 'progress' }>;

/** @throws {Error} when nothing can be replayed; the message names the file and the reason. */
export async function replay(
  order: ReplayOrder,
  progress: (now: Progress) => void,
  build: (description: RecordingDescription) => Promise<Machine> = buildRecorded,
): Promise<ReplayOutcome> {
  const handle = await openRecording(order.file);
  try {
    const { description, reader } = await readHeader(handle);
    const run = new Replay(order, description.vm, await build(description));
    const { size } = await handle.stat();
    let toldAt = performance.now();
    for await (const entry of entries(handle, reader, run)) {
      await run.take(entry, reader.offset);
      if (run.over) break;
      if (performance.now() - toldAt < PROGRESS_MS) continue;
      toldAt = performance.now();
      progress({ type: 'progress', epoch: run.epoch, fraction: run.fraction(reader.offset, size) });
    }
    return run.outcome(reader.offset);
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
    throw new RecordingError(`"${order.file}" cannot be replayed: ${error.message}.`, { cause: error });
  } finally {
    await handle.close();
  }
}

async function openRecording(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw new Error(`"${file}" cannot be read (${why}). Check the path.`, { cause: error });
  }
}

/** The next block of the file, a fresh array; empty at its end. */
async function block(handle: FileHandle): Promise<Uint8Array> {
  const { bytesRead, buffer } = await handle.read(new Uint8Array(BLOCK_BYTES));
  return buffer.subarray(0, bytesRead);
}

async function readHeader(handle: FileHandle): Promise<{ description: RecordingDescription; reader: EntryReader }> {
  let bytes: Uint8Array = new Uint8Array();
  for (;;) {
    const more = await block(handle);
    bytes = Buffer.concat([bytes, more]);
    const header = decodeRecordingHeader(bytes);
    if (header) {
      const reader = new EntryReader(header.length);
      reader.push(bytes.subarray(header.length));
      return { description: header.description, reader };
    }
    if (more.length === 0) throw new RecordingError(`it is cut off in its header, after ${bytes.length} bytes`);
  }
}

/** All good entries; what is wrong after them is told to `run`. */
async function* entries(handle: FileHandle, reader: EntryReader, run: Replay): AsyncGenerator<Entry> {
  try {
    for (;;) {
      for (let entry = reader.next(); entry; entry = reader.next()) yield entry;
      const more = await block(handle);
      if (more.length > 0) {
        reader.push(more);
        continue;
      }
      if (reader.unread > 0) run.damaged(`it is cut off inside the entry at offset ${reader.offset}`);
      return;
    }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    run.damaged(error.message);
  }
}

class Replay {
  readonly #order: ReplayOrder;
  readonly #vm: string;
  readonly #machine: Machine;
  readonly #snapshot: SnapshotReceiver;
  #error: Error | null = null;
  #first: number | null = null;
  #startedAt = 0;
  #startedWith = 0;
  #startedAtNs = 0;
  #hashes = 0;
  #mismatch: ReplayOutcome['mismatch'] = null;
  #problem: string | null = null;
  #complete = false;

  constructor(order: ReplayOrder, vm: string, machine: Machine) {
    this.#order = order;
    this.#vm = vm;
    this.#machine = machine;
    this.#snapshot = new SnapshotReceiver(
      (snapshot) => {
        machine.restore(snapshot);
        this.#first = machine.epoch;
        this.#startedWith = machine.instructions;
        this.#startedAtNs = machine.virtualNs;
      },
      (error) => (this.#error = error),
    );
  }

  get epoch(): number {
    return this.#machine.epoch;
  }

  /** Nothing more is to be executed. */
  get over(): boolean {
    const { to } = this.#order;
    const reached = to !== null && this.#first !== null && this.#machine.epoch >= to;
    return this.#complete || reached || this.#mismatch !== null || this.#problem !== null;
  }

  /** The share of the log that has been executed, when it was read up to `offset`. */
  fraction(offset: number, size: number): number {
    return this.#first === null ? 0 : (offset - this.#startedAt) / Math.max(1, size - this.#startedAt);
  }

  /** The next entry, which ends at `offset`. */
  async take(entry: Entry, offset: number): Promise<void> {
    if (entry.kind === 'snapshot' || entry.kind === 'chunk') {
      this.#snapshot.receive(entry);
      await this.#snapshot.settled;
      if (this.#error) throw new RecordingError(this.#error.message, { cause: this.#error });
      this.#startedAt = offset;
      const { to } = this.#order;
      if (this.#first !== null && to !== null && to < this.#first) {
        throw new RecordingError(`it begins at epoch ${this.#first}, after epoch ${to}`);
      }
      return;
    }
    if (this.#first === null) throw new RecordingError('its snapshot is not whole');
    if (entry.epoch !== this.#machine.epoch) {
      this.damaged(`an entry of epoch ${entry.epoch} stands where epoch ${this.#machine.epoch} is due`);
    } else if (entry.kind === 'head') {
      const head = wholeHead(entry.head);
      if (head) this.#execute(head);
      else this.damaged(`the head of epoch ${entry.epoch} lacks what was read from a disk`);
    } else if (entry.kind === 'hash' && this.#order.verify) {
      const message = difference(this.#machine, entry);
      if (message === null) this.#hashes += 1;
      else this.#mismatch = { epoch: entry.epoch, message };
    } else if (entry.kind === 'control' && entry.control.type !== 'protect') {
      this.#complete = true;
    }
  }

  damaged(what: string): void {
    this.#problem = what;
  }

  /** `offset` is where the good entries end. */
  outcome(offset: number): ReplayOutcome {
    const machine = this.#machine;
    const { to } = this.#order;
    if (this.#first === null) {
      throw new RecordingError(`${this.#problem ?? `it is cut off at offset ${offset}`}, inside its snapshot`);
    }
    if (!this.over) this.#problem = `it is cut off at offset ${offset}: it has no end mark`;
    let problem = this.#problem;
    if (problem !== null) problem = `The recording is not whole: ${problem}. It was replayed to epoch ${machine.epoch}`;
    else if (this.#complete && to !== null && machine.epoch < to) {
      problem = `The recording ends at epoch ${machine.epoch}, before epoch ${to}`;
    }
    return {
      vm: this.#vm,
      firstEpoch: this.#first,
      epoch: machine.epoch,
      epochs: machine.epoch - this.#first,
      instructions: machine.instructions - this.#startedWith,
      seconds: (machine.virtualNs - this.#startedAtNs) / 1e9,
      hashes: this.#hashes,
      mismatch: this.#mismatch,
      problem: problem === null ? null : `${problem}.`,
    };
  }

  #execute(head: Head): void {
    const { epoch } = this.#machine;
    try {
      this.#machine.execute(head);
    } catch (error) {
      this.#mismatch = { epoch, message: (error as Error).message };
    }
  }
}

/** @throws {RecordingError} when a file is not what it was when the recording was made. */
async function buildRecorded(description: RecordingDescription): Promise<Machine> {
  const { bios, vgaBios, bzimage, initrd, multiboot, fda, hda } = description.files;
  for (const part of [bios, vgaBios, bzimage, initrd, multiboot, fda]) {
    // The guest may have changed its floppy since: its contents are in the snapshot, only its size must fit.
    if (part) checkPart(part, part === fda);
  }
  // Which disc is in the CD-ROM drive is state, and comes with the snapshot.
  const drives: MachineConfig['drives'] = hda ? { hda: emptyDrive(hda.bytes) } : {};
  const files = {
    bios: bios.path,
    vgaBios: vgaBios.path,
    bzimage: bzimage?.path,
    initrd: initrd?.path,
    multiboot: multiboot?.path,
    fda: fda?.path,
  };
  try {
    return await buildWithDrives({ ...description, files }, drives);
  } catch (error) {
    throw new RecordingError(`its machine cannot be built: ${(error as Error).message}`, { cause: error });
  }
}

function checkPart({ path, bytes, sha256 }: { path: string; bytes: number; sha256: string }, sizeOnly: boolean): void {
  let contents: Uint8Array;
  try {
    contents = readFileSync(path);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw new RecordingError(`it needs "${path}", which cannot be read (${why})`, { cause: error });
  }
  const same =
    contents.length === bytes && (sizeOnly || createHash('sha256').update(contents).digest('hex') === sha256);
  if (!same)
    throw new RecordingError(`it needs "${path}" as it was when the recording was made; that file has changed`);
}

/** What the guest read from its drives is in the recording: the drive itself is not needed. */
function emptyDrive(byteLength: number): DriveConfig {
  return { byteLength, readSync: (_offset, length) => new Uint8Array(length) };
}
