/**
 * Automatic checkpoints: every so many minutes while a VM runs, one is taken by the machinery of snapshots, and the
 * newest whole one is kept.
 *
 * Invariants: of a VM at most one is taken at a time, and whoever wants something else of it waits for that, and is not
 * refused; one that fails is told, changes nothing for the guest, and is tried again.
 */
import { statfs } from 'node:fs/promises';
import { CommandError, type VmView } from '../../../preload/contract/contract.ts';
import type { EventKind } from '../../../preload/contract/event-kinds.ts';
import type { CheckpointRecord, CheckpointTable } from '../../store/checkpoints.ts';
import type { VmTable } from '../../store/vms.ts';
import type { SnapshotDesk } from './snapshot-desk.ts';
import type { StateOwner } from './state-owner.ts';

const MINUTE_MS = 60_000;
/** What stood in the way passes: it is tried again so soon. */
const SOON_MS = 10_000;
const MIB = 1 << 20;
/** What stays free for the guest's own disk, in bytes: a checkpoint never takes the last room. */
const ROOM_LEFT = 64 * MIB;
/** The share of a guest's memory for which there must be room before its first checkpoint, which is compressed. */
const FIRST_SHARE = 0.5;

export interface CheckpointOutside {
  /** The folder of the data folder in which states are. */
  readonly folder: string;
  readonly checkpoints: CheckpointTable;
  readonly vms: VmTable;
  readonly snapshots: () => SnapshotDesk;
  /** When the VM was last seen running, as far as that was written down. Milliseconds since 1970, UTC. */
  readonly lastSeen: (vm: string) => number | null;
  readonly minuteMs?: number | undefined;
  event(
    vm: StateOwner,
    kind: EventKind,
    severity: 'info' | 'warning',
    message: string,
    data?: { readonly [key: string]: unknown },
  ): void;
}

/** When the next one of a VM is due. */
interface Plan {
  readonly minutes: number;
  dueAt: number;
  timer: NodeJS.Timeout | null;
}

type Shown = Pick<VmView, 'checkpoint' | 'checkpointMinutes'>;
type Progress = (fraction: number) => void;

export class CheckpointDesk {
  readonly #outside: CheckpointOutside;
  readonly #minuteMs: number;
  readonly #plans = new Map<string, Plan>();
  readonly #taking = new Map<string, Promise<unknown>>();
  #closed = false;

  constructor(outside: CheckpointOutside) {
    this.#outside = outside;
    this.#minuteMs = outside.minuteMs ?? MINUTE_MS;
  }

  /** Resolves when none of this VM is being taken. */
  async taken(vm: string): Promise<void> {
    await this.#taking.get(vm)?.catch(() => {});
  }

  shown(vm: StateOwner): Shown {
    const { checkpointMinutes, lostAt } = vm.record;
    const setting = checkpointMinutes > 0 ? { checkpointMinutes } : {};
    const found = this.#find(vm.id);
    if (!found) return setting;
    const { takenAt: at, stunMs, state } = found;
    const { epoch, bytes, hash } = state;
    const ranUntil = vm.power === 'off' ? lostAt : null;
    return { ...setting, checkpoint: { at, epoch, bytes, hash, stunMs, ranUntil } };
  }

  /** What is said where a VM is powered on that could have been resumed. */
  passedBy(vm: StateOwner): string {
    const found = this.#find(vm.id);
    if (!found) return '';
    const at = new Date(found.takenAt).toISOString();
    return (
      ` It was not resumed from its automatic checkpoint of ${at}, and its disk is as it was: that checkpoint is ` +
      'kept until the next one is taken, or the virtual machine is powered off in an orderly way.'
    );
  }

