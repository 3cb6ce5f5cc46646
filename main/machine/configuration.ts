/**
 * From a `MachineConfig` to what v86 is built from, and to the fingerprint that says which machines are alike.
 *
 * Invariant: two configurations with the same fingerprint build machines that start in the same state, up to what is in
 * the removable drives; a snapshot of one fits the other.
 */
import { createHash } from 'node:crypto';
import { DriveBuffer, type Disks } from './devices/disk.ts';
import { parseMac } from './devices/nic.ts';
import { MachineError } from './errors.ts';
import type { Drive, MachineConfig } from './machine.ts';
import type { CoreOptions } from './v86.ts';
import type { BlockBuffer } from './v86-types.ts';

const MIB = 1_048_576;
const MEMORY_MB_MAX = 2048;
/** v86 puts an initial file system at 64 MiB. */
const MEMORY_MB_MIN_WITH_INITRD = 72;
const VGA_MEMORY_MB_MAX = 256;
const SECTOR_BYTES = 512;
const CD_SECTOR_BYTES = 2048;
const DRIVE_BYTES_MAX = 2 ** 48;
const BIOS_BYTES_MAX = MIB;
const MTU_DEFAULT = 1500;
/** The least that IPv4 asks for, and what fits into a frame. */
const MTU_MIN = 68;
const MTU_MAX = 65_520;
/** What SeaBIOS reads from the CMOS: four bits a drive, the first one lowest. */
const BOOT_CODES = { fda: 1, hda: 2, cdrom: 3 } as const;
export const DRIVES = ['hda', 'hdb', 'cdrom'] as const satisfies readonly Drive[];

/** @throws {MachineError} that names what cannot be. */
export function checkConfig(config: MachineConfig): void {
  ensureInteger('memoryMB', config.memoryMB, 1, MEMORY_MB_MAX);
  ensureInteger('vgaMemoryMB', config.vgaMemoryMB, 1, VGA_MEMORY_MB_MAX);
  ensureInteger('seed', config.seed, 0, 0xffff_ffff);
  ensureInteger('startTimeMs', config.startTimeMs, 0, 8.64e15);
  for (const [name, bytes] of [
    ['bios', config.bios],
    ['vgaBios', config.vgaBios],
  ] as const) {
    if (bytes.length === 0 || bytes.length > BIOS_BYTES_MAX)
      throw new MachineError(`${name} has ${bytes.length} bytes`);
  }
  if (config.linux?.initrd !== undefined && config.memoryMB < MEMORY_MB_MIN_WITH_INITRD) {
    throw new MachineError(
      `an initrd needs at least ${MEMORY_MB_MIN_WITH_INITRD} MB of memory, not ${config.memoryMB}`,
    );
  }
  for (const drive of DRIVES) {
    const byteLength = config.drives[drive]?.byteLength;
    if (byteLength === undefined) continue;
    ensureInteger(`${drive}'s size`, byteLength, SECTOR_BYTES, DRIVE_BYTES_MAX);
    const sector = drive === 'cdrom' ? CD_SECTOR_BYTES : SECTOR_BYTES;
    if (byteLength % sector !== 0) throw new MachineError(`${drive}'s size must be a multiple of ${sector} bytes`);
  }
  if (config.drives.hdb !== undefined && config.drives.hda === undefined) {
    throw new MachineError('hdb needs an hda: v86 has a second disk only beside a first one');
  }
  if (config.nic !== undefined) parseMac(config.nic.mac);
  if (config.nic?.mtu !== undefined) ensureInteger("the network card's MTU", config.nic.mtu, MTU_MIN, MTU_MAX);
}

function ensureInteger(name: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new MachineError(`${name} must be a whole number from ${least} to ${most}, not ${value}`);
}

