/**
 * The file that a command is about to write: recordings and captures.
 *
 * Invariant: what exists is replaced only where the user says so, and never what a VM or Lockstep itself uses, nor
 * anything that is no plain file.
 */
import { lstatSync, realpathSync, statSync, unlinkSync, type Stats } from 'node:fs';
import path from 'node:path';
import { CommandError } from '../../preload/contract/contract.ts';
import type { Fleet } from './fleet.ts';

/**
 * Makes sure that the file can be made, which is done later and fails where it exists: nobody can slip a link in.
 * @throws {CommandError} `exists`, or `refused` with what is in the way.
 */
export function makeWay(fleet: Fleet, file: string, force: boolean): void {
  if (!mayWrite(fleet, file, force)) return;
  try {
    unlinkSync(file);
  } catch (error) {
    throw new CommandError('refused', `"${file}" cannot be replaced: ${(error as Error).message}.`);
  }
}

/** @returns whether there is a file that is to be replaced. @throws {CommandError} as `makeWay`. */
export function mayWrite(fleet: Fleet, file: string, force: boolean): boolean {
  const status = look(file, lstatSync);
  if (!status) {
    const folder = path.dirname(file);
    if (look(folder, statSync)?.isDirectory()) return false;
    throw new CommandError('refused', `"${folder}" is no folder: make it, or choose another place.`);
  }
  if (!force) throw new CommandError('exists', `"${file}" exists: choose another name, or replace it with --force.`);
  if (!status.isFile()) {
    throw new CommandError('refused', `"${file}" is no plain file, and is not replaced: choose another name.`);
  }
  const use = useOf(fleet, file, status);
  if (use !== null) throw new CommandError('refused', `"${file}" is ${use}: choose another name.`);
  return true;
}

function useOf(fleet: Fleet, file: string, status: Stats): string | null {
  const { dataFolder, recordingsFolder } = fleet.host;
  if (inside(dataFolder, file) && !inside(recordingsFolder, file)) return "part of Lockstep's data";
  for (const vm of fleet.all()) {
    const { hardware, currentDisk, recording, nic } = vm.view();
    const files = [...Object.values(hardware.files), currentDisk, recording?.file, nic.capture?.file];
    const same = files.some((used) => {
      const other = used === undefined ? undefined : look(used, statSync);
      return other !== undefined && other.dev === status.dev && other.ino === status.ino;
    });
    if (same) return `in use by "${vm.name}"`;
  }
  return null;
}

function inside(folder: string, file: string): boolean {
  if (!look(folder, statSync)) return false;
  const real = path.join(realpathSync(path.dirname(file)), path.basename(file));
  return real.startsWith(realpathSync(folder) + path.sep);
}

/** Undefined where there is nothing, or nothing that can be looked at. */
function look(file: string, how: (file: string) => Stats): Stats | undefined {
  try {
    return how(file);
  } catch {
    return undefined;
  }
}
