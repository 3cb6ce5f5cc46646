/**
 * The dialog for a VM's Fault Tolerance settings.
 *
 * Invariant: it checks as one types; what is sent is only what was changed.
 */
import { useId, useState } from 'react';
import type { VmView } from '../../../preload/contract/contract.ts';
import {
  changesOf,
  checkSettings,
  FT_FIELDS,
  formOf,
  type FtField,
  type FtForm,
  type FtFormErrors,
} from './ft-settings-form.ts';
import { Field } from '../../kit/field.tsx';
import { useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';
import { CommandDialog } from '../dialogs/dialog-parts.tsx';

export function FtSettingsDialog({ vm }: { readonly vm: VmView }) {
  const { bridge } = useServices();
  const [form, setForm] = useState(() => formOf(vm.ftSettings));
  const errors = checkSettings(form);
  const changes = changesOf(form, vm.ftSettings);
  return (
    <CommandDialog
      title={texts.ftSettings.title(vm.name)}
      wide
      label={texts.actions.save}
      reason={changes ? null : texts.ftSettings.unchanged}
      wrong={Object.keys(errors).length > 0}
      send={() => bridge.call('vm.set', { vm: vm.id, ...changes })}
    >
      <Fields form={form} errors={errors} change={(part) => setForm({ ...form, ...part })} />
      <p className="field-hint">{texts.ftSettings.when}</p>
    </CommandDialog>
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
