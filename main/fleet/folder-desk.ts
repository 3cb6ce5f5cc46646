/**
 * The inventory's folders: made, renamed and deleted, and VMs moved between them.
 *
 * Invariant: every folder that a VM is in exists, and so do all folders above it.
 */
import { CommandError } from '../../preload/contract/contract.ts';
import { FOLDER_DEPTH_MAX, FOLDERS_MAX, isWithin, parentFolder } from '../../preload/contract/folder.ts';
import type { FolderTable } from '../store/folders.ts';
import type { VmRecord } from '../store/vms.ts';

/** A VM, as far as folders go. */
interface FolderMember {
  readonly record: Pick<VmRecord, 'folder'>;
  /** Keeps the change, and says so. */
  amend(change: Pick<VmRecord, 'folder'>, kind: 'vm.moved', message: string, data: { [key: string]: unknown }): void;
  /** Its folder may have another path. */
  folderMoved(): void;
}

export class FolderDesk {
  readonly #table: FolderTable;
  readonly #vms: () => readonly FolderMember[];
  readonly #changed: () => void;

  constructor(table: FolderTable, vms: () => readonly FolderMember[], changed: () => void) {
    this.#table = table;
    this.#vms = vms;
    this.#changed = changed;
  }

  all(): readonly string[] {
    return this.#table.all();
  }

  /** @throws {CommandError} `exists`. */
  create(folder: string): void {
    this.#requireFree(folder);
    this.#make(folder);
    this.#changed();
  }

  /** @throws {CommandError} `notFound`, `exists`, or `usage` where it would lie in itself or too deep. */
  rename(named: string, to: string): void {
    const folder = this.#require(named);
    const sameName = folder.toLowerCase() === to.toLowerCase();
    if (!sameName) this.#requireFree(to);
    if (!sameName && isWithin(to, folder)) {
      throw new CommandError('usage', `The folder "${folder}" cannot be put into itself.`);
    }
    const depth = (path: string): number => path.split('/').length;
    const deepest = Math.max(
      ...this.all()
        .filter((one) => isWithin(one, folder))
        .map(depth),
    );
    if (deepest - depth(folder) + depth(to) > FOLDER_DEPTH_MAX) {
      throw new CommandError('usage', `Folders lie at most ${FOLDER_DEPTH_MAX} deep: choose another place.`);
    }
    const parent = parentFolder(to);
    if (parent !== '' && !sameName) this.#make(parent);
    this.#table.rename(folder, to);
    this.#refresh();
  }

  /** @throws {CommandError} `notFound`. */
  delete(named: string): void {
    const folder = this.#require(named);
    this.#table.delete(folder, parentFolder(folder));
    this.#refresh();
  }

  /** Puts the VM into a folder, which is made where it does not exist; empty: out of all. */
  move(vm: FolderMember, folder: string): void {
    if (folder !== '') this.#make(folder);
    const to = folder === '' ? '' : this.#require(folder);
    if (to === vm.record.folder) return;
    const words = to === '' ? 'Moved out of its folder.' : `Moved to the folder "${to}".`;
    vm.amend({ folder: to }, 'vm.moved', words, { folder: to });
  }

  #make(folder: string): void {
    const names = folder.split('/');
    // Written as those that are there are written, whatever the case that was given.
    const paths: string[] = [];
    for (const name of names) {
      const path = paths.length === 0 ? name : `${paths.at(-1)}/${name}`;
      paths.push(this.#table.find(path) ?? path);
    }
    if (this.all().length + paths.length > FOLDERS_MAX && this.#table.find(folder) === null) {
      throw new CommandError('refused', `There are ${FOLDERS_MAX} folders at most: delete one first.`);
    }
    this.#table.add(paths);
  }

  /** The VMs of folders that have another path now. */
  #refresh(): void {
    for (const vm of this.#vms()) vm.folderMoved();
    this.#changed();
  }

  #require(folder: string): string {
    const found = this.#table.find(folder);
    if (found !== null) return found;
    throw new CommandError('notFound', `There is no folder "${folder}". "lockstep folder list" shows those there are.`);
  }

  #requireFree(folder: string): void {
    if (this.#table.find(folder) === null) return;
    throw new CommandError('exists', `There is already a folder "${folder}". Choose another name.`);
  }
}
