/** The dialog that is open. Invariant: every kind of `OpenDialog` has its dialog here, and at most one is mounted. */
import { usePage } from '../services.ts';
import { ConfirmDialog } from './confirm.tsx';
import { ForVm } from './dialog-parts.tsx';
import { FtSettingsDialog } from './ft-settings.tsx';
import { CaptureDialog } from './network/capture.tsx';
import { ForwardDialog } from './network/forward-dialog.tsx';
import { NewNetworkDialog } from './network/new-network.tsx';
import { NicDialog } from './network/nic-dialog.tsx';
import { NewVmDialog } from './new-vm.tsx';
import { RecordDialog } from './record.tsx';
import { SnapshotDialog } from './snapshot-dialog.tsx';

export function Dialogs() {
  const dialog = usePage((state) => state.dialog);
  switch (dialog?.kind) {
    case 'newVm':
      return <NewVmDialog />;
    case 'ftSettings':
      return <ForVm id={dialog.vm}>{(vm) => <FtSettingsDialog vm={vm} />}</ForVm>;
    case 'record':
      return <ForVm id={dialog.vm}>{(vm) => <RecordDialog vm={vm} />}</ForVm>;
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
    case 'newNetwork':
      return <NewNetworkDialog />;
    case undefined:
      return null;
  }
}
