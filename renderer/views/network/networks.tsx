/**
 * The page of all networks: which there are, who is on them, and whether an uplink is connected.
 *
 * Invariant: what is shown is what the host said last; a change asks it again.
 */
import { Network, Plus, Trash2 } from 'lucide-react';
import { useEffect } from 'react';
import type { NetworkView } from '../../../preload/contract/contract.ts';
import * as format from '../../text/format.ts';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Card } from '../../kit/card.tsx';
import { deleteRefusal } from './network-form.ts';
import { useAsked } from '../../host/asked.ts';
import { usePage, useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';

const { networks: words } = texts;

export function Networks() {
  const { store } = useServices();
  const { answer, failure, again } = useAsked('network.list', {});
  const offline = usePage((state) => state.phase !== 'open');
  const dialog = usePage((state) => state.dialog);
  useEffect(() => {
    if (dialog === null) again();
  }, [dialog, again]);
  return (
    <div className="page">
      <header className="page-head">
        <Network className="page-icon" aria-hidden="true" />
        <div>
          <h1>{words.title}</h1>
          <p className="muted">{words.lead}</p>
        </div>
        <div className="page-actions">
          <Button
            label={words.add}
            icon={Plus}
            tone="primary"
            reason={offline ? texts.actionHints.disconnected : null}
            onPress={() => store.setState({ dialog: { kind: 'newNetwork' } })}
          />
        </div>
      </header>
      <div className="page-scroll">
        <Card title={words.list} className="card-flush">
          {failure ? (
            <p className="card-failure" role="alert">
              {failure}
            </p>
          ) : null}
          {answer ? <NetworkTable networks={answer} again={again} /> : <p className="empty">{words.loading}</p>}
        </Card>
      </div>
    </div>
  );
}

interface TableProps {
  readonly networks: readonly NetworkView[];
  readonly again: () => void;
}

function NetworkTable({ networks, again }: TableProps) {
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={words.list}>
      <table className="table">
        <thead>
          <tr>
            <th>{words.name}</th>
            <th>{words.kind}</th>
            <th>{words.subnet}</th>
            <th>{words.gateway}</th>
            <th>{words.state}</th>
            <th className="cell-cut">{words.vms}</th>
            <th>
              <span className="hidden-text">{texts.actions.delete}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {networks.map((network) => (
            <Row key={network.name} network={network} again={again} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ network, again }: { readonly network: NetworkView; readonly again: () => void }) {
  const { runner, bridge } = useServices();
  const offline = usePage((state) => state.phase !== 'open');
  const { name, subnet, uplink, gateway } = network;
  const key = `network:${name}`;
  const busy = usePage((state) => state.pending.includes(key));
  const remove = () => {
    void runner.attempt(key, `${words.delete}: ${name}`, async () => {
      await bridge.call('network.delete', { network: name });
      again();
    });
  };
  return (
    <tr data-network={name}>
      <td className="cell-line">
        <strong>{name}</strong>
      </td>
      <td>{uplink === null ? words.nat : words.uplink}</td>
      <td className="mono network-way" title={uplink ?? undefined}>
        {subnet ?? uplink}
      </td>
      <td className="mono">{gateway ?? format.UNKNOWN}</td>
      <td>
        <State network={network} />
      </td>
      <td className="cell-cut">
        <Vms names={network.vms} />
      </td>
      <td className="row-actions">
        <Button
          label={`${words.delete} ${name}`}
          hint={words.delete}
          icon={Trash2}
          iconOnly
          tone="quiet"
          size="small"
          busy={busy}
          reason={offline ? texts.actionHints.disconnected : deleteRefusal(network)}
          onPress={remove}
        />
      </td>
    </tr>
  );
}

function State({ network: { uplink, uplinkState } }: { readonly network: NetworkView }) {
  if (uplink === null) return <Badge tone="good">{words.ready}</Badge>;
  if (uplinkState === null) return <Badge tone="idle">{words.idle}</Badge>;
  return uplinkState === 'connected' ? (
    <Badge tone="good">{words.connected}</Badge>
  ) : (
    <Badge tone="bad">{words.lost}</Badge>
  );
}

function Vms({ names }: { readonly names: readonly string[] }) {
  const { go } = useServices();
  const all = usePage((state) => state.inventory?.vms) ?? [];
  if (names.length === 0) return <span className="muted">{words.noVms}</span>;
  return (
    <span className="network-vms">
      {names.map((name) => (
        <button
          key={name}
          type="button"
          className="link"
          onClick={() => go({ page: 'vm', vm: all.find((vm) => vm.name === name)?.id ?? name, tab: 'network' })}
        >
          {name}
        </button>
      ))}
    </span>
  );
}
