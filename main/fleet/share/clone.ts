/**
 * Clones of a VM that is off: full ones with a copy of its disk, linked ones whose disk holds only what differs.
 *
 * Invariants: a clone has an id, a MAC address, a seed and an address of its own, and no port forwards. After a linked
 * clone neither VM writes to the disk that was there: both stand on it, each with an overlay. What is interrupted
 * leaves the source as it was (or with an empty overlay, which is the same), and nothing of the clone.
 */
import { randomInt } from 'node:crypto';
import path from 'node:path';
import { CommandError, type ParsedArgs, type VmView } from '../../../preload/contract/contract.ts';
import type { GuardedCommand } from '../../../preload/contract/rules.ts';
import { createDisk, createOverlay } from '../../datastore/disk/create.ts';
import { closing } from '../../datastore/disk/device.ts';
import { isOverlay, openDisk, openOverlay, OVERLAY_EXTENSION, parentFile } from '../../datastore/disk/open.ts';
import { copySparse } from '../../datastore/disk/sparse.ts';
import { DiskImage } from '../../datastore/image.ts';
import type { VmConfig } from '../../store/vms.ts';
import type { Fleet } from '../fleet.ts';
import { NewFiles } from './new-files.ts';
import { makeRaw } from '../disks/raw-file.ts';
import type { Advance } from '../watch/tasks.ts';
import type { Vm } from '../vm.ts';

/** @throws {CommandError} `refused` while the source runs or cannot be cloned like this. */
export async function cloneVm(fleet: Fleet, { vm, name, linked }: ParsedArgs<'vm.clone'>): Promise<VmView> {
  const source = fleet.vm(vm);
  source.require('vm.clone');
  fleet.requireRoom(name);
  if (linked) requireLinkable(fleet, source);
  const files = new NewFiles(fleet.disks.folder(), name);
  return holdDisk(fleet, source, 'vm.clone', () =>
    fleet.tasks.cancellable('vm.clone', source, async (advance) => {
      try {
        const hda = linked ? await linkedDisk(fleet, source, files) : await copiedDisk(source, files, advance);
        await files.settle();
        advance(1);
        const how = linked ? ', linked: both stand on the disk that it had' : '';
        const message = `Cloned from "${source.name}"${how}. It has its own MAC address and no port forwards.`;
        const config = { ...configOf(fleet, source), ...(hda && { hda }) };
        const { ftSettings, checkpointMinutes } = source.record;
        return fleet
          .adopt({ name, config, ftSettings, checkpointMinutes }, files, {
            kind: 'vm.cloned',
            message,
            data: { from: source.name, linked },
          })
          .view();
      } finally {
        files.discard();
      }
    }),
  );
}

function configOf(fleet: Fleet, { record, nic }: Vm): VmConfig {
  return { ...record.config, seed: randomInt(2 ** 32), mac: fleet.newMac(), nic: fleet.newCard(nic) };
}

/** Nobody else uses its disk, works on it, or merges what its snapshots left. @throws {CommandError} `refused`. */
export function holdDisk<T>(fleet: Fleet, vm: Vm, command: GuardedCommand, act: () => Promise<T>): Promise<T> {
  return fleet.snapshots.hold(vm, () => {
    // It may have been powered on until merging had ended.
    vm.require(command);
    return fleet.disks.hold(vm.disk.images, act);
  });
}

function requireLinkable(fleet: Fleet, source: Vm): void {
  const { name, disk } = source;
  if (disk.current === undefined) {
    throw new CommandError('refused', `"${name}" has no hard disk to be linked to: make a full clone of it.`);
  }
  fleet.snapshots.requireOneFile(source, 'its disk is made of their layers. Make a full clone of it.');
  if (disk.slot === 'A') return;
  throw new CommandError(
    'refused',
    `The disk of "${name}" is a copy in the datastore since a failover, on which nothing can stand: make a full ` +
      'clone, or power the VM on and off while Protected with separate disks first.',
  );
}

/** @returns where the copy will be; undefined for a VM without a disk. */
async function copiedDisk({ disk }: Vm, files: NewFiles, advance: Advance): Promise<string | undefined> {
  const { current } = disk;
  if (current === undefined) return undefined;
  const from = await openDisk(current, true);
  return closing(from, async () => {
    const { made, file } = files.add(isOverlay(current) ? OVERLAY_EXTENSION : '.img');
    if (isOverlay(current)) await createDisk(made, { virtualBytes: from.byteLength });
    else await makeRaw(made, from.byteLength);
    const to = isOverlay(current) ? await openOverlay(made, false) : await DiskImage.open(made, false);
    await closing(to, () => copySparse(from, to, advance).then(() => to.flush()));
    return file;
  });
}

async function linkedDisk(fleet: Fleet, source: Vm, files: NewFiles): Promise<string> {
  requireLinkable(fleet, source);
  const current = source.disk.current as string;
  const base = (await emptyOverlayOn(fleet, current)) ?? current;
  if (base === current) {
    // The source first: alone, this changes nothing that anybody could see.
    const own = new NewFiles(fleet.disks.folder(), source.name);
    try {
      const { made, file } = own.add(OVERLAY_EXTENSION);
      await createOverlay(made, base);
      await own.settle();
      requireUnchanged(fleet, source, current);
      source.replaceDisk(file);
      own.keep();
    } finally {
      own.discard();
    }
  }
  const { made, file } = files.add(OVERLAY_EXTENSION);
  await createOverlay(made, base);
  return file;
}

/** What an overlay of ours stands on that holds nothing yet: one more clone of a template needs no longer chain. */
async function emptyOverlayOn(fleet: Fleet, file: string): Promise<string | null> {
  if (!isOverlay(file) || path.dirname(file) !== fleet.disks.folder()) return null;
  const disk = await openOverlay(file, true);
  return closing(disk, async () => {
    const { parent } = disk.header;
    if (!parent || parent.bytes !== disk.byteLength) return null;
    for (let cluster = 0; cluster < disk.clusters; cluster += 1) if (disk.placeOf(cluster) !== 'absent') return null;
    return parentFile(file, parent);
  });
}

function requireUnchanged(fleet: Fleet, source: Vm, disk: string): void {
  if (fleet.all().includes(source) && source.power === 'off' && source.disk.current === disk) return;
  throw new CommandError('refused', `"${source.name}" was changed meanwhile: try again.`);
}
