/**
 * The form for a new VM, as data: what was typed, what is wrong with it, and the command it makes.
 *
 * Invariant: what is wrong is what the contract's own schema says, in its own words; what the form does not show for
 * the chosen kind of guest is not sent.
 */
import * as v from 'valibot';
import { commands, type CommandArgs, type NicType } from '../../../preload/contract/contract.ts';
import type { BootDrive, VgaMemory } from '../../../preload/contract/boot.ts';
import { parseSize } from '../../../preload/contract/disk.ts';
import { DEFAULT_NETWORK_NAME } from '../../../preload/contract/network.ts';
import { sentence } from '../../text/format.ts';
import { hostWords } from '../../text/host-words.ts';
import { texts } from '../../text/index.ts';

/** What the guest boots from. */
export const SOURCES = ['sample', 'test', 'kernel', 'disk', 'cd', 'floppy', 'multiboot'] as const;
export type Source = (typeof SOURCES)[number];
export type DiskChoice = 'none' | 'new' | 'file';

export interface NewVmForm {
  readonly name: string;
  readonly folder: string;
  readonly source: Source;
  readonly memory: string;
  readonly bzimage: string;
  readonly initrd: string;
  readonly multiboot: string;
  readonly cmdline: string;
  readonly disk: DiskChoice;
  readonly hda: string;
  readonly diskSize: string;
  readonly cdrom: string;
  readonly fda: string;
  readonly network: string;
  readonly nic: NicType;
  /** Minutes between automatic checkpoints. */
  readonly checkpoints: string;
  /** The drive from which it is started first; empty: the usual one. */
  readonly boot: BootDrive | '';
  /** In MB; empty: the usual. */
  readonly vgaMemory: string;
  readonly start: boolean;
}

export type TextField =
  | 'name'
  | 'memory'
  | 'bzimage'
  | 'initrd'
  | 'multiboot'
  | 'cmdline'
  | 'hda'
  | 'diskSize'
  | 'cdrom'
  | 'fda'
  | 'checkpoints';
export type FormErrors = { readonly [field in TextField]?: string };

/** What the host takes where nothing is said. */
const DEFAULT_NIC: NicType = 'virtio';
const MEMORY: { readonly [source in Source]: string } = {
  sample: '128',
  test: '32',
  kernel: '128',
  disk: '256',
  cd: '256',
  floppy: '32',
  multiboot: '32',
};
const NAMES: { readonly [source in Source]?: string } = {
  sample: texts.start.name,
  test: texts.form.sources.test.title,
};
const DEFAULT_DISK_SIZE = '4G';

export function emptyForm(names: readonly string[], folder = ''): NewVmForm {
  return {
    name: freeName(texts.start.name, names),
    folder,
    source: 'sample',
    memory: MEMORY.sample,
    bzimage: '',
    initrd: '',
    multiboot: '',
    cmdline: '',
    disk: 'none',
    hda: '',
    diskSize: DEFAULT_DISK_SIZE,
    cdrom: '',
    fda: '',
    network: DEFAULT_NETWORK_NAME,
    nic: DEFAULT_NIC,
    checkpoints: '0',
    boot: '',
    vgaMemory: '',
    start: true,
  };
}

