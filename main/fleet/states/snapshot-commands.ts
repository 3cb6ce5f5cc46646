/**
 * The contract's commands of suspending and of snapshots, carried out as tasks.
 *
 * Invariant: what is refused is no task; a client that goes away ends none.
 */
import type { CommandResults, ParsedArgs, VmView } from '../../../preload/contract/contract.ts';
import type { snapshotCommands } from '../../../preload/contract/snapshot.ts';
import type { Fleet } from '../fleet.ts';
import { admitReplicas, replicasOf } from '../limits.ts';
import type { Vm } from '../vm.ts';
import { during, suspend } from './state-tasks.ts';

type Name = keyof typeof snapshotCommands;
type Handlers = {
  readonly [C in Name]: (fleet: Fleet, args: ParsedArgs<C>) => CommandResults[C] | Promise<CommandResults[C]>;
};

export const snapshotHandlers: Handlers = {
  'power.suspend': async (fleet, { vm: name }) => {
    const vm = fleet.vm(name);
    vm.require('power.suspend');
    await suspend(fleet, vm);
    return vm.view();
  },
  'power.resume': (fleet, { vm: name }) => resume(fleet, fleet.vm(name)),
  'snapshot.take': (fleet, { vm: name, name: snapshot, note }) => {
    const vm = fleet.vm(name);
    return during(fleet.tasks, vm, 'snapshot.take', (progress) => fleet.snapshots.take(vm, snapshot, note, progress));
  },
  'snapshot.list': (fleet, { vm }) => fleet.snapshots.list(fleet.vm(vm)),
  'snapshot.thumbnail': (fleet, { vm, snapshot }) => {
    const png = fleet.snapshots.thumbnail(fleet.vm(vm), snapshot);
    return { pngBase64: png && Buffer.from(png).toString('base64') };
  },
  'snapshot.revert': (fleet, { vm: name, snapshot }) => {
    const vm = fleet.vm(name);
    return during(fleet.tasks, vm, 'snapshot.revert', async (progress) => {
      const { state } = await fleet.snapshots.revert(vm, snapshot);
      if (!state) return vm.view();
      admitReplicas(fleet, vm, replicasOf(vm));
      await vm.powerOn(progress);
      return vm.view();
    });
  },
  'snapshot.delete': async (fleet, { vm: name, snapshot }) => {
    const vm = fleet.vm(name);
    await during(fleet.tasks, vm, 'snapshot.delete', () => fleet.snapshots.delete(vm, snapshot));
    return null;
  },
};

async function resume(fleet: Fleet, vm: Vm): Promise<VmView> {
  vm.require('power.resume');
  if (vm.power === 'paused') {
    await fleet.tasks.during('power.unpause', vm, () => vm.pause(false));
    return vm.view();
  }
  admitReplicas(fleet, vm, replicasOf(vm));
  return during(fleet.tasks, vm, 'power.on', async (progress) => {
    await vm.powerOn(progress);
    return vm.view();
  });
}
