/**
 * From a VM's description (paths) to its machine (bytes).
 *
 * Invariant: primary and backup, given the same description and the same files, build the same machine.
 */
import { readFileSync } from 'node:fs';
import { identifyDisc } from '../datastore/disc.ts';
import { glanceAt } from '../datastore/disk/glance.ts';
import type { Drive, DriveConfig, Machine, MachineConfig } from '../machine/machine.ts';
import { createMachine } from '../machine/emulated.ts';
import type { ReplicaSpec } from './messages.ts';

/** What decides how a machine is built, the drives aside. */
export type Hardware = Pick<
  ReplicaSpec,
  'memoryMB' | 'vgaMemoryMB' | 'seed' | 'startTimeMs' | 'nic' | 'cmdline' | 'bootOrder' | 'files'
>;

/**
 * A `backup` gets what is in its removable drives with the state: it opens neither the disc nor the floppy.
 * @throws {Error} when a file cannot be read or the machine cannot be built.
 */
export async function buildMachine(spec: ReplicaSpec, role: 'primary' | 'backup' = 'primary'): Promise<Machine> {
  const { hda, cdrom } = spec.files;
  const drives: { [D in Drive]?: DriveConfig } = {};
  const look = async (path: string): Promise<DriveConfig> => {
    const { byteLength, firstSector } = await glanceAt(path);
    return { byteLength, readSync: (offset, length) => firstSector.subarray(offset, offset + length) };
  };
  if (hda) drives.hda = await look(hda);
  if (cdrom && role === 'primary') drives.cdrom = { ...(await look(cdrom)), disc: await identifyDisc(cdrom) };
  const floppy = role === 'backup' && spec.floppyBytes ? new Uint8Array(spec.floppyBytes) : undefined;
  return buildWithDrives(spec, drives, floppy);
}

/**
 * The same, where the drives are given, and the floppy where it is not to be read.
 * @throws {Error} when a file cannot be read.
 */
export function buildWithDrives(
  spec: Hardware,
  drives: MachineConfig['drives'],
  floppy?: Uint8Array,
): Promise<Machine> {
  const { files } = spec;
  const config: MachineConfig = {
    memoryMB: spec.memoryMB,
    vgaMemoryMB: spec.vgaMemoryMB,
    seed: spec.seed,
    startTimeMs: spec.startTimeMs,
    bios: readFileSync(files.bios),
    vgaBios: readFileSync(files.vgaBios),
    drives,
    ...(spec.nic ? { nic: spec.nic } : {}),
    ...(files.fda ? { floppy: floppy ?? readFileSync(files.fda) } : {}),
    ...(files.multiboot ? { multiboot: readFileSync(files.multiboot) } : {}),
    ...(spec.bootOrder ? { bootOrder: spec.bootOrder } : {}),
    ...(files.bzimage ? { linux: linux(files.bzimage, files.initrd, spec.cmdline) } : {}),
  };
  return createMachine(config);
}

function linux(bzimage: string, initrd: string | undefined, cmdline: string): NonNullable<MachineConfig['linux']> {
  return { bzimage: readFileSync(bzimage), cmdline, ...(initrd ? { initrd: readFileSync(initrd) } : {}) };
}
