/** One VM's page: name, state, actions, and the tabs. Invariant: the state badges are there whichever tab is open. */
import {
  Activity,
  Camera,
  FlaskConical,
  LayoutDashboard,
  EthernetPort,
  List,
  Monitor as Screen,
  SquareTerminal,
} from 'lucide-react';
import type { VmView } from '../../../preload/contract/contract.ts';
import { deleteVm } from '../../actions/delete.ts';
import { powerOff } from '../../actions/power-off.ts';
import { powerOn } from '../../actions/power-on.ts';
import { ActionButton } from '../../kit/action-button.tsx';
import { ActionMenuButton } from '../../kit/action-menu.tsx';
import { Tabs, type TabItem } from '../../kit/tabs.tsx';
import type { Tab } from '../../route.ts';
import { useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';
import { ConsoleView } from '../console/console.tsx';
import { VmEvents } from '../history/events.tsx';
import { FaultLab } from '../ft/fault-lab.tsx';
import { Monitor } from '../monitor/monitor.tsx';
import { NetworkTab } from '../network/network.tsx';
import { Serial } from '../serial/serial.tsx';
import { SnapshotsTab } from '../snapshots/snapshots.tsx';
import { Summary } from './summary.tsx';
import { VmBadges } from './vm-badges.tsx';
import { VmIcon } from './vm-icon.tsx';

export function VmPage({ vm, tab }: { readonly vm: VmView; readonly tab: Tab }) {
  const { go } = useServices();
  const items: readonly TabItem<Tab>[] = [
    { id: 'summary', label: texts.views.tabs.summary, icon: LayoutDashboard, content: <Summary vm={vm} /> },
    { id: 'console', label: texts.views.tabs.console, icon: Screen, content: <ConsoleView vm={vm} /> },
    { id: 'serial', label: texts.views.tabs.serial, icon: SquareTerminal, content: <Serial vm={vm} /> },
    { id: 'network', label: texts.views.tabs.network, icon: EthernetPort, content: <NetworkTab vm={vm} /> },
    { id: 'snapshots', label: texts.snapshots.tab, icon: Camera, content: <SnapshotsTab vm={vm} /> },
    { id: 'monitor', label: texts.views.tabs.monitor, icon: Activity, content: <Monitor vm={vm} /> },
    { id: 'faults', label: texts.views.tabs.faults, icon: FlaskConical, content: <FaultLab vm={vm} /> },
    { id: 'events', label: texts.views.tabs.events, icon: List, content: <VmEvents vm={vm} /> },
  ];
  return (
    <div className="page">
      <header className="page-head">
        <VmIcon vm={vm} large />
        <div className="vm-title">
          <h1 title={vm.name}>{vm.name}</h1>
          <VmBadges vm={vm} />
        </div>
        <div className="page-actions" role="toolbar" aria-label={texts.views.actions}>
          <ActionButton action={powerOn} vm={vm} tone={vm.power === 'off' ? 'primary' : 'plain'} />
          <ActionButton action={powerOff} vm={vm} />
          <ActionButton action={deleteVm} vm={vm} />
          <ActionMenuButton vm={vm} />
        </div>
      </header>
      <Tabs label={vm.name} items={items} value={tab} onChange={(next) => go({ page: 'vm', vm: vm.id, tab: next })} />
    </div>
  );
}
