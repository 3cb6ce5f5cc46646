/**
 * A folder for what the processes of one host share while it runs: sockets, and the emulator as the first of them has
 * compiled it.
 *
 * Invariant: only this user can enter it, nobody else has made it, and it is gone when the host ends.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Where a replica looks for the compiled emulator (machine/core-cache.ts). */
export const CORE_CACHE = 'LOCKSTEP_CORE_CACHE';

export interface ProcessFolder {
  readonly path: string;
  remove(): void;
}

export function makeProcessFolder(): ProcessFolder {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lockstep-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  return { path: folder, remove };
}
