/**
 * Recording a VM: the dialog that begins one, and the line on its page while one is made.
 *
 * Invariant: where the recording goes is shown before and while it is made.
 */
import { CircleDot } from 'lucide-react';
import { useState } from 'react';
import type { RecordingView, VmView } from '../../../preload/contract/contract.ts';
import { refusal } from '../../text/refusal.ts';
import { recordStop } from '../../actions/record-stop.ts';
import * as format from '../../text/format.ts';
import { ActionButton } from '../../kit/action-button.tsx';
import { Field } from '../../kit/field.tsx';
import { usePage, useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';
import { CommandDialog } from '../dialogs/dialog-parts.tsx';

export function RecordDialog({ vm }: { readonly vm: VmView }) {
  const { bridge } = useServices();
  const folder = usePage((state) => state.inventory?.host.recordingsFolder ?? '');
  const [file, setFile] = useState('');
  const named = file.trim();
  return (
    <CommandDialog
      title={texts.record.title(vm.name)}
      label={texts.record.start}
      icon={CircleDot}
      reason={refusal('record.start', vm)}
      wrong={false}
      send={() => bridge.call('record.start', { vm: vm.id, ...(named && { file: named }) })}
    >
      <p>{texts.record.what}</p>
      <div>
        <Field label={texts.record.file} first mono value={file} hint={texts.record.hint} onChange={setFile} />
        <p className="mono record-folder">{folder}</p>
      </div>
    </CommandDialog>
  );
}

/** While a recording is made. */
export function RecordingLine({ vm, recording }: { readonly vm: VmView; readonly recording: RecordingView }) {
  return (
    <p className="note note-recording" role="note">
      <CircleDot className="icon" aria-hidden="true" />
      <span className="cut" title={recording.file}>
        {texts.record.to} <span className="mono">{recording.file}</span>
      </span>
      <span className="note-aside">
        {texts.record.since} {format.moment(recording.startedAt)}
      </span>
      <ActionButton action={recordStop} vm={vm} size="small" />
    </p>
  );
}