  #find(vm: string): CheckpointRecord | null {
    return this.#outside.checkpoints.find(vm);
  }

  /** Until when a VM has run that was cut off with its host: as far as anything was written down of it. */
  ranUntil(vm: string, poweredOnAt: number): number {
    return Math.max(poweredOnAt, this.#outside.lastSeen(vm) ?? 0, this.#find(vm)?.takenAt ?? 0);
  }

  /** 0: none any more. One that is there stays until the end of the run. */
  set(vm: StateOwner, minutes: number): void {
    if (minutes === vm.record.checkpointMinutes) return;
    this.#outside.vms.setCheckpointMinutes(vm.id, minutes);
    const words = minutes === 0 ? 'turned off' : `every ${minutes} minute${minutes === 1 ? '' : 's'} from now on`;
    this.#outside.event(vm, minutes === 0 ? 'checkpoint.off' : 'checkpoint.set', 'info', `Checkpoints: ${words}.`, {
      minutes,
    });
    vm.reread();
  }

  /** Its power or its settings may have changed. Cheap: it is called at every change. */
  look(vm: StateOwner): void {
    const { checkpointMinutes: minutes } = vm.record;
    const plan = this.#plans.get(vm.id);
    if (minutes === 0 || vm.power === 'off' || this.#closed || plan?.minutes !== minutes) this.cancel(vm.id);
    if (minutes === 0 || vm.power === 'off' || this.#closed) return;
    const now = Date.now();
    const next = this.#plans.get(vm.id) ?? { minutes, dueAt: now + minutes * this.#minuteMs, timer: null };
    this.#plans.set(vm.id, next);
    if (next.timer !== null || vm.power !== 'on' || this.#taking.has(vm.id)) return;
    next.timer = setTimeout(
      () => {
        next.timer = null;
        void this.#due(vm, next);
      },
      Math.max(0, next.dueAt - now),
    ).unref();
  }

  /** Nothing is due any more. */
  cancel(vm: string): void {
    const plan = this.#plans.get(vm);
    if (plan?.timer) clearTimeout(plan.timer);
    this.#plans.delete(vm);
  }

  async #due(vm: StateOwner, plan: Plan): Promise<void> {
    // Where it stands still nothing changes; it is looked at again when it goes on.
    if (vm.power !== 'on' || this.#plans.get(vm.id) !== plan) return;
    const { generation } = vm.ftStatus();
    let again = plan.minutes * this.#minuteMs;
    try {
      if (this.#outside.snapshots().isBusy(vm)) again = Math.min(again, SOON_MS);
      else await this.take(vm, () => {});
    } catch (error) {
      // It was powered off, or its primary was lost: that is told already.
      if (vm.power !== 'on' || vm.ftStatus().generation !== generation) again = Math.min(again, SOON_MS);
      else this.#failed(vm, (error as Error).message);
    }
    plan.dueAt = Date.now() + again;
    this.look(vm);
  }

  #failed(vm: StateOwner, why: string): void {
    if (this.#closed) return;
    const former = this.#find(vm.id);
    const left = former ? `The last one is of ${new Date(former.takenAt).toISOString()}.` : 'There is none.';
    const words = `The automatic checkpoint could not be taken: ${why} ${left}`;
    this.#outside.event(vm, 'checkpoint.failed', 'warning', words, { why, last: former?.takenAt ?? null });
  }

  /** @throws {CommandError} when it could not be taken; the one before is there still. */
  async take(vm: StateOwner, progress: Progress): Promise<NonNullable<Shown['checkpoint']>> {
    vm.require('checkpoint.take');
    const present = this.#taking.get(vm.id);
    if (present) throw new CommandError('refused', 'A checkpoint is being taken already: wait a moment.');
    const taking = this.#take(vm, progress);
    this.#taking.set(vm.id, taking);
    try {
      const { id, takenAt, stunMs, state, disk } = await taking;
      const { epoch, hash, bytes } = state;
      const words = `An automatic checkpoint was taken (${(bytes / MIB).toFixed(1)} MiB).`;
      this.#outside.event(vm, 'checkpoint.taken', 'info', words, { id, epoch, hash, bytes, stunMs, disk });
      return { at: takenAt, epoch, bytes, hash, stunMs, ranUntil: null };
    } finally {
      this.#taking.delete(vm.id);
      this.look(vm);
    }
  }

  async #take(vm: StateOwner, progress: Progress): Promise<CheckpointRecord> {
    await this.#requireRoom(vm);
    return this.#outside.snapshots().takeCheckpoint(vm, progress);
  }

  /** The former one is there until the next one is whole. */
  async #requireRoom(vm: StateOwner): Promise<void> {
    const state = this.#find(vm.id)?.state.bytes ?? vm.record.config.memoryMB * MIB * FIRST_SHARE;
    const needed = state + ROOM_LEFT;
    const { bavail, bsize } = await statfs(this.#outside.folder);
    const free = bavail * bsize;
    if (free >= needed) return;
    const [wanted, there] = [needed, free].map((bytes) => Math.round(bytes / MIB));
    throw new CommandError(
      'refused',
      `it needs ${wanted} MB in "${this.#outside.folder}", where ${there} MB are free: make room.`,
    );
  }

  /** The host is closing. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const vm of this.#plans.keys()) this.cancel(vm);
    await Promise.allSettled(this.#taking.values());
  }
}
