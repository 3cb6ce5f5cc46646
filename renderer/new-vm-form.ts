/**
 * The form for a new VM, as data: what was typed, what is wrong with it, and the command it makes.
 *
 * Invariant: what is wrong is what the contract's own schema says, in its own words.
 */
import * as v from 'valibot';
import { commands, type CommandArgs, type NicType, type Sample } from '../preload/contract.ts';
import { DEFAULT_NETWORK_NAME } from '../preload/network.ts';
import { sentence } from './format.ts';

export type Source = 'sample' | 'files';

export interface NewVmForm {
  readonly name: string;
  readonly source: Source;
  readonly sample: Sample;
  readonly memory: string;
  readonly bzimage: string;
  readonly initrd: string;
  readonly cmdline: string;
  readonly hda: string;
  readonly cdrom: string;
  readonly fda: string;
  readonly network: string;
  readonly nic: NicType;
  readonly start: boolean;
}

export const FILE_FIELDS = ['bzimage', 'initrd', 'cmdline', 'hda', 'cdrom', 'fda'] as const;
export type FileField = (typeof FILE_FIELDS)[number];

/** What the host takes where nothing is said. */
const DEFAULT_NIC: NicType = 'virtio';

export const NO_SOURCE = 'Give a kernel, a disk image, a CD image or a floppy image to start from.';
export const INITRD_ALONE = 'An initial RAM disk needs a kernel.';
export const CMDLINE_ALONE = 'A kernel command line needs a kernel.';

export function emptyForm(names: readonly string[]): NewVmForm {
  return {
    name: freeName('Sample Linux', names),
    source: 'sample',
    sample: 'linux',
    memory: '128',
    bzimage: '',
    initrd: '',
    cmdline: '',
    hda: '',
    cdrom: '',
    fda: '',
    network: DEFAULT_NETWORK_NAME,
    nic: DEFAULT_NIC,
    start: true,
  };
}

/** The name, or the name with the first number that is free. */
export function freeName(wish: string, names: readonly string[]): string {
  const taken = new Set(names.map((name) => name.toLowerCase()));
  if (!taken.has(wish.toLowerCase())) return wish;
  for (let number = 2; ; number++) {
    const name = `${wish} ${number}`;
    if (!taken.has(name.toLowerCase())) return name;
  }
}

export function toArgs(form: NewVmForm): CommandArgs<'vm.create'> {
  const base = {
    name: form.name.trim(),
    memoryMB: form.memory.trim() === '' ? Number.NaN : Number(form.memory),
    ...(form.network !== DEFAULT_NETWORK_NAME && { network: form.network }),
    ...(form.nic !== DEFAULT_NIC && { nic: form.nic }),
  };
  if (form.source === 'sample') return { ...base, sample: form.sample };
  const files = FILE_FIELDS.map((field) => [field, form[field].trim()] as const).filter(([, value]) => value !== '');
  return { ...base, ...Object.fromEntries(files) };
}

export type FormErrors = { readonly [field in 'name' | 'memory' | 'source' | FileField]?: string };

/** The first thing wrong with each field; empty when the command can be sent. */
export function checkForm(form: NewVmForm, names: readonly string[]): FormErrors {
  const args = toArgs(form);
  const errors: { [field: string]: string } = {};
  const parsed = v.safeParse(commands['vm.create'], args);
  for (const issue of parsed.issues ?? []) {
    const key = issue.path?.[0]?.key;
    const field = typeof key === 'string' ? key : 'source';
    errors[field === 'memoryMB' ? 'memory' : field] ??= sentence(issue.message);
  }
  if (names.some((name) => name.toLowerCase() === args.name.toLowerCase())) {
    errors['name'] ??= `There is a VM named "${args.name}" already.`;
  }
  if (form.source === 'files') {
    if (!args.bzimage && args.initrd) errors['initrd'] ??= INITRD_ALONE;
    if (!args.bzimage && args.cmdline) errors['cmdline'] ??= CMDLINE_ALONE;
    if (!args.bzimage && !args.hda && !args.cdrom && !args.fda) errors['source'] ??= NO_SOURCE;
  }
  return errors;
}
