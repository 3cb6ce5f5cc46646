/**
 * The hard disk of a VM as a file: which it is, and of what kind. Invariant: a name decides the kind, as at the host.
 */
import * as v from 'valibot';
import type { VmView } from '../preload/contract/contract.ts';
import { DiskBytes } from '../preload/contract/disk.ts';
import { sentence } from './text/format.ts';
import { hostWords } from './text/host-words.ts';
import { sizeOf } from './views/vm/new-vm-form.ts';
import { texts } from './text/index.ts';

type Owner = Pick<VmView, 'hardware' | 'currentDisk' | 'diskFiles'>;

/** The file that is written to; undefined for a VM without a hard disk. */
export function diskOf({ hardware, currentDisk, diskFiles }: Owner): string | undefined {
  return diskFiles?.[0] ?? currentDisk ?? hardware.files.hda;
}

/** A disk of Lockstep's own format; anything else is a raw image. */
export function isThin(file: string): boolean {
  return file.toLowerCase().endsWith('.lsd');
}

/** An image of another program, which is converted before a VM uses it. */
export function isForeign(file: string): boolean {
  return /\.(qcow2?|vmdk|vdi|vhdx?|vpc)$/i.test(file.trim());
}

/** What is wrong with the new size of a disk of `now` bytes; null when it can be sent. */
export function wrongSize(text: string, now: number | null): string | null {
  const bytes = sizeOf(text);
  const words = texts.disks.extend;
  if (Number.isNaN(bytes)) return words.noSize;
  if (now !== null && bytes <= now) return words.notLarger;
  const [issue] = v.safeParse(DiskBytes, bytes).issues ?? [];
  return issue ? hostWords(sentence(issue.message)) : null;
}