/** A digest of all that decides the machine's initial state, v86 itself included. Hexadecimal. */
export function fingerprint(config: MachineConfig, sources: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  const add = (bytes: Uint8Array | undefined) => {
    hash.update(`${bytes?.length ?? -1}:`);
    if (bytes !== undefined) hash.update(bytes);
  };
  const { memoryMB, vgaMemoryMB, seed, startTimeMs, nic, jit, linux, multiboot, bootOrder, drives } = config;
  // The disc in the CD-ROM drive is state, and so is that there is one: it may have been changed since.
  const sizes = (['hda', 'hdb'] as const).map((drive) => drives[drive]?.byteLength ?? null);
  const plain = { memoryMB, vgaMemoryMB, seed, startTimeMs, sizes, nic: nic ?? null, jit: jit ?? true, bootOrder };
  add(Buffer.from(JSON.stringify({ ...plain, cmdline: linux?.cmdline ?? null })));
  for (const bytes of [config.bios, config.vgaBios, linux?.bzimage, linux?.initrd, ...sources]) add(bytes);
  if (multiboot) add(multiboot);
  // The floppy's contents are state, and it may have been ejected since; but v86 chooses the kind of the drive by what
  // is in it when it is built.
  hash.update(`floppy ${config.floppy?.length ?? -1}`);
  return hash.digest('hex');
}

/** Files in memory for v86; those that nobody needs after the start can be thrown away. */
export interface Files {
  readonly options: CoreOptions;
  /** Those of the machine; the CD-ROM drive's always, also while it is empty. */
  readonly drives: ReadonlyMap<Drive, DriveBuffer>;
  /** Gives the memory of the kernel and the initial file system back: v86 has copied them and would keep them. */
  readonly release: () => void;
}

export function prepareFiles(config: MachineConfig, disks: Disks): Files {
  const drives = new Map<Drive, DriveBuffer>();
  for (const drive of DRIVES) {
    const medium = config.drives[drive];
    if (medium === undefined) continue;
    const first = medium.readSync(0, SECTOR_BYTES);
    if (first.length !== SECTOR_BYTES) throw new MachineError(`${drive}: cannot read its first sector`);
    drives.set(drive, new DriveBuffer(drive, medium.byteLength, new Uint8Array(first), disks));
  }
  const inserted = Object.fromEntries(drives);
  const { cdrom } = config.drives;
  const disc = drives.get('cdrom') ?? new DriveBuffer('cdrom', 0, new Uint8Array(), disks);
  if (cdrom) {
    const { path, identity } = cdrom.disc ?? { path: '', identity: '' };
    disc.disc = { path, bytes: cdrom.byteLength, identity };
  }
  drives.set('cdrom', disc);
  const { linux, multiboot, bootOrder } = config;
  const once =
    linux === undefined ? [] : [copyOf(linux.bzimage), ...(linux.initrd === undefined ? [] : [copyOf(linux.initrd)])];
  const [bzimage, initrd] = once;
  const options: CoreOptions = {
    memory_size: config.memoryMB * MIB,
    vga_memory_size: config.vgaMemoryMB * MIB,
    bios: memoryBuffer(copyOf(config.bios)),
    vga_bios: { buffer: copyOf(config.vgaBios) },
    disable_jit: config.jit === false,
    net_device: { type: config.nic?.type ?? 'none', mtu: config.nic?.mtu ?? MTU_DEFAULT },
    ...(bzimage === undefined ? {} : { bzimage: { buffer: bzimage }, cmdline: linux?.cmdline ?? '' }),
    ...(initrd === undefined ? {} : { initrd: { buffer: initrd } }),
    ...(multiboot === undefined ? {} : { multiboot: { buffer: copyOf(multiboot) } }),
    ...(bootOrder === undefined ? {} : { boot_order: bootCode(bootOrder) }),
    ...inserted,
    ...(config.floppy === undefined ? {} : { fda: { buffer: copyOf(config.floppy) } }),
  };
  return { options, drives, release: () => once.forEach((buffer) => buffer.transfer(0)) };
}

/** Those that are not named come after those that are: CD, hard disk, floppy. */
function bootCode(order: NonNullable<MachineConfig['bootOrder']>): number {
  const all = new Set([...order, 'cdrom', 'hda', 'fda'] as const);
  return [...all].reduce((code, drive, place) => code | (BOOT_CODES[drive] << (4 * place)), 0);
}

/** An own copy, and nothing beside it: a `Buffer`'s `slice` would be neither. */
function copyOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

/** A file in the shape of a disk, so that v86 calls our `load` when it wants it. */
function memoryBuffer(buffer: ArrayBuffer): BlockBuffer {
  const unused = () => {
    throw new MachineError('firmware is not a disk');
  };
  const calls = { get: unused, set: unused, get_and_cache: unused, get_buffer: unused, get_from_cache: unused };
  const file = {
    ...calls,
    buffer,
    byteLength: buffer.byteLength,
    load: () => {},
    get_state: () => [],
    set_state: () => {},
  };
  return file;
}
