/** The fields of what a VM's BIOS starts first, and of its video memory. Invariant: empty is what the host chooses. */
import { BOOT_DRIVES, VGA_MEMORY_MB, type BootDrive } from '../../../preload/contract/boot.ts';
import { SelectField } from '../../kit/select-field.tsx';
import { texts } from '../../text/index.ts';

const words = texts.boot;

interface Props<T> {
  readonly value: T;
  readonly onChange: (value: T) => void;
  readonly reason?: string | null;
}

export function BootField({ value, onChange, reason = null }: Props<BootDrive | ''>) {
  const drives = BOOT_DRIVES.map((drive) => ({ value: drive, label: words.drives[drive] }));
  const choices: readonly { readonly value: BootDrive | ''; readonly label: string }[] = [
    { value: '', label: words.usual },
    ...drives,
  ];
  return <SelectField label={words.first} value={value} choices={choices} reason={reason} onChange={onChange} />;
}

export function VgaField({ value, onChange, reason = null }: Props<string>) {
  const sizes = VGA_MEMORY_MB.map((size) => ({ value: String(size), label: `${size} MB` }));
  const choices = [{ value: '', label: words.usualVga }, ...sizes];
  return <SelectField label={words.vga} value={value} choices={choices} reason={reason} onChange={onChange} />;
}
