/** The contract's commands of the inventory's folders, carried out. */
import type { CommandResults, ParsedArgs } from '../../preload/contract/contract.ts';
import type { folderCommands } from '../../preload/contract/folder.ts';
import type { Fleet } from './fleet.ts';

type Name = keyof typeof folderCommands;
type Handlers = { readonly [C in Name]: (fleet: Fleet, args: ParsedArgs<C>) => CommandResults[C] };

export const folderHandlers: Handlers = {
  'folder.list': ({ folders }) => folders.all(),
  'folder.create': ({ folders }, { folder }) => {
    folders.create(folder);
    return folders.all();
  },
  'folder.rename': ({ folders }, { folder, to }) => {
    folders.rename(folder, to);
    return folders.all();
  },
  'folder.delete': ({ folders }, { folder }) => {
    folders.delete(folder);
    return folders.all();
  },
  'vm.move': (fleet, { vm, folder }) => {
    const found = fleet.vm(vm);
    fleet.folders.move(found, folder);
    return found.view();
  },
};
