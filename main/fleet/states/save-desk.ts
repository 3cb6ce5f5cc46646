/**
 * What a VM knows of the saving of its state: who waits for it, and how far it is.
 *
 * Invariant: every wish has one end: saved, or failed with the reason, also where the primary is lost.
 */
import { randomUUID } from 'node:crypto';
import { CommandError } from '../../../preload/contract/contract.ts';
import type { SavedMachine, SaveEvent, SaveOrder, ToReplica } from '../../replica/messages.ts';

/** Hears how far it is, 0 to 1. */
type Progress = (fraction: number) => void;

interface Waiting {
  readonly id: string;
  readonly progress: Progress;
  readonly resolve: (saved: SavedMachine) => void;
  readonly reject: (error: CommandError) => void;
}

export class SaveDesk {
  readonly #send: (message: ToReplica) => void;
  #waiting: Waiting | null = null;
  #settling = false;

  constructor(send: (message: ToReplica) => void) {
    this.#send = send;
  }

  /** A file may have been written of which nobody knows yet. */
  get busy(): boolean {
    return this.#waiting !== null || this.#settling;
  }

  /** Resolves when all is on the disk. @throws {CommandError} when it is not. */
  save(wish: Omit<SaveOrder, 'id'>, progress: Progress): Promise<SavedMachine> {
    if (this.#waiting) return Promise.reject(new CommandError('refused', 'Its state is being saved: wait a moment.'));
    const id = randomUUID();
    return new Promise((resolve, reject) => {
      this.#waiting = { id, progress, resolve, reject };
      this.#send({ type: 'save', order: { id, ...wish } });
    });
  }

  /** The primary says what became of it. */
  heard(event: SaveEvent): void {
    const waiting = this.#waiting;
    if (waiting?.id !== event.id) return;
    if (event.state === 'writing') return waiting.progress(event.fraction);
    if (event.state === 'failed') return this.lost(event.why);
    this.#waiting = null;
    this.#settling = true;
    // Until whoever waited has written it down.
    setImmediate(() => (this.#settling = false));
    waiting.resolve(event.saved);
  }

  /** The primary that saved it is gone, or is a primary no more. */
  lost(why: string): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(new CommandError('failed', `The state could not be saved: ${why}.`));
  }
}
