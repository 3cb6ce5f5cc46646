/**
 * The guests that are tortured: our own bare-metal programs (programs/*.asm) and the sample Linux at work.
 *
 * Invariant: a program's machine is made of its source, the firmware and this file; nothing else decides what it does.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { MachineConfig } from '../../main/machine/machine.ts';
import { guestFiles } from '../../resources/guests/build.ts';
import { Tools } from '../../resources/guests/tools.ts';
import { driveOf, linuxGuest, MAC, testGuest } from '../machine/guest.ts';

const FOLDER = path.join(import.meta.dirname, 'programs');
const FLOPPY_BYTES = 1_474_560;
/** What the runtime's boot sector loads, itself included. */
const PROGRAM_BYTES_MAX = 54 * 512;
const DISK_BYTES = 8 << 20;
const RUNTIME = 'runtime';

/** What goes on outside the guest. */
export type Surroundings = 'bare' | 'linux';

export interface Guest {
  readonly config: MachineConfig;
  /** The contents of its hard disk, which its requests read and write. */
  readonly disk: Uint8Array;
  readonly surroundings: Surroundings;
}

/** Of every program: those in the folder, and `linux`. */
export function programNames(): string[] {
  const own = readdirSync(FOLDER).filter((name) => name.endsWith('.asm'));
  return [...own.map((name) => name.slice(0, -4)).filter((name) => name !== RUNTIME), 'linux'];
}

/**
 * Builds a program; nasm is fetched where it is missing, as for the sample guests.
 * @throws {Error} when there is no such program, or it does not assemble or fit.
 */
export async function guestOf(name: string): Promise<Guest> {
  if (name === 'linux') {
    const disk = new Uint8Array(readFileSync(guestFiles().dataImage));
    return { config: linuxGuest({ drives: { hda: driveOf(disk.slice()) } }), disk, surroundings: 'linux' };
  }
  if (!programNames().includes(name)) throw new Error(`no program ${name}; there are ${programNames().join(', ')}`);
  const code = await assemble(name);
  const floppy = new Uint8Array(FLOPPY_BYTES);
  floppy.set(code);
  const disk = Uint8Array.from({ length: DISK_BYTES }, (_, index) => (index >> 9) ^ (index * 7));
  const config = testGuest({ floppy, nic: { type: 'ne2k', mac: MAC }, drives: { hda: driveOf(disk.slice()) } });
  return { config, disk, surroundings: 'bare' };
}

async function assemble(name: string): Promise<Uint8Array> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lockstep-torture-'));
  try {
    const out = path.join(folder, 'image');
    const tools = new Tools(path.join(import.meta.dirname, '../../resources/guests/cache'), () => {});
    await tools.run('nasm', ['-f', 'bin', '-Werror', `-I${FOLDER}/`, '-o', out, path.join(FOLDER, `${name}.asm`)]);
    const code = readFileSync(out);
    if (code.length <= PROGRAM_BYTES_MAX) return code;
    throw new Error(`${name} has ${code.length} bytes; the boot sector loads ${PROGRAM_BYTES_MAX}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
