/**
 * Folders of the inventory, as the contract has them: named by their path, `Lab/Web`.
 *
 * Invariant: every folder that a VM is in exists, and so do all folders above it; names differ by more than their case.
 */
import * as v from 'valibot';

const FOLDER_NAME_LENGTH_MAX = 64;
/** How deep folders may lie in each other. */
export const FOLDER_DEPTH_MAX = 5;
export const FOLDERS_MAX = 500;
const FOLDER_LENGTH_MAX = FOLDER_DEPTH_MAX * (FOLDER_NAME_LENGTH_MAX + 1);
const NAME = /^[\p{L}\p{N}](?:[\p{L}\p{N} ._&()-]*[\p{L}\p{N}._&()-])?$/u;

export const Folder = v.pipe(
  v.string('a folder is named by its path'),
  v.minLength(1, 'a folder name needs at least one character'),
  v.maxLength(FOLDER_LENGTH_MAX, `a folder's path has at most ${FOLDER_LENGTH_MAX} characters`),
  v.check((path) => path.split('/').length <= FOLDER_DEPTH_MAX, `folders lie at most ${FOLDER_DEPTH_MAX} deep`),
  v.check(
    (path) => path.split('/').every((name) => NAME.test(name) && name.length <= FOLDER_NAME_LENGTH_MAX),
    'a folder name is made of letters, digits, spaces and ._&()-, begins with a letter or a digit, and has at most ' +
      `${FOLDER_NAME_LENGTH_MAX} characters`,
  ),
);
const Vm = v.pipe(v.string('name the VM'), v.minLength(1, 'name the VM'), v.maxLength(64));

export const folderCommands = {
  'folder.list': v.strictObject({}),
  /** Those above it, too, where there are none yet. */
  'folder.create': v.strictObject({ folder: Folder }),
  /** `to` is the whole path: a folder can be put into another this way. */
  'folder.rename': v.strictObject({ folder: Folder, to: Folder }),
  /** What is in it moves up; no VM is deleted. */
  'folder.delete': v.strictObject({ folder: Folder }),
  /** Empty: out of all folders. A folder that does not exist is made. */
  'vm.move': v.strictObject({ vm: Vm, folder: v.union([v.literal(''), Folder]) }),
} as const;

/** All folders, by path. */
export type Folders = readonly string[];

export interface FolderResults {
  'folder.list': Folders;
  'folder.create': Folders;
  'folder.rename': Folders;
  'folder.delete': Folders;
}

/** The folder that a folder is in; empty for one at the top. */
export function parentFolder(folder: string): string {
  return folder.includes('/') ? folder.slice(0, folder.lastIndexOf('/')) : '';
}

export function folderName(folder: string): string {
  return folder.slice(folder.lastIndexOf('/') + 1);
}

/** Whether `folder` is `above` or lies in it. */
export function isWithin(folder: string, above: string): boolean {
  return above === '' || `${folder.toLowerCase()}/`.startsWith(`${above.toLowerCase()}/`);
}
