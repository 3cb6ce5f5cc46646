/**
 * Capturing the frames of a VM's network card: the dialog that begins it, and the card that shows it.
 *
 * Invariant: where the frames go is shown before and while they are captured.
 */
import { FileDown } from 'lucide-react';
import { useState } from 'react';
import type { VmView } from '../../../preload/contract/contract.ts';
import { refusal } from '../../text/refusal.ts';
import { captureStart } from '../../actions/capture-start.ts';
import { captureStop } from '../../actions/capture-stop.ts';
import * as format from '../../text/format.ts';
import { ActionButton } from '../../kit/action-button.tsx';
import { Badge } from '../../kit/badge.tsx';
import { Card, Fact, Facts } from '../../kit/card.tsx';
import { Field } from '../../kit/field.tsx';
import { captureFile } from './network-form.ts';
import { useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';
import { CommandDialog } from '../dialogs/dialog-parts.tsx';

const { capture: words } = texts.network;

export function CaptureDialog({ vm }: { readonly vm: VmView }) {
  const { bridge, store } = useServices();
  const [file, setFile] = useState(() =>
    captureFile(store.getState().inventory?.host.dataFolder ?? '', vm.name, new Date()),
  );
  const named = file.trim();
  return (
    <CommandDialog
      title={words.dialog(vm.name)}
      label={words.start}
      icon={FileDown}
      reason={refusal('capture.start', vm)}
      wrong={named === ''}
      send={() => bridge.call('capture.start', { vm: vm.id, file: named })}
    >
      <p>{words.what}</p>
      <Field
        label={words.file}
        first
        mono
        value={file}
        hint={words.hint}
        error={named === '' ? words.noFile : null}
        onChange={setFile}
      />
    </CommandDialog>
  );
}

export function CaptureCard({ vm }: { readonly vm: VmView }) {
  const { capture } = vm.nic;
  return (
    <Card
      title={words.title}
      icon={FileDown}
      aside={<ActionButton action={capture ? captureStop : captureStart} vm={vm} size="small" />}
    >
      {capture ? (
        <>
          <div role="status">
            <Badge tone="busy">{words.running}</Badge>
          </div>
          <p className="mono capture-file">{capture.file}</p>
          <Facts>
            <Fact label={words.frames}>{format.count(capture.frames)}</Fact>
            <Fact label={words.dropped}>{format.count(capture.dropped)}</Fact>
          </Facts>
        </>
      ) : (
        <p className="muted">{words.none}</p>
      )}
    </Card>
  );
}
