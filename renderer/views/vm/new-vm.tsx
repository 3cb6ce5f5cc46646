/**
 * The dialog for a new VM: a ready-made sample, or files of this computer.
 *
 * Invariant: it checks as one types, but tells what is wrong with a field only once it was touched or Create was
 * pressed; what the host says is wrong with a field stands beside that field until it is changed.
 */
import { CircleAlert, Plus } from 'lucide-react';
import { useState } from 'react';
import { MEMORY_MB_MAX, MEMORY_MB_MIN } from '../../../preload/contract/contract.ts';
import { powerOn } from '../../actions/power-on.ts';
import { pendingKey } from '../../actions/run.ts';
import { useConverter } from '../disks/disk-converter.ts';
import { isForeign } from '../../disk.ts';
import { readDraft, useDraft } from '../dialogs/draft.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { Field } from '../../kit/field.tsx';
import { SelectField } from '../../kit/select-field.tsx';
import {
  checkForm,
  emptyForm,
  fieldOfError,
  filesOf,
  SOURCES,
  startsByBios,
  toArgs,
  withSource,
  type DiskChoice,
  type FormErrors,
  type NewVmForm,
} from './new-vm-form.ts';
import { usePage, useServices } from '../../services.ts';
import { hostWords } from '../../text/host-words.ts';
import { texts } from '../../text/index.ts';
import { BootField, VgaField } from './boot-fields.tsx';
import { DiskProgress } from '../disks/disk-progress.tsx';
import { FolderField } from '../inventory/folders.tsx';
import { CardFields } from '../network/nic-dialog.tsx';

const { form: words } = texts;
const DRAFT = 'new-vm';

interface Problem {
  readonly message: string;
  /** The field it stands beside; null: above all. */
  readonly field: string | null;
}

export function NewVmDialog({ folder }: { readonly folder: string }) {
  const { store } = useServices();
  const vms = usePage((state) => state.inventory?.vms) ?? [];
  const offline = usePage((state) => state.phase !== 'open');
  const names = vms.map((vm) => vm.name);
  const [form, setForm] = useState(() => readDraft<NewVmForm>(DRAFT, emptyForm(names, folder)));
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [problem, setProblem] = useState<Problem | null>(null);
  const forget = useDraft(DRAFT, touched.size > 0 ? form : null);
  const { busy, create } = useCreate(form, setProblem, forget);
  const errors = busy ? {} : checkForm(form, names);
  const told = toldErrors(errors, touched, problem);
  const put = (next: NewVmForm, changed: readonly string[]) => {
    setForm(next);
    setTouched(new Set([...touched, ...changed]));
    setProblem(null);
  };
  const change = (part: Partial<NewVmForm>) => put({ ...form, ...part }, Object.keys(part));
  const close = () => {
    forget();
    store.setState({ dialog: null });
  };
  const submit = () => {
    setTouched(new Set(['*']));
    if (Object.keys(errors).length === 0 && !busy && !offline) void create();
  };
  const above = offline
    ? `${texts.actionHints.disconnected} ${words.notSaved}`
    : problem?.field
      ? null
      : problem && hostWords(problem.message);
  return (
    <Dialog
      wide
      title={texts.actions.newVm}
      onClose={close}
      onSubmit={submit}
      footer={
        <>
          <StartBox form={form} change={change} />
          <Button label={texts.actions.cancel} onPress={close} />
          <Button
            label={words.create}
            icon={Plus}
            tone="primary"
            type="submit"
            busy={busy}
            reason={offline ? texts.actionHints.disconnected : null}
          />
        </>
      }
    >
      {above ? <Failure message={above} /> : null}
      <SourceChoice form={form} choose={(source) => put(withSource(form, source, names), ['source'])} />
      <Basics form={form} errors={told} change={change} />
      <MainFiles form={form} errors={told} change={change} />
      <More form={form} errors={told} change={change} />
    </Dialog>
  );
}

/** What was touched, or everything once Create was pressed; and what the host said. */
function toldErrors(errors: FormErrors, touched: ReadonlySet<string>, problem: Problem | null): FormErrors {
  const own = Object.entries(errors).filter(([field]) => touched.has(field) || touched.has('*'));
  return { ...(problem?.field && { [problem.field]: hostWords(problem.message) }), ...Object.fromEntries(own) };
}

function useCreate(form: NewVmForm, tell: (problem: Problem | null) => void, done: () => void) {
  const { store, bridge, runner, go } = useServices();
  const [busy, setBusy] = useState(false);
  const convert = useConverter();
  const create = async () => {
    setBusy(true);
    tell(null);
    const args = toArgs(form);
    try {
      const hda = args.hda === undefined ? undefined : await convert(args.hda);
      if (hda === null) return;
      const vm = await bridge.call('vm.create', { ...args, ...(hda !== undefined && { hda }) });
      done();
      store.setState({ dialog: null });
      go({ page: 'vm', vm: vm.id, tab: 'summary' });
      if (!form.start) return;
      const work = async () => void (await bridge.call('power.on', { vm: vm.id }));
      void runner.attempt(pendingKey(powerOn, vm), `${powerOn.label}: ${vm.name}`, work);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      tell({ message, field: fieldOfError(message, args) });
      setBusy(false);
    }
  };
  return { busy, create };
}

interface PartProps {
  readonly form: NewVmForm;
  readonly errors: FormErrors;
  readonly change: (part: Partial<NewVmForm>) => void;
}

function Failure({ message }: { readonly message: string }) {
  return (
    <p className="form-failure" role="alert">
      <CircleAlert className="icon" aria-hidden="true" />
      {message}
    </p>
  );
}

