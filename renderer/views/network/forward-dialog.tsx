/**
 * The dialog for a port forward, a new one or one that is there.
 *
 * Invariant: it checks as one types, but tells what is wrong with a field only once it was touched or the button was
 * pressed.
 */
import { useState } from 'react';
import type { ForwardView, VmView } from '../../../preload/contract/contract.ts';
import { FORWARD_PROTOCOLS, formatForward } from '../../../preload/contract/network.ts';
import { refusal } from '../../text/refusal.ts';
import { checkForward, forwardArgs, forwardForm, pastedForward, type ForwardForm } from './forward-form.ts';
import { Field } from '../../kit/field.tsx';
import { SelectField } from '../../kit/select-field.tsx';
import { useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';
import { CommandDialog } from '../dialogs/dialog-parts.tsx';

const PROTOCOLS = FORWARD_PROTOCOLS.map((value) => ({ value, label: value.toUpperCase() }));

export function ForwardDialog({ vm, forward }: { readonly vm: VmView; readonly forward: ForwardView | null }) {
  const { bridge } = useServices();
  const [before] = useState(() => forwardForm(forward));
  const [form, setForm] = useState(before);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const errors = checkForward(form);
  const told = (field: keyof ForwardForm) => (touched.has(field) || touched.has('*') ? (errors[field] ?? null) : null);
  const change = (part: Partial<ForwardForm>) => {
    const pasted = part.hostAddress === undefined ? null : pastedForward(part.hostAddress);
    setForm(pasted ?? { ...form, ...part });
    setTouched(new Set([...touched, ...Object.keys(pasted ?? part)]));
  };
  const unchanged = forward !== null && JSON.stringify(form) === JSON.stringify(before);
  const reason = forward ? (unchanged ? texts.forwards.unchanged : null) : refusal('forward.add', vm);
  return (
    <CommandDialog
      title={forward ? texts.forwards.edit(formatForward(forward)) : texts.forwards.add(vm.name)}
      label={forward ? texts.actions.save : texts.actions.add}
      reason={reason}
      wrong={Object.keys(errors).length > 0}
      onTried={() => setTouched(new Set(['*']))}
      send={() => {
        const args = { vm: vm.id, ...forwardArgs(form) };
        return forward ? bridge.call('forward.set', { ...args, id: forward.id }) : bridge.call('forward.add', args);
      }}
    >
      <div className="form-grid">
        <SelectField
          label={texts.forwards.protocol}
          value={form.protocol}
          choices={PROTOCOLS}
          onChange={(protocol) => change({ protocol })}
        />
        <Field
          label={texts.forwards.hostAddress}
          mono
          value={form.hostAddress}
          error={told('hostAddress')}
          onChange={(hostAddress) => change({ hostAddress })}
        />
        <Field
          label={texts.forwards.hostPort}
          first
          inputMode="numeric"
          value={form.hostPort}
          error={told('hostPort')}
          onChange={(hostPort) => change({ hostPort })}
        />
        <Field
          label={texts.forwards.guestPort}
          inputMode="numeric"
          value={form.guestPort}
          error={told('guestPort')}
          onChange={(guestPort) => change({ guestPort })}
        />
      </div>
      <p className="field-hint">
        {texts.forwards.hostAddressHint}. {texts.forwards.paste}
      </p>
    </CommandDialog>
  );
}
