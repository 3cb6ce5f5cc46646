/**
 * The form for the settings of a VM that is there, as data: what was typed, what is wrong with it, and what is sent.
 *
 * Invariant: only what was changed is sent; what needs a power-off is not changed while the VM runs.
 */
import * as v from 'valibot';
import type { BootDrive, VgaMemory } from '../../../preload/contract/boot.ts';
import { commands, type CommandArgs, type VmView } from '../../../preload/contract/contract.ts';
import { sentence } from '../../text/format.ts';
import { minutesOf, sizeOf, type TextField } from './new-vm-form.ts';
import { hostWords } from '../../text/host-words.ts';
import { texts } from '../../text/index.ts';

export interface EditForm {
  readonly name: string;
  readonly folder: string;
  readonly checkpoints: string;
  readonly memory: string;
  readonly disk: 'keep' | 'none' | 'new' | 'file';
  readonly hda: string;
  readonly diskSize: string;
  readonly cdrom: string;
  readonly fda: string;
  readonly bzimage: string;
  readonly initrd: string;
  readonly multiboot: string;
  readonly boot: BootDrive | '';
  readonly vgaMemory: string;
  readonly cmdline: string;
}

export type EditErrors = { readonly [field in TextField]?: string };
type Edit = Omit<CommandArgs<'vm.edit'>, 'vm'>;

export function editFormOf({
  name,
  folder,
  checkpointMinutes = 0,
  hardware: { memoryMB, files, cmdline, bootOrder, vgaMemoryMB },
}: VmView): EditForm {
  return {
    name,
    folder,
    checkpoints: String(checkpointMinutes),
    memory: String(memoryMB),
    disk: 'keep',
    hda: files.hda ?? '',
    diskSize: '4G',
    cdrom: files.cdrom ?? '',
    fda: files.fda ?? '',
    bzimage: files.bzimage ?? '',
    initrd: files.initrd ?? '',
    multiboot: files.multiboot ?? '',
    boot: bootOrder?.[0] ?? '',
    vgaMemory: vgaMemoryMB === undefined ? '' : String(vgaMemoryMB),
    cmdline: cmdline ?? '',
  };
}

/** What `vm.edit` is told. Drives of a running VM are not among it: they are changed by commands of their own. */
export function editArgs(form: EditForm, vm: VmView): Edit {
  const before = editFormOf(vm);
  const off = vm.power === 'off';
  const changed = (key: keyof EditForm): boolean => form[key].trim() !== before[key];
  const keys = ['bzimage', 'initrd', 'cmdline', 'multiboot', ...(off ? (['cdrom', 'fda'] as const) : [])] as const;
  const texted = keys.filter(changed).map((key) => [key, form[key].trim() === '' ? null : form[key].trim()]);
  return {
    ...(changed('name') && { name: form.name.trim() }),
    ...(changed('checkpoints') && { checkpointMinutes: minutesOf(form.checkpoints) }),
    ...(changed('memory') && { memoryMB: form.memory.trim() === '' ? Number.NaN : Number(form.memory) }),
    ...(form.disk === 'none' && before.hda !== '' && { hda: null }),
    ...(form.disk === 'file' && changed('hda') && { hda: form.hda.trim() }),
    ...(form.disk === 'new' && { diskBytes: sizeOf(form.diskSize) }),
    ...(changed('boot') && { bootOrder: form.boot === '' ? null : [form.boot] }),
    ...(changed('vgaMemory') && { vgaMemoryMB: form.vgaMemory === '' ? null : (Number(form.vgaMemory) as VgaMemory) }),
    ...Object.fromEntries(texted),
  };
}

/** The drives of a running VM in which something is to change. */
export function mediaChanges(form: EditForm, vm: VmView): readonly { drive: 'cdrom' | 'fda'; file: string | null }[] {
  if (vm.power === 'off') return [];
  const before = editFormOf(vm);
  return (['cdrom', 'fda'] as const)
    .filter((drive) => form[drive].trim() !== before[drive])
    .map((drive) => ({ drive, file: form[drive].trim() || null }));
}

export function isChanged(form: EditForm, vm: VmView): boolean {
  return Object.keys(editArgs(form, vm)).length > 0 || mediaChanges(form, vm).length > 0 || form.folder !== vm.folder;
}

const FIELDS: { readonly [key: string]: TextField } = {
  memoryMB: 'memory',
  diskBytes: 'diskSize',
  checkpointMinutes: 'checkpoints',
};

/** The first thing wrong with each field; `names` are those of the other VMs. */
export function checkEdit(form: EditForm, vm: VmView, names: readonly string[]): EditErrors {
  const errors: { [field in TextField]?: string } = {};
  for (const issue of v.safeParse(commands['vm.edit'], { vm: vm.id, ...editArgs(form, vm) }).issues ?? []) {
    const key = String(issue.path?.[0]?.key);
    errors[FIELDS[key] ?? (key as TextField)] ??= hostWords(sentence(issue.message));
  }
  const name = form.name.trim();
  if (names.some((one) => one.toLowerCase() === name.toLowerCase())) errors.name ??= texts.form.nameTaken(name);
  if (form.initrd.trim() !== '' && form.bzimage.trim() === '') errors.initrd ??= texts.form.initrdAlone;
  if (form.disk === 'file' && form.hda.trim() === '') errors.hda = texts.form.noDisk;
  return errors;
}
