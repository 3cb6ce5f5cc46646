/**
 * The form for a VM's Fault Tolerance settings, as data: its fields, what is wrong with what was typed, and the command
 * it makes.
 *
 * Invariant: a setting is in the form exactly when it is in this table; what is wrong is what the contract's own schema
 * says, in its own words.
 */
import * as v from 'valibot';
import { commands, type CommandArgs, type FtSettings } from '../../../preload/contract/contract.ts';
import { hostWords } from '../../text/host-words.ts';
import { texts } from '../../text/index.ts';

type FieldShape =
  | { readonly unit: string }
  | { readonly choices: readonly { readonly value: string; readonly label: string }[] };

export type FtField = { readonly key: keyof FtSettings; readonly label: string; readonly hint: string } & FieldShape;

const { fields } = texts.ftSettings;

export const FT_FIELDS: readonly FtField[] = [
  { key: 'failureTimeoutMs', ...fields.failureTimeoutMs, unit: 'ms' },
  { key: 'hashIntervalEpochs', ...fields.hashIntervalEpochs, unit: 'epochs' },
  { key: 'lagThrottleMs', ...fields.lagThrottleMs, unit: 'ms' },
  { key: 'lagHardMs', ...fields.lagHardMs, unit: 'ms' },
  { key: 'diskMode', ...fields.diskMode },
  { key: 'diskReads', ...fields.diskReads },
];

/** What stands in each field. */
export type FtForm = { readonly [key in keyof FtSettings]: string };
export type FtFormErrors = { readonly [key in keyof FtSettings]?: string };

export function formOf(settings: FtSettings): FtForm {
  return Object.fromEntries(FT_FIELDS.map(({ key }) => [key, String(settings[key])])) as FtForm;
}

/** Only what was changed; null when nothing was. */
export function changesOf(form: FtForm, settings: FtSettings): Partial<FtSettings> | null {
  const changed = FT_FIELDS.filter(({ key }) => form[key].trim() !== String(settings[key]));
  if (changed.length === 0) return null;
  return Object.fromEntries(changed.map((field) => [field.key, valueOf(field, form)]));
}

export function checkSettings(form: FtForm): FtFormErrors {
  const all = Object.fromEntries(FT_FIELDS.map((field) => [field.key, valueOf(field, form)]));
  const errors: { [key: string]: string } = {};
  const parsed = v.safeParse(commands['vm.set'], { vm: 'it', ...all } as CommandArgs<'vm.set'>);
  for (const issue of parsed.issues ?? []) {
    const key = issue.path?.[0]?.key;
    if (typeof key === 'string') errors[key] ??= hostWords(`It ${issue.message}.`);
  }
  const { lagThrottleMs, lagHardMs } = form;
  if (Number(lagThrottleMs) >= Number(lagHardMs)) errors['lagHardMs'] ??= texts.ftSettings.lagOrder;
  return errors;
}

function valueOf(field: FtField, form: FtForm): string | number {
  const text = form[field.key].trim();
  if ('choices' in field) return text;
  return text === '' ? Number.NaN : Number(text);
}
