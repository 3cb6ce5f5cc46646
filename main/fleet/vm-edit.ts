/**
 * Changing what a VM is made of: its name and its checkpoints at any time, its hardware while it is off.
 *
 * Invariant: nothing is changed by halves: all is looked at first, and a new disk that no VM comes to use is removed.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { CommandError, type ParsedArgs } from '../../preload/contract/contract.ts';
import type { VmConfig } from '../store/vms.ts';
import type { Fleet } from './fleet.ts';
import { checkFiles, TWO_KERNELS } from './spec.ts';
import type { Vm } from './vm.ts';

type Changes = Omit<ParsedArgs<'vm.edit'>, 'vm'>;

const FILES = ['bzimage', 'initrd', 'multiboot', 'hda', 'cdrom', 'fda'] as const;
const OTHERS = ['bootOrder', 'vgaMemoryMB'] as const;

/** @throws {CommandError} when the name exists, a file is not what it should be, or the VM runs. */
export async function editVm(fleet: Fleet, vm: Vm, changes: Changes): Promise<void> {
  const { name, checkpointMinutes, diskBytes, ...hardware } = changes;
  if (Object.keys(changes).length === 0) {
    const keys = ['name', 'checkpointMinutes', 'memoryMB', 'cmdline', ...OTHERS, ...FILES].join(', ');
    throw new CommandError('usage', `Say what to change: ${keys}.`);
  }
  if (diskBytes !== undefined && hardware.hda !== undefined) {
    throw new CommandError('usage', 'A VM has one hard disk: leave out either the file or the size of a new one.');
  }
  const rename = name !== undefined && name !== vm.name;
  if (rename) requireFree(fleet, vm, name);
  const machine = diskBytes !== undefined || Object.keys(hardware).length > 0;
  if (machine) vm.require('vm.edit');
  if (diskBytes !== undefined) requireOneDisk(fleet, vm);
  const hda = diskBytes === undefined ? undefined : await fleet.disks.createFor(vm.name, diskBytes);
  try {
    if (machine) {
      // It may have been powered on while the disk was made.
      vm.require('vm.edit');
      const config = edited(vm, { ...hardware, ...(hda !== undefined && { hda }) });
      if (config.hda !== vm.record.config.hda) requireOneDisk(fleet, vm);
      checkFiles({ ...config, hda: config.hda === vm.record.config.hda ? vm.disk.current : config.hda }, fleet.guests);
      const what = words(vm.record.config, config);
      vm.amend({ config }, 'vm.edited', `Changed: ${what}.`, { what });
    }
    if (checkpointMinutes !== undefined) fleet.checkpoints.set(vm, checkpointMinutes);
    if (rename) {
      const before = vm.name;
      vm.amend({ name }, 'vm.renamed', `Renamed from "${before}" to "${name}".`, { from: before, to: name });
    }
  } catch (error) {
    if (hda !== undefined) rmSync(hda, { force: true });
    throw error;
  }
}

/** Snapshots are of the disk that it has. @throws {CommandError} `refused`. */
function requireOneDisk({ snapshots }: Fleet, vm: Vm): void {
  snapshots.requireOneFile(vm, 'its hard disk stays. A full clone has none, and can be given another one.');
}

function requireFree(fleet: Fleet, vm: Vm, name: string): void {
  const other = fleet.all().find((one) => one.name.toLowerCase() === name.toLowerCase() && one !== vm);
  if (!other) return;
  throw new CommandError('exists', `There is already a VM "${name}". Choose another name, or delete that one.`);
}

/** The configuration after these changes; null takes something away. */
function edited(vm: Vm, changes: Omit<Changes, 'name' | 'checkpointMinutes' | 'diskBytes'>): VmConfig {
  const { config: before } = vm.record;
  const files = FILES.filter((kind) => changes[kind] !== undefined);
  const given = Object.fromEntries(
    files.map((kind) => [kind, changes[kind] === null ? undefined : path.resolve(changes[kind] as string)]),
  );
  const config: VmConfig = {
    ...before,
    ...(changes.memoryMB !== undefined && { memoryMB: changes.memoryMB }),
    ...(changes.cmdline !== undefined && { cmdline: changes.cmdline }),
    ...Object.fromEntries(
      OTHERS.filter((key) => changes[key] !== undefined).map((key) => [key, changes[key] ?? undefined]),
    ),
    ...given,
  };
  if (config.bzimage && config.multiboot) throw new CommandError('usage', TWO_KERNELS);
  if (config.sample && (config.bzimage || config.initrd || config.multiboot)) {
    throw new CommandError(
      'usage',
      `"${vm.name}" is a sample, which brings its own kernel: make a VM of your own files.`,
    );
  }
  if (config.sample === 'test' && config.fda) {
    throw new CommandError('usage', `"${vm.name}" is the test guest: it boots from its own floppy, which stays.`);
  }
  if (config.initrd && !config.bzimage) {
    throw new CommandError('usage', 'An initrd needs its kernel: name both, or take both away.');
  }
  if (config.hda !== before.hda && vm.disk.slot === 'B') {
    const at = `The disk of "${vm.name}" is in "${vm.disk.current}" since a failover with separate disks`;
    throw new CommandError('refused', `${at}: power it off while it is Protected first, which brings it back.`);
  }
  return config;
}

function words(before: VmConfig, after: VmConfig): string {
  const keys = ['memoryMB', 'cmdline', ...OTHERS, ...FILES] as const;
  const changed = keys.filter((key) => String(before[key]) !== String(after[key]));
  return changed.map((key) => `${key} = ${String(after[key] ?? 'none')}`).join(', ') || 'nothing';
}
