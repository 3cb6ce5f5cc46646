/**
 * A primary's recording, from the wish to the end of the file: waits for the quiet moment, captures, and taps the log.
 *
 * Invariant: the fleet hears exactly one end (`stopped` or `failed`) of every recording that it was told had started,
 * unless this process dies; whatever happens to the recording, the machine runs on.
 */
import { crc32 } from 'node:zlib';
import { encodeEntry, type Control } from '../ft/log.ts';
import type { Machine } from '../machine/machine.ts';
import type { FromReplica, RecordingEvent, ReplicaSpec } from './messages.ts';
import { createSink, describe, Recorder } from './recorder.ts';

/** The guest stands still until its disks are at rest; they may take this long. */
const QUIET_TIMEOUT_MS = 2000;

/** What a session needs of its runner. */
export interface RecordingSurroundings {
  readonly spec: ReplicaSpec;
  readonly machine: Machine;
  readonly send: (message: FromReplica) => void;
  readonly lastInput: () => number;
  /** Taps the log, or ends that. */
  readonly tap: (write: ((entry: Uint8Array) => void) | null) => void;
  /** `waiting` changed: disks are to be quiesced, or no longer. */
  readonly quiesce: () => void;
}

interface Current {
  readonly file: string;
  readonly recorder: Recorder;
  readonly wantedAt: number;
  /** The epoch of the capture; null until it was made. */
  from: number | null;
  ending: Promise<void> | null;
}

export class RecordingSession {
  readonly #around: RecordingSurroundings;
  #current: Current | null = null;
  #opening = false;

  constructor(around: RecordingSurroundings) {
    this.#around = around;
  }

  /** A recording is to begin as soon as no disk request is outstanding. */
  get waiting(): boolean {
    return this.#current !== null && this.#current.from === null;
  }

  /** Makes the file; the capture follows. */
  async start(file: string): Promise<void> {
    if (this.#current || this.#opening) {
      this.#tell({ state: 'failed', file, why: 'a recording is under way' });
      return;
    }
    this.#opening = true;
    try {
      const description = await describe(this.#around.spec, Date.now());
      const sink = await createSink(file);
      const recorder = new Recorder(sink, description, (why) => this.#failed(recorder, why));
      this.#current = { file, recorder, wantedAt: performance.now(), from: null, ending: null };
      this.#around.quiesce();
    } catch (error) {
      const why = (error as NodeJS.ErrnoException).code === 'EEXIST' ? 'the file exists' : (error as Error).message;
      this.#tell({ state: 'failed', file, why });
    } finally {
      this.#opening = false;
    }
  }

  /** At an epoch boundary, while `waiting` and no disk request is outstanding: the recording begins here. */
  begin(): void {
    const current = this.#current;
    if (!current) return;
    const { machine, lastInput, tap, quiesce } = this.#around;
    const startedAt = performance.now();
    const capture = machine.copy();
    const { epoch } = machine;
    current.from = epoch;
    current.recorder.begin({ epoch, lastInput: lastInput() }, capture);
    tap((entry) => current.recorder.append(entry));
    quiesce();
    this.#tell({ state: 'started', file: current.file, epoch, stunMs: performance.now() - startedAt });
  }

  /** Gives up when the disks do not come to rest. To be called now and then while `waiting`. */
  checkPatience(): void {
    const current = this.#current;
    if (!current || performance.now() - current.wantedAt < QUIET_TIMEOUT_MS) return;
    this.#failed(current.recorder, 'the disks did not come to rest');
    void current.recorder.finish();
  }

  /** Ends the recording at this epoch boundary; resolves when the file is closed. */
  async stop(control: Control, why: string): Promise<void> {
    const current = this.#current;
    if (!current) return;
    if (current.from === null) {
      this.#failed(current.recorder, `it had not begun when ${why}`);
      await current.recorder.finish();
      return;
    }
    current.ending ??= this.#end(current, current.from, control, why);
    await current.ending;
  }

  async #end(current: Current, from: number, control: Control, why: string): Promise<void> {
    const { machine, tap } = this.#around;
    const { file, recorder } = current;
    const { epoch } = machine;
    tap(null);
    recorder.append(encodeEntry({ kind: 'hash', epoch, region: 'cpu', hash: machine.hash('cpu') }, crc32));
    recorder.append(encodeEntry({ kind: 'control', epoch, control }, crc32));
    await recorder.finish();
    // It may have failed meanwhile: then that was told.
    if (this.#current !== current) return;
    this.#current = null;
    this.#tell({ state: 'stopped', file, epochs: epoch - from, bytes: recorder.bytes, why });
  }

  #failed(recorder: Recorder, why: string): void {
    const current = this.#current;
    if (!current || current.recorder !== recorder) return;
    this.#current = null;
    this.#around.tap(null);
    this.#around.quiesce();
    this.#tell({ state: 'failed', file: current.file, why });
  }

  #tell(event: RecordingEvent): void {
    this.#around.send({ type: 'recording', event });
  }
}
