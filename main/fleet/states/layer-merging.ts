/**
 * Merging the disk layers that deleted snapshots leave behind: in the background, also while the VM runs.
 *
 * Invariants: of one VM one merge is under way, and it makes way for whatever is to be done to the VM's disk; what any
 * snapshot, checkpoint or other VM's disk stands on is not touched. A merge that is broken off at any moment leaves a
 * disk that is whole (datastore/disk).
 */
import type { EventKind } from '../../../preload/contract/event-kinds.ts';
import { mergeLastLayer } from './last-layer.ts';
import type { Needed, SnapshotFiles } from './snapshot-files.ts';
import { runs } from './snapshot-rules.ts';
import type { StateOwner } from './state-owner.ts';

export interface MergingOutside {
  files(vm: string): SnapshotFiles;
  /** Files that something of this VM stands on. */
  needed(vm: StateOwner): Needed;
  /** The files of the VM's folder on which disks of other VMs stand, each with the name of such a VM. */
  others(vm: StateOwner): ReadonlyMap<string, string>;
  /** Nobody works on this file of the VM, and no other VM's disk stands on it. */
  isFree(vm: StateOwner, file: string): boolean;
  /** Something else is done to the VM. */
  isBusy(vm: StateOwner): boolean;
  /** The VM's files are no longer what they were. */
  changed(vm: StateOwner): void;
  event(
    vm: StateOwner,
    kind: EventKind,
    severity: 'info' | 'warning',
    message: string,
    data: { readonly [key: string]: unknown },
  ): void;
}

/** Thrown into a merge that makes way. */
class MadeWay extends Error {}

export class LayerMerging {
  readonly #outside: MergingOutside;
  readonly #merging = new Map<string, { stop: boolean; ended: Promise<void> }>();
  readonly #gone = new Map<string, Set<string>>();
  #closed = false;

  constructor(outside: MergingOutside) {
    this.#outside = outside;
  }

  /** Merges what can be merged now, while nothing else is done to the VM's disk. It may run. */
  begin(vm: StateOwner): void {
    const settled = vm.power === 'off' || runs(vm);
    if (this.#closed || !settled || this.#outside.isBusy(vm) || this.#merging.has(vm.id)) return;
    const merging = { stop: false, ended: Promise.resolve() };
    this.#merging.set(vm.id, merging);
    const running = runs(vm);
    merging.ended = this.#merge(vm, merging, running)
      .catch((error: Error) => {
        if (error instanceof MadeWay || this.#closed) return;
        const message = `The disk layers of deleted snapshots could not be merged: ${error.message}`;
        this.#outside.event(vm, 'snapshot.failed', 'warning', message, { what: 'merge', why: error.message });
      })
      .finally(() => {
        this.#merging.delete(vm.id);
        this.#outside.changed(vm);
        // It was powered off meanwhile: then more can be merged.
        if (running && vm.power === 'off' && !merging.stop) this.begin(vm);
      });
  }

  /** A layer of this VM that nobody begins to use again: the snapshot that had it was deleted, or it was merged. */
  isGone(vm: string, layer: string): void {
    this.#goneOf(vm).add(layer);
  }

  /** The VM has been deleted. */
  forget(vm: string): void {
    this.#gone.delete(vm);
  }

  /** Resolves when nothing of this VM is merged any more. */
  async stop(vm: string): Promise<void> {
    const merging = this.#merging.get(vm);
    if (!merging) return;
    merging.stop = true;
    await merging.ended;
  }

  /** The host is closing. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#merging.keys()].map((vm) => this.stop(vm)));
  }

  async #merge(vm: StateOwner, merging: { readonly stop: boolean }, running: boolean): Promise<void> {
    const files = this.#outside.files(vm.id);
    const gone = this.#goneOf(vm.id);
    const goOn = (): void => {
      if (merging.stop) throw new MadeWay('it makes way');
    };
    for (;;) {
      goOn();
      const { states, layers } = this.#outside.needed(vm);
      // What a disk of another VM stands on stays as it is, and so does all below it.
      const kept = { states, layers: new Set([...layers, ...this.#outside.others(vm).keys()]) };
      const next = await files.nextMerge(kept, running ? gone : null);
      if (!next) break;
      await files.merge(next, goOn);
      gone.add(next.layer);
    }
    if (!running) await this.#mergeLast(vm, goOn);
  }

  /** The user's own file is the whole disk again. */
  async #mergeLast(vm: StateOwner, goOn: () => void): Promise<void> {
    const [own, copy] = [vm.disk.names('A'), vm.disk.names('B')];
    if (!own || !copy || vm.disk.slot !== 'A' || this.#outside.needed(vm).layers.size > 0) return;
    if (this.#outside.others(vm).size > 0 || !this.#outside.isFree(vm, own.own)) return;
    const file = await mergeLastLayer(own, copy, goOn);
    if (file === null) return;
    this.#outside.event(vm, 'disk.merged', 'info', `The virtual machine's disk is whole in "${file}" again.`, { file });
    this.#outside.changed(vm);
    vm.reread();
  }

  #goneOf(vm: string): Set<string> {
    const gone = this.#gone.get(vm) ?? new Set();
    this.#gone.set(vm, gone);
    return gone;
  }
}
