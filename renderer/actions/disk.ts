/**
 * What can be done to the file of a VM's hard disk.
 *
 * Invariant: allowed exactly when the rules allow it, and there is a disk that it can be done to.
 */
import { HardDriveDownload, HardDriveUpload, Maximize2, Minimize2, ShieldCheck, type LucideIcon } from 'lucide-react';
import type { VmView } from '../../preload/contract/contract.ts';
import { diskOf, isThin } from '../disk.ts';
import * as format from '../text/format.ts';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

const { disks: words } = texts;

function withDisk(vm: VmView, allowed: (file: string) => string | null): string | null {
  const file = diskOf(vm);
  return file === undefined ? words.none(vm.name) : allowed(file);
}

interface Asked {
  readonly what: 'check' | 'extend' | 'export';
  readonly command: 'disk.check' | 'disk.resize' | 'disk.export';
  readonly dialog: 'diskCheck' | 'diskExtend' | 'diskExport';
  readonly icon: LucideIcon;
}

/** Its dialog asks for the rest. */
function asking({ what, command, dialog, icon }: Asked): Action {
  return {
    id: `disk-${what}`,
    label: words[what].action,
    hint: words[what].hint,
    icon,
    enabled: (vm) => withDisk(vm, () => refusal(command, vm)),
    perform: async ({ vm, open }) => open({ kind: dialog, vm: vm.id }),
  };
}

const diskCompact: Action = {
  id: 'disk-compact',
  label: words.compact.action,
  hint: words.compact.hint,
  icon: Minimize2,
  enabled: (vm) => withDisk(vm, (file) => (isThin(file) ? refusal('disk.compact', vm) : words.compact.raw)),
  perform: async ({ vm, call, toast }) => {
    const { before, after } = await call('disk.compact', { file: diskOf(vm) ?? '' });
    const message = words.compact.done(format.diskBytes(before), format.diskBytes(after));
    toast({ tone: 'info', title: `${words.compact.action}: ${vm.name}`, message });
  },
};

/** Its hard disk becomes another one: as the settings allow that. */
const diskImport: Action = {
  id: 'disk-import',
  label: words.import.action,
  hint: words.import.hint,
  icon: HardDriveDownload,
  enabled: (vm) =>
    refusal('vm.edit', vm) ??
    (vm.snapshots ? words.import.snapshots(vm.name) : null) ??
    (vm.currentDisk === undefined ? null : texts.edit.moved(vm.currentDisk)),
  perform: async ({ vm, open }) => open({ kind: 'diskImport', vm: vm.id }),
};

export const DISK_ACTIONS: readonly Action[] = [
  asking({ what: 'check', command: 'disk.check', dialog: 'diskCheck', icon: ShieldCheck }),
  diskCompact,
  asking({ what: 'extend', command: 'disk.resize', dialog: 'diskExtend', icon: Maximize2 }),
  asking({ what: 'export', command: 'disk.export', dialog: 'diskExport', icon: HardDriveUpload }),
  diskImport,
];
