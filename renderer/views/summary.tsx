/** The summary of a VM: Fault Tolerance first, then what it is, how fast it runs and what happened. */
import { Cpu, Gauge, Monitor, TriangleAlert } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { VmView } from '../../preload/contract.ts';
import * as format from '../format.ts';
import { Card, Fact, Facts } from '../kit/card.tsx';
import { useServices } from '../services.ts';
import { en } from '../text/en.ts';
import { VmAlarms } from './alarms.tsx';
import { ConsolePreview } from './console/preview.tsx';
import { RecentEvents } from './events.tsx';
import { Failovers } from './failover.tsx';
import { FtPanel } from './ft-panel.tsx';
import { LivePlot } from './live-plot.tsx';
import { RecordingLine } from './record.tsx';

export function Summary({ vm }: { readonly vm: VmView }) {
  return (
    <div className="page-scroll">
      {vm.note ? (
        <p className="note" role="note">
          <TriangleAlert className="icon" aria-hidden="true" />
          {vm.note}
        </p>
      ) : null}
      {vm.recording ? <RecordingLine vm={vm} recording={vm.recording} /> : null}
      <div className="summary">
        <div className="summary-main">
          <VmAlarms vm={vm} />
          <FtPanel vm={vm} />
          <Failovers vm={vm} />
          <RecentEvents vm={vm} />
        </div>
        <div className="summary-side">
          <ConsoleCard vm={vm} />
          {vm.power === 'off' ? null : <Performance vm={vm} />}
          <Hardware vm={vm} />
        </div>
      </div>
    </div>
  );
}

function ConsoleCard({ vm }: { readonly vm: VmView }) {
  const { go } = useServices();
  return (
    <Card title="Screen" icon={Monitor} className="card-flush">
      <button
        type="button"
        className="preview"
        aria-label={`${en.actions.openConsole}: ${vm.name}`}
        onClick={() => go({ page: 'vm', vm: vm.id, tab: 'console' })}
      >
        <ConsolePreview vm={vm} />
      </button>
    </Card>
  );
}

function Performance({ vm }: { readonly vm: VmView }) {
  return (
    <Card title={en.monitor.speed} icon={Gauge}>
      <LivePlot
        vm={vm}
        label={en.monitor.speed}
        lines={[{ label: en.monitor.speed, of: (now) => now.instructionsPerSecond }]}
        floor={1e6}
        format={format.instructions}
      />
    </Card>
  );
}

function Hardware({ vm }: { readonly vm: VmView }) {
  const { files, cmdline, guest, memoryMB } = vm.hardware;
  const named = [
    ['Kernel', files.bzimage],
    ['Initial RAM disk', files.initrd],
    ['Hard disk', files.hda],
    ['CD-ROM', files.cdrom],
    ['Floppy', files.fda],
  ] as const;
  return (
    <Card title="Virtual machine" icon={Cpu}>
      <Facts>
        <Fact label="Guest">{guest}</Fact>
        <Fact label="CPU">1 virtual CPU</Fact>
        <Fact label="Memory">{format.megabytes(memoryMB)}</Fact>
        {named.map(([label, file]) =>
          file ? (
            <Fact key={label} label={label} title={file} mono>
              {file.split(/[\\/]/).at(-1)}
            </Fact>
          ) : null,
        )}
        {cmdline ? (
          <Fact label="Command line" title={cmdline} mono>
            {cmdline}
          </Fact>
        ) : null}
        <Fact label={en.network.mac} mono>
          {vm.nic.mac}
        </Fact>
        {(vm.nic.guestAddress ?? vm.nic.address) ? (
          <Fact label={en.network.ip} mono>
            {vm.nic.guestAddress ?? vm.nic.address}
          </Fact>
        ) : null}
        {vm.poweredOnAt === null ? null : (
          <Fact label="Running for" title={format.dateAndTime(vm.poweredOnAt)}>
            <Since at={vm.poweredOnAt} />
          </Fact>
        )}
        <Fact label="Created">{format.dateAndTime(vm.createdAt)}</Fact>
      </Facts>
    </Card>
  );
}

const SINCE_TICK_MS = 1000;

function Since({ at }: { readonly at: number }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), SINCE_TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return format.duration(now - at);
}
