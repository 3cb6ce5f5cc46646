/**
 * From a VM's description (paths) to its machine (bytes).
 *
 * Invariant: primary and backup, given the same description and the same files, build the same machine.
 */
import { readFileSync } from 'node:fs';
import { ImageGlance } from '../datastore/image.ts';
import type { Drive, DriveConfig, Machine, MachineConfig } from '../machine/machine.ts';
import { createMachine } from '../machine/emulated.ts';
import type { ReplicaSpec } from './messages.ts';

/** What decides how a machine is built, the drives aside. */
export type Hardware = Pick<
  ReplicaSpec,
  'memoryMB' | 'vgaMemoryMB' | 'seed' | 'startTimeMs' | 'nic' | 'cmdline' | 'files'
>;

/** @throws {Error} when a file cannot be read or the machine cannot be built. */
export async function buildMachine(spec: ReplicaSpec): Promise<Machine> {
  const { hda, cdrom } = spec.files;
  const glances: ImageGlance[] = [];
  const drives: { [D in Drive]?: DriveConfig } = {};
  for (const [drive, path] of [
    ['hda', hda],
    ['cdrom', cdrom],
  ] as const) {
    if (!path) continue;
    const glance = new ImageGlance(path);
    glances.push(glance);
    drives[drive] = { byteLength: glance.byteLength, readSync: (offset, length) => glance.read(offset, length) };
  }
  try {
    return await buildWithDrives(spec, drives);
  } finally {
    for (const glance of glances) glance.close();
  }
}

/** The same, where the drives are given. @throws {Error} when a file cannot be read. */
export function buildWithDrives(spec: Hardware, drives: MachineConfig['drives']): Promise<Machine> {
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
    ...(files.fda ? { floppy: readFileSync(files.fda) } : {}),
    ...(files.bzimage ? { linux: linux(files.bzimage, files.initrd, spec.cmdline) } : {}),
  };
  return createMachine(config);
}

function linux(bzimage: string, initrd: string | undefined, cmdline: string): NonNullable<MachineConfig['linux']> {
  return { bzimage: readFileSync(bzimage), cmdline, ...(initrd ? { initrd: readFileSync(initrd) } : {}) };
}
