/**
 * What a VM knows of its recording: whether one is made, and who waits for its start or its end.
 *
 * Invariant: every recording that started has one end, told as an event: stopped, or failed with the reason.
 */
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { CommandError, type RecordingEnd, type RecordingView, type Severity } from '../../preload/contract/contract.ts';
import type { EventKind } from '../../preload/contract/event-kinds.ts';
import type { RecordingEvent, ToReplica } from '../replica/messages.ts';

export interface RecordingOutside {
  /** Where recordings go whose file nobody has named. */
  folder(): string;
  send(message: ToReplica): void;
  event(kind: EventKind, severity: Severity, message: string, data: { [key: string]: unknown }): void;
  changed(): void;
}

interface Waiting<T> {
  readonly resolve: (result: T) => void;
  readonly reject: (error: CommandError) => void;
}

export class RecordingDesk {
  readonly #outside: RecordingOutside;
  #current: RecordingView | null = null;
  #starting: (Waiting<RecordingView> & { readonly file: string }) | null = null;
  #stopping: Waiting<RecordingEnd>[] = [];

  constructor(outside: RecordingOutside) {
    this.#outside = outside;
  }

  /** Null while nothing is recorded. */
  get current(): RecordingView | null {
    return this.#current;
  }

  /**
   * Records to `file`, or where that is not given to a new one in the folder for recordings, named after the VM and the
   * time. Resolves when the recording has begun. @throws {CommandError} when it could not.
   */
  start(vmName: string, named?: string): Promise<RecordingView> {
    if (this.#starting) {
      return Promise.reject(new CommandError('refused', 'Another recording is being started: wait a moment.'));
    }
    const file = named === undefined ? newFile(this.#outside.folder(), vmName) : path.resolve(named);
    return new Promise((resolve, reject) => {
      this.#starting = { file, resolve, reject };
      this.#outside.send({ type: 'record', file });
    });
  }

  /** Resolves when the file is closed. @throws {CommandError} when the recording failed meanwhile. */
  stop(): Promise<RecordingEnd> {
    return new Promise((resolve, reject) => {
      this.#stopping.push({ resolve, reject });
      this.#outside.send({ type: 'stopRecording' });
    });
  }

  /** The primary says what became of it. */
  heard(event: RecordingEvent): void {
    const outside = this.#outside;
    if (event.state === 'started') {
      const { file, epoch, stunMs } = event;
      this.#current = { file, startedAt: Date.now(), epoch };
      outside.event('record.started', 'info', `Recording to "${file}".`, { file, epoch, stunMs });
      this.#starting?.resolve(this.#current);
      this.#starting = null;
    } else if (event.state === 'stopped') {
      const { file, epochs, bytes, why } = event;
      this.#current = null;
      const size = `${epochs} epochs, ${(bytes / 2 ** 20).toFixed(1)} MiB`;
      outside.event('record.stopped', 'info', `The recording "${file}" ended (${size}): ${why}.`, event);
      for (const waiting of this.#stopping.splice(0)) waiting.resolve({ file, epochs, bytes });
    } else {
      this.#failed(event.file, event.why);
    }
    outside.changed();
  }

  /** The primary that recorded is gone, or is a primary no more. */
  lost(why: string): void {
    const file = this.#current?.file ?? this.#starting?.file;
    if (file !== undefined) this.#failed(file, `${why}; what was recorded until then can be replayed`);
  }

  #failed(file: string, why: string): void {
    this.#current = null;
    this.#outside.event('record.failed', 'error', `The recording "${file}" failed: ${why}.`, { file, why });
    const error = new CommandError('failed', `The recording "${file}" failed: ${why}.`);
    this.#starting?.reject(error);
    this.#starting = null;
    for (const waiting of this.#stopping.splice(0)) waiting.reject(error);
    this.#outside.changed();
  }
}

/** A VM's name can be a file's: it is made of letters, digits, spaces, ".", "_" and "-", and begins with the former. */
function newFile(folder: string, vmName: string): string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw new CommandError('failed', `The folder "${folder}" cannot be made (${why}). Name a file to record to.`);
  }
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  for (let count = 1; ; count++) {
    const file = path.join(folder, `${vmName}-${time}${count === 1 ? '' : `-${count}`}.lockrec`);
    if (!existsSync(file)) return file;
  }
}
