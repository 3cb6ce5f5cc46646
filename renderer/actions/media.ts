/**
 * Put an image into a removable drive, or take out what is in it.
 *
 * Invariant: allowed exactly when the rules allow it; an empty drive has nothing to be taken out.
 */
import { Disc3, DiscAlbum, FolderDown, LogOut, Save } from 'lucide-react';
import type { MediaDrive, VmView } from '../../preload/contract/contract.ts';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

const INSERT_ICONS = { cdrom: Disc3, fda: Save } as const;
const EJECT_ICONS = { cdrom: DiscAlbum, fda: LogOut } as const;

function ownFloppy(drive: MediaDrive, vm: VmView): string | null {
  return drive === 'fda' && vm.hardware.guest === 'Test guest' ? texts.media.own : null;
}

function insert(drive: MediaDrive): Action {
  return {
    id: `insert-${drive}`,
    label: texts.media.insert[drive],
    icon: INSERT_ICONS[drive],
    enabled: (vm) => refusal('media.insert', vm) ?? ownFloppy(drive, vm),
    perform: async ({ vm, open }) => open({ kind: 'media', vm: vm.id, drive }),
  };
}

function eject(drive: MediaDrive): Action {
  return {
    id: `eject-${drive}`,
    label: texts.media.eject[drive],
    icon: EJECT_ICONS[drive],
    enabled: (vm) =>
      refusal('media.eject', vm) ??
      ownFloppy(drive, vm) ??
      (vm.hardware.files[drive] ? null : texts.media.empty[drive]),
    perform: async ({ vm, call }) => {
      await call('media.eject', { vm: vm.id, drive });
    },
  };
}

const insertFolder: Action = {
  id: 'insert-folder',
  label: texts.disks.folder.action,
  hint: texts.disks.folder.hint,
  icon: FolderDown,
  enabled: (vm) => refusal('media.insert', vm),
  perform: async ({ vm, open }) => open({ kind: 'media', vm: vm.id, drive: 'cdrom', folder: true }),
};

/** By drive. */
export const DRIVE_ACTIONS: { readonly [drive in MediaDrive]: readonly Action[] } = {
  cdrom: [insert('cdrom'), insertFolder, eject('cdrom')],
  fda: [insert('fda'), eject('fda')],
};
export const MEDIA_ACTIONS: readonly Action[] = [...DRIVE_ACTIONS.cdrom, ...DRIVE_ACTIONS.fda];
