/**
 * The overview: a table of all VMs, or on the first start an invitation.
 *
 * Invariant: the sample is one click away there.
 */
import { FolderOpen, Play, Server } from 'lucide-react';
import type { VmView } from '../../preload/contract.ts';
import * as format from '../format.ts';
import { ftWords, powerTone } from '../ft-view.ts';
import { Badge } from '../kit/badge.tsx';
import { Button } from '../kit/button.tsx';
import { Card } from '../kit/card.tsx';
import { usePage, useServices } from '../services.ts';
import { texts } from '../text/index.ts';
import { AlarmMark } from './alarms.tsx';
import { Logo } from './header.tsx';
import { RecentEvents } from './events.tsx';
import { VmIcon } from './vm-icon.tsx';

const SAMPLE = { name: texts.home.sampleTitle, sample: 'linux', memoryMB: 128 } as const;
const SAMPLE_KEY = 'create-sample';

export function Home() {
  const vms = usePage((state) => state.inventory?.vms) ?? [];
  return vms.length === 0 ? <Welcome /> : <Overview vms={vms} />;
}

function Welcome() {
  const { store, runner, bridge, go } = useServices();
  const busy = usePage((state) => state.pending.includes(SAMPLE_KEY));
  const createSample = () => {
    void runner.attempt(SAMPLE_KEY, `Create ${SAMPLE.name}`, async () => {
      const vm = await bridge.call('vm.create', SAMPLE);
      go({ page: 'vm', vm: vm.id, tab: 'summary' });
      await bridge.call('power.on', { vm: vm.id });
    });
  };
  return (
    <div className="welcome">
      <Logo />
      <h1>{texts.home.welcome}</h1>
      <p className="welcome-lead">{texts.home.lead}</p>
      <div className="welcome-cards">
        <section className="welcome-card welcome-first">
          <Server className="welcome-icon" aria-hidden="true" />
          <h2>{texts.home.sampleTitle}</h2>
          <p>{texts.home.sampleText}</p>
          <Button
            label={texts.home.sampleButton}
            icon={Play}
            tone="primary"
            size="large"
            busy={busy}
            onPress={createSample}
          />
        </section>
        <section className="welcome-card">
          <FolderOpen className="welcome-icon" aria-hidden="true" />
          <h2>{texts.home.ownTitle}</h2>
          <p>{texts.home.ownText}</p>
          <Button label="Choose…" size="large" onPress={() => store.setState({ dialog: { kind: 'newVm' } })} />
        </section>
      </div>
    </div>
  );
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
            {`${vms.length} ${vms.length === 1 ? 'virtual machine' : 'virtual machines'}`}
            {` · ${running} powered on · ${guarded} protected`}
          </p>
        </div>
      </header>
      <div className="page-scroll">
        <Card title={texts.inventory.title} className="card-flush">
          <table className="table table-rows">
            <thead>
              <tr>
                <th className="cell-cut">Name</th>
                <th>State</th>
                <th>{texts.ft.status}</th>
                <th className="cell-wide">Where</th>
                <th className="number">Memory</th>
                <th className="number">Speed</th>
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
        <Badge tone={powerTone(vm.power)}>{texts.power[vm.power]}</Badge>
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
