/**
 * The dialogs of a VM's hard disk: check, extend, export, import.
 *
 * Invariant: what takes long goes on as a task when its dialog is gone; what was refused stays in the dialog.
 */
import { HardDriveDownload, HardDriveUpload, Maximize2, ShieldCheck } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { DiskCheckView, VmView } from '../../../preload/contract/contract.ts';
import { DISK_EXPORT_FORMATS } from '../../../preload/contract/disk.ts';
import { soon } from '../../actions/background.ts';
import { diskOf, isThin, wrongSize } from '../../disk.ts';
import * as format from '../../text/format.ts';
import { Field } from '../../kit/field.tsx';
import { SelectField } from '../../kit/select-field.tsx';
import { useAsked } from '../../host/asked.ts';
import { sizeOf } from '../vm/new-vm-form.ts';
import { refusal } from '../../text/refusal.ts';
import { usePage, useServices } from '../../services.ts';
import { withToast } from '../../state.ts';
import { hostWords } from '../../text/host-words.ts';
import { texts } from '../../text/index.ts';
import { CommandDialog, useLate } from '../dialogs/dialog-parts.tsx';
import { DiskProgress } from './disk-progress.tsx';

const { disks: words } = texts;

interface OfVm {
  readonly vm: VmView;
}

/** Why it cannot be done now. */
function reasonOf(command: 'disk.check' | 'disk.resize' | 'disk.export', vm: VmView): string | null {
  return diskOf(vm) === undefined ? words.none(vm.name) : refusal(command, vm);
}

export function CheckDiskDialog({ vm }: OfVm) {
  const { bridge, store } = useServices();
  const [repair, setRepair] = useState(false);
  const [result, setResult] = useState<DiskCheckView | null>(null);
  const shown = useRef(false);
  useEffect(() => {
    shown.current = true;
    return () => {
      shown.current = false;
    };
  }, []);
  const file = diskOf(vm) ?? '';
  const send = async () => {
    setResult(null);
    const found = await bridge.call('disk.check', { file, repair });
    if (shown.current) return setResult(found);
    const count = found.problems.length + found.problemsLeftOut;
    const told = { title: words.check.title(vm.name), message: verdict(count) };
    store.setState((state) => withToast(state, { tone: count > 0 ? 'error' : 'info', ...told }));
  };
  return (
    <CommandDialog
      stays
      title={words.check.title(vm.name)}
      label={words.check.send}
      icon={ShieldCheck}
      reason={reasonOf('disk.check', vm)}
      wrong={false}
      send={send}
    >
      <p className="mono disk-path">{file}</p>
      <p>{isThin(file) ? words.check.what : words.check.raw}</p>
      <label className="check">
        <input type="checkbox" checked={repair} onChange={(event) => setRepair(event.target.checked)} />
        {words.check.repair}
      </label>
      <DiskProgress file={file} />
      {result ? <Found check={result} thin={isThin(file)} /> : null}
    </CommandDialog>
  );
}

function verdict(count: number): string {
  return count === 0 ? words.check.fine : words.check.problems(count);
}

function Found({ check, thin }: { readonly check: DiskCheckView; readonly thin: boolean }) {
  const { problems, problemsLeftOut, repaired, clustersChecked, unusedBytes } = check;
  const count = problems.length + problemsLeftOut;
  return (
    <div role="status" className="disk-found" data-problems={count}>
      <p className={count === 0 ? 'tone-text-good' : 'severity-error'}>
        <strong>{verdict(count)}</strong>
      </p>
      {problems.length > 0 || repaired.length > 0 ? (
        <ul className="disk-problems" tabIndex={0} aria-label={verdict(count)}>
          {repaired.map((what) => (
            <li key={what}>{words.check.repaired(hostWords(what))}</li>
          ))}
          {problems.map(({ where, message }) => (
            <li key={`${where} ${message}`}>
              {where === null ? hostWords(message) : words.check.at(format.count(where), hostWords(message))}
            </li>
          ))}
          {problemsLeftOut > 0 ? <li>{words.check.more(format.count(problemsLeftOut))}</li> : null}
        </ul>
      ) : null}
      {thin ? (
        <p className="fine">{words.check.sum(format.count(clustersChecked), format.diskBytes(unusedBytes))}</p>
      ) : null}
    </div>
  );
}

