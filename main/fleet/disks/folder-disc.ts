/**
 * A folder of this computer as a disc in a VM's CD-ROM drive: the simple way of getting files in.
 *
 * It is a disc like any other, so it works while Fault Tolerance protects the VM, in recordings and after a failover. A
 * shared folder (virtio-9p) is not: what a guest would read there is the host's at that moment, and no replay knows it.
 *
 * Invariant: the disc holds what the folder had when it was made; it is not written to any more.
 */
import path from 'node:path';
import { CommandError, type ParsedArgs, type VmView } from '../../../preload/contract/contract.ts';
import { HostFile, closing } from '../../datastore/disk/device.ts';
import { DiscError, scanFolder } from '../../datastore/iso/tree.ts';
import { writeDisc } from '../../datastore/iso/writer.ts';
import type { Fleet } from '../fleet.ts';
import { changeMedium } from './media.ts';
import { NewFiles } from '../share/new-files.ts';

/** @throws {CommandError} `refused`, naming what is in the way. */
export async function insertFolder(fleet: Fleet, { vm: name, folder }: ParsedArgs<'media.folder'>): Promise<VmView> {
  const vm = fleet.vm(name);
  vm.require('media.insert');
  const from = path.resolve(folder);
  const scanned = await scanFolder(from).catch((error: Error) => {
    throw new CommandError('refused', error instanceof DiscError ? error.message : `"${from}": ${error.message}`);
  });
  const files = new NewFiles(fleet.disks.folder(), vm.name);
  const disc = await fleet.tasks.cancellable('media.folder', vm, async (advance) => {
    const { made, file } = files.add('.iso');
    try {
      const handle = await HostFile.open(made, 'wx+');
      await closing(handle, () => writeDisc(handle, scanned.root, path.basename(from) || 'FILES', advance));
      await files.settle();
      advance(1);
      files.keep();
      return file;
    } finally {
      files.discard();
    }
  });
  await changeMedium(vm, 'cdrom', disc);
  return vm.view();
}
