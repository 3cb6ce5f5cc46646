/**
 * A VM from an exported file, which anybody may have made.
 *
 * Invariants: nothing is there before the whole file was read and found right, and nothing of a wrong one stays; files
 * get names of ours; what is written is bounded by what the file says of itself, and that by what its parts may be and
 * what there is room for.
 */
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { CommandError, type ParsedArgs, type VmView } from '../../../preload/contract/contract.ts';
import { createDisk } from '../../datastore/disk/create.ts';
import type { BlockDevice } from '../../datastore/disk/device.ts';
import { openOverlay, OVERLAY_EXTENSION } from '../../datastore/disk/open.ts';
import { allZero } from '../../datastore/disk/sparse.ts';
import { ExportError } from '../../datastore/export/layout.ts';
import type { Part } from '../../datastore/export/manifest.ts';
import { ExportReader } from '../../datastore/export/reader.ts';
import { DiskImage } from '../../datastore/image.ts';
import type { VmConfig } from '../../store/vms.ts';
import { readDescription, type Description } from './export-description.ts';
import type { Fleet } from '../fleet.ts';
import { NewFiles } from './new-files.ts';
import { makeRaw } from '../disks/raw-file.ts';
import { checkFiles, type FILE_KINDS } from '../spec.ts';
import type { Advance } from '../watch/tasks.ts';

type FileKind = (typeof FILE_KINDS)[number];

interface Target {
  readonly disk: BlockDevice;
  readonly made: string;
  readonly file: string;
}

/** @throws {CommandError} `exists` when the name is taken, `refused` with what is wrong with the file. */
export async function importVm(
  fleet: Fleet,
  { file: named, name: wanted, keepMac }: ParsedArgs<'vm.import'>,
): Promise<VmView> {
  const from = path.resolve(named);
  const reader = await ExportReader.open(from).catch(refused);
  try {
    const description = readDescription(from, reader.manifest.vm);
    const name = wanted ?? description.name;
    fleet.requireRoom(name);
    requireKnown(from, reader.manifest.parts);
    await requireSpace(fleet, from, reader.end.dataBytes);
    if (keepMac) requireFree(fleet, description.config.mac);
    const files = new NewFiles(fleet.disks.folder(), name);
    return await fleet.tasks.cancellable('vm.import', { id: '', name }, async (advance) => {
      try {
        const targets = await unpack(reader, files, advance);
        return adopt(fleet, name, { ...description, keepMac, from }, targets, files);
      } finally {
        files.discard();
      }
    });
  } catch (error) {
    return refused(error);
  } finally {
    await reader.close();
  }
}

/** Writes all parts; rejects, before anybody could use them, where the file is not what was written. */
async function unpack(reader: ExportReader, files: NewFiles, advance: Advance): Promise<Map<FileKind, Target>> {
  const targets = new Map<FileKind, Target>();
  const { parts } = reader.manifest;
  try {
    for (const part of parts) targets.set(part.role as FileKind, await makeTarget(part, files));
    for await (const { part, offset, bytes, share } of reader.chunks()) {
      const { role } = parts[part] as Part;
      // What is zeros need not be written: the files are, and stay thin.
      if (!allZero(bytes)) await targets.get(role as FileKind)?.disk.write(offset, bytes);
      advance(share);
    }
    for (const { disk } of targets.values()) await disk.flush();
    await files.settle();
    return targets;
  } finally {
    await Promise.all([...targets.values()].map(({ disk }) => disk.close()));
  }
}

async function makeTarget({ role, format, bytes }: Part, files: NewFiles): Promise<Target> {
  const { made, file } = files.add(format === 'lsd' ? OVERLAY_EXTENSION : role === 'hda' ? '.img' : `.${role}`);
  if (format === 'lsd') await createDisk(made, { virtualBytes: bytes });
  else await makeRaw(made, bytes);
  const disk = format === 'lsd' ? await openOverlay(made, false) : await DiskImage.open(made, false);
  return { disk, made, file };
}

function adopt(
  fleet: Fleet,
  name: string,
  {
    config: said,
    ftSettings,
    checkpointMinutes = 0,
    keepMac,
    from,
    version,
  }: Description & { keepMac: boolean; from: string },
  targets: ReadonlyMap<FileKind, Target>,
  files: NewFiles,
): VmView {
  if (keepMac) requireFree(fleet, said.mac);
  const nic = fleet.newCard(said.nic);
  const own = { ...said, nic, mac: keepMac ? said.mac : fleet.newMac() };
  const at = (which: 'made' | 'file'): Partial<VmConfig> =>
    Object.fromEntries([...targets].map(([role, target]) => [role, target[which]]));
  // As for a VM that is created: whatever is no disk, no kernel, no disc is refused by name.
  checkFiles({ ...own, ...at('made') }, fleet.guests);
  const moved = nic.network === said.nic.network ? '' : ` Its network "${said.nic.network}" is "${nic.network}" here.`;
  const message = `Imported from "${from}" (written by Lockstep ${version}).${moved}`;
  const made = { name, config: { ...own, ...at('file') }, ftSettings, checkpointMinutes };
  return fleet.adopt(made, files, { kind: 'vm.imported', message, data: { from, version } }).view();
}

function requireKnown(file: string, parts: readonly Part[]): void {
  if (!parts.some(({ role }) => role === 'state')) return;
  const words =
    'it holds a suspended state, which this Lockstep cannot resume: update Lockstep, or export it powered off';
  throw new CommandError('refused', `"${file}" cannot be imported: ${words}.`);
}

async function requireSpace(fleet: Fleet, file: string, needed: number): Promise<void> {
  const folder = fleet.disks.folder();
  const { bavail, bsize } = await statfs(folder);
  if (needed <= bavail * bsize) return;
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MB`;
  throw new CommandError(
    'refused',
    `"${file}" needs ${megabytes(needed)} in "${folder}", where ${megabytes(bavail * bsize)} are free: make room.`,
  );
}

function requireFree(fleet: Fleet, mac: string): void {
  const other = fleet.all().find((vm) => vm.mac === mac);
  if (!other) return;
  throw new CommandError('refused', `"${other.name}" has the MAC address ${mac}: import without keeping it.`);
}

function refused(error: unknown): never {
  throw error instanceof ExportError ? new CommandError('refused', error.message) : error;
}