export function ExtendDiskDialog({ vm }: OfVm) {
  const { bridge } = useServices();
  const late = useLate();
  const [size, setSize] = useState('');
  const [tried, setTried] = useState(false);
  const file = diskOf(vm) ?? '';
  const { answer } = useAsked('disk.info', { file });
  const error = wrongSize(size, answer?.bytes ?? null);
  const others = answer?.vms.filter((name) => name !== vm.name) ?? [];
  const title = words.extend.title(vm.name);
  return (
    <CommandDialog
      title={title}
      label={words.extend.send}
      icon={Maximize2}
      reason={reasonOf('disk.resize', vm)}
      wrong={error !== null}
      onTried={() => setTried(true)}
      send={() => soon(bridge.call('disk.resize', { file, bytes: sizeOf(size) }), late(title))}
    >
      <p className="mono disk-path">{file}</p>
      <Field
        label={words.extend.field}
        first
        value={size}
        hint={answer ? words.extend.now(format.diskBytes(answer.bytes)) : words.extend.unknown}
        error={tried ? error : null}
        onChange={setSize}
      />
      <p>{words.extend.what}</p>
      {others.length > 0 ? <p className="fine">{words.extend.shared(format.list(others))}</p> : null}
    </CommandDialog>
  );
}

const ENDINGS = { raw: 'img', qcow2: 'qcow2' } as const;

export function ExportDiskDialog({ vm }: OfVm) {
  const { bridge } = useServices();
  const late = useLate();
  const folder = usePage((state) => state.inventory?.host.dataFolder ?? '');
  const [kind, setKind] = useState<'raw' | 'qcow2'>('raw');
  /** Null until somebody has typed. */
  const [typed, setTyped] = useState<string | null>(null);
  const target = typed ?? `${folder}${folder.includes('\\') ? '\\' : '/'}${vm.name}.${ENDINGS[kind]}`;
  const args = { file: diskOf(vm) ?? '', target: target.trim(), format: kind };
  return (
    <CommandDialog
      title={words.export.title(vm.name)}
      label={words.export.send}
      icon={HardDriveUpload}
      reason={reasonOf('disk.export', vm)}
      wrong={args.target === ''}
      send={() => soon(bridge.call('disk.export', args), late(words.export.failed(vm.name)))}
    >
      <p>{words.export.what}</p>
      <Field
        label={words.file}
        first
        mono
        value={target}
        hint={words.path}
        error={args.target === '' ? words.export.noFile : null}
        onChange={setTyped}
      />
      <SelectField
        label={words.export.format}
        value={kind}
        choices={DISK_EXPORT_FORMATS.map((value) => ({ value, label: words.export.formats[value] }))}
        hint={words.export.formatHint[kind]}
        onChange={setKind}
      />
    </CommandDialog>
  );
}

export function ImportDiskDialog({ vm }: OfVm) {
  const { bridge } = useServices();
  const late = useLate();
  const [source, setSource] = useState('');
  const [tried, setTried] = useState(false);
  const from = source.trim();
  const { hda } = vm.hardware.files;
  const work = async () => {
    const { file } = await bridge.call('disk.import', { source: from });
    await bridge.call('vm.edit', { vm: vm.id, hda: file });
  };
  return (
    <CommandDialog
      title={words.import.title(vm.name)}
      label={words.import.send}
      icon={HardDriveDownload}
      reason={refusal('vm.edit', vm)}
      wrong={from === ''}
      onTried={() => setTried(true)}
      send={() => soon(work(), late(words.import.failed(vm.name)))}
    >
      <p>{words.import.what}</p>
      <Field
        label={words.import.field}
        first
        mono
        value={source}
        placeholder="/path/to/disk.vmdk"
        hint={words.import.fieldHint}
        error={tried && from === '' ? words.import.noFile : null}
        onChange={setSource}
      />
      {hda === undefined ? null : <p className="fine">{words.import.replaces(hda)}</p>}
    </CommandDialog>
  );
}
