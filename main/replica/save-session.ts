/**
 * Saving a running machine's state (and freezing its hard disk) at one epoch boundary: makes room, waits for the quiet
 * moment, copies, and hashes and writes the copy while the guest runs on.
 *
 * Invariants: what is saved is memory, devices and disk of the same boundary: at the capture no disk request is
 * outstanding, and those that follow wait until the disk is frozen. The fleet hears exactly one end of every order,
 * unless this process dies; `done` only when the file is on the disk, the disk is frozen, and the backup has all that
 * came before. Whatever happens, the machine runs on.
 */
import { freeze } from '../datastore/disk/top.ts';
import { withRoomWords } from '../datastore/room.ts';
import { writeState } from '../datastore/state-file.ts';
import type { Primary } from '../ft/primary.ts';
import type { Capture, DiskRequest, Machine } from '../machine/machine.ts';
import { inPieces } from '../machine/pieces.ts';
import { noMemory, type Room } from '../machine/room.ts';
import type { Disks } from './disks.ts';
import type { FromReplica, ReplicaSpec, SavedMachine, SaveEvent, SaveOrder } from './messages.ts';
import { fingerprintOf } from './restore-state.ts';
import type { View } from './viewer.ts';

/** The guest stands still until its disks are at rest; they may take this long, in milliseconds. */
const QUIET_TIMEOUT_MS = 5000;

export interface SaveSurroundings {
  readonly spec: ReplicaSpec;
  readonly machine: Machine;
  readonly disks: Disks;
  readonly send: (message: FromReplica) => void;
  readonly primary: () => Primary<DiskRequest, View>;
  /** `waiting` changed: disks are to be quiesced, or no longer. */
  readonly quiesce: () => void;
}

interface Current {
  readonly order: SaveOrder;
  /** Null until there is room. */
  wanted: { readonly at: number; readonly room: Room } | null;
  captured: boolean;
  readonly marked: PromiseWithResolvers<void>;
}

/** Where the machine stood. */
interface Moment {
  readonly epoch: number;
  readonly virtualNs: number;
  readonly lastInput: number;
}

export class SaveSession {
  readonly #around: SaveSurroundings;
  #current: Current | null = null;

  constructor(around: SaveSurroundings) {
    this.#around = around;
  }

  /** A capture is wanted as soon as no disk request is outstanding. */
  get waiting(): boolean {
    return this.#current !== null && this.#current.wanted !== null && !this.#current.captured;
  }

  start(order: SaveOrder): void {
    if (this.#current) {
      this.#tell({ state: 'failed', id: order.id, why: 'another state is being saved' });
      return;
    }
    const marked = Promise.withResolvers<void>();
    // It may be given up before anybody waits for it.
    marked.promise.catch(() => {});
    const current: Current = { order, wanted: null, captured: false, marked };
    this.#current = current;
    inPieces(this.#around.machine.room()).then(
      (room) => {
        if (this.#current !== current) return;
        current.wanted = { at: performance.now(), room };
        this.#around.quiesce();
      },
      (error: Error) => this.#end(current, { state: 'failed', id: order.id, why: noMemory(error) }),
    );
  }

  /** At an epoch boundary, while `waiting` and no disk request is outstanding: this is the moment. */
  begin(): void {
    const current = this.#current;
    if (!current?.wanted) return;
    const startedAt = performance.now();
    const { machine, primary, quiesce } = this.#around;
    const moment = { epoch: machine.epoch, virtualNs: machine.virtualNs, lastInput: primary().lastInput };
    const capture = machine.copy(current.wanted.room);
    current.captured = true;
    // Before any further request is issued.
    const frozen = this.#freeze(current.order);
    primary().mark(current.order.id, performance.now());
    quiesce();
    const stunMs = performance.now() - startedAt;
    const { epoch, virtualNs } = moment;
    this.#finish(current, capture, moment, frozen).then(
      ({ hash, bytes, disk }) =>
        this.#end(current, {
          state: 'done',
          id: current.order.id,
          saved: { epoch, virtualNs, hash, bytes, stunMs, disk },
        }),
      async (error: Error) => {
        const { message: why } = await withRoomWords(error, current.order.file);
        this.#end(current, { state: 'failed', id: current.order.id, why });
      },
    );
  }

  /** The backup has all that came before the mark. */
  marked(mark: string): void {
    if (this.#current?.order.id === mark) this.#current.marked.resolve();
  }

  /** Gives up when the disks do not come to rest. To be called now and then while `waiting`. */
  checkPatience(): void {
    const current = this.#current;
    if (!current?.wanted || performance.now() - current.wanted.at < QUIET_TIMEOUT_MS) return;
    this.stop('the disks did not come to rest');
  }

  /** Gives up what has not been finished. */
  stop(why: string): void {
    const current = this.#current;
    if (!current) return;
    this.#end(current, { state: 'failed', id: current.order.id, why });
    current.marked.reject(new Error(why));
  }

  async #finish(
    current: Current,
    capture: Capture,
    moment: Moment,
    frozen: Promise<string | null>,
  ): Promise<Pick<SavedMachine, 'hash' | 'bytes' | 'disk'>> {
    const { spec } = this.#around;
    const { file, id } = current.order;
    let told = 0;
    const progress = (fraction: number): boolean => {
      if (fraction - told >= 0.01) {
        told = fraction;
        this.#tell({ state: 'writing', id, fraction });
      }
      return this.#current === current;
    };
    const takenAt = Date.now();
    const write = async (): Promise<Pick<SavedMachine, 'hash' | 'bytes'> | null> => {
      const hash = await inPieces(capture.hash());
      const header = { vm: spec.name, takenAt, fingerprint: fingerprintOf(spec), ...moment, hash };
      const bytes = await writeState(file, header, await inPieces(capture.seal()), progress);
      return bytes === null ? null : { hash, bytes };
    };
    // All have ended before anything is told: who tries again finds nobody else at work.
    const [written, disk, marked] = await Promise.allSettled([write(), frozen, current.marked.promise]);
    for (const part of [disk, written, marked]) if (part.status === 'rejected') throw part.reason as Error;
    if (written.status !== 'fulfilled' || written.value === null) throw new Error('it was given up');
    return { ...written.value, disk: disk.status === 'fulfilled' ? disk.value : null };
  }

  #freeze({ layer }: SaveOrder): Promise<string | null> {
    const { disks, spec } = this.#around;
    const names = spec.disk?.names;
    if (layer === undefined || !names) return Promise.resolve(null);
    let frozen: string | null = null;
    const make = async (): Promise<Awaited<ReturnType<typeof freeze>>['next']> => {
      const made = await freeze(names, layer);
      ({ frozen } = made);
      return made.next;
    };
    return disks.replace('hda', make).then(() => frozen);
  }

  #end(current: Current, event: SaveEvent): void {
    if (this.#current !== current) return;
    this.#current = null;
    this.#around.quiesce();
    this.#tell(event);
  }

  #tell(event: SaveEvent): void {
    this.#around.send({ type: 'save', event });
  }
}
