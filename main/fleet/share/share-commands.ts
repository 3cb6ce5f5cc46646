/**
 * The commands about a whole virtual machine: clone, export, import, shut down, discs made of folders; and the
 * cancelling of tasks.
 *
 * Invariant: what is refused is no task; what takes long is one.
 */
import type { CommandResults, ParsedArgs } from '../../../preload/contract/contract.ts';
import type { shareCommands } from '../../../preload/contract/share.ts';
import { cloneVm } from './clone.ts';
import { exportVm } from './export.ts';
import type { Fleet } from '../fleet.ts';
import { insertFolder } from '../disks/folder-disc.ts';
import { importVm } from './import.ts';
import { shutDown } from '../shutdown.ts';

type Name = keyof typeof shareCommands;
type Handlers = {
  readonly [C in Name]: (fleet: Fleet, args: ParsedArgs<C>) => Promise<CommandResults[C]>;
};

export const shareHandlers: Handlers = {
  'vm.clone': cloneVm,
  'vm.export': exportVm,
  'vm.import': importVm,
  'media.folder': insertFolder,
  'task.cancel': async (fleet, { id }) => {
    await fleet.tasks.cancel(id);
    return null;
  },
  'power.shutdown': shutDown,
};
