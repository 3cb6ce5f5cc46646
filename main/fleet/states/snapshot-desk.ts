/**
 * Snapshots of all VMs: taken, taken back to, deleted; and the files of suspended states.
 *
 * Invariants: files are written before the row that names them, and removed after it: what was reported taken is
 * there, and what was not is cleaned up. A revert is written down before it changes anything, and finished by the next
 * host where this one dies. Of one VM one thing is done at a time, and it is not powered on meanwhile; merging makes
 * way for a power-on, and is begun again later.
 */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { CommandError, type SnapshotView, type VmView } from '../../../preload/contract/contract.ts';
import type { EventKind } from '../../../preload/contract/event-kinds.ts';
import { SNAPSHOTS_MAX } from '../../../preload/contract/snapshot.ts';
import { chainFiles } from '../../datastore/disk/open.ts';
import { beginTop, freeze, topOf } from '../../datastore/disk/top.ts';
import type { CheckpointRecord, CheckpointTable } from '../../store/checkpoints.ts';
import type { SnapshotRecord, SnapshotTable } from '../../store/snapshots.ts';
import type { SavedState, VmTable } from '../../store/vms.ts';
import { LayerMerging } from './layer-merging.ts';
import { SnapshotFiles, type Needed } from './snapshot-files.ts';
import { againWords, pointOf, pointOfCheckpoint, viewOf, type Point } from './snapshot-points.ts';
import { requireOneFile, requireReadsByLog } from './snapshot-rules.ts';
import { thumbnailOf } from './thumbnail.ts';
import type { StateOwner } from './state-owner.ts';

type Progress = (fraction: number) => void;

export interface SnapshotOutside {
  readonly folder: string;
  readonly snapshots: SnapshotTable;
  readonly checkpoints: CheckpointTable;
  readonly vms: VmTable;
  /** Resolves when no automatic checkpoint of this VM is being taken: nobody is refused for one. */
  checkpointTaken(vm: string): Promise<void>;
  /** The files of the VM's folder on which disks of other VMs stand, each with the name of such a VM. */
  others(vm: StateOwner): ReadonlyMap<string, string>;
  /** Nobody works on this file of the VM, and no other VM's disk stands on it. */
  isFree(vm: StateOwner, file: string): boolean;
  event(
    vm: StateOwner,
    kind: EventKind,
    severity: 'info' | 'warning',
    message: string,
    data?: { readonly [key: string]: unknown },
  ): void;
}

/** What a VM shows of its snapshots. */
type Shown = Pick<VmView, 'snapshots' | 'diskFiles'>;

