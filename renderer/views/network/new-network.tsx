/**
 * The dialog for a new network: a NAT, or an uplink.
 *
 * Invariant: it checks as one types, but tells what is wrong with a field only once it was touched or the button was
 * pressed.
 */
import { Plus } from 'lucide-react';
import { useState } from 'react';
import type { NetworkView } from '../../../preload/contract/contract.ts';
import { Field } from '../../kit/field.tsx';
import { checkNetwork, emptyNetwork, networkArgs, type NetworkForm } from './network-form.ts';
import { useAsked } from '../../host/asked.ts';
import { useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';
import { CommandDialog } from '../dialogs/dialog-parts.tsx';

const { networks: words } = texts;
const KINDS = [
  { kind: 'nat', title: words.nat, text: words.natText },
  { kind: 'uplink', title: words.uplink, text: words.uplinkText },
] as const;
const NONE: readonly NetworkView[] = [];

export function NewNetworkDialog() {
  const { bridge } = useServices();
  const networks = useAsked('network.list', {}).answer ?? NONE;
  const [typed, setTyped] = useState<Partial<NetworkForm>>({});
  const [tried, setTried] = useState(false);
  // The subnet that is proposed depends on the networks there are, which the host says a moment later.
  const form = { ...emptyNetwork(networks), ...typed };
  const errors = checkNetwork(form, networks);
  const told = (field: 'name' | 'subnet' | 'uplink') =>
    tried || typed[field] !== undefined ? (errors[field] ?? null) : null;
  const change = (part: Partial<NetworkForm>) => setTyped({ ...typed, ...part });
  return (
    <CommandDialog
      title={words.addTitle}
      label={texts.actions.add}
      icon={Plus}
      reason={null}
      wrong={Object.keys(errors).length > 0}
      onTried={() => setTried(true)}
      send={() => bridge.call('network.create', networkArgs(form))}
    >
      <Field label={words.name} first value={form.name} error={told('name')} onChange={(name) => change({ name })} />
      <KindChoice kind={form.kind} onKind={(kind) => change({ kind })} />
      {form.kind === 'nat' ? (
        <Field
          label={words.subnetLabel}
          mono
          value={form.subnet}
          hint={words.subnetHint}
          error={told('subnet')}
          onChange={(subnet) => change({ subnet })}
        />
      ) : (
        <Field
          label={words.uplinkLabel}
          mono
          value={form.uplink}
          placeholder="unix:/run/passt.socket"
          hint={words.uplinkHint}
          error={told('uplink')}
          onChange={(uplink) => change({ uplink })}
        />
      )}
    </CommandDialog>
  );
}

interface KindChoiceProps {
  readonly kind: NetworkForm['kind'];
  readonly onKind: (kind: NetworkForm['kind']) => void;
}

function KindChoice({ kind: chosen, onKind }: KindChoiceProps) {
  return (
    <fieldset className="choices choices-two">
      <legend>{words.kind}</legend>
      {KINDS.map(({ kind, title, text }) => (
        <label key={kind} className={chosen === kind ? 'choice choice-on' : 'choice'}>
          <input type="radio" name="kind" checked={chosen === kind} onChange={() => onKind(kind)} />
          <span>
            <strong>{title}</strong>
            <span>{text}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
