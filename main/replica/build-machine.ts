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

/** @throws {Error} when a file cannot be read or the machine cannot be built. */
export async function buildMachine(spec: ReplicaSpec): Promise<Machine> {
  const { files } = spec;
  const glances: ImageGlance[] = [];
  const drives: { [D in Drive]?: DriveConfig } = {};
  for (const drive of ['hda', 'cdrom'] as const) {
    const path = files[drive];
    if (!path) continue;
    const glance = new ImageGlance(path);
    glances.push(glance);
    drives[drive] = { byteLength: glance.byteLength, readSync: (offset, length) => glance.read(offset, length) };
  }
  const config: MachineConfig = {
    memoryMB: spec.memoryMB,
    vgaMemoryMB: spec.vgaMemoryMB,
    seed: spec.seed,
    startTimeMs: spec.startTimeMs,
    bios: readFileSync(files.bios),
    vgaBios: readFileSync(files.vgaBios),
    drives,
    nic: { type: 'virtio', mac: spec.mac },
    ...(files.fda ? { floppy: readFileSync(files.fda) } : {}),
    ...(files.bzimage ? { linux: linux(files.bzimage, files.initrd, spec.cmdline) } : {}),
  };
  try {
    return await createMachine(config);
  } finally {
    for (const glance of glances) glance.close();
  }
}

function linux(bzimage: string, initrd: string | undefined, cmdline: string): NonNullable<MachineConfig['linux']> {
  return { bzimage: readFileSync(bzimage), cmdline, ...(initrd ? { initrd: readFileSync(initrd) } : {}) };
}