/** Another kind of guest: what was proposed for the former one is proposed anew, what was typed stays. */
export function withSource(form: NewVmForm, source: Source, names: readonly string[]): NewVmForm {
  const proposed = (of: Source) => freeName(NAMES[of] ?? texts.views.vm, names);
  return {
    ...form,
    source,
    name: form.name === proposed(form.source) ? proposed(source) : form.name,
    memory: form.memory === MEMORY[form.source] ? MEMORY[source] : form.memory,
    disk: source === 'disk' && form.disk === 'none' ? 'file' : form.disk,
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

/** A size in bytes; not a number where the text is no size. */
export function sizeOf(text: string): number {
  try {
    return parseSize(text);
  } catch {
    return Number.NaN;
  }
}

/** A kernel is started without it. */
export function startsByBios({ source }: Pick<NewVmForm, 'source'>): boolean {
  return source === 'disk' || source === 'cd' || source === 'floppy';
}

/** Nothing is none. */
export function minutesOf(text: string): number {
  return Number(text.trim() === '' ? '0' : text);
}

/** The files that this kind of guest takes. */
export function filesOf({
  source,
}: Pick<NewVmForm, 'source'>): readonly ('bzimage' | 'initrd' | 'cmdline' | 'multiboot' | 'cdrom' | 'fda')[] {
  if (source === 'multiboot') return ['multiboot', 'cdrom', 'fda'];
  if (source === 'kernel') return ['bzimage', 'initrd', 'cmdline', 'cdrom', 'fda'];
  return source === 'test' ? ['cdrom'] : ['cdrom', 'fda'];
}

export function toArgs(form: NewVmForm): CommandArgs<'vm.create'> {
  const { source, disk } = form;
  const files = filesOf(form)
    .map((field) => [field, form[field].trim()] as const)
    .filter(([, value]) => value !== '');
  return {
    name: form.name.trim(),
    memoryMB: form.memory.trim() === '' ? Number.NaN : Number(form.memory),
    ...(form.folder !== '' && { folder: form.folder }),
    ...(form.network !== DEFAULT_NETWORK_NAME && { network: form.network }),
    ...(form.nic !== DEFAULT_NIC && { nic: form.nic }),
    ...(minutesOf(form.checkpoints) !== 0 && { checkpointMinutes: minutesOf(form.checkpoints) }),
    ...(form.boot !== '' && startsByBios(form) && { bootOrder: [form.boot] }),
    ...(form.vgaMemory !== '' && { vgaMemoryMB: Number(form.vgaMemory) as VgaMemory }),
    ...(source === 'sample' && { sample: 'linux' as const }),
    ...(source === 'test' && { sample: 'test' as const }),
    ...(disk === 'file' && form.hda.trim() !== '' && { hda: form.hda.trim() }),
    ...(disk === 'new' && { diskBytes: sizeOf(form.diskSize) }),
    ...Object.fromEntries(files),
  };
}

/** The contract's names of fields that are called otherwise here. */
const FIELDS: { readonly [key: string]: TextField } = {
  memoryMB: 'memory',
  diskBytes: 'diskSize',
  checkpointMinutes: 'checkpoints',
};

/** The first thing wrong with each field; empty when the command can be sent. */
export function checkForm(form: NewVmForm, names: readonly string[]): FormErrors {
  const args = toArgs(form);
  const { source, disk } = form;
  const errors: { [field in TextField]?: string } = {};
  for (const issue of v.safeParse(commands['vm.create'], args).issues ?? []) {
    const key = String(issue.path?.[0]?.key);
    errors[FIELDS[key] ?? (key as TextField)] ??= hostWords(sentence(issue.message));
  }
  if (names.some((name) => name.toLowerCase() === args.name.toLowerCase())) {
    errors.name ??= texts.form.nameTaken(args.name);
  }
  if (disk === 'file' && !args.hda && (source !== 'disk' || !(args.cdrom || args.fda))) {
    errors.hda ??= source === 'disk' ? texts.form.noBoot.disk : texts.form.noDisk;
  }
  if (source === 'kernel' && !args.bzimage) errors.bzimage ??= texts.form.noBoot.kernel;
  if (source === 'multiboot' && !args.multiboot) errors.multiboot ??= texts.form.noBoot.multiboot;
  if (source === 'cd' && !args.cdrom) errors.cdrom ??= texts.form.noBoot.cd;
  if (source === 'floppy' && !args.fda) errors.fda ??= texts.form.noBoot.floppy;
  // An empty disk boots nothing.
  if (source === 'disk' && disk === 'new' && !args.cdrom && !args.fda) errors.cdrom ??= texts.form.emptyDisk;
  return errors;
}

/** The field that the host's error is about, by the file or the argument that it names; null where it names none. */
export function fieldOfError(message: string, args: { readonly [key: string]: unknown }): TextField | null {
  for (const field of ['bzimage', 'initrd', 'multiboot', 'hda', 'cdrom', 'fda'] as const) {
    const file = args[field];
    if (typeof file === 'string' && file !== '' && message.includes(file)) return field;
  }
  const [, key = ''] = /^(\w+): /.exec(message) ?? [];
  const field = FIELDS[key] ?? key;
  const known: readonly string[] = ['name', 'memory', 'cmdline', 'diskSize'];
  if (known.includes(field)) return field as TextField;
  return /already a VM/.test(message) ? 'name' : null;
}
