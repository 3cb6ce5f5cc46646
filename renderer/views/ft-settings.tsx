/**
 * The dialog for a VM's Fault Tolerance settings.
 *
 * Invariant: it checks as one types; what is sent is only what was changed.
 */
import { CircleAlert } from 'lucide-react';
import { useEffect, useId, useState } from 'react';
import type { VmView } from '../../preload/contract.ts';
import {
  changesOf,
  checkSettings,
  FT_FIELDS,
  formOf,
  type FtField,
  type FtForm,
  type FtFormErrors,
} from '../ft-settings-form.ts';
import { Button } from '../kit/button.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { Field } from '../kit/field.tsx';
import { usePage, useServices } from '../services.ts';
import { findVm } from '../state.ts';
import { en } from '../text/en.ts';

export function FtSettingsDialog({ vm: id }: { readonly vm: string }) {
  const { store } = useServices();
  const vm = usePage((state) => findVm(state, id));
  // The VM may go away meanwhile.
  useEffect(() => {
    if (!vm) store.setState({ dialog: null });
  }, [vm, store]);
  return vm ? <Settings vm={vm} /> : null;
}

function Settings({ vm }: { readonly vm: VmView }) {
  const { store, bridge } = useServices();
  const offline = usePage((state) => state.phase !== 'open');
  const [form, setForm] = useState(() => formOf(vm.ftSettings));
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const errors = checkSettings(form);
  const changes = changesOf(form, vm.ftSettings);
  const reason = offline ? en.actionHints.disconnected : changes ? null : en.ftSettings.unchanged;
  const close = () => store.setState({ dialog: null });
  const save = async () => {
    if (!changes || Object.keys(errors).length > 0 || busy || offline) return;
    setBusy(true);
    setFailure(null);
    try {
      await bridge.call('vm.set', { vm: vm.id, ...changes });
      close();
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={en.ftSettings.title(vm.name)}
      onClose={close}
      onSubmit={() => void save()}
      footer={
        <>
          <Button label={en.actions.cancel} onPress={close} />
          <Button label={en.actions.save} tone="primary" type="submit" busy={busy} reason={reason} hint="" />
        </>
      }
    >
      {failure ? (
        <p className="form-failure" role="alert">
          <CircleAlert className="icon" aria-hidden="true" />
          {failure}
        </p>
      ) : null}
      <Fields form={form} errors={errors} change={(part) => setForm({ ...form, ...part })} />
      <p className="field-hint">{en.ftSettings.when}</p>
    </Dialog>
  );
}

interface FieldsProps {
  readonly form: FtForm;
  readonly errors: FtFormErrors;
  readonly change: (part: Partial<FtForm>) => void;
}

function Fields({ form, errors, change }: FieldsProps) {
  return (
    <div className="form-grid">
      {FT_FIELDS.map((field, index) =>
        'choices' in field ? (
          <Choice key={field.key} field={field} value={form[field.key]} change={change} />
        ) : (
          <Field
            key={field.key}
            label={field.label}
            hint={field.hint}
            unit={field.unit}
            inputMode="numeric"
            first={index === 0}
            value={form[field.key]}
            error={errors[field.key] ?? null}
            onChange={(value) => change({ [field.key]: value })}
          />
        ),
      )}
    </div>
  );
}

interface ChoiceProps {
  readonly field: Extract<FtField, { choices: unknown }>;
  readonly value: string;
  readonly change: FieldsProps['change'];
}

function Choice({ field, value, change }: ChoiceProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{field.label}</label>
      <select
        id={id}
        className="select"
        value={value}
        aria-describedby={`${id}-hint`}
        onChange={(event) => change({ [field.key]: event.target.value })}
      >
        {field.choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
      <p className="field-hint" id={`${id}-hint`}>
        {field.hint}
      </p>
    </div>
  );
}
