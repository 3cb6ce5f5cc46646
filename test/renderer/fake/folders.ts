/**
 * TEST DOUBLE: folders of the fake host, and changes of what a VM is made of.
 *
 * Invariant: only what the page asks for; the rules are tested with the real fleet.
 */
import { CommandError, type CommandName, type VmView } from '../../../preload/contract/contract.ts';
import { isWithin, parentFolder } from '../../../preload/contract/folder.ts';

/** Of the fake world. */
interface FolderWorld {
  folders: string[];
  vms: VmView[];
  find(name: string): VmView;
  put(vm: VmView): VmView;
  tellInventory(): void;
}
type Args = { readonly [key: string]: unknown };

/** Undefined where the command is about something else. */
export function fakeFolders(world: FolderWorld, command: CommandName, args: Args): unknown {
  const { folder = '' } = args as { readonly folder?: string };
  const make = (path: string): void => {
    if (path === '' || world.folders.includes(path)) return;
    make(parentFolder(path));
    world.folders = [...world.folders, path].toSorted();
  };
  const moved = (change: (path: string) => string): void => {
    world.folders = [...new Set(world.folders.map(change))].filter((path) => path !== '').toSorted();
    world.vms = world.vms.map((vm) => ({ ...vm, folder: change(vm.folder) }));
  };
  const below = (to: string) => (path: string) =>
    isWithin(path, folder) && path !== '' ? `${to}${path.slice(folder.length)}`.replace(/^\//, '') : path;
  switch (command) {
    case 'vm.move':
      make(folder);
      return world.put({ ...world.find(String(args['vm'])), folder });
    case 'folder.create':
      if (world.folders.includes(folder)) throw new CommandError('exists', `There is already a folder "${folder}".`);
      make(folder);
      break;
    case 'folder.rename':
      make(parentFolder(String(args['to'])));
      moved(below(String(args['to'])));
      break;
    case 'folder.delete':
      moved(below(parentFolder(folder)));
      break;
    case 'folder.list':
      break;
    default:
      return undefined;
  }
  world.tellInventory();
  return world.folders;
}

export function editedVm(vm: VmView, args: Args): VmView {
  const {
    name = vm.name,
    memoryMB = vm.hardware.memoryMB,
    cmdline = vm.hardware.cmdline,
  } = args as Partial<VmView> & Partial<VmView['hardware']>;
  const files = Object.fromEntries(
    (['bzimage', 'initrd', 'multiboot', 'hda', 'cdrom', 'fda'] as const)
      .map((kind) => [kind, args[kind] === undefined ? vm.hardware.files[kind] : args[kind]] as const)
      .filter(([, file]) => file !== undefined && file !== null),
  );
  return { ...vm, name, hardware: { ...vm.hardware, memoryMB, cmdline, files } };
}
