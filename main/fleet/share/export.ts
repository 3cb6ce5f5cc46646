/**
 * A VM that is off, as one file: its configuration, its disk (flattened), and the user's own kernel, discs and floppy.
 *
 * Invariant: the file appears when it is complete, under its name at once; until then there is another one beside it,
 * which is removed however this ends.
 */
import { link, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { CommandError, type CommandResults, type ParsedArgs } from '../../../preload/contract/contract.ts';
import { EXPORT_EXTENSION } from '../../../preload/contract/share.ts';
import { syncFolder } from '../../datastore/disk/create.ts';
import { closing, HostFile, type BlockDevice } from '../../datastore/disk/device.ts';
import { isOverlay, openDisk } from '../../datastore/disk/open.ts';
import { dataOf } from '../../datastore/disk/sparse.ts';
import { CHUNK_BYTES } from '../../datastore/export/layout.ts';
import type { Part } from '../../datastore/export/manifest.ts';
import { ExportWriter } from '../../datastore/export/writer.ts';
import { DiskImage } from '../../datastore/image.ts';
import { holdDisk } from './clone.ts';
import { describe } from './export-description.ts';
import type { Fleet } from '../fleet.ts';
import { writingBeside } from './new-files.ts';
import { mayWrite } from '../output-file.ts';
import { FILE_KINDS } from '../spec.ts';
import type { Advance } from '../watch/tasks.ts';
import type { Vm } from '../vm.ts';

interface Source extends Part {
  readonly disk: BlockDevice;
}

/** @throws {CommandError} `refused` while it runs, `exists` where the file is there and not to be replaced. */
export async function exportVm(
  fleet: Fleet,
  { vm, file: named, force }: ParsedArgs<'vm.export'>,
): Promise<CommandResults['vm.export']> {
  const source = fleet.vm(vm);
  source.require('vm.export');
  const file = path.resolve(named);
  if (!file.toLowerCase().endsWith(EXPORT_EXTENSION)) {
    throw new CommandError('usage', `The name of an exported VM ends in ${EXPORT_EXTENSION}, not "${file}".`);
  }
  mayWrite(fleet, file, force);
  const { temporary, forget } = writingBeside(fleet.disks.folder(), file);
  try {
    return await holdDisk(fleet, source, 'vm.export', () =>
      fleet.tasks.cancellable('vm.export', source, async (advance) => {
        const bytes = await writeWhole(fleet, source, temporary, advance);
        advance(1);
        await take(temporary, file, mayWrite(fleet, file, force));
        return { file, bytes };
      }),
    );
  } finally {
    await rm(temporary, { force: true });
    forget();
  }
}

/** @returns its size in bytes. */
async function writeWhole(fleet: Fleet, vm: Vm, temporary: string, advance: Advance): Promise<number> {
  const sources = await openSources(vm);
  try {
    const file = await HostFile.open(temporary, 'wx+');
    return await closing(file, async () => {
      const writer = new ExportWriter(file);
      const parts = sources.map(({ role, format, bytes }) => ({ role, format, bytes }));
      await writer.begin({ parts, vm: describe(vm.record, fleet.host.version) });
      const total = sources.reduce((sum, { bytes }) => sum + bytes, 0);
      let before = 0;
      for (const [part, { disk, bytes }] of sources.entries()) {
        const passed = (done: number): void => advance((before + done) / total);
        for await (const piece of dataOf(disk, CHUNK_BYTES, passed)) await writer.data(part, piece.at, piece.bytes);
        before += bytes;
      }
      await writer.end();
      return writer.bytes;
    });
  } finally {
    await Promise.all(sources.map(({ disk }) => disk.close()));
  }
}

/** All files that are the user's: a sample brings its own. @throws {Error} when one cannot be read. */
async function openSources({ record, disk: { current } }: Vm): Promise<Source[]> {
  const sources: Source[] = [];
  try {
    for (const role of FILE_KINDS) {
      const file = role === 'hda' ? current : record.config[role];
      if (file === undefined) continue;
      const disk = role === 'hda' ? await openDisk(file, true) : await DiskImage.open(file, true);
      const format = role === 'hda' && isOverlay(file) ? 'lsd' : 'raw';
      sources.push({ role, format, bytes: disk.byteLength, disk });
    }
    return sources;
  } catch (error) {
    await Promise.all(sources.map(({ disk }) => disk.close()));
    throw error;
  }
}

/** Gives it its name: never over a file that came meanwhile, unless one was to be replaced. */
async function take(temporary: string, file: string, replace: boolean): Promise<void> {
  if (replace) await rename(temporary, file);
  else await link(temporary, file).catch((error: NodeJS.ErrnoException) => withoutLinks(error, temporary, file));
  await syncFolder(path.dirname(file));
}

/** Some file systems have no hard links. */
async function withoutLinks(error: NodeJS.ErrnoException, temporary: string, file: string): Promise<void> {
  if (error.code === 'EEXIST') throw new CommandError('exists', `"${file}" exists by now: choose another name.`);
  await rename(temporary, file);
}
