/**
 * Recording a VM: the dialog that begins one, and the line on its page while one is made.
 *
 * Invariant: where the recording goes is shown before and while it is made.
 */
import { CircleAlert, CircleDot } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { RecordingView, VmView } from '../../preload/contract.ts';
import { refusal } from '../../preload/rules.ts';
import { recordStop } from '../actions/record-stop.ts';
import * as format from '../format.ts';
import { ActionButton } from '../kit/action-button.tsx';
import { Button } from '../kit/button.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { Field } from '../kit/field.tsx';
import { usePage, useServices } from '../services.ts';
import { findVm } from '../state.ts';
import { en } from '../text/en.ts';

export function RecordDialog({ vm: id }: { readonly vm: string }) {
  const { store, bridge } = useServices();
  const vm = usePage((state) => findVm(state, id));
  const folder = usePage((state) => state.inventory?.host.recordingsFolder ?? '');
  const offline = usePage((state) => state.phase !== 'open');
  const [file, setFile] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const close = () => store.setState({ dialog: null });
  useEffect(() => {
    if (!vm) store.setState({ dialog: null });
  }, [vm, store]);
  if (!vm) return null;
  const reason = offline ? en.actionHints.disconnected : refusal('record.start', vm);
  const start = async () => {
    if (busy || reason) return;
    setBusy(true);
    setFailure(null);
    try {
      const named = file.trim();
      await bridge.call('record.start', { vm: vm.id, ...(named && { file: named }) });
      close();
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={en.record.title(vm.name)}
      onClose={close}
      onSubmit={() => void start()}
      footer={
        <>
          <Button label={en.actions.cancel} onPress={close} />
          <Button
            label={en.record.start}
            icon={CircleDot}
            tone="primary"
            type="submit"
            busy={busy}
            reason={busy ? null : reason}
            hint=""
          />
        </>
      }
    >
      {failure ? (
        <p className="form-failure" role="alert">
          <CircleAlert className="icon" aria-hidden="true" />
          {failure}
        </p>
      ) : null}
      <p>{en.record.what}</p>
      <div>
        <Field label={en.record.file} first mono value={file} hint={en.record.hint} onChange={setFile} />
        <p className="mono record-folder">{folder}</p>
      </div>
    </Dialog>
  );
}

/** While a recording is made. */
export function RecordingLine({ vm, recording }: { readonly vm: VmView; readonly recording: RecordingView }) {
  return (
    <p className="note note-recording" role="note">
      <CircleDot className="icon" aria-hidden="true" />
      <span className="cut" title={recording.file}>
        {en.record.to} <span className="mono">{recording.file}</span>
      </span>
      <span className="note-aside">
        {en.record.since} {format.moment(recording.startedAt)}
      </span>
      <ActionButton action={recordStop} vm={vm} size="small" />
    </p>
  );
}
