/**
 * The dialog for the settings of a VM.
 *
 * Invariant: what needs a power-off is dimmed while the VM runs, and says so; what is sent is only what was changed.
 */
import { EthernetPort, SlidersHorizontal } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { MEMORY_MB_MAX, MEMORY_MB_MIN, type VmView } from '../../../preload/contract/contract.ts';
import { useConverter } from '../disks/disk-converter.ts';
import { isForeign } from '../../disk.ts';
import {
  checkEdit,
  editArgs,
  editFormOf,
  isChanged,
  mediaChanges,
  type EditErrors,
  type EditForm,
} from './edit-form.ts';
import { Button } from '../../kit/button.tsx';
import { Field } from '../../kit/field.tsx';
import { SelectField } from '../../kit/select-field.tsx';
import { refusal } from '../../text/refusal.ts';
import { usePage, useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';
import { BootField, VgaField } from './boot-fields.tsx';
import { CommandDialog } from '../dialogs/dialog-parts.tsx';
import { DiskProgress } from '../disks/disk-progress.tsx';
import { FolderField } from '../inventory/folders.tsx';

const { edit: words, form: labels } = texts;

export function EditVmDialog({ vm }: { readonly vm: VmView }) {
  const { bridge } = useServices();
  const all = usePage((state) => state.inventory?.vms) ?? [];
  const convert = useConverter();
  const [form, setForm] = useState(() => editFormOf(vm));
  const names = all.filter(({ id }) => id !== vm.id).map(({ name }) => name);
  const errors = checkEdit(form, vm, names);
  const send = async () => {
    const edited = editArgs(form, vm);
    const hda = edited.hda ? await convert(edited.hda) : undefined;
    if (hda === null) return;
    const changes = { ...edited, ...(hda !== undefined && { hda }) };
    for (const { drive, file } of mediaChanges(form, vm)) {
      if (file === null) await bridge.call('media.eject', { vm: vm.id, drive });
      else await bridge.call('media.insert', { vm: vm.id, drive, file });
    }
    if (Object.keys(changes).length > 0) await bridge.call('vm.edit', { vm: vm.id, ...changes });
    if (form.folder !== vm.folder) await bridge.call('vm.move', { vm: vm.id, folder: form.folder });
  };
  const parts: PartProps = { vm, form, errors, change: (part) => setForm({ ...form, ...part }) };
  return (
    <CommandDialog
      wide
      title={words.title(vm.name)}
      label={texts.actions.save}
      reason={isChanged(form, vm) ? null : words.unchanged}
      wrong={Object.keys(errors).length > 0}
      send={send}
    >
      <General {...parts} />
      <Hardware {...parts} />
      <Drives {...parts} />
      <Kernel {...parts} />
      <Elsewhere vm={vm} />
    </CommandDialog>
  );
}

interface PartProps {
  readonly vm: VmView;
  readonly form: EditForm;
  readonly errors: EditErrors;
  readonly change: (part: Partial<EditForm>) => void;
}

interface SectionProps {
  readonly title: string;
  readonly note: string;
  readonly children: ReactNode;
}

function Section({ title, note, children }: SectionProps) {
  return (
    <fieldset className="edit-section">
      <legend>
        {title}
        <span className="edit-note">{note}</span>
      </legend>
      <div className="form-grid">{children}</div>
    </fieldset>
  );
}

function General({ form, errors, change }: PartProps) {
  return (
    <Section title={words.general} note={words.always}>
      <Field
        label={labels.name}
        first
        value={form.name}
        error={errors.name ?? null}
        onChange={(name) => change({ name })}
      />
      <FolderField value={form.folder} onChange={(folder) => change({ folder })} />
      <Field
        label={texts.checkpoints.setting}
        unit={texts.checkpoints.unit}
        inputMode="numeric"
        value={form.checkpoints}
        hint={texts.checkpoints.settingHint}
        error={errors.checkpoints ?? null}
        onChange={(checkpoints) => change({ checkpoints })}
      />
    </Section>
  );
}

function Hardware({ vm, form, errors, change }: PartProps) {
  const reason = refusal('vm.edit', vm);
  const choices = (['keep', 'none', 'new', 'file'] as const).map((value) => ({
    value,
    label: value === 'keep' ? keptDisk(vm) : labels.disks[value],
  }));
  return (
    <Section title={words.hardware} note={reason ?? words.needsOff}>
      <Field
        label={labels.memory}
        unit="MB"
        inputMode="numeric"
        value={form.memory}
        reason={reason}
        error={errors.memory ?? null}
        hint={labels.memoryHint(MEMORY_MB_MIN, MEMORY_MB_MAX)}
        onChange={(memory) => change({ memory })}
      />
      <SelectField
        label={labels.disk}
        value={form.disk}
        choices={choices}
        reason={reason}
        {...(vm.currentDisk !== undefined && { hint: words.moved(vm.currentDisk) })}
        onChange={(disk) => change({ disk })}
      />
      <BootField value={form.boot} reason={reason} onChange={(boot) => change({ boot })} />
      <VgaField value={form.vgaMemory} reason={reason} onChange={(vgaMemory) => change({ vgaMemory })} />
      {form.disk === 'file' ? (
        <Field
          label={labels.files.hda}
          mono
          value={form.hda}
          {...(isForeign(form.hda) && { hint: texts.disks.converted })}
          error={errors.hda ?? null}
          onChange={(hda) => change({ hda })}
        />
      ) : null}
      {form.disk === 'file' && isForeign(form.hda) ? <DiskProgress file={form.hda.trim()} /> : null}
      {form.disk === 'new' ? (
        <Field
          label={labels.diskSize}
          value={form.diskSize}
          hint={labels.diskSizeHint}
          error={errors.diskSize ?? null}
          onChange={(diskSize) => change({ diskSize })}
        />
      ) : null}
    </Section>
  );
}

function keptDisk({ hardware: { files } }: VmView): string {
  const name = files.hda?.split(/[\\/]/).at(-1) ?? labels.disks.none;
  return `${labels.keepDisk}: ${name}`;
}

function Drives({ vm, form, errors, change }: PartProps) {
  return (
    <Section title={words.drives} note={words.always}>
      {(['cdrom', 'fda'] as const).map((drive) => (
        <Field
          key={drive}
          label={labels.files[drive]}
          mono
          value={form[drive]}
          reason={drive === 'fda' && vm.hardware.guest === 'Test guest' ? texts.media.own : null}
          error={errors[drive] ?? null}
          onChange={(file) => change({ [drive]: file })}
        />
      ))}
    </Section>
  );
}

function Kernel({ vm, form, errors, change }: PartProps) {
  const { guest } = vm.hardware;
  const sample = guest === 'Sample Linux' || guest === 'Test guest';
  const off = refusal('vm.edit', vm);
  return (
    <Section title={words.kernel} note={off ?? (sample ? words.sampleKernel : words.needsOff)}>
      {(['bzimage', 'initrd', 'cmdline', 'multiboot'] as const).map((field) => (
        <Field
          key={field}
          label={labels.files[field]}
          mono
          value={form[field]}
          placeholder={field === 'cmdline' ? words.defaultCmdline : ''}
          reason={off ?? (sample && field !== 'cmdline' ? words.sampleKernel : null)}
          error={errors[field] ?? null}
          onChange={(value) => change({ [field]: value })}
        />
      ))}
    </Section>
  );
}

/** What has dialogs of its own. */
function Elsewhere({ vm }: { readonly vm: VmView }) {
  const { store } = useServices();
  return (
    <div className="button-row">
      <Button
        label={texts.actions.nicEdit}
        icon={EthernetPort}
        size="small"
        reason={refusal('nic.set', vm)}
        onPress={() => store.setState({ dialog: { kind: 'nic', vm: vm.id } })}
      />
      <Button
        label={texts.actions.ftSettings}
        icon={SlidersHorizontal}
        size="small"
        onPress={() => store.setState({ dialog: { kind: 'ftSettings', vm: vm.id } })}
      />
    </div>
  );
}
