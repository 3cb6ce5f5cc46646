/**
 * Disks from and for other programs, by way of `qemu-img`; raw images need nobody.
 *
 * Invariant: what is imported comes from the one file that was named: an image that refers to other files is refused,
 * and its format is told by its first or last bytes, never tried. What could not be finished is removed.
 */
import { spawn } from 'node:child_process';
import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import { DiskImage } from '../image.ts';
import { createDisk } from './create.ts';
import { closing, DiskError, HostFile } from './device.ts';
import { SECTOR_BYTES } from './layout.ts';
import { isOverlay, openDisk, openOverlay } from './open.ts';
import type { Progress } from './operations.ts';
import { copySparse } from './sparse.ts';

export const EXPORT_FORMATS = ['raw', 'qcow2'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Their first bytes, and what qemu-img calls them. */
const FORMATS: readonly (readonly [magic: string, format: string])[] = [
  ['QFI\xfb', 'qcow2'],
  ['KDMV', 'vmdk'],
  ['<<< Oracle', 'vdi'],
  ['<<< Sun', 'vdi'],
  ['<<< QEMU', 'vdi'],
  ['conectix', 'vpc'],
  ['vhdxfile', 'vhdx'],
];
const OUTPUT_MAX = 1 << 20;

/**
 * Makes a disk of an image: raw, qcow2, vmdk, vdi, vhd or vhdx.
 * @returns the format that was found. @throws {DiskError} naming the remedy.
 */
export async function importDisk(source: string, file: string, progress: Progress = () => {}): Promise<string> {
  const format = await formatOf(source);
  if (isOverlay(source)) throw new DiskError(`"${source}" is a Lockstep disk already.`);
  if (format === 'raw') {
    await importRaw(source, file, progress);
    return format;
  }
  await refuseReferences(source, format);
  const raw = temporary(file);
  try {
    await rm(raw, { force: true });
    const half: Progress = (fraction) => progress(fraction / 2);
    await qemuImg(['convert', '-p', '-f', format, '-O', 'raw', `file:${path.resolve(source)}`, raw], half);
    await importRaw(raw, file, (fraction) => progress(0.5 + fraction / 2));
  } finally {
    await rm(raw, { force: true });
  }
  return format;
}

async function importRaw(source: string, file: string, progress: Progress): Promise<void> {
  const image = await DiskImage.open(source, true);
  try {
    if (image.byteLength % SECTOR_BYTES !== 0) {
      throw new DiskError(
        `"${source}" has ${image.byteLength} bytes, no multiple of ${SECTOR_BYTES}: it is no disk image.`,
      );
    }
    await createDisk(file, { virtualBytes: image.byteLength });
    try {
      const disk = await openOverlay(file, false);
      await closing(disk, () => copySparse(image, disk, progress).then(() => disk.flush()));
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    }
  } finally {
    await image.close();
  }
}

/** Writes a disk, with all that it stands on, as an image that does not exist yet. @throws {DiskError} */
export async function exportDisk(
  file: string,
  target: string,
  format: ExportFormat,
  progress: Progress = () => {},
): Promise<void> {
  if (format === 'raw') return exportRaw(file, target, progress);
  await refuseExisting(target);
  // Better told now than after all has been read.
  await qemuImg(['--version']);
  const raw = temporary(target);
  try {
    await rm(raw, { force: true });
    await exportRaw(file, raw, (fraction) => progress(fraction / 2));
    const half: Progress = (fraction) => progress(0.5 + fraction / 2);
    await qemuImg(['convert', '-p', '-f', 'raw', '-O', format, raw, target], half).catch(async (error: Error) => {
      await rm(target, { force: true });
      throw error;
    });
  } finally {
    await rm(raw, { force: true });
  }
  return undefined;
}

async function exportRaw(file: string, target: string, progress: Progress): Promise<void> {
  const disk = await openDisk(file, true);
  try {
    await refuseExisting(target);
    const handle = await open(target, 'wx', 0o600);
    await closing(handle, () => handle.truncate(disk.byteLength));
    try {
      const image = await DiskImage.open(target, false);
      await closing(image, () => copySparse(disk, image, progress).then(() => image.flush()));
    } catch (error) {
      await rm(target, { force: true });
      throw error;
    }
  } finally {
    await disk.close();
  }
}

async function refuseExisting(target: string): Promise<void> {
  const there = await HostFile.open(target, 'r').catch(() => null);
  await there?.close();
  if (there) throw new DiskError(`"${target}" is there already. Choose another name.`);
}

function temporary(file: string): string {
  return path.join(path.dirname(path.resolve(file)), `.${path.basename(file)}.part`);
}

/** @throws {Error} when it cannot be read. */
async function formatOf(file: string): Promise<string> {
  const handle = await HostFile.open(file, 'r');
  try {
    const start = Buffer.alloc(SECTOR_BYTES);
    await handle.read(start, 0);
    const end = Buffer.alloc(SECTOR_BYTES);
    await handle.read(end, Math.max(0, (await handle.size()) - SECTOR_BYTES));
    const text = start.toString('latin1');
    const found = FORMATS.find(([magic]) => text.startsWith(magic));
    if (found) return found[1];
    if (text.startsWith('# Disk DescriptorFile')) {
      throw new DiskError(`"${file}" only describes a disk in other files. Convert it to one file first.`);
    }
    // A VHD of fixed size has its description at its end.
    return end.toString('latin1').startsWith('conectix') ? 'vpc' : 'raw';
  } finally {
    await handle.close();
  }
}

/** An image from somewhere else could otherwise name any file of this computer, for its guest to read. */
async function refuseReferences(source: string, format: string): Promise<void> {
  const text = await qemuImg(['info', '--output=json', '-f', format, `file:${path.resolve(source)}`]);
  const info = JSON.parse(text) as { readonly [name: string]: unknown };
  const specific = JSON.stringify(info['format-specific'] ?? {});
  if (info['backing-filename'] === undefined && !specific.includes('"data-file"')) return;
  throw new DiskError(
    `"${source}" stands on another file. If you trust it, make one file of it first: ` +
      'qemu-img convert -O qcow2 FILE NEW',
  );
}

/** Runs it. @returns what it printed. @throws {DiskError} with what it said, or that it is not there. */
function qemuImg(args: readonly string[], progress?: Progress): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('qemu-img', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let [printed, errors] = ['', ''];
    child.stdout.on('data', (bytes: Buffer) => {
      const text = bytes.toString('latin1');
      const percent = /\((\d+(?:\.\d+)?)\/100%\)\s*$/.exec(text);
      if (percent) progress?.(Number(percent[1]) / 100);
      else if (printed.length < OUTPUT_MAX) printed += text;
    });
    child.stderr.on('data', (bytes: Buffer) => {
      if (errors.length < OUTPUT_MAX) errors += bytes.toString('utf8');
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      const missing = error.code === 'ENOENT';
      const how =
        'For this format Lockstep needs the program "qemu-img", which is not installed. ' +
        'Debian, Ubuntu: apt install qemu-utils. Fedora: dnf install qemu-img. macOS: brew install qemu.';
      reject(new DiskError(missing ? how : `qemu-img could not be started: ${error.message}`));
    });
    child.on('close', (code) => {
      if (code === 0) resolve(printed);
      else reject(new DiskError(`qemu-img failed: ${errors.trim() || `exit status ${code}`}`));
    });
  });
}
