/** The dialog that is open. Invariant: every kind of `OpenDialog` has its dialog here, and at most one is mounted. */
import { usePage } from '../../services.ts';
import { CheckpointDialog } from '../snapshots/checkpoint.tsx';
import { ConfirmDialog } from './confirm.tsx';
import { ForVm } from './dialog-parts.tsx';
import { CheckDiskDialog, ExportDiskDialog, ExtendDiskDialog, ImportDiskDialog } from '../disks/disk-dialogs.tsx';
import { EditVmDialog } from '../vm/edit-vm.tsx';
import { MoveDialog, NewFolderDialog, RenameFolderDialog } from '../inventory/folders.tsx';
import { FtSettingsDialog } from '../ft/ft-settings.tsx';
import { MediaDialog } from '../disks/media.tsx';
import { CaptureDialog } from '../network/capture.tsx';
import { ForwardDialog } from '../network/forward-dialog.tsx';
import { NewNetworkDialog } from '../network/new-network.tsx';
import { NicDialog } from '../network/nic-dialog.tsx';
import { NewVmDialog } from '../vm/new-vm.tsx';
import { CommandPalette } from '../shell/palette.tsx';
import { PasteDialog } from '../console/paste-dialog.tsx';
import { RecordDialog } from '../vm/record.tsx';
import { CloneDialog, ExportDialog, ImportDialog } from '../vm/share.tsx';
import { ShortcutsDialog } from '../shell/shortcuts.tsx';
import { SnapshotDialog } from '../snapshots/snapshot-dialog.tsx';

export function Dialogs() {
  const dialog = usePage((state) => state.dialog);
  switch (dialog?.kind) {
    case 'newVm':
      return <NewVmDialog folder={dialog.folder ?? ''} />;
    case 'edit':
      return <ForVm id={dialog.vm}>{(vm) => <EditVmDialog vm={vm} />}</ForVm>;
    case 'move':
      return <ForVm id={dialog.vm}>{(vm) => <MoveDialog vm={vm} />}</ForVm>;
    case 'media':
      return (
        <ForVm id={dialog.vm}>
          {(vm) => <MediaDialog vm={vm} drive={dialog.drive} folder={dialog.folder ?? false} />}
        </ForVm>
      );
    case 'diskCheck':
      return <ForVm id={dialog.vm}>{(vm) => <CheckDiskDialog vm={vm} />}</ForVm>;
    case 'diskExtend':
      return <ForVm id={dialog.vm}>{(vm) => <ExtendDiskDialog vm={vm} />}</ForVm>;
    case 'diskExport':
      return <ForVm id={dialog.vm}>{(vm) => <ExportDiskDialog vm={vm} />}</ForVm>;
    case 'diskImport':
      return <ForVm id={dialog.vm}>{(vm) => <ImportDiskDialog vm={vm} />}</ForVm>;
    case 'newFolder':
      return <NewFolderDialog folder={dialog.folder} />;
    case 'renameFolder':
      return <RenameFolderDialog folder={dialog.folder} />;
    case 'palette':
      return <CommandPalette />;
    case 'shortcuts':
      return <ShortcutsDialog />;
    case 'ftSettings':
      return <ForVm id={dialog.vm}>{(vm) => <FtSettingsDialog vm={vm} />}</ForVm>;
    case 'record':
      return <ForVm id={dialog.vm}>{(vm) => <RecordDialog vm={vm} />}</ForVm>;
    case 'paste':
      return <ForVm id={dialog.vm}>{(vm) => <PasteDialog vm={vm} />}</ForVm>;
    case 'confirm':
      return <ConfirmDialog action={dialog.action} vm={dialog.vm} />;
    case 'nic':
      return <ForVm id={dialog.vm}>{(vm) => <NicDialog vm={vm} />}</ForVm>;
    case 'capture':
      return <ForVm id={dialog.vm}>{(vm) => <CaptureDialog vm={vm} />}</ForVm>;
    case 'forward':
      return <ForVm id={dialog.vm}>{(vm) => <ForwardDialog vm={vm} forward={dialog.forward} />}</ForVm>;
    case 'snapshot':
      return <ForVm id={dialog.vm}>{(vm) => <SnapshotDialog vm={vm} dialog={dialog} />}</ForVm>;
    case 'checkpoint':
      return <ForVm id={dialog.vm}>{(vm) => <CheckpointDialog vm={vm} />}</ForVm>;
    case 'newNetwork':
      return <NewNetworkDialog />;
    case 'clone':
      return <ForVm id={dialog.vm}>{(vm) => <CloneDialog vm={vm} />}</ForVm>;
    case 'export':
      return <ForVm id={dialog.vm}>{(vm) => <ExportDialog vm={vm} />}</ForVm>;
    case 'import':
      return <ImportDialog key={dialog.file} file={dialog.file} />;
    case undefined:
      return null;
  }
}
