/**
 * The contract's commands of automatic checkpoints, carried out as tasks.
 *
 * Invariant: what is refused is no task; a VM that was taken back to its checkpoint and could not be powered on then is
 * suspended in it, and can be resumed again.
 */
import type { CommandResults, ParsedArgs } from '../../../preload/contract/contract.ts';
import type { checkpointCommands } from '../../../preload/contract/checkpoint.ts';
import type { Fleet } from '../fleet.ts';
import { admitReplicas, replicasOf } from '../limits.ts';
import { during } from './state-tasks.ts';

type Name = keyof typeof checkpointCommands;
type Handlers = {
  readonly [C in Name]: (fleet: Fleet, args: ParsedArgs<C>) => Promise<CommandResults[C]>;
};

export const checkpointHandlers: Handlers = {
  'checkpoint.take': (fleet, { vm: name }) => {
    const vm = fleet.vm(name);
    return during(fleet.tasks, vm, 'checkpoint.take', (progress) => fleet.checkpoints.take(vm, progress));
  },
  'checkpoint.resume': (fleet, { vm: name }) => {
    const vm = fleet.vm(name);
    vm.require('checkpoint.resume');
    admitReplicas(fleet, vm, replicasOf(vm));
    return during(fleet.tasks, vm, 'checkpoint.resume', async (progress) => {
      await fleet.snapshots.revertToCheckpoint(vm);
      await vm.powerOn(progress);
      return vm.view();
    });
  },
};
