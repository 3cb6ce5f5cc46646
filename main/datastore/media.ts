/**
 * The files a VM is made of, looked at before they are used.
 *
 * Invariant: a file that `checkMedium` accepts can be handed to the machine; what it refuses it names, with the
 * reason and the remedy. It reads a few hundred bytes, never the whole file.
 */
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { DiskError } from './disk/device.ts';
import { isOverlay, overlayHeaderSync } from './disk/open.ts';

export type MediumKind = 'bios' | 'vgaBios' | 'bzimage' | 'initrd' | 'multiboot' | 'hda' | 'cdrom' | 'fda';

/** The message names the file, what is wrong with it, and what to do. */
export class MediumError extends Error {
  override name = 'MediumError';
}

const KIB = 1 << 10;
const MIB = 1 << 20;
const GIB = 2 ** 30;
const SECTOR_BYTES = 512;
/** A Multiboot header is looked for in so many bytes. */
const START_BYTES = 8192;
const MULTIBOOT_MAGIC = 0x1bad_b002;
/** Flags: page-aligned modules, memory and video information. What v86 does not know it cannot promise. */
const MULTIBOOT_FLAGS = 0x1_0007;
const CD_SECTOR_BYTES = 2048;
/** v86 puts an initrd at 64 MiB of guest memory. */
const INITRD_ADDRESS = 64 * MIB;

const WORDS: { readonly [K in MediumKind]: string } = {
  bios: 'system BIOS',
  vgaBios: 'VGA BIOS',
  bzimage: 'Linux kernel',
  initrd: 'initial file system (initrd)',
  multiboot: 'Multiboot kernel',
  hda: 'hard disk image',
  cdrom: 'CD image',
  fda: 'floppy image',
};

/** Sizes in bytes: at least, at most, and the unit it must be a multiple of. */
const SIZES: { readonly [K in MediumKind]: readonly [number, number, number] } = {
  bios: [64 * KIB, 256 * KIB, 64 * KIB],
  vgaBios: [8 * KIB, 64 * KIB, SECTOR_BYTES],
  bzimage: [32 * KIB, 128 * MIB, 1],
  initrd: [64, GIB, 1],
  multiboot: [64, 64 * MIB, 1],
  hda: [SECTOR_BYTES, 128 * GIB, SECTOR_BYTES],
  cdrom: [16 * CD_SECTOR_BYTES, 16 * GIB, CD_SECTOR_BYTES],
  fda: [160 * KIB, 2880 * KIB, SECTOR_BYTES],
};

/**
 * Checks one file.
 * @returns its size in bytes.
 * @throws {MediumError} when it is missing, unreadable, truncated or absurd.
 */
export function checkMedium(kind: MediumKind, path: string): number {
  const what = `${WORDS[kind]} "${path}"`;
  const { size: fileBytes, start } = look(what, path);
  const size = kind === 'hda' && isOverlay(path) ? overlayBytes(what, path) : fileBytes;
  const [least, most, unit] = SIZES[kind];
  if (size < least || size > most) {
    throw new MediumError(
      `The ${what} has ${inWords(size)}; between ${inWords(least)} and ${inWords(most)} make sense. ` +
        'Is it the right file?',
    );
  }
  if (size % unit !== 0) {
    throw new MediumError(
      `The ${what} has ${size} bytes, which is no multiple of ${unit}: it is cut off, or no raw image. ` +
        'Copy it again, or convert it with: qemu-img convert -O raw FILE NEW',
    );
  }
  if (kind === 'bzimage') checkKernel(what, start, size);
  if (kind === 'multiboot') checkMultiboot(what, start);
  if ((kind === 'hda' && !isOverlay(path)) || kind === 'cdrom') refuseContainers(kind, what, start);
  return size;
}

/**
 * Checks that an initrd fits the guest's memory.
 * @throws {MediumError} with the memory it would need.
 */
export function checkInitrdFits(path: string, size: number, memoryMB: number): void {
  const neededMB = Math.ceil((INITRD_ADDRESS + size) / MIB) + 2;
  if (memoryMB >= neededMB) return;
  throw new MediumError(
    `The initrd "${path}" is loaded at 64 MB and does not fit ${memoryMB} MB of memory: ` +
      `give the VM at least ${neededMB} MB.`,
  );
}