export class SnapshotDesk {
  readonly #outside: SnapshotOutside;
  /** VMs that are worked on, by id, with what is done. */
  readonly #busy = new Map<string, string>();
  readonly #merging: LayerMerging;
  /** VMs of which a state is on the disk that is not written down yet. */
  readonly #taking = new Set<string>();
  readonly #shown = new Map<string, Shown>();
  /** What a former host had begun is finished. */
  #recovered: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(outside: SnapshotOutside) {
    this.#outside = outside;
    this.#merging = new LayerMerging({
      ...outside,
      files: (vm) => this.files(vm),
      needed: (vm) => this.#needed(vm),
      isBusy: (vm) => this.#busy.has(vm.id),
      changed: (vm) => void this.#shown.delete(vm.id),
    });
  }

  folder(vm: string): string {
    return path.join(this.#outside.folder, vm);
  }

  files(vm: string): SnapshotFiles {
    return new SnapshotFiles(this.folder(vm));
  }

  /** Remembered: it is asked at every change. */
  shown(vm: StateOwner): Shown {
    let shown = this.#shown.get(vm.id);
    if (!shown) {
      const snapshots = this.#outside.snapshots.list(vm.id).length;
      const names = vm.disk.names(vm.disk.slot);
      const diskFiles = names && topOf(names) === names.top ? chainFiles(names.top) : null;
      shown = { ...(snapshots > 0 && { snapshots }), ...(diskFiles && { diskFiles }) };
      this.#shown.set(vm.id, shown);
    }
    return shown;
  }

  /** Oldest first. */
  list(vm: StateOwner): SnapshotView[] {
    const files = this.files(vm.id);
    const current = vm.record.currentSnapshot;
    return this.#outside.snapshots.list(vm.id).map((record) => this.#view(record, current, files));
  }

  find(vm: StateOwner, name: string): SnapshotRecord {
    const found = this.#outside.snapshots.find(vm.id, name);
    if (found) return found;
    throw new CommandError(
      'notFound',
      `"${vm.name}" has no snapshot "${name}". "lockstep snapshot list ${vm.name}" shows those there are.`,
    );
  }

  thumbnail(vm: StateOwner, name: string): Uint8Array | null {
    return this.#outside.snapshots.thumbnail(this.find(vm, name).id);
  }

  /* -------------------------------------------------------------- taking ------------------------------------ */

  /** @throws {CommandError} when it could not be taken; the VM goes on as if nothing had been. */
  async take(vm: StateOwner, name: string, note: string, progress: Progress): Promise<SnapshotView> {
    await this.#recovered;
    vm.require('snapshot.take');
    const { snapshots } = this.#outside;
    if (snapshots.find(vm.id, name)) {
      throw new CommandError('exists', `"${vm.name}" already has a snapshot "${name}". Choose another name.`);
    }
    if (snapshots.list(vm.id).length >= SNAPSHOTS_MAX) {
      throw new CommandError('refused', `"${vm.name}" has ${SNAPSHOTS_MAX} snapshots, as many as may be: delete some.`);
    }
    return this.#during(vm, 'a snapshot is being taken', async () => {
      this.#taking.add(vm.id);
      try {
        return await this.#take(vm, { id: randomUUID(), name, note }, progress);
      } finally {
        this.#taking.delete(vm.id);
        // Of one that failed the state may be left; where the disk was frozen its layer is merged.
        await this.tidied(vm);
      }
    }).finally(() => this.consolidate(vm));
  }

  async #take(
    vm: StateOwner,
    named: Pick<SnapshotRecord, 'id' | 'name' | 'note'>,
    progress: Progress,
  ): Promise<SnapshotView> {
    const { id, name } = named;
    const picture = vm.power === 'off' ? null : await thumbnailOf(vm);
    const { config } = vm.record;
    const taking = vm.power === 'off' ? this.#takeOff(vm, id) : this.#takeRunning(vm, id, progress);
    const { stunMs, ...taken } = await taking;
    const { currentSnapshot: parent } = vm.record;
    const record = { ...named, vm: vm.id, parent, takenAt: Date.now(), config, ...taken };
    this.#outside.snapshots.insert(record, picture);
    const { epoch, hash } = taken.state ?? {};
    const data = { id, name, epoch, hash, stunMs, disk: taken.disk };
    this.#outside.event(vm, 'snapshot.taken', 'info', `The snapshot "${name}" was taken.`, data);
    this.#changed(vm);
    return this.#view(record, id, this.files(vm.id));
  }

  /** @throws {CommandError} when it could not be saved: then files of this id may be left, which nobody needs. */
  async #takeRunning(
    vm: StateOwner,
    id: string,
    progress: Progress,
  ): Promise<Pick<CheckpointRecord, 'state' | 'disk' | 'stunMs'>> {
    requireReadsByLog(vm);
    const files = this.files(vm.id);
    const file = files.state(id);
    const { disk, stunMs, ...saved } = await vm.saving.save({ file, layer: files.layer(id) }, progress);
    return { state: { file, takenAt: Date.now(), hardware: vm.madeOf, ...saved }, disk, stunMs };
  }

  /** Of a VM that is off: its disk alone; of one that is suspended its state, too. */
  async #takeOff(vm: StateOwner, id: string): Promise<Pick<SnapshotRecord, 'state' | 'disk'> & { stunMs: null }> {
    const files = this.files(vm.id);
    const names = vm.disk.names(vm.disk.slot);
    const { savedState } = vm.record;
    const state: SavedState | null = savedState && {
      ...savedState,
      file: await files.linkState(savedState.file, id),
    };
    if (!names) return { state, disk: null, stunMs: null };
    const { frozen, next } = await freeze(names, files.layer(id));
    await next.close();
    return { state, disk: frozen, stunMs: null };
  }

  /**
   * The same for an automatic checkpoint, which no tree shows: it takes the place of the former when it is safe.
   * Everybody else who wants something of the VM meanwhile waits. @throws {CommandError} as `take`.
   */
  async takeCheckpoint(vm: StateOwner, progress: Progress): Promise<CheckpointRecord> {
    await this.#recovered;
    const work = async (): Promise<CheckpointRecord> => {
      this.#taking.add(vm.id);
      try {
        const id = randomUUID();
        const { config, currentSnapshot: parent } = vm.record;
        const taken = await this.#takeRunning(vm, id, progress);
        const record = { ...taken, id, vm: vm.id, parent, config, takenAt: taken.state.takenAt };
        const former = this.#outside.checkpoints.find(vm.id);
        this.#outside.checkpoints.put(record);
        if (former?.disk) this.#merging.isGone(vm.id, former.disk);
        return record;
      } finally {
        this.#taking.delete(vm.id);
        await this.tidied(vm);
      }
    };
    try {
      return await this.#during(vm, 'an automatic checkpoint is being taken', work, true);
    } finally {
      this.#changed(vm);
      this.consolidate(vm);
    }
  }

  /** Something is done to it that a checkpoint would have to wait for. */
  isBusy(vm: StateOwner): boolean {
    return this.#busy.has(vm.id) || vm.saving.busy;
  }

  /* -------------------------------------------------------------- reverting --------------------------------- */

  /** Powers the VM off where it runs; afterwards it is off, or suspended in the snapshot's state. */
  async revert(vm: StateOwner, name: string): Promise<Point> {
    await this.#recovered;
    vm.require('snapshot.revert');
    const point = pointOf(this.find(vm, name));
    this.#requireOwnTops(vm);
    if (vm.power !== 'off') await vm.powerOff();
    await this.#goBack(vm, point);
    return point;
  }

  /** Afterwards the VM is suspended in the state of its checkpoint. */
  async revertToCheckpoint(vm: StateOwner): Promise<Point> {
    await this.#recovered;
    vm.require('checkpoint.resume');
    const checkpoint = this.#outside.checkpoints.find(vm.id);
    if (!checkpoint) throw new CommandError('notFound', `"${vm.name}" has no checkpoint.`);
    const point = pointOfCheckpoint(checkpoint);
    this.#requireOwnTops(vm);
    await this.#goBack(vm, point);
    return point;
  }

  #requireOwnTops(vm: StateOwner): void {
    const tops = (['A', 'B'] as const).map((slot) => vm.disk.names(slot)?.top);
    this.requireOwn(vm, (file) => tops.includes(file));
  }

  #goBack(vm: StateOwner, point: Point): Promise<void> {
    return this.#during(vm, `it is being taken back to ${point.words}`, async () => {
      this.#outside.vms.setReverting(vm.id, point.id);
      await this.#revert(vm, point);
    });
  }

  /** Whatever was done of it already. Where it fails the VM cannot be powered on before it was done. */
  async #revert(vm: StateOwner, point: Point): Promise<void> {
    const { disk } = point;
    if (disk !== null) {
      const [own, copy] = [vm.disk.names('A'), vm.disk.names('B')];
      if (own) await beginTop(own.top, disk);
      // So that little is left to make equal. What stands below it is not to be written to again.
      if (copy && topOf(copy) === copy.top) await beginTop(copy.top, disk);
      vm.disk.chooseOwn();
    }
    // The card keeps its place in today's network.
    const { nic } = vm.record.config;
    const config = nic?.type === point.config.nic?.type ? { ...point.config, nic } : point.config;
    const { lostAt } = vm.record;
    this.#outside.vms.setReverted(vm.id, { ...point, config }, point.event === 'checkpoint.resumed');
    vm.reread();
    const { epoch, hash } = point.state ?? {};
    const data = { id: point.id, ...point.data, epoch, hash, ...(lostAt !== null && { ranUntil: lostAt }) };
    const lost = lostAt === null ? '' : ` It had run until ${new Date(lostAt).toISOString()}.`;
    this.#outside.event(vm, point.event, 'info', `Taken back to ${point.words}.${lost}`, data);
    this.#changed(vm);
    await this.tidied(vm);
  }

  /* -------------------------------------------------------------- deleting ---------------------------------- */

  /** Resolves when it is no snapshot any more; what can be merged now is merged in the background. */
  async delete(vm: StateOwner, name: string): Promise<void> {
    await this.#recovered;
    vm.require('snapshot.delete');
    const snapshot = this.find(vm, name);
    this.requireOwn(vm, (file) => file === snapshot.disk);
    await this.#during(vm, `the snapshot "${snapshot.name}" is being deleted`, async () => {
      this.#outside.snapshots.delete(snapshot);
      if (snapshot.disk !== null) this.#merging.isGone(vm.id, snapshot.disk);
      vm.reread();
      this.#outside.event(vm, 'snapshot.deleted', 'info', `The snapshot "${snapshot.name}" was deleted.`, {
        id: snapshot.id,
        name: snapshot.name,
      });
      this.#changed(vm);
      await this.tidied(vm);
    });
    this.consolidate(vm);
  }

  /** @throws {CommandError} `refused`, naming it, where a disk of another VM stands on one of these files. */
  requireOwn(vm: StateOwner, these: (file: string) => boolean): void {
    for (const [file, other] of this.#outside.others(vm)) {
      if (!these(file)) continue;
      throw new CommandError(
        'refused',
        `The disk of "${other}" stands on "${file}", which belongs to the snapshots of "${vm.name}": ` +
          `delete "${other}" first; a full clone of it has a disk of its own.`,
      );
    }
  }

  /** Of a VM that is deleted: everything. */
  async forget(vm: StateOwner): Promise<void> {
    await this.makeWay(vm.id);
    this.#shown.delete(vm.id);
    this.#merging.forget(vm.id);
    await this.files(vm.id).remove();
  }

  /* -------------------------------------------------------------- keeping order ----------------------------- */

  /** At the start of a host: finishes what a former one has begun. */
  recover(vms: readonly StateOwner[]): void {
    this.#recovered = this.#recover(vms);
  }

  async #recover(vms: readonly StateOwner[]): Promise<void> {
    for (const vm of vms) {
      const half = this.#halfTakenBackTo(vm.id);
      try {
        if (half) await this.#during(vm, 'a revert is being finished', () => this.#revert(vm, half), true);
        await this.files(vm.id).removeUnfinished();
        await this.tidied(vm);
      } catch (error) {
        if (this.#closed) return;
        const why = (error as Error).message;
        const message = `What a former Lockstep left of a snapshot could not be finished: ${why}`;
        this.#outside.event(vm, 'snapshot.failed', 'warning', message, { what: 'finish', why });
      }
      this.consolidate(vm);
    }
  }

  /** States that nobody needs any more are removed, a moment later. */
  tidy(vm: StateOwner): void {
    void this.tidied(vm);
  }

  async tidied(vm: StateOwner): Promise<void> {
    // What is being saved has no row yet.
    const needed = (file: string): boolean =>
      this.#closed || vm.saving.busy || this.#taking.has(vm.id) || this.#needed(vm).states.has(file);
    try {
      await this.files(vm.id).removeStates(needed);
    } catch {
      // They are in nobody's way; the next start tries again.
    }
  }

  /** Merges what can be merged now. */
  consolidate(vm: StateOwner): void {
    this.#shown.delete(vm.id);
    this.#merging.begin(vm);
  }

  /**
   * Its disk is read by somebody who needs it to stay as it is: meanwhile nothing is merged, taken or taken back, and
   * it is not powered on. @throws {CommandError} `refused` while more is done to it.
   */
  async hold<T>(vm: StateOwner, work: () => Promise<T>): Promise<T> {
    await this.makeWay(vm.id);
    try {
      return await this.#during(vm, 'its disk is being worked on', work);
    } finally {
      this.consolidate(vm);
    }
  }

  /** @throws {CommandError} `refused` where its disk has layers of snapshots. */
  requireOneFile(vm: StateOwner, what: string): void {
    requireOneFile(vm, this.#outside.snapshots.list(vm.id).length, what);
  }

  /** Nothing is merged any more: the VM is to be used. @throws {CommandError} `refused` while more is done to it. */
  async makeWay(vm: string): Promise<void> {
    await this.#recovered;
    await this.#outside.checkpointTaken(vm);
    await this.#merging.stop(vm);
    const what = this.#busy.get(vm);
    if (what !== undefined) throw new CommandError('refused', `Wait a moment: ${what}.`);
    const half = this.#halfTakenBackTo(vm);
    if (half) throw new CommandError('refused', `It is half taken back to ${half.words}: ${againWords(half)}.`);
  }

  #halfTakenBackTo(vm: string): Point | null {
    const { revertingTo } = this.#outside.vms.find(vm) ?? {};
    if (revertingTo === null || revertingTo === undefined) return null;
    const checkpoint = this.#outside.checkpoints.find(vm);
    if (checkpoint?.id === revertingTo) return pointOfCheckpoint(checkpoint);
    const snapshot = this.#outside.snapshots.find(vm, revertingTo);
    return snapshot && pointOf(snapshot);
  }

  /** The host is closing. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#recovered;
    await this.#merging.close();
  }

  #needed(vm: StateOwner): Needed {
    const checkpoint = this.#outside.checkpoints.find(vm.id);
    const list = [...this.#outside.snapshots.list(vm.id), ...(checkpoint ? [checkpoint] : [])];
    const states = list.flatMap(({ state }) => (state ? [state.file] : []));
    const { savedState } = this.#outside.vms.find(vm.id) ?? {};
    const layers = list.flatMap(({ disk }) => (disk === null ? [] : [disk]));
    return { states: new Set(savedState ? [...states, savedState.file] : states), layers: new Set(layers) };
  }

  /** `atOnce`: not even a checkpoint is waited for. */
  async #during<T>(vm: StateOwner, what: string, work: () => Promise<T>, atOnce = false): Promise<T> {
    if (!atOnce) await this.#outside.checkpointTaken(vm.id);
    const present = this.#busy.get(vm.id);
    if (present !== undefined) throw new CommandError('refused', `Wait a moment: of "${vm.name}" ${present}.`);
    this.#busy.set(vm.id, what);
    try {
      await this.#merging.stop(vm.id);
      return await work();
    } finally {
      this.#busy.delete(vm.id);
    }
  }

  #changed(vm: StateOwner): void {
    this.#shown.delete(vm.id);
    vm.reread();
  }

  #view(record: SnapshotRecord, current: string | null, files: SnapshotFiles): SnapshotView {
    const hasThumbnail = this.#outside.snapshots.thumbnail(record.id) !== null;
    return { ...viewOf(record, files), current: record.id === current, hasThumbnail };
  }
}
