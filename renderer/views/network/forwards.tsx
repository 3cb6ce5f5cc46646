/**
 * The port forwards of a VM as a table.
 *
 * Invariant: what is shown is what the host said last; a change asks it again.
 */
import { CornerUpRight, ExternalLink, Pencil, Trash2 } from 'lucide-react';
import { useEffect } from 'react';
import type { ForwardView, VmView } from '../../../preload/contract/contract.ts';
import { formatForward } from '../../../preload/contract/network.ts';
import { forwardAdd } from '../../actions/forward-add.ts';
import { forwardLink } from './forward-form.ts';
import * as format from '../../text/format.ts';
import type { Tone } from '../../text/vm-words.ts';
import { ActionButton } from '../../kit/action-button.tsx';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Card } from '../../kit/card.tsx';
import { useAsked } from '../../host/asked.ts';
import { usePage, useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';

const { forwards: words } = texts;

export function Forwards({ vm }: { readonly vm: VmView }) {
  const { answer, failure, again } = useAsked('forward.list', { vm: vm.id });
  // A dialog that closed may have changed something.
  const dialog = usePage((state) => state.dialog);
  useEffect(() => {
    if (dialog === null) again();
  }, [dialog, again]);
  return (
    <Card
      title={words.title}
      icon={CornerUpRight}
      className="card-flush"
      aside={<ActionButton action={forwardAdd} vm={vm} size="small" />}
    >
      {failure ? (
        <p className="card-failure" role="alert">
          {failure}
        </p>
      ) : null}
      {answer && answer.length > 0 ? (
        <div className="table-scroll" tabIndex={0} role="region" aria-label={words.title}>
          <ForwardTable vm={vm} forwards={answer} again={again} />
        </div>
      ) : (
        <p className="empty">{answer || failure ? words.none : words.loading}</p>
      )}
    </Card>
  );
}

interface TableProps {
  readonly vm: VmView;
  readonly forwards: readonly ForwardView[];
  readonly again: () => void;
}

function ForwardTable({ vm, forwards, again }: TableProps) {
  return (
    <table className="table forward-table">
      <thead>
        <tr>
          <th>{words.protocol}</th>
          <th>{words.host}</th>
          <th className="number">{words.guest}</th>
          <th className="cell-cut">{words.state}</th>
          <th>
            <span className="hidden-text">{texts.actions.edit}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {forwards.map((forward) => (
          <Row key={forward.id} vm={vm} forward={forward} again={again} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ vm, forward, again }: Omit<TableProps, 'forwards'> & { readonly forward: ForwardView }) {
  const { store, runner, bridge } = useServices();
  const offline = usePage((state) => state.phase !== 'open');
  const key = `forward:${forward.id}`;
  const busy = usePage((state) => state.pending.includes(key));
  const name = formatForward(forward);
  const reason = offline ? texts.actionHints.disconnected : null;
  const remove = () => {
    void runner.attempt(key, `${words.removing}: ${name}`, async () => {
      await bridge.call('forward.remove', { vm: vm.id, id: forward.id });
      again();
    });
  };
  return (
    <tr data-forward={name}>
      <td>{forward.protocol.toUpperCase()}</td>
      <td className="cell-line mono">{hostSide(forward)}</td>
      <td className="number">{forward.guestPort}</td>
      <td className="cell-cut">
        <State vm={vm} forward={forward} />
      </td>
      <td className="row-actions">
        <OpenLink vm={vm} forward={forward} />
        <Button
          label={`${texts.actions.edit} ${name}`}
          hint={texts.actions.edit}
          icon={Pencil}
          iconOnly
          tone="quiet"
          size="small"
          reason={reason}
          onPress={() => store.setState({ dialog: { kind: 'forward', vm: vm.id, forward } })}
        />
        <Button
          label={`${texts.actions.remove} ${name}`}
          hint={texts.actions.remove}
          icon={Trash2}
          iconOnly
          tone="quiet"
          size="small"
          busy={busy}
          reason={reason}
          onPress={remove}
        />
      </td>
    </tr>
  );
}

function hostSide({ hostAddress, hostPort }: ForwardView): string {
  return `${hostAddress.includes(':') ? `[${hostAddress}]` : hostAddress}:${hostPort}`;
}

/** The words and tone of a forward's state. */
function stateOf(vm: VmView, forward: ForwardView): { readonly tone: Tone; readonly text: string } {
  if (forward.error) return { tone: 'bad', text: forward.error };
  return vm.power === 'off' ? { tone: 'idle', text: words.vmOff } : { tone: 'good', text: words.listening };
}

function State({ vm, forward }: { readonly vm: VmView; readonly forward: ForwardView }) {
  const { tone, text } = stateOf(vm, forward);
  return (
    <span className="forward-state">
      {forward.error ? <span className="severity-error">{text}</span> : <Badge tone={tone}>{text}</Badge>}
      {forward.refused > 0 ? (
        <span className="muted" title={format.count(forward.refused)}>
          {words.refused(forward.refused)}
        </span>
      ) : null}
    </span>
  );
}

function OpenLink({ vm, forward }: { readonly vm: VmView; readonly forward: ForwardView }) {
  const link = vm.power === 'on' && !forward.error ? forwardLink(forward, window.location) : null;
  if (!link) return null;
  return (
    <a className="button button-quiet button-small" href={link} target="_blank" rel="noreferrer" title={link}>
      <ExternalLink className="icon" aria-hidden="true" />
      {words.open}
    </a>
  );
}
