/**
 * Disk files, as the contract has them: thin disks and overlays of our own format, raw images, and those of other
 * programs.
 *
 * Invariant: a disk is named by its file's path; what changes one is refused while a running VM uses it.
 */
import * as v from 'valibot';
import { FilePath } from './file-path.ts';

/** The largest disk that a machine takes, in bytes: 128 GiB. */
const DISK_BYTES_MAX = 128 * 2 ** 30;
export const DISK_EXPORT_FORMATS = ['raw', 'qcow2'] as const;
const SECTOR_BYTES = 512;

export const DiskBytes = v.pipe(
  v.number('a size is a number of bytes'),
  v.multipleOf(SECTOR_BYTES, `a disk has a multiple of ${SECTOR_BYTES} bytes`),
  v.minValue(SECTOR_BYTES, `a disk has at least ${SECTOR_BYTES} bytes`),
  v.maxValue(DISK_BYTES_MAX, 'a disk has at most 128 GB'),
);

/** The schemas of the commands' arguments. */
export const diskCommands = {
  /** A thin disk, or an overlay on another disk, which is not to be written to from then on. */
  'disk.create': v.strictObject({
    file: FilePath,
    bytes: v.exactOptional(DiskBytes),
    parent: v.exactOptional(FilePath),
  }),
  'disk.info': v.strictObject({ file: FilePath }),
  /** `repair` writes anew what can be known: a damaged copy of the header. */
  'disk.check': v.strictObject({ file: FilePath, repair: v.optional(v.boolean(), false) }),
  'disk.compact': v.strictObject({ file: FilePath }),
  /** A disk can grow, not shrink. */
  'disk.resize': v.strictObject({ file: FilePath, bytes: DiskBytes }),
  /** From raw, qcow2, vmdk, vdi, vhd or vhdx; all but raw need `qemu-img`. */
  'disk.import': v.strictObject({
    source: FilePath,
    /** Absent: a new file in the data folder. */
    file: v.exactOptional(FilePath),
  }),
  'disk.export': v.strictObject({
    file: FilePath,
    target: FilePath,
    format: v.picklist(DISK_EXPORT_FORMATS, `the formats are: ${DISK_EXPORT_FORMATS.join(', ')}`),
  }),
} as const;

export interface DiskView {
  readonly file: string;
  readonly format: 'raw' | 'lsd';
  /** As a guest sees it, in bytes. */
  readonly bytes: number;
  /** The size of the file, and what it takes up on this computer's disk, in bytes. */
  readonly fileBytes: number;
  readonly diskBytes: number;
  /** Null for a raw image. */
  readonly clusterBytes: number | null;
  readonly uuid: string | null;
  /** It is half merged into the disk it stands on. */
  readonly committing: boolean;
  /** All files that it is made of, this one first. */
  readonly chain: readonly string[];
  /** The names of the VMs that use it, in whatever place of their chain. */
  readonly vms: readonly string[];
}

export interface DiskCheckView {
  /** What is wrong; `where` in bytes of the disk, null where it is not about its data. */
  readonly problems: readonly { readonly where: number | null; readonly message: string }[];
  readonly problemsLeftOut: number;
  readonly repaired: readonly string[];
  readonly clustersChecked: number;
  /** Bytes of the file that nothing refers to. */
  readonly unusedBytes: number;
}

export interface DiskResults {
  'disk.create': DiskView;
  'disk.info': DiskView;
  'disk.check': DiskCheckView;
  'disk.compact': { readonly before: number; readonly after: number };
  'disk.resize': DiskView;
  'disk.import': DiskView;
  'disk.export': { readonly file: string };
}

const UNITS: { readonly [unit: string]: number } = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** `4G`, `512M`, `65536`: bytes. @throws {RangeError} when it is no size. */
export function parseSize(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmg]?)(?:i?b)?$/i.exec(text.trim()) ?? [];
  const bytes = Number(digits) * (UNITS[unit.toLowerCase()] ?? Number.NaN);
  if (digits === '' || !Number.isSafeInteger(bytes)) {
    throw new RangeError(`"${text}" is no size: write it like 4G, 512M or 65536`);
  }
  return bytes;
}
