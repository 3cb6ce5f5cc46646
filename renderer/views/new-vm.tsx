/**
 * The dialog for a new VM: a ready-made sample, or files of this computer.
 *
 * Invariant: it checks as one types, but tells what is wrong with a field only once it was touched or Create was
 * pressed.
 */
import { CircleAlert, Plus } from 'lucide-react';
import { useState } from 'react';
import { MEMORY_MB_MAX, MEMORY_MB_MIN } from '../../preload/contract.ts';
import { powerOn } from '../actions/power-on.ts';
import { pendingKey } from '../actions/run.ts';
import { Button } from '../kit/button.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { Field } from '../kit/field.tsx';
import { checkForm, emptyForm, toArgs, type FileField, type FormErrors, type NewVmForm } from '../new-vm-form.ts';
import { useServices, usePage } from '../services.ts';
import { texts } from '../text/index.ts';
import { CardFields } from './network/nic-dialog.tsx';

export function NewVmDialog() {
  const { store, bridge, runner, go } = useServices();
  const vms = usePage((state) => state.inventory?.vms) ?? [];
  const offline = usePage((state) => state.phase !== 'open');
  const names = vms.map((vm) => vm.name);
  const [form, setForm] = useState(() => emptyForm(names));
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const errors = busy ? {} : checkForm(form, names);
  const told: FormErrors = Object.fromEntries(
    Object.entries(errors).filter(([field]) => touched.has(field) || touched.has('*')),
  );
  const change = (part: Partial<NewVmForm>) => {
    setForm({ ...form, ...part });
    setTouched(new Set([...touched, ...Object.keys(part)]));
    setFailure(null);
  };
  const close = () => store.setState({ dialog: null });
  const create = async () => {
    setTouched(new Set(['*']));
    if (Object.keys(errors).length > 0 || busy || offline) return;
    setBusy(true);
    setFailure(null);
    try {
      const vm = await bridge.call('vm.create', toArgs(form));
      close();
      go({ page: 'vm', vm: vm.id, tab: 'summary' });
      if (form.start) {
        const work = async () => void (await bridge.call('power.on', { vm: vm.id }));
        void runner.attempt(pendingKey(powerOn, vm), `${powerOn.label}: ${vm.name}`, work);
      }
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      wide
      title={texts.actions.newVm}
      onClose={close}
      onSubmit={() => void create()}
      footer={
        <>
          <StartBox form={form} change={change} />
          <Button label={texts.actions.cancel} onPress={close} />
          <Button
            label="Create"
            icon={Plus}
            tone="primary"
            type="submit"
            busy={busy}
            reason={offline ? texts.actionHints.disconnected : null}
          />
        </>
      }
    >
      {offline || failure ? <Failure message={offline ? texts.actionHints.disconnected : (failure ?? '')} /> : null}
      <Basics form={form} errors={told} change={change} />
      <SourceChoice form={form} change={change} />
      {form.source === 'files' ? <Files form={form} errors={told} change={change} /> : null}
      <Advanced form={form} change={change} />
    </Dialog>
  );
}

interface PartProps {
  readonly form: NewVmForm;
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

function Basics({ form, errors, change }: PartProps & { readonly errors: FormErrors }) {
  return (
    <div className="form-row">
      <Field label="Name" first value={form.name} error={errors.name ?? null} onChange={(name) => change({ name })} />
      <Field
        label="Memory"
        unit="MB"
        inputMode="numeric"
        value={form.memory}
        error={errors.memory ?? null}
        hint={`${MEMORY_MB_MIN} to ${MEMORY_MB_MAX} MB`}
        onChange={(memory) => change({ memory })}
      />
    </div>
  );
}

const SOURCES = [
  {
    source: 'sample',
    sample: 'linux',
    title: 'Sample Linux',
    text: 'A small Linux with a shell on screen and serial port',
  },
  { source: 'sample', sample: 'test', title: 'Test guest', text: 'Our own tiny guest that exercises the devices' },
  { source: 'files', sample: 'linux', title: 'Your own files', text: 'A kernel, disk image, CD image or floppy image' },
] as const;

function SourceChoice({ form, change }: PartProps) {
  return (
    <fieldset className="choices">
      <legend>Guest</legend>
      {SOURCES.map(({ source, sample, title, text }) => {
        const checked = form.source === source && (source === 'files' || form.sample === sample);
        return (
          <label key={title} className={checked ? 'choice choice-on' : 'choice'}>
            <input type="radio" name="source" checked={checked} onChange={() => change({ source, sample })} />
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

const FILES: readonly { readonly field: FileField; readonly label: string; readonly placeholder: string }[] = [
  { field: 'bzimage', label: 'Kernel', placeholder: '/path/to/bzImage' },
  { field: 'initrd', label: 'Initial RAM disk', placeholder: '/path/to/initrd.img' },
  { field: 'cmdline', label: 'Kernel command line', placeholder: 'console=ttyS0' },
  { field: 'hda', label: 'Hard disk image', placeholder: '/path/to/disk.img' },
  { field: 'cdrom', label: 'CD image (ISO)', placeholder: '/path/to/image.iso' },
  { field: 'fda', label: 'Floppy image', placeholder: '/path/to/floppy.img' },
];

function Files({ form, errors, change }: PartProps & { readonly errors: FormErrors }) {
  return (
    <div className="form-files">
      <p className={errors.source ? 'field-error' : 'field-hint'} role={errors.source ? 'alert' : undefined}>
        {errors.source ?? 'Paths on the computer that runs Lockstep. Fill in what the guest needs.'}
      </p>
      <div className="form-grid">
        {FILES.map(({ field, label, placeholder }) => (
          <Field
            key={field}
            label={label}
            placeholder={placeholder}
            mono
            value={form[field]}
            error={errors[field] ?? null}
            onChange={(value) => change({ [field]: value })}
          />
        ))}
      </div>
    </div>
  );
}

/** What most people leave as it is. */
function Advanced({ form, change }: PartProps) {
  return (
    <details className="fold">
      <summary>{texts.newVm.advanced}</summary>
      <div className="form-grid">
        <CardFields
          network={form.network}
          type={form.nic}
          onNetwork={(network) => change({ network })}
          onType={(nic) => change({ nic })}
        />
      </div>
    </details>
  );
}

function StartBox({ form, change }: PartProps) {
  return (
    <label className="check">
      <input type="checkbox" checked={form.start} onChange={(event) => change({ start: event.target.checked })} />
      Power on after creating
    </label>
  );
}
