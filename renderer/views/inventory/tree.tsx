/**
 * The tree of folders and VMs, with the keyboard, the menu and the pointer.
 *
 * Invariant: one item is in the tab order at a time; what the pointer can do the keyboard can, too.
 */
import { FolderPen, FolderPlus, FolderX, Plus, type LucideIcon } from 'lucide-react';
import { ContextMenu } from 'radix-ui';
import { useRef, useState, type DragEvent, type KeyboardEvent, type MouseEvent } from 'react';
import type { VmView } from '../../../preload/contract/contract.ts';
import { ActionEntries } from '../../kit/action-menu.tsx';
import { usePage, useServices, type Services } from '../../services.ts';
import { findVm } from '../../state.ts';
import { texts } from '../../text/index.ts';
import { parentRow, typedRow, vmId, type TreeRow } from './tree-model.ts';
import { DRAGGED, TreeRowView } from './tree-row.tsx';

/** Letters typed within this time are one word, in milliseconds. */
const TYPING_MS = 700;

export interface TreeProps {
  readonly rows: readonly TreeRow[];
  readonly fold: (id: string, open: boolean) => void;
}

export function Tree({ rows, fold }: TreeProps) {
  const services = useServices();
  const list = useRef<HTMLUListElement>(null);
  const open = usePage((state) => (state.route.page === 'vm' ? (findVm(state, state.route.vm)?.id ?? null) : null));
  const selected = open === null ? null : vmId({ id: open });
  const [active, setActive] = useState<string | null>(null);
  const [menu, setMenu] = useState<string | null>(null);
  const [target, setTarget] = useState<string | null>(null);
  const reachable = [active, selected].find((id) => rows.some((row) => row.id === id)) ?? rows[0]?.id;
  const keys = useTreeKeys(rows, fold, (id) => {
    setActive(id);
    list.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"]`)?.focus();
  });
  const drop = (event: DragEvent) => {
    const vm = findVm(services.store.getState(), event.dataTransfer.getData(DRAGGED));
    const to = folderAt(rows, rowOf(event));
    setTarget(null);
    event.preventDefault();
    if (vm) moveTo(services, vm, to);
  };
  return (
    <ContextMenu.Root modal={false}>
      <ContextMenu.Trigger asChild>
        <ul
          className="tree"
          role="tree"
          aria-label={texts.inventory.title}
          ref={list}
          onKeyDown={keys}
          onFocus={(event) => setActive(rowOf(event))}
          onClick={(event) => clicked(event, rows, fold, services)}
          onContextMenu={(event) => setMenu(rowOf(event))}
          onDragOver={(event) => {
            if (!event.dataTransfer.types.includes(DRAGGED)) return;
            event.preventDefault();
            setTarget(rowOf(event));
          }}
          onDragLeave={() => setTarget(null)}
          onDrop={drop}
        >
          {rows.map((row) => (
            <TreeRowView
              key={row.id}
              row={row}
              selected={row.id === selected}
              reachable={row.id === reachable}
              target={row.id === target && row.kind === 'folder'}
            />
          ))}
        </ul>
      </ContextMenu.Trigger>
      <ContextMenu.Portal>
        <ContextMenu.Content className="menu" collisionPadding={8}>
          <MenuOf row={rows.find((row) => row.id === menu) ?? null} />
        </ContextMenu.Content>
      </ContextMenu.Portal>
    </ContextMenu.Root>
  );
}

/** The id of the row that an event is about. */
function rowOf(event: { readonly target: EventTarget }): string | null {
  const item = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-row]') : null;
  return item?.dataset['row'] ?? null;
}

/** The folder that a row is, or lies in; empty for none. */
function folderAt(rows: readonly TreeRow[], id: string | null): string {
  const row = rows.find((one) => one.id === id);
  if (!row) return '';
  return row.kind === 'folder' ? row.path : row.vm.folder;
}

function moveTo({ runner, bridge }: Services, vm: VmView, folder: string): void {
  if (vm.folder === folder) return;
  void runner.attempt(`move:${vm.id}`, `${texts.folders.moving}: ${vm.name}`, async () => {
    await bridge.call('vm.move', { vm: vm.id, folder });
  });
}

function openVm({ store, go }: Services, vm: VmView): void {
  const { route } = store.getState();
  go({ page: 'vm', vm: vm.id, tab: route.page === 'vm' ? route.tab : 'summary' });
}

