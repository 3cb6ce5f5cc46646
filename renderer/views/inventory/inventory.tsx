/**
 * The inventory at the left: the places, and the tree of folders and VMs with a search above it.
 *
 * Invariant: every VM is there once, a fault-tolerant pair too; what is folded stays so in this browser.
 */
import { BellRing, FolderPlus, LayoutDashboard, List, Network, Plus } from 'lucide-react';
import { useMemo, useState } from 'react';
import { Button } from '../../kit/button.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import type { Route } from '../../route.ts';
import { usePage, useServices } from '../../services.ts';
import { findVm } from '../../state.ts';
import { texts } from '../../text/index.ts';
import { AlarmCount } from '../history/alarms.tsx';
import { treeRows } from './tree-model.ts';
import { ImportButton } from '../vm/share.tsx';
import { Tree } from './tree.tsx';

const NOTHING: readonly never[] = [];
const KEPT = 'lockstep.folded';

function readFolded(): ReadonlySet<string> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEPT) ?? '[]');
    return new Set(Array.isArray(kept) ? kept.filter((id) => typeof id === 'string') : []);
  } catch {
    return new Set(); // storage is switched off in this browser, or holds something else
  }
}

function keepFolded(folded: ReadonlySet<string>): void {
  try {
    localStorage.setItem(KEPT, JSON.stringify([...folded]));
  } catch {
    // It then lasts as long as the page.
  }
}

export function Inventory() {
  const { store } = useServices();
  const [filter, setFilter] = useState('');
  const [closed, setClosed] = useState(readFolded);
  const vms = usePage((state) => state.inventory?.vms) ?? NOTHING;
  const folders = usePage((state) => state.inventory?.folders) ?? NOTHING;
  const rows = useMemo(() => treeRows({ vms, folders, closed, filter }), [vms, folders, closed, filter]);
  const fold = (id: string, open: boolean) => {
    const now = new Set(closed);
    if (open) now.delete(id);
    else now.add(id);
    keepFolded(now);
    setClosed(now);
  };
  return (
    <nav className="inventory" aria-label={texts.inventory.title}>
      <Places />
      <div className="inventory-head">
        <h2>{texts.inventory.title}</h2>
        <span className="count">{vms.length}</span>
        <ImportButton iconOnly />
        <Button
          label={texts.folders.add}
          icon={FolderPlus}
          iconOnly
          tone="quiet"
          size="small"
          onPress={() => store.setState({ dialog: { kind: 'newFolder', folder: '' } })}
        />
        <Button
          label={texts.actions.newVm}
          hint={`${texts.actions.newVm} (Alt+N)`}
          icon={Plus}
          iconOnly
          tone="quiet"
          size="small"
          onPress={() => store.setState({ dialog: { kind: 'newVm' } })}
        />
      </div>
      <SearchField label={texts.inventory.filter} value={filter} onChange={setFilter} />
      {rows.length > 0 ? (
        <Tree rows={rows} fold={fold} />
      ) : (
        <p className="inventory-none" role="status">
          {vms.length === 0 ? texts.inventory.empty : texts.inventory.none}
        </p>
      )}
    </nav>
  );
}

function Places() {
  const { go } = useServices();
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
            {route.page === 'alarms' ? <AlarmCount /> : null}
          </button>
        </li>
      ))}
    </ul>
  );
}
