/**
 * Saving a running machine's state (and freezing its hard disk) at one epoch boundary: waits for the quiet moment,
 * captures, and writes the file while the guest runs on.
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
import type { DiskRequest, Machine, Snapshot } from '../machine/machine.ts';
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

interface Taken {
  readonly epoch: number;
  readonly virtualNs: number;
  readonly lastInput: number;
  readonly snapshot: Snapshot;
  readonly startedAt: number;
}

interface Current {
  readonly order: SaveOrder;
  readonly wantedAt: number;
  captured: boolean;
  /** Captured, and not hashed yet. */
  taken: Taken | null;
  readonly marked: PromiseWithResolvers<void>;
}

export class SaveSession {
  readonly #around: SaveSurroundings;
  #current: Current | null = null;

  constructor(around: SaveSurroundings) {
    this.#around = around;
  }

  /** A capture is wanted as soon as no disk request is outstanding. */
  get waiting(): boolean {
    return this.#current !== null && !this.#current.captured;
  }

  start(order: SaveOrder): void {
    if (this.#current) {
      this.#tell({ state: 'failed', id: order.id, why: 'another state is being saved' });
      return;
    }
    const marked = Promise.withResolvers<void>();
    // It may be given up before anybody waits for it.
    marked.promise.catch(() => {});
    this.#current = { order, wantedAt: performance.now(), captured: false, taken: null, marked };
    this.#around.quiesce();
  }

  /**
   * At an epoch boundary, while `waiting` and no disk request is outstanding: this is the moment. In two turns, capture
   * and hash, with time for a heartbeat between them: a secondary must not take the silence for death.
   */
  begin(): void {
    const current = this.#current;
    if (!current) return;
    const { machine, primary, quiesce } = this.#around;
    const { epoch, virtualNs } = machine;
    if (current.taken?.epoch !== epoch) {
      const startedAt = performance.now();
      const { lastInput } = primary();
      current.taken = { epoch, virtualNs, lastInput, snapshot: machine.capture(), startedAt };
      return;
    }
    const { snapshot, lastInput, startedAt } = current.taken;
    current.taken = null;
    const hash = machine.hash('full');
    current.captured = true;
    // Before any further request is issued.
    const frozen = this.#freeze(current.order);
    primary().mark(current.order.id, performance.now());
    quiesce();
    const stunMs = performance.now() - startedAt;
    const at = { epoch, virtualNs, hash, lastInput };
    this.#finish(current, snapshot, at, frozen).then(
      ({ bytes, disk }) =>
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
    if (!current || performance.now() - current.wantedAt < QUIET_TIMEOUT_MS) return;
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
    snapshot: Snapshot,
    at: Pick<SavedMachine, 'epoch' | 'virtualNs' | 'hash'> & { readonly lastInput: number },
    frozen: Promise<string | null>,
  ): Promise<Pick<SavedMachine, 'bytes' | 'disk'>> {
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
    const header = { vm: spec.name, takenAt: Date.now(), fingerprint: fingerprintOf(spec), ...at };
    const written = writeState(file, header, snapshot, progress);
    // All have ended before anything is told: who tries again finds nobody else at work.
    const [bytes, disk, marked] = await Promise.allSettled([written, frozen, current.marked.promise]);
    for (const part of [disk, bytes, marked]) if (part.status === 'rejected') throw part.reason as Error;
    if (bytes.status !== 'fulfilled' || bytes.value === null) throw new Error('it was given up');
    return { bytes: bytes.value, disk: disk.status === 'fulfilled' ? disk.value : null };
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
