/**
 * The contract's commands of disk files, carried out; and a new VM's disk.
 *
 * Invariant: a disk that was made for a VM is there only where the VM is.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { CommandError, type CommandResults, type ParsedArgs } from '../../../preload/contract/contract.ts';
import type { diskCommands } from '../../../preload/contract/disk.ts';
import { checkDisk } from '../../datastore/disk/check.ts';
import { exportDisk, importDisk } from '../../datastore/disk/convert.ts';
import { createDisk, createOverlay } from '../../datastore/disk/create.ts';
import { isOverlay } from '../../datastore/disk/open.ts';
import { compactDisk, growDisk } from '../../datastore/disk/operations.ts';
import type { Fleet } from '../fleet.ts';

type Name = keyof typeof diskCommands;
type Handlers = {
  readonly [C in Name]: (fleet: Fleet, args: ParsedArgs<C>) => Promise<CommandResults[C]>;
};

export const diskHandlers: Handlers = {
  'disk.create': async ({ disks }, { file: named, bytes, parent }) => {
    const file = path.resolve(named);
    if (parent !== undefined) {
      const below = path.resolve(parent);
      await disks.work('disk.create', below, () => createOverlay(file, below, bytes));
    } else if (bytes === undefined) {
      throw new CommandError('usage', 'Say how large the disk is to be, or on which disk it is to stand.');
    } else {
      await createDisk(file, { virtualBytes: bytes });
    }
    return disks.view(file);
  },
  'disk.info': ({ disks }, { file }) => disks.view(path.resolve(file)),
  'disk.check': ({ disks }, { file, repair }) => {
    const at = path.resolve(file);
    return disks.work('disk.check', at, (progress) => checkDisk(at, repair, progress));
  },
  'disk.compact': ({ disks }, { file }) => {
    const at = path.resolve(file);
    if (!isOverlay(at)) throw new CommandError('refused', `"${at}" is a raw image: import it first.`);
    return disks.work('disk.compact', at, (progress) => compactDisk(at, progress));
  },
  'disk.resize': async ({ disks }, { file, bytes }) => {
    const at = path.resolve(file);
    disks.requireResizable(at);
    await disks.work('disk.resize', at, () => growDisk(at, bytes), true);
    return disks.view(at);
  },
  'disk.import': async ({ disks }, { source, file }) => {
    const from = path.resolve(source);
    const at = file === undefined ? disks.newFile(path.parse(from).name) : path.resolve(file);
    await disks.work('disk.import', from, (progress) => importDisk(from, at, progress));
    return disks.view(at);
  },
  'disk.export': async ({ disks }, { file, target, format }) => {
    const [at, to] = [path.resolve(file), path.resolve(target)];
    await disks.work('disk.export', at, (progress) => exportDisk(at, to, format, progress));
    return { file: to };
  },
};

/** Makes the VM's disk first where one is wanted, and takes it away again where no VM comes of it. */
export async function createWithDisk(
  fleet: Fleet,
  { diskBytes, ...args }: ParsedArgs<'vm.create'>,
): Promise<ReturnType<Fleet['create']>> {
  if (diskBytes === undefined) return fleet.create(args);
  if (args.hda !== undefined) {
    throw new CommandError('usage', 'A VM has one hard disk: leave out either --hda or --disk-size.');
  }
  const hda = await fleet.disks.createFor(args.name, diskBytes);
  try {
    return fleet.create({ ...args, hda });
  } catch (error) {
    rmSync(hda, { force: true });
    throw error;
  }
}
