/**
 * One row of the inventory.
 *
 * Invariant: it is drawn again exactly when its look, its selection or its place in the tab order changes.
 */
import { Box, BoxSelect, ChevronRight, Folder, FolderOpen } from 'lucide-react';
import { memo, type DragEvent } from 'react';
import { UNKNOWN } from '../../text/format.ts';
import { vmWords } from '../../text/vm-words.ts';
import { texts } from '../../text/index.ts';
import type { FolderRow, ReplicaRow, TreeRow, VmRow } from './tree-model.ts';
import { AlarmMark } from '../history/alarms.tsx';
import { VmIcon } from '../vm/vm-icon.tsx';

export interface TreeRowProps {
  readonly row: TreeRow;
  readonly selected: boolean;
  readonly reachable: boolean;
  /** Something is dragged over it that it takes. */
  readonly target: boolean;
}

/** What is dragged: a VM's id. */
export const DRAGGED = 'application/x-lockstep-vm';

export const TreeRowView = memo(
  RowView,
  (a, b) =>
    a.row.id === b.row.id &&
    a.row.look === b.row.look &&
    a.selected === b.selected &&
    a.reachable === b.reachable &&
    a.target === b.target,
);

function RowView({ row, selected, reachable, target }: TreeRowProps) {
  const open = row.kind === 'replica' ? null : row.open;
  return (
    <li
      className={`tree-item tree-${row.kind} tree-level-${row.level}${target ? ' tree-target' : ''}`}
      role="treeitem"
      aria-level={row.level}
      aria-posinset={row.place}
      aria-setsize={row.of}
      aria-selected={selected}
      aria-expanded={open ?? undefined}
      tabIndex={reachable ? 0 : -1}
      draggable={row.kind === 'vm'}
      data-row={row.id}
      data-vm={row.kind === 'vm' ? row.vm.name : undefined}
      data-folder={row.kind === 'folder' ? row.path : undefined}
      title={titleOf(row)}
      onDragStart={(event) => startDrag(event, row)}
    >
      {open === null ? <span className="tree-fold" /> : <Fold />}
      <Content row={row} />
    </li>
  );
}

function Fold() {
  return (
    <span className="tree-fold" data-fold="">
      <ChevronRight className="icon" aria-hidden="true" />
    </span>
  );
}

function startDrag(event: DragEvent, row: TreeRow): void {
  if (row.kind !== 'vm') return;
  event.dataTransfer.setData(DRAGGED, row.vm.id);
  event.dataTransfer.effectAllowed = 'move';
}

function titleOf(row: TreeRow): string {
  if (row.kind === 'folder') return row.path;
  return row.kind === 'vm' ? row.vm.name : (row.vm.ft[row.role]?.host ?? '');
}

function Content({ row }: { readonly row: TreeRow }) {
  if (row.kind === 'folder') return <FolderContent row={row} />;
  return row.kind === 'vm' ? <VmContent row={row} /> : <ReplicaContent row={row} />;
}

function FolderContent({ row }: { readonly row: FolderRow }) {
  const Icon = row.open ? FolderOpen : Folder;
  return (
    <>
      <Icon className="icon tree-folder-icon" aria-hidden="true" />
      <span className="tree-name">{row.name}</span>
      <span className="tree-count" title={texts.folders.count(row.count)}>
        {row.count}
      </span>
    </>
  );
}

function VmContent({ row: { vm } }: { readonly row: VmRow }) {
  const words = vmWords(vm);
  return (
    <>
      <VmIcon vm={vm} />
      <span className="tree-text">
        <span className="tree-name">{vm.name}</span>
        <span className={`tree-state tone-text-${words.tone}`}>{words.text}</span>
      </span>
      <AlarmMark alarms={vm.alarms} />
    </>
  );
}

/** Its process; on which host only where the two differ, as it is said above the tree otherwise. */
function whereOf({ vm: { ft }, role }: ReplicaRow): string {
  const { host, pid } = ft[role] ?? {};
  return ft.primary?.host === ft.secondary?.host ? String(pid) : `${host} · ${pid}`;
}

function ReplicaContent({ row }: { readonly row: ReplicaRow }) {
  const { vm, role } = row;
  const place = vm.ft[role];
  const Icon = place ? Box : BoxSelect;
  return (
    <>
      <Icon className="icon" aria-hidden="true" />
      <span className="tree-name">{texts.ft[role]}</span>
      <span className="tree-where">{place ? whereOf(row) : UNKNOWN}</span>
    </>
  );
}