function look(what: string, path: string): { size: number; start: Buffer } {
  let descriptor: number;
  try {
    // Opening a device can do something: a tape winds back, a watchdog starts.
    if (!statSync(path).isFile()) throw new MediumError(`The ${what} is not a file. Name an image file.`);
    // Without O_NONBLOCK (which Windows lacks) opening a pipe waits for its writer, and the whole host with it.
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (error instanceof MediumError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw new MediumError(`The ${what} does not exist. Check the path.`);
    if (code === 'EACCES') throw new MediumError(`The ${what} may not be read. Check its permissions.`);
    throw new MediumError(`The ${what} cannot be opened: ${(error as Error).message}`);
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw new MediumError(`The ${what} is not a file. Name an image file.`);
    const start = Buffer.alloc(START_BYTES);
    const length = readSync(descriptor, start, 0, start.length, 0);
    return { size: status.size, start: start.subarray(0, Math.max(length, 1024)) };
  } catch (error) {
    if (error instanceof MediumError) throw error;
    throw new MediumError(`The ${what} cannot be read: ${(error as Error).message}`);
  } finally {
    closeSync(descriptor);
  }
}

/** The boot protocol's header (Linux documentation, arch/x86/boot: "HdrS" at 0x202, setup sectors at 0x1F1). */
function checkKernel(what: string, start: Buffer, size: number): void {
  if (start.readUInt16LE(0x1fe) !== 0xaa55 || start.toString('latin1', 0x202, 0x206) !== 'HdrS') {
    throw new MediumError(`The ${what} is no bzImage: it lacks the boot header. Use a kernel's arch/x86/boot/bzImage.`);
  }
  if ((start[0x211] ?? 0) % 2 === 0) {
    throw new MediumError(`The ${what} is a zImage, which loads low. Use a bzImage.`);
  }
  const setupSectors = start[0x1f1] || 4;
  const promised = (setupSectors + 1) * SECTOR_BYTES + start.readUInt32LE(0x1f4) * 16;
  // The last 16-byte unit may be rounded up.
  if (size + 16 <= promised) {
    throw new MediumError(
      `The ${what} is cut off: its header promises ${promised} bytes, it has ${size}. Copy it again.`,
    );
  }
}

/** The Multiboot header (specification 0.6.96, 3.1): magic, flags and their checksum, aligned, in the first 8 KiB. */
function checkMultiboot(what: string, start: Buffer): void {
  for (let at = 0; at + 12 <= start.length; at += 4) {
    if (start.readUInt32LE(at) !== MULTIBOOT_MAGIC) continue;
    const flags = start.readUInt32LE(at + 4);
    if ((MULTIBOOT_MAGIC + flags + start.readUInt32LE(at + 8)) % 2 ** 32 !== 0) continue;
    if ((flags & 0xffff & ~MULTIBOOT_FLAGS) === 0) return;
    throw new MediumError(`The ${what} asks its loader for what there is not here (flags ${flags.toString(16)}).`);
  }
  throw new MediumError(
    `The ${what} has no Multiboot header in its first 8 KB. Is it the right file? A Linux kernel is a bzImage.`,
  );
}

/** How large a guest sees an overlay. */
function overlayBytes(what: string, path: string): number {
  try {
    return overlayHeaderSync(path).virtualBytes;
  } catch (error) {
    if (error instanceof DiskError) throw new MediumError(`The ${what} cannot be used: ${error.message}`);
    throw error;
  }
}

const CONTAINERS: readonly (readonly [string, string])[] = [
  ['QFI\xfb', 'qcow2'],
  ['KDMV', 'VMDK'],
  ['<<< Oracle', 'VDI'],
  ['<<< Sun', 'VDI'],
  ['conectix', 'VHD'],
  ['vhdxfile', 'VHDX'],
];

function refuseContainers(kind: MediumKind, what: string, start: Buffer): void {
  const text = start.toString('latin1', 0, 16);
  const found = CONTAINERS.find(([magic]) => text.startsWith(magic));
  if (text.startsWith('LSDISK')) {
    throw new MediumError(
      `The ${what} is a Lockstep disk by its content, but its name does not end in ".lsd". ` +
        'Rename it if you know that it is one; a guest could have written this into a raw image.',
    );
  }
  if (!found) return;
  const how =
    kind === 'hda'
      ? 'Import it first: lockstep disk import FILE NEW.lsd'
      : 'Convert it first: qemu-img convert -O raw FILE NEW';
  throw new MediumError(`The ${what} is a ${found[1]} file. ${how}`);
}

function inWords(bytes: number): string {
  if (bytes >= GIB) return `${+(bytes / GIB).toFixed(1)} GB`;
  if (bytes >= MIB) return `${+(bytes / MIB).toFixed(1)} MB`;
  if (bytes >= KIB) return `${+(bytes / KIB).toFixed(1)} KB`;
  return `${bytes} bytes`;
}
