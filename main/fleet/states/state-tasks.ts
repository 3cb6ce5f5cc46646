/**
 * What is done to a VM's state, as a task that tells how far it is. A suspend is asked for by users, and by the host
 * when it closes.
 *
 * Invariant: what is refused is no task; every task that is begun has one end, and where it failed the reason.
 */
import { randomUUID } from 'node:crypto';
import { CommandError, type TaskKind } from '../../../preload/contract/contract.ts';
import type { GuardedCommand } from '../../../preload/contract/rules.ts';
import type { TaskDesk } from '../watch/tasks.ts';
import type { CheckpointDesk } from './checkpoint-desk.ts';
import type { SnapshotDesk } from './snapshot-desk.ts';
import type { StateOwner } from './state-owner.ts';

/** Who has to do with a state that is saved. */
interface StateDesks {
  readonly checkpoints: CheckpointDesk;
  readonly snapshots: SnapshotDesk;
  readonly tasks: TaskDesk;
}

interface SuspendableVm extends StateOwner {
  /** Saves the state in this file and powers off. */
  suspend(file: string, progress: (fraction: number) => void): Promise<void>;
}

/** Suspends a VM, as a task. @throws {CommandError} `failed` when the guest goes on instead. */
export async function suspend({ checkpoints, snapshots, tasks }: StateDesks, vm: SuspendableVm): Promise<void> {
  await checkpoints.taken(vm.id);
  const file = snapshots.files(vm.id).state(randomUUID());
  await during(tasks, vm, 'power.suspend', (progress) => vm.suspend(file, progress));
  snapshots.tidy(vm);
}

/** A task that tells how far it is. */
export async function during<T>(
  tasks: TaskDesk,
  vm: Pick<StateOwner, 'id' | 'name' | 'require'>,
  kind: GuardedCommand & TaskKind,
  work: (progress: (fraction: number) => void) => Promise<T>,
): Promise<T> {
  vm.require(kind);
  const { id } = tasks.begin(kind, vm, 'user');
  try {
    const result = await work((progress) => tasks.progress(id, { progress, phase: PHASES[kind] ?? null }));
    tasks.end(id, 'done');
    return result;
  } catch (error) {
    tasks.end(id, 'failed', (error as Error).message);
    throw error instanceof CommandError ? error : new CommandError('failed', (error as Error).message);
  }
}

const PHASES: { readonly [K in TaskKind]?: string } = {
  'power.suspend': 'Saving the state',
  'snapshot.take': 'Saving the state',
  'snapshot.revert': 'Restoring the state',
  'checkpoint.take': 'Saving the state',
  'checkpoint.resume': 'Restoring the state',
  'power.on': 'Restoring the state',
};
