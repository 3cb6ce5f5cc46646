/**
 * The inventory as the rows of a tree: folders, VMs in them, and below a pair its two replicas.
 *
 * Invariants: pure; every VM is in exactly one place; while something is searched for, what was found is visible, with
 * the folders above it. A row whose `look` has not changed looks as before: only the others are drawn again.
 */
import type { VmView } from '../../../preload/contract/contract.ts';
import { folderName, isWithin, parentFolder } from '../../../preload/contract/folder.ts';

interface Common {
  /** Unique in the tree, and the same as long as the thing is. */
  readonly id: string;
  /** From 1. */
  readonly level: number;
  /** Of the rows on its level in its folder: its place from 1, and how many there are. */
  readonly place: number;
  readonly of: number;
  /** Everything that the row shows. */
  readonly look: string;
}

export interface FolderRow extends Common {
  readonly kind: 'folder';
  readonly path: string;
  readonly name: string;
  readonly open: boolean;
  /** VMs in it, at any depth. */
  readonly count: number;
}

export interface VmRow extends Common {
  readonly kind: 'vm';
  readonly vm: VmView;
  /** Null where it has no replicas to show. */
  readonly open: boolean | null;
}

export interface ReplicaRow extends Common {
  readonly kind: 'replica';
  readonly vm: VmView;
  readonly role: 'primary' | 'secondary';
}

export type TreeRow = FolderRow | VmRow | ReplicaRow;

export interface TreeInput {
  readonly vms: readonly VmView[];
  readonly folders: readonly string[];
  /** Ids of rows that are folded. */
  readonly closed: ReadonlySet<string>;
  readonly filter: string;
}

export const folderId = (path: string): string => `folder:${path.toLowerCase()}`;
export const vmId = (vm: Pick<VmView, 'id'>): string => `vm:${vm.id}`;

/** Whether the VM's replicas are told apart below it. */
function hasReplicas(vm: VmView): boolean {
  return vm.ftEnabled && vm.power !== 'off';
}

/** By name, as people sort: "web 2" before "web 10". */
const byName = new Intl.Collator('en', { numeric: true, sensitivity: 'base' }).compare;

export function treeRows({ vms, folders, closed, filter }: TreeInput): TreeRow[] {
  const words = filter.trim().toLowerCase();
  const fits = (vm: VmView): boolean =>
    vm.name.toLowerCase().includes(words) || (vm.folder !== '' && folderName(vm.folder).toLowerCase().includes(words));
  const shown = words === '' ? vms : vms.filter(fits);
  const inFolder = Map.groupBy(shown, (vm) => vm.folder.toLowerCase());
  const subfolders = Map.groupBy(folders, (path) => parentFolder(path).toLowerCase());
  const rows: TreeRow[] = [];
  const isOpen = (id: string): boolean => words !== '' || !closed.has(id);
  const walk = (parent: string, level: number): void => {
    const below = (subfolders.get(parent.toLowerCase()) ?? [])
      .map((path) => ({ path, count: shown.filter((vm) => vm.folder !== '' && isWithin(vm.folder, path)).length }))
      .filter(({ path, count }) => words === '' || count > 0 || folderName(path).toLowerCase().includes(words))
      .toSorted((a, b) => byName(a.path, b.path));
    const mine = (inFolder.get(parent.toLowerCase()) ?? []).toSorted((a, b) => byName(a.name, b.name));
    const of = below.length + mine.length;
    below.forEach(({ path, count }, index) => {
      const id = folderId(path);
      const [name, open, place] = [folderName(path), isOpen(id), index + 1];
      const look = JSON.stringify([path, open, count, level, place, of]);
      rows.push({ kind: 'folder', id, level, place, of, look, path, name, open, count });
      if (open) walk(path, level + 1);
    });
    mine.forEach((vm, index) => rows.push(...vmRows(vm, level, below.length + index + 1, of, isOpen)));
  };
  walk('', 1);
  return rows;
}

function vmRows(
  vm: VmView,
  level: number,
  place: number,
  of: number,
  isOpen: (id: string) => boolean,
): (VmRow | ReplicaRow)[] {
  const id = vmId(vm);
  const pair = hasReplicas(vm);
  const open = pair ? isOpen(id) : null;
  const { name, power, note, ftEnabled, ft, alarms } = vm;
  const look = JSON.stringify([name, power, note !== null, ftEnabled, ft.status, alarms, open, level, place, of]);
  const own: VmRow = { kind: 'vm', id, level, place, of, look, vm, open };
  if (!open) return [own];
  const replicas = (['primary', 'secondary'] as const).map((role, index): ReplicaRow => {
    const { host = null, pid = null } = ft[role] ?? {};
    const seen = JSON.stringify([host, pid, ft.primary?.host === ft.secondary?.host, level]);
    return { kind: 'replica', id: `${id}:${role}`, level: level + 1, place: index + 1, of: 2, look: seen, vm, role };
  });
  return [own, ...replicas];
}

/** The row above, in which this one lies; null at the top. */
export function parentRow(rows: readonly TreeRow[], index: number): TreeRow | null {
  const level = rows[index]?.level ?? 1;
  return rows.slice(0, index).findLast((row) => row.level < level) ?? null;
}

/** The next row after `index` whose name begins with what was typed, from the top again at the end. */
export function typedRow(rows: readonly TreeRow[], index: number, typed: string): number {
  const words = typed.toLowerCase();
  const from = typed.length > 1 ? index : index + 1;
  const names = rows.map((row) => (row.kind === 'folder' ? row.name : row.kind === 'vm' ? row.vm.name : ''));
  const order = [...names.keys()].map((offset) => (from + offset + rows.length) % Math.max(1, rows.length));
  return order.find((at) => names[at]?.toLowerCase().startsWith(words)) ?? index;
}
