/**
 * The contract's commands of suspending and of snapshots, carried out as tasks.
 *
 * Invariant: what is refused is no task; a client that goes away ends none.
 */
import { randomUUID } from 'node:crypto';
import {
  CommandError,
  type CommandResults,
  type ParsedArgs,
  type TaskKind,
  type VmView,
} from '../../../preload/contract/contract.ts';
import type { GuardedCommand } from '../../../preload/contract/rules.ts';
import type { snapshotCommands } from '../../../preload/contract/snapshot.ts';
import type { Fleet } from '../fleet.ts';
import { admitReplicas, replicasOf } from '../limits.ts';
import type { Vm } from '../vm.ts';

type Name = keyof typeof snapshotCommands;
type Handlers = {
  readonly [C in Name]: (fleet: Fleet, args: ParsedArgs<C>) => CommandResults[C] | Promise<CommandResults[C]>;
};

export const snapshotHandlers: Handlers = {
  'power.suspend': async (fleet, { vm: name }) => {
    const vm = fleet.vm(name);
    vm.require('power.suspend');
    return (await suspend(fleet, vm)).view();
  },
  'power.resume': (fleet, { vm: name }) => resume(fleet, fleet.vm(name)),
  'snapshot.take': (fleet, { vm: name, name: snapshot, note }) => {
    const vm = fleet.vm(name);
    return during(fleet, vm, 'snapshot.take', (progress) => fleet.snapshots.take(vm, snapshot, note, progress));
  },
  'snapshot.list': (fleet, { vm }) => fleet.snapshots.list(fleet.vm(vm)),
  'snapshot.thumbnail': (fleet, { vm, snapshot }) => {
    const png = fleet.snapshots.thumbnail(fleet.vm(vm), snapshot);
    return { pngBase64: png && Buffer.from(png).toString('base64') };
  },
  'snapshot.revert': (fleet, { vm: name, snapshot }) => {
    const vm = fleet.vm(name);
    return during(fleet, vm, 'snapshot.revert', async (progress) => {
      const { state } = await fleet.snapshots.revert(vm, snapshot);
      if (!state) return vm.view();
      admitReplicas(fleet, vm, replicasOf(vm));
      await vm.powerOn(progress);
      return vm.view();
    });
  },
  'snapshot.delete': async (fleet, { vm: name, snapshot }) => {
    const vm = fleet.vm(name);
    await during(fleet, vm, 'snapshot.delete', () => fleet.snapshots.delete(vm, snapshot));
    return null;
  },
};

/** Suspends a VM, as a task. @throws {CommandError} `failed` when the guest goes on instead. */
export async function suspend(fleet: Fleet, vm: Vm): Promise<Vm> {
  await fleet.checkpoints.taken(vm.id);
  const file = fleet.snapshots.files(vm.id).state(randomUUID());
  await during(fleet, vm, 'power.suspend', (progress) => vm.suspend(file, progress));
  fleet.snapshots.tidy(vm);
  return vm;
}

async function resume(fleet: Fleet, vm: Vm): Promise<VmView> {
  vm.require('power.resume');
  if (vm.power === 'paused') {
    await fleet.tasks.during('power.unpause', vm, () => vm.pause(false));
    return vm.view();
  }
  admitReplicas(fleet, vm, replicasOf(vm));
  return during(fleet, vm, 'power.on', async (progress) => {
    await vm.powerOn(progress);
    return vm.view();
  });
}

/** A task that tells how far it is. */
export async function during<T>(
  fleet: Fleet,
  vm: Vm,
  kind: GuardedCommand & TaskKind,
  work: (progress: (fraction: number) => void) => Promise<T>,
): Promise<T> {
  vm.require(kind);
  const { id } = fleet.tasks.begin(kind, vm, 'user');
  try {
    const result = await work((progress) => fleet.tasks.progress(id, { progress, phase: PHASES[kind] ?? null }));
    fleet.tasks.end(id, 'done');
    return result;
  } catch (error) {
    fleet.tasks.end(id, 'failed', (error as Error).message);
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
