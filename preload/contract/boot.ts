/**
 * From what a VM is started, and how large its video memory is, as the contract has them.
 *
 * Invariant: a boot order names each drive at most once; those that it does not name are tried afterwards.
 */
import * as v from 'valibot';

export const BOOT_DRIVES = ['hda', 'cdrom', 'fda'] as const;
export type BootDrive = (typeof BOOT_DRIVES)[number];

const words = 'the boot order names drives, each once: hda, cdrom, fda';
export const BootOrder = v.pipe(
  v.array(v.picklist(BOOT_DRIVES, words), words),
  v.minLength(1, words),
  v.check((drives) => new Set(drives).size === drives.length, words),
);

/** Powers of two: that is how a PCI card asks for its addresses. */
export const VGA_MEMORY_MB = [1, 2, 4, 8, 16, 32, 64] as const;
export type VgaMemory = (typeof VGA_MEMORY_MB)[number];
export const VgaMemoryMB = v.picklist(VGA_MEMORY_MB, `video memory is ${VGA_MEMORY_MB.join(', ')} MB`);
