/** The summary of a VM: Fault Tolerance first, then what it is, how fast it runs and what happened. */
import { Cpu, Gauge, Monitor, TriangleAlert } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { VmView } from '../../../preload/contract/contract.ts';
import * as format from '../../text/format.ts';
import { Card, Fact, Facts } from '../../kit/card.tsx';
import { refusal } from '../../text/refusal.ts';
import { useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';
import { VmAlarms } from '../history/alarms.tsx';
import { ConsolePreview } from '../console/preview.tsx';
import { RecentEvents } from '../history/events.tsx';
import { Failovers } from '../ft/failover.tsx';
import { guestName, hostWords } from '../../text/host-words.ts';
import { checkpointResume } from '../../actions/checkpoint-resume.ts';
import { editVm } from '../../actions/edit.ts';
import { noRoomText } from '../../text/vm-words.ts';
import { ActionButton } from '../../kit/action-button.tsx';
import { DiskCard } from '../disks/disk-card.tsx';
import { FtPanel } from '../ft/ft-panel.tsx';
import { LivePlot } from '../monitor/live-plot.tsx';
import { RecordingLine } from './record.tsx';

export function Summary({ vm }: { readonly vm: VmView }) {
  return (
    <div className="page-scroll">
      {vm.note ? (
        <p className="note" role="note">
          <TriangleAlert className="icon" aria-hidden="true" />
          {hostWords(vm.note)}
          {refusal('checkpoint.resume', vm) === null ? (
            <span className="note-aside">
              <ActionButton action={checkpointResume} vm={vm} size="small" tone="primary" />
            </span>
          ) : null}
        </p>
      ) : null}
      {vm.noRoom ? (
        <p className="note" role="alert">
          <TriangleAlert className="icon" aria-hidden="true" />
          {noRoomText(vm.noRoom)}
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
          <DiskCard vm={vm} />
        </div>
      </div>
    </div>
  );
}

function ConsoleCard({ vm }: { readonly vm: VmView }) {
  const { go } = useServices();
  return (
    <Card title={texts.views.screen} icon={Monitor} className="card-flush">
      <button type="button" className="preview" onClick={() => go({ page: 'vm', vm: vm.id, tab: 'console' })}>
        <span className="hidden-text">{`${texts.actions.openConsole}: ${vm.name}`}</span>
        <ConsolePreview vm={vm} />
      </button>
    </Card>
  );
}

function Performance({ vm }: { readonly vm: VmView }) {
  return (
    <Card title={texts.monitor.speed} icon={Gauge}>
      <LivePlot
        vm={vm}
        label={texts.monitor.speed}
        lines={[{ label: texts.monitor.speed, of: (now) => now.instructionsPerSecond }]}
        floor={1e6}
        format={format.instructions}
      />
    </Card>
  );
}

function Hardware({ vm }: { readonly vm: VmView }) {
  const { files, cmdline, guest, memoryMB, bootOrder, vgaMemoryMB } = vm.hardware;
  const { hardware: names } = texts.views;
  const named = [
    [names.kernel, files.bzimage],
    [names.initrd, files.initrd],
    [names.multiboot, files.multiboot],
    [names.cdrom, files.cdrom],
    [names.fda, files.fda],
  ] as const;
  return (
    <Card title={texts.views.vm} icon={Cpu} aside={<ActionButton action={editVm} vm={vm} size="small" iconOnly />}>
      <Facts>
        <Fact label={names.guest}>{guestName(guest)}</Fact>
        <Fact label={names.cpu}>{names.oneCpu}</Fact>
        <Fact label={texts.views.memory}>{format.megabytes(memoryMB)}</Fact>
        {named.map(([label, file]) =>
          file ? (
            <Fact key={label} label={label} title={file} mono>
              {file.split(/[\\/]/).at(-1)}
            </Fact>
          ) : null,
        )}
        {bootOrder ? (
          <Fact label={texts.boot.first}>{bootOrder.map((drive) => texts.boot.drives[drive]).join(', ')}</Fact>
        ) : null}
        {vgaMemoryMB === undefined ? null : <Fact label={texts.boot.vga}>{format.megabytes(vgaMemoryMB)}</Fact>}
        {cmdline ? (
          <Fact label={names.cmdline} title={cmdline} mono>
            {cmdline}
          </Fact>
        ) : null}
        <Fact label={texts.network.mac} mono>
          {vm.nic.mac}
        </Fact>
        {(vm.nic.guestAddress ?? vm.nic.address) ? (
          <Fact label={texts.network.ip} mono>
            {vm.nic.guestAddress ?? vm.nic.address}
          </Fact>
        ) : null}
        {vm.poweredOnAt === null ? null : (
          <Fact label={names.runningFor} title={format.dateAndTime(vm.poweredOnAt)}>
            <Since at={vm.poweredOnAt} />
          </Fact>
        )}
        <Fact label={names.created}>{format.dateAndTime(vm.createdAt)}</Fact>
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
