/**
 * A folder for what the processes of one host share while it runs: sockets, and the emulator as the first of them has
 * compiled it.
 *
 * Invariant: only this user can enter it, nobody else has made it, and it is gone when the host ends; what a host that
 * was killed has left is removed by the next one.
 */
import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/**
 * What one process of a host leaves in the folder for the others, as their environment: the emulator as it was compiled
 * (machine/core-cache.ts), and what V8 made of the sources (Node's compile cache), which halves a process's start.
 */
export function takenOver(folder: string): { readonly [variable: string]: string } {
  return {
    LOCKSTEP_CORE_CACHE: process.env['LOCKSTEP_CORE_CACHE'] ?? folder,
    NODE_COMPILE_CACHE: path.join(folder, 'code'),
  };
}

export interface ProcessFolder {
  readonly path: string;
  remove(): void;
}

/** The host's number is in the name, so that the next host knows whose it was. */
const NAME = /^lockstep-(\d+)-/;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process: a number that was used again.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Removes what hosts of this user left that are not there any more. */
function removeOrphans(parent: string): void {
  const mine = process.getuid?.();
  for (const name of readdirSync(parent)) {
    const pid = NAME.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const folder = path.join(parent, name);
    try {
      const stat = lstatSync(folder);
      if (stat.isDirectory() && (mine === undefined || stat.uid === mine)) rmSync(folder, { recursive: true });
    } catch {
      // Somebody else is faster, or it is not ours to remove.
    }
  }
}

export function makeProcessFolder(parent: string = os.tmpdir()): ProcessFolder {
  removeOrphans(parent);
  const folder = mkdtempSync(path.join(parent, `lockstep-${process.pid}-`));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  return { path: folder, remove };
}
