/** The overview: a table of all VMs, or on the first start an invitation. */
import { Server } from 'lucide-react';
import type { VmView } from '../../../preload/contract/contract.ts';
import * as format from '../../text/format.ts';
import { ftWords, powerTone, powerWords } from '../../text/vm-words.ts';
import { Badge } from '../../kit/badge.tsx';
import { Card } from '../../kit/card.tsx';
import { usePage, useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';
import { AlarmMark } from '../history/alarms.tsx';
import { RecentEvents } from '../history/events.tsx';
import { VmIcon } from '../vm/vm-icon.tsx';
import { Welcome } from './welcome.tsx';

const NONE: readonly VmView[] = [];

/** The invitation stays until its VM's console was opened, or the user went elsewhere. */
export function Home() {
  const vms = usePage((state) => state.inventory?.vms) ?? NONE;
  const guided = usePage((state) => state.guide !== null);
  return vms.length === 0 || guided ? <Welcome /> : <Overview vms={vms} />;
}

function Overview({ vms }: { readonly vms: readonly VmView[] }) {
  const host = usePage((state) => state.inventory?.host);
  const running = vms.filter((vm) => vm.power === 'on').length;
  const guarded = vms.filter((vm) => vm.ft.status === 'protected').length;
  return (
    <div className="page">
      <header className="page-head">
        <Server className="page-icon" aria-hidden="true" />
        <div>
          <h1>{host?.hostName}</h1>
          <p className="muted">
            {`${texts.views.vmCount(vms.length)} · ${texts.views.runningCount(running, guarded)}`}
          </p>
        </div>
      </header>
      <div className="page-scroll">
        <Card title={texts.inventory.title} className="card-flush">
          <table className="table table-rows">
            <thead>
              <tr>
                <th className="cell-cut">{texts.views.name}</th>
                <th>{texts.views.state}</th>
                <th>{texts.ft.status}</th>
                <th className="cell-wide">{texts.views.where}</th>
                <th className="number">{texts.views.memory}</th>
                <th className="number">{texts.monitor.speed}</th>
                <th className="number cell-wide">{texts.ft.lag}</th>
              </tr>
            </thead>
            <tbody>
              {vms.map((vm) => (
                <Row key={vm.id} vm={vm} />
              ))}
            </tbody>
          </table>
        </Card>
        <RecentEvents vm={null} />
      </div>
    </div>
  );
}

function Row({ vm }: { readonly vm: VmView }) {
  const { go } = useServices();
  const metrics = usePage((state) => state.metrics[vm.id]?.at(-1));
  const words = ftWords(vm);
  const open = () => go({ page: 'vm', vm: vm.id, tab: 'summary' });
  const hosts = [vm.ft.primary?.host, vm.ft.secondary?.host].filter((host) => host !== undefined);
  const where = [...new Set(hosts)].join(' → ') || format.UNKNOWN;
  return (
    <tr onClick={open}>
      <td className="cell-cut" title={vm.name}>
        <button type="button" className="link cell-name" onClick={open}>
          <VmIcon vm={vm} />
          <span>{vm.name}</span>
          <AlarmMark alarms={vm.alarms} />
        </button>
      </td>
      <td>
        <Badge tone={powerTone(vm.power)}>{powerWords(vm)}</Badge>
      </td>
      <td>
        <Badge tone={words.tone}>{words.detail ? `${words.headline} · ${words.detail}` : words.headline}</Badge>
      </td>
      <td className="cell-line cell-wide">{where}</td>
      <td className="number">{format.megabytes(vm.hardware.memoryMB)}</td>
      <td className="number">{format.instructions(metrics?.instructionsPerSecond)}</td>
      <td className="number cell-wide">{format.milliseconds(metrics?.lagMs ?? vm.ft.lagMs)}</td>
    </tr>
  );
}
