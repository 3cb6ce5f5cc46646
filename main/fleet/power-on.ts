/**
 * What a VM is powered on with: looked at, described, and put into a new generation.
 *
 * Invariant: whatever is wrong is found before anything changes; from the new generation on no replica of an earlier
 * one can move the disk.
 */
import { CommandError } from '../../preload/contract/contract.ts';
import { DEFAULT_NETWORK_NAME } from '../../preload/contract/network.ts';
import { beginGeneration } from '../datastore/leases.ts';
import type { ReplicaSpec } from '../replica/messages.ts';
import type { VmRecord } from '../store/vms.ts';
import type { PairParts } from './pair/pair-parts.ts';
import { checkFiles, specify, specifySaved } from './spec.ts';
import { otherSlot, type VmDisk } from './disks/vm-disk.ts';
import type { VmSurroundings } from './vm-surroundings.ts';

/** @throws {CommandError} `refused` or `failed`, naming what is wrong. */
export function prepare(
  record: VmRecord,
  disk: VmDisk,
  { datastore, disks, guests, network }: VmSurroundings,
  startTimeMs: number,
): { readonly spec: ReplicaSpec; readonly generation: number } {
  disks.requireWritable(record.name, disk.images);
  checkFiles({ ...record.config, hda: disk.current }, guests);
  const at = { holder: '', datastore };
  const mtu = network.mtu(record.config.nic?.network ?? DEFAULT_NETWORK_NAME);
  const { savedState } = record;
  // Made once: a secondary that is started later is made of the same, whatever became of the files it was read from.
  const spec = savedState ? specifySaved(record, savedState, at) : specify(record, guests, { ...at, startTimeMs, mtu });
  try {
    const generation = beginGeneration(datastore, record.id, `host ${process.pid}`);
    disk.reload();
    return { spec, generation };
  } catch (error) {
    throw new CommandError('failed', `The datastore "${datastore}" cannot be written: ${(error as Error).message}.`);
  }
}

/** What a pair is told of the hard disk. `wanted` are the settings as they are then. */
export function diskParts(
  made: ReplicaSpec,
  disk: VmDisk,
  wanted: () => ReplicaSpec['settings'],
): Pick<PairParts, 'spec' | 'slot' | 'secondarySlot' | 'hasDisk'> {
  const hasDisk = made.files.hda !== undefined;
  const bytes = disk.bytes();
  const settings = (): ReplicaSpec['settings'] => disk.settings(wanted());
  return {
    spec: (holder, slot) => ({
      ...made,
      holder,
      files: { ...made.files, hda: disk.file(slot) },
      disk: bytes === undefined ? undefined : { slot, bytes, names: disk.names(slot) },
      settings: settings(),
    }),
    slot: disk.slot,
    secondarySlot: (slot) => (hasDisk && settings().diskMode === 'separate' ? otherSlot(slot) : slot),
    hasDisk,
  };
}
