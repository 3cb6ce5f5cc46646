/**
 * The built page for tests of it: the one in `out/renderer` that the headless host serves as well, made current.
 *
 * Invariant: of the processes that tests run in at the same time one builds, and the others wait for it.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rendererFolder, root } from '../../main/paths.ts';
import { ensurePage } from '../../main/prepare.ts';
import { isAlive } from './host.ts';

const LOCK = path.join(root, 'out', 'page.lock');
const POLL_MS = 50;

/** Whether the lock is ours now; that of a process which has ended is nobody's. */
function lock(): boolean {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    const holder = Number(readLock());
    if (holder > 0 && !isAlive(holder)) rmSync(LOCK, { force: true });
    return false;
  }
}

/** Empty where it has just been given back, or is being written. */
function readLock(): string {
  try {
    return readFileSync(LOCK, 'utf8');
  } catch {
    return '';
  }
}

/** @returns the folder of its files. */
export async function builtPage(): Promise<string> {
  mkdirSync(path.dirname(LOCK), { recursive: true });
  while (!lock()) await sleep(POLL_MS);
  try {
    await ensurePage(() => {});
  } finally {
    rmSync(LOCK, { force: true });
  }
  return rendererFolder;
}