function clicked(event: MouseEvent, rows: readonly TreeRow[], fold: TreeProps['fold'], services: Services): void {
  const row = rows.find(({ id }) => id === rowOf(event));
  if (!row) return;
  const onFold = event.target instanceof Element && event.target.closest('[data-fold]') !== null;
  if (row.kind === 'folder') fold(row.id, !row.open);
  else if (row.kind === 'vm' && onFold) fold(row.id, !row.open);
  else openVm(services, row.vm);
}

/** Arrow keys, Home, End, Enter, letters, and the keys of menus and names (WAI-ARIA's tree pattern). */
function useTreeKeys(rows: readonly TreeRow[], fold: TreeProps['fold'], focus: (id: string) => void) {
  const services = useServices();
  const typed = useRef({ text: '', at: 0 });
  return (event: KeyboardEvent) => {
    const index = rows.findIndex(({ id }) => id === rowOf(event));
    const row = rows[index];
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const go = (to: number) => {
      const next = rows[Math.max(0, Math.min(rows.length - 1, to))];
      if (next) focus(next.id);
    };
    const keys: { readonly [key: string]: () => void } = {
      ArrowDown: () => go(index + 1),
      ArrowUp: () => go(index - 1),
      Home: () => go(0),
      End: () => go(rows.length - 1),
      ArrowRight: () => {
        if (row.kind === 'replica' || row.open === null) return;
        if (row.open) go(index + 1);
        else fold(row.id, true);
      },
      ArrowLeft: () => {
        const parent = parentRow(rows, index);
        if (row.kind !== 'replica' && row.open) fold(row.id, false);
        else if (parent) focus(parent.id);
      },
      Enter: () => (row.kind === 'folder' ? fold(row.id, !row.open) : openVm(services, row.vm)),
      F2: () => rename(services, row),
      Delete: () => row.kind === 'folder' && deleteFolder(services, row.path),
      ContextMenu: () => openMenu(event.target),
    };
    const key = event.key === ' ' ? 'Enter' : event.key === 'F10' && event.shiftKey ? 'ContextMenu' : event.key;
    const act = keys[key];
    if (act) {
      event.preventDefault();
      act();
    } else if (/^[\p{L}\p{N}]$/u.test(event.key)) {
      const text = event.timeStamp - typed.current.at < TYPING_MS ? typed.current.text + event.key : event.key;
      typed.current = { text, at: event.timeStamp };
      go(typedRow(rows, index, text));
    }
  };
}

/** As a press of the right button would, below the row. */
function openMenu(row: EventTarget): void {
  if (!(row instanceof Element)) return;
  const { left, bottom } = row.getBoundingClientRect();
  const at = { clientX: left + 24, clientY: bottom - 6 };
  row.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true, ...at }));
}

function rename({ store }: Services, row: TreeRow): void {
  const dialog =
    row.kind === 'folder'
      ? ({ kind: 'renameFolder', folder: row.path } as const)
      : ({ kind: 'edit', vm: row.vm.id } as const);
  store.setState({ dialog });
}

function deleteFolder({ runner, bridge }: Services, folder: string): void {
  void runner.attempt(`folder:${folder}`, `${texts.folders.removing}: ${folder}`, async () => {
    await bridge.call('folder.delete', { folder });
  });
}

function MenuOf({ row }: { readonly row: TreeRow | null }) {
  const id = row !== null && row.kind !== 'folder' ? row.vm.id : null;
  const vm = usePage((state) => (id === null ? null : findVm(state, id)));
  if (vm) return <ActionEntries vm={vm} parts={ContextMenu} />;
  return <FolderMenu folder={row?.kind === 'folder' ? row.path : ''} />;
}

function FolderMenu({ folder }: { readonly folder: string }) {
  const services = useServices();
  const { store } = services;
  const offline = usePage((state) => state.phase !== 'open');
  const entries: readonly (readonly [string, LucideIcon, () => void])[] = [
    [texts.actions.newVm, Plus, () => store.setState({ dialog: { kind: 'newVm', folder } })],
    [texts.folders.add, FolderPlus, () => store.setState({ dialog: { kind: 'newFolder', folder } })],
    ...(folder === ''
      ? []
      : ([
          [texts.folders.rename, FolderPen, () => store.setState({ dialog: { kind: 'renameFolder', folder } })],
          [texts.folders.delete, FolderX, () => deleteFolder(services, folder)],
        ] as const)),
  ];
  return entries.map(([label, Icon, act]) => (
    <ContextMenu.Item
      key={label}
      className="menu-item"
      disabled={offline}
      title={label === texts.folders.delete ? texts.folders.deleteHint : undefined}
      onSelect={act}
    >
      <Icon className="icon" aria-hidden="true" />
      <span>{label}</span>
    </ContextMenu.Item>
  ));
}
