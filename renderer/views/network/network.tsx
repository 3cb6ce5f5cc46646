/**
 * A VM's network: its port forwards, its card, what went through it, and the capture of it.
 *
 * Invariant: every field of the contract's card and counters is here; what is not known is a dash.
 */
import { ArrowDownToLine, ArrowUpFromLine, EthernetPort, Gauge } from 'lucide-react';
import type { NicCounters, NicView, VmView } from '../../../preload/contract/contract.ts';
import { nicEdit } from '../../actions/nic-edit.ts';
import * as format from '../../text/format.ts';
import { ActionButton } from '../../kit/action-button.tsx';
import { Card, Fact, Facts } from '../../kit/card.tsx';
import { useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';
import { CaptureCard } from './capture.tsx';
import { Forwards } from './forwards.tsx';

const { network: words } = texts;

export function NetworkTab({ vm }: { readonly vm: VmView }) {
  return (
    <div className="page-scroll">
      <div className="summary">
        <div className="summary-main">
          <Forwards vm={vm} />
          <Traffic nic={vm.nic} />
        </div>
        <div className="summary-side">
          <NicCard vm={vm} />
          <CaptureCard vm={vm} />
        </div>
      </div>
    </div>
  );
}

function NicCard({ vm }: { readonly vm: VmView }) {
  const { go } = useServices();
  const { nic } = vm;
  return (
    <Card
      title={words.card}
      icon={EthernetPort}
      aside={<ActionButton action={nicEdit} vm={vm} size="small" iconOnly />}
    >
      <Facts>
        <Fact label={words.type}>{words.types[nic.type]}</Fact>
        <Fact label={words.network}>
          <button type="button" className="link" onClick={() => go({ page: 'networks' })}>
            {nic.network}
          </button>
        </Fact>
        <Fact label={words.mac} mono>
          {nic.mac}
        </Fact>
        <Fact label={words.address} mono={nic.address !== null}>
          {nic.address ?? (nic.type === 'none' ? words.noAddress : words.byUplink)}
        </Fact>
        <Fact label={words.guestAddress} mono={nic.guestAddress !== null}>
          <span data-testid="guest-address">
            {nic.guestAddress ?? (nic.counters ? words.guestSilent : format.UNKNOWN)}
          </span>
        </Fact>
      </Facts>
    </Card>
  );
}

function Traffic({ nic }: { readonly nic: NicView }) {
  const { counters } = nic;
  return (
    <Card title={words.traffic} icon={Gauge} aside={counters ? <span className="muted">{words.since}</span> : null}>
      {counters ? (
        <Counters counters={counters} />
      ) : (
        <p className="muted">{nic.type === 'none' ? words.trafficNone : words.trafficOff}</p>
      )}
    </Card>
  );
}

function Counters({ counters }: { readonly counters: NicCounters }) {
  const ways = [
    { icon: ArrowDownToLine, label: words.received, frames: counters.framesIn, bytes: counters.bytesIn, id: 'in' },
    {
      icon: ArrowUpFromLine,
      label: words.transmitted,
      frames: counters.framesOut,
      bytes: counters.bytesOut,
      id: 'out',
    },
  ] as const;
  const others = [
    { label: words.dropped, hint: words.droppedHint, value: counters.dropped },
    { label: words.repeated, hint: words.repeatedHint, value: counters.repeated },
    { label: words.tcp, hint: undefined, value: counters.tcpConnections },
    { label: words.udp, hint: undefined, value: counters.udpFlows },
  ];
  return (
    <dl className="counters">
      {ways.map(({ icon: Icon, label, frames, bytes, id }) => (
        <div key={id} className="counter">
          <dt>
            <Icon className="icon" aria-hidden="true" />
            {label}
          </dt>
          <dd title={`${format.count(bytes)} ${words.bytes.toLowerCase()}`}>{format.bytes(bytes)}</dd>
          <dd className="counter-note">
            <span data-testid={`frames-${id}`}>{format.count(frames)}</span> {words.frames.toLowerCase()}
          </dd>
        </div>
      ))}
      {others.map(({ label, hint, value }) => (
        <div key={label} className="counter" title={hint}>
          <dt>{label}</dt>
          <dd>{format.count(value)}</dd>
        </div>
      ))}
    </dl>
  );
}