function Basics({ form, errors, change }: PartProps) {
  return (
    <div className="form-row">
      <Field
        label={words.name}
        first
        value={form.name}
        error={errors.name ?? null}
        onChange={(name) => change({ name })}
      />
      <Field
        label={words.memory}
        unit="MB"
        inputMode="numeric"
        value={form.memory}
        error={errors.memory ?? null}
        hint={words.memoryHint(MEMORY_MB_MIN, MEMORY_MB_MAX)}
        onChange={(memory) => change({ memory })}
      />
    </div>
  );
}

interface SourceProps {
  readonly form: NewVmForm;
  readonly choose: (source: NewVmForm['source']) => void;
}

function SourceChoice({ form, choose }: SourceProps) {
  return (
    <fieldset className="choices choices-three">
      <legend>{words.guest}</legend>
      {SOURCES.map((source) => {
        const { title, text } = words.sources[source];
        return (
          <label key={source} className={form.source === source ? 'choice choice-on' : 'choice'}>
            <input type="radio" name="source" checked={form.source === source} onChange={() => choose(source)} />
            <span>
              <strong>{title}</strong>
              <span>{text}</span>
            </span>
          </label>
        );
      })}
    </fieldset>
  );
}

const PLACEHOLDERS = {
  bzimage: '/path/to/bzImage',
  initrd: '/path/to/initrd.img',
  cmdline: 'console=tty0 console=ttyS0',
  multiboot: '/path/to/kernel',
  cdrom: '/path/to/image.iso',
  fda: '/path/to/floppy.img',
} as const;
type FileField = keyof typeof PLACEHOLDERS;

/** What the guest boots from is asked for first; the rest is behind "More". */
function mainFields({ source }: NewVmForm): readonly FileField[] {
  const kernels = { kernel: ['bzimage', 'initrd', 'cmdline'], multiboot: ['multiboot'] } as const;
  const main = { ...kernels, cd: ['cdrom'], floppy: ['fda'], disk: ['cdrom'] } as const;
  return source === 'sample' || source === 'test' ? [] : main[source];
}

function FileInput({ field, form, errors, change }: PartProps & { readonly field: FileField }) {
  return (
    <Field
      label={words.files[field]}
      placeholder={PLACEHOLDERS[field]}
      mono
      value={form[field]}
      error={errors[field] ?? null}
      onChange={(value) => change({ [field]: value })}
    />
  );
}

function MainFiles(props: PartProps) {
  const { form } = props;
  const fields = mainFields(form);
  if (fields.length === 0) return null;
  return (
    <div className="form-files">
      <div className="form-grid">
        {form.source === 'disk' ? <DiskFields {...props} /> : null}
        {fields.map((field) => (
          <FileInput key={field} field={field} {...props} />
        ))}
        {form.source === 'cd' ? <DiskFields {...props} /> : null}
      </div>
      <p className="field-hint">{words.filesHint}</p>
    </div>
  );
}

/** The hard disk: none, a new one, or a file. */
function DiskFields({ form, errors, change }: PartProps) {
  const choices: readonly DiskChoice[] = form.source === 'disk' ? ['file', 'new'] : ['none', 'new', 'file'];
  return (
    <>
      <SelectField
        label={words.disk}
        value={form.disk}
        choices={choices.map((value) => ({ value, label: words.disks[value] }))}
        onChange={(disk) => change({ disk })}
      />
      {form.disk === 'new' ? (
        <Field
          label={words.diskSize}
          value={form.diskSize}
          hint={words.diskSizeHint}
          error={errors.diskSize ?? null}
          onChange={(diskSize) => change({ diskSize })}
        />
      ) : null}
      {form.disk === 'file' ? (
        <Field
          label={words.files.hda}
          placeholder="/path/to/disk.img"
          mono
          value={form.hda}
          {...(isForeign(form.hda) && { hint: texts.disks.converted })}
          error={errors.hda ?? null}
          onChange={(hda) => change({ hda })}
        />
      ) : null}
      {form.disk === 'file' && isForeign(form.hda) ? <DiskProgress file={form.hda.trim()} /> : null}
    </>
  );
}

/** What most people leave as it is. */
function More(props: PartProps) {
  const { form, errors, change } = props;
  const main = mainFields(form);
  const rest = filesOf(form).filter((field) => !main.includes(field));
  const folders = usePage((state) => (state.inventory?.folders.length ?? 0) > 0);
  return (
    <details className="fold">
      <summary>{words.more}</summary>
      <div className="form-grid">
        {form.source === 'disk' || form.source === 'cd' ? null : <DiskFields {...props} />}
        {rest.map((field) => (
          <FileInput key={field} field={field} {...props} />
        ))}
        <CardFields
          network={form.network}
          type={form.nic}
          onNetwork={(network) => change({ network })}
          onType={(nic) => change({ nic })}
        />
        {startsByBios(form) ? <BootField value={form.boot} onChange={(boot) => change({ boot })} /> : null}
        <VgaField value={form.vgaMemory} onChange={(vgaMemory) => change({ vgaMemory })} />
        {folders ? <FolderField value={form.folder} onChange={(folder) => change({ folder })} /> : null}
        <Field
          label={texts.checkpoints.setting}
          unit={texts.checkpoints.unit}
          inputMode="numeric"
          value={form.checkpoints}
          hint={texts.checkpoints.settingHint}
          error={errors.checkpoints ?? null}
          onChange={(checkpoints) => change({ checkpoints })}
        />
      </div>
    </details>
  );
}

function StartBox({ form, change }: Omit<PartProps, 'errors'>) {
  return (
    <label className="check">
      <input type="checkbox" checked={form.start} onChange={(event) => change({ start: event.target.checked })} />
      {words.startAfter}
    </label>
  );
}
