/**
 * The dialogs of cloning, exporting and importing, and the button that cancels one of them.
 *
 * Invariant: what takes long goes on as a task when its dialog is gone; what was refused stays in the dialog.
 */
import { CopyPlus, Import, PackageOpen, X } from 'lucide-react';
import { useState } from 'react';
import type { TaskRecord, VmView } from '../../../preload/contract/contract.ts';
import { refusal } from '../../text/refusal.ts';
import { EXPORT_EXTENSION } from '../../../preload/contract/share.ts';
import { soon } from '../../actions/background.ts';
import { Button } from '../../kit/button.tsx';
import { Field } from '../../kit/field.tsx';
import { SelectField } from '../../kit/select-field.tsx';
import { usePage, useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';
import { CommandDialog, useLate } from '../dialogs/dialog-parts.tsx';

export function CloneDialog({ vm }: { readonly vm: VmView }) {
  const { bridge } = useServices();
  const words = texts.share.clone;
  const late = useLate();
  const [name, setName] = useState(() => words.copyOf(vm.name));
  const [kind, setKind] = useState<'full' | 'linked'>('full');
  const named = name.trim();
  const hasDisk = vm.hardware.files.hda !== undefined;
  const send = () =>
    soon(bridge.call('vm.clone', { vm: vm.id, name: named, linked: kind === 'linked' }), late(words.failed(vm.name)));
  return (
    <CommandDialog
      title={words.title(vm.name)}
      label={words.send}
      icon={CopyPlus}
      reason={refusal('vm.clone', vm)}
      wrong={named === ''}
      send={send}
    >
      <Field
        label={words.name}
        first
        value={name}
        hint={words.own}
        error={named === '' ? words.noName : null}
        onChange={setName}
      />
      {hasDisk ? (
        <SelectField
          label={words.kind}
          value={kind}
          choices={(['full', 'linked'] as const).map((value) => ({ value, label: words.kinds[value] }))}
          hint={words[kind]}
          onChange={setKind}
        />
      ) : null}
    </CommandDialog>
  );
}

/** A path must be one of an exported VM. */
function isExport(file: string): boolean {
  return file.toLowerCase().endsWith(EXPORT_EXTENSION);
}

export function ExportDialog({ vm }: { readonly vm: VmView }) {
  const { bridge } = useServices();
  const words = texts.share.export;
  const late = useLate();
  const folder = usePage((state) => state.inventory?.host.dataFolder ?? '');
  const [file, setFile] = useState(() => `${folder}${folder.includes('\\') ? '\\' : '/'}${vm.name}${EXPORT_EXTENSION}`);
  const named = file.trim();
  return (
    <CommandDialog
      title={words.title(vm.name)}
      label={words.send}
      icon={PackageOpen}
      reason={refusal('vm.export', vm)}
      wrong={!isExport(named)}
      send={() => soon(bridge.call('vm.export', { vm: vm.id, file: named }), late(words.failed(vm.name)))}
    >
      <p>{words.what}</p>
      <Field
        label={words.file}
        first
        mono
        value={file}
        hint={words.fileHint}
        error={isExport(named) ? null : words.noFile}
        onChange={setFile}
      />
    </CommandDialog>
  );
}

export function ImportDialog({ file: given }: { readonly file: string }) {
  const { bridge } = useServices();
  const words = texts.share.import;
  const late = useLate();
  const [file, setFile] = useState(given);
  const [name, setName] = useState('');
  const [mac, setMac] = useState<'new' | 'keep'>('new');
  const [tried, setTried] = useState(false);
  const [from, named] = [file.trim(), name.trim()];
  const args = { file: from, keepMac: mac === 'keep', ...(named && { name: named }) };
  return (
    <CommandDialog
      title={words.title}
      label={words.send}
      icon={Import}
      reason={null}
      wrong={!isExport(from)}
      onTried={() => setTried(true)}
      send={() => soon(bridge.call('vm.import', args), late(words.failed))}
    >
      <Field
        label={words.file}
        first
        mono
        value={file}
        hint={words.fileHint}
        error={tried && !isExport(from) ? words.noFile : null}
        onChange={setFile}
      />
      <Field label={words.name} value={name} hint={words.nameHint} onChange={setName} />
      <SelectField
        label={words.mac}
        value={mac}
        choices={(['new', 'keep'] as const).map((value) => ({ value, label: words.macs[value] }))}
        hint={words.macHint}
        onChange={setMac}
      />
    </CommandDialog>
  );
}

/** Opens the import's dialog. */
export function ImportButton({ iconOnly = false }: { readonly iconOnly?: boolean }) {
  const { store } = useServices();
  return (
    <Button
      label={texts.share.import.action}
      hint={texts.share.import.hint}
      icon={Import}
      {...(iconOnly ? { iconOnly, tone: 'quiet' as const, size: 'small' as const } : { size: 'large' as const })}
      onPress={() => store.setState({ dialog: { kind: 'import', file: '' } })}
    />
  );
}

const CANCELLABLE: readonly string[] = ['vm.clone', 'vm.export', 'vm.import', 'media.folder'];

/** Where a task can be cancelled. */
export function CancelTask({ task }: { readonly task: TaskRecord }) {
  const { bridge, runner } = useServices();
  if (task.outcome !== null || !CANCELLABLE.includes(task.kind)) return null;
  const cancel = async (): Promise<void> => {
    await bridge.call('task.cancel', { id: task.id });
  };
  return (
    <Button
      label={texts.share.cancelTask}
      icon={X}
      iconOnly
      tone="quiet"
      size="small"
      onPress={() => void runner.attempt(`cancel:${task.id}`, texts.share.cancelTask, cancel)}
    />
  );
}
