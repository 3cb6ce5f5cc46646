/**
 * The inventory at the left: every VM once, a fault-tolerant pair too, with its state in words.
 *
 * Invariant: one item is in the tab order at a time, arrow keys move, Enter opens; the open VM is marked as selected.
 */
import { BellRing, LayoutDashboard, List, Network, Plus } from 'lucide-react';
import { useRef, useState, type KeyboardEvent } from 'react';
import type { VmView } from '../../preload/contract.ts';
import { vmWords } from '../ft-view.ts';
import { ActionContextMenu } from '../kit/action-menu.tsx';
import { Button } from '../kit/button.tsx';
import { SearchField } from '../kit/search-field.tsx';
import type { Route } from '../route.ts';
import { usePage, useServices } from '../services.ts';
import { findVm } from '../state.ts';
import { texts } from '../text/index.ts';
import { AlarmMark } from './alarms.tsx';
import { VmIcon } from './vm-icon.tsx';

export function Inventory() {
  const { store } = useServices();
  const [filter, setFilter] = useState('');
  const all = usePage((state) => state.inventory?.vms) ?? [];
  const vms = all.filter((vm) => vm.name.toLowerCase().includes(filter.trim().toLowerCase()));
  return (
    <nav className="inventory" aria-label={texts.inventory.title}>
      <Places />
      <div className="inventory-head">
        <h2>{texts.inventory.title}</h2>
        <span className="count">{all.length}</span>
        <Button
          label={texts.actions.newVm}
          hint={`${texts.actions.newVm} (Alt+N)`}
          icon={Plus}
          iconOnly
          size="small"
          onPress={() => store.setState({ dialog: { kind: 'newVm' } })}
        />
      </div>
      {all.length > 5 || filter ? (
        <SearchField label={texts.inventory.filter} value={filter} onChange={setFilter} />
      ) : null}
      {vms.length > 0 ? (
        <Tree vms={vms} />
      ) : (
        <p className="inventory-none">{all.length === 0 ? texts.inventory.empty : texts.inventory.none}</p>
      )}
    </nav>
  );
}

function Places() {
  const { go } = useServices();
  const alarms = usePage((state) => state.alarms.filter((alarm) => alarm.acknowledgedAt === null).length);
  const page = usePage((state) =>
    state.route.page === 'vm' && !findVm(state, state.route.vm) ? 'home' : state.route.page,
  );
  const places: readonly { readonly route: Route; readonly label: string; readonly icon: typeof List }[] = [
    { route: { page: 'home' }, label: texts.inventory.overview, icon: LayoutDashboard },
    { route: { page: 'networks' }, label: texts.inventory.networks, icon: Network },
    { route: { page: 'events' }, label: texts.inventory.events, icon: List },
    { route: { page: 'alarms' }, label: texts.inventory.alarms, icon: BellRing },
  ];
  return (
    <ul className="places">
      {places.map(({ route, label, icon: Icon }) => (
        <li key={route.page}>
          <button
            type="button"
            className="place"
            aria-current={page === route.page ? 'page' : undefined}
            onClick={() => go(route)}
          >
            <Icon className="icon" aria-hidden="true" />
            {label}
            {route.page === 'alarms' && alarms > 0 ? <span className="count count-alarm">{alarms}</span> : null}
          </button>
        </li>
      ))}
    </ul>
  );
}

function Tree({ vms }: { readonly vms: readonly VmView[] }) {
  const tree = useRef<HTMLUListElement>(null);
  const open = usePage((state) => (state.route.page === 'vm' ? (findVm(state, state.route.vm)?.id ?? null) : null));
  const reachable = vms.some((vm) => vm.id === open) ? open : vms[0]?.id;
  const onKeyDown = (event: KeyboardEvent) => {
    const items = [...(tree.current?.querySelectorAll<HTMLElement>('[role=treeitem]') ?? [])];
    const now = items.findIndex((item) => item === document.activeElement);
    const last = items.length - 1;
    const next = { ArrowDown: Math.min(now + 1, last), ArrowUp: Math.max(now - 1, 0), Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    items[next]?.focus();
  };
  return (
    <ul className="tree" role="tree" aria-label={texts.inventory.title} ref={tree} onKeyDown={onKeyDown}>
      {vms.map((vm) => (
        <Item key={vm.id} vm={vm} selected={vm.id === open} reachable={vm.id === reachable} />
      ))}
    </ul>
  );
}

interface ItemProps {
  readonly vm: VmView;
  readonly selected: boolean;
  readonly reachable: boolean;
}

function Item({ vm, selected, reachable }: ItemProps) {
  const { go, store } = useServices();
  const words = vmWords(vm);
  const openVm = () => {
    const { route } = store.getState();
    go({ page: 'vm', vm: vm.id, tab: route.page === 'vm' ? route.tab : 'summary' });
  };
  return (
    <ActionContextMenu vm={vm}>
      <li
        className="tree-item"
        role="treeitem"
        aria-selected={selected}
        tabIndex={reachable ? 0 : -1}
        data-vm={vm.name}
        title={vm.name}
        onClick={openVm}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' && event.key !== ' ') return;
          event.preventDefault();
          openVm();
        }}
      >
        <VmIcon vm={vm} />
        <span className="tree-text">
          <span className="tree-name">{vm.name}</span>
          <span className={`tree-state tone-text-${words.tone}`}>{words.text}</span>
        </span>
        <AlarmMark alarms={vm.alarms} />
      </li>
    </ActionContextMenu>
  );
}
