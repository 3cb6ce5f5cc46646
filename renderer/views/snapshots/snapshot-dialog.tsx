/**
 * The dialogs of snapshots: take one, go back to one, delete one.
 *
 * Invariant: nothing that loses work is done unasked.
 */
import { Camera, History, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { VmView } from '../../../preload/contract/contract.ts';
import { Field } from '../../kit/field.tsx';
import { refusal } from '../../text/refusal.ts';
import { useServices } from '../../services.ts';
import type { SnapshotDialogKind } from '../../state.ts';
import { texts } from '../../text/index.ts';
import { CommandDialog } from '../dialogs/dialog-parts.tsx';

const words = texts.snapshots;

export function SnapshotDialog({ vm, dialog }: { readonly vm: VmView; readonly dialog: SnapshotDialogKind }) {
  const { snapshot, what } = dialog;
  if (what === 'take' || !snapshot) return <TakeDialog vm={vm} />;
  return what === 'revert' ? (
    <RevertDialog vm={vm} snapshot={snapshot} />
  ) : (
    <DeleteDialog vm={vm} snapshot={snapshot} />
  );
}

function TakeDialog({ vm }: { readonly vm: VmView }) {
  const { bridge } = useServices();
  const [name, setName] = useState('');
  const [note, setNote] = useState('');
  const [tried, setTried] = useState(false);
  const missing = name.trim() === '';
  return (
    <CommandDialog
      title={words.takeTitle(vm.name)}
      label={words.takeNow}
      icon={Camera}
      reason={refusal('snapshot.take', vm)}
      wrong={missing}
      onTried={() => setTried(true)}
      send={() => bridge.call('snapshot.take', { vm: vm.id, name: name.trim(), note: note.trim() })}
    >
      <p>{vm.power === 'off' && !vm.suspended ? words.takeOff : words.takeRunning}</p>
      <Field
        label={words.name}
        first
        value={name}
        onChange={setName}
        {...(tried && missing && { error: words.nameMissing })}
      />
      <Field label={words.note} value={note} hint={words.noteHint} onChange={setNote} />
    </CommandDialog>
  );
}

interface OneProps {
  readonly vm: VmView;
  readonly snapshot: { readonly id: string; readonly name: string };
}

function RevertDialog({ vm, snapshot }: OneProps) {
  const { bridge } = useServices();
  return (
    <CommandDialog
      title={words.revertTitle(snapshot.name, vm.name)}
      label={words.revert}
      icon={History}
      reason={refusal('snapshot.revert', vm)}
      wrong={false}
      send={() => bridge.call('snapshot.revert', { vm: vm.id, snapshot: snapshot.id })}
    >
      <p>{words.revertBody}</p>
    </CommandDialog>
  );
}

function DeleteDialog({ vm, snapshot }: OneProps) {
  const { bridge } = useServices();
  return (
    <CommandDialog
      title={words.removeTitle(snapshot.name)}
      label={words.remove}
      icon={Trash2}
      reason={refusal('snapshot.delete', vm)}
      wrong={false}
      send={() => bridge.call('snapshot.delete', { vm: vm.id, snapshot: snapshot.id })}
    >
      <p>{words.removeBody}</p>
    </CommandDialog>
  );
}
