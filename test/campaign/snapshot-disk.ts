/**
 * Looks at a VM's disk, its snapshots' disks and its folder from outside, as they are on the host's disk.
 *
 * Invariant: nothing is changed; whatever is wrong is an error in words.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chainFiles, openDisk } from '../../main/datastore/disk/open.ts';
import { dataOf } from '../../main/datastore/disk/sparse.ts';
import type { SnapshotView } from '../../preload/contract/contract.ts';
import type { TestHost } from '../support/host.ts';
import { FILE_BYTES } from './snapshot-guest.ts';
import { FILES } from './snapshot-plan.ts';

const PIECE_BYTES = 1 << 18;

/** A hash of all that a disk holds, through all its layers. */
export async function hashDisk(file: string): Promise<string> {
  const hash = createHash('sha256');
  const disk = await openDisk(file, true);
  try {
    for await (const { at, bytes } of dataOf(disk, PIECE_BYTES)) hash.update(`${at}:`).update(bytes);
    return hash.digest('hex');
  } finally {
    await disk.close();
  }
}

/**
 * Exports the disk and looks into it: its file system must be clean after its journal was replayed.
 * @returns the rounds that its files hold.
 */
export async function lookInto(host: TestHost, file: string): Promise<(number | string | null)[]> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lockstep-look-'));
  try {
    const image = path.join(folder, 'disk.img');
    await host.call('disk.export', { file, target: image, format: 'raw' });
    const replayed = spawnSync('e2fsck', ['-fp', image], { encoding: 'utf8' });
    if ((replayed.status ?? 8) > 1) throw new Error(`e2fsck -fp of ${file}: ${replayed.status}: ${replayed.stdout}`);
    const clean = spawnSync('e2fsck', ['-fn', image], { encoding: 'utf8' });
    if (clean.status !== 0) throw new Error(`e2fsck -fn of ${file}: ${clean.status}: ${clean.stdout}`);
    return Array.from({ length: FILES }, (_, number) => roundIn(image, folder, number));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function roundIn(image: string, folder: string, number: number): number | string | null {
  const file = path.join(folder, 'file');
  rmSync(file, { force: true });
  execFileSync('debugfs', ['-R', `dump /f${number} ${file}`, image], { stdio: 'ignore' });
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch {
    return null;
  }
  const round = text.slice(0, 7);
  const whole = `${round}\n`.repeat(Math.ceil(FILE_BYTES / 8)).slice(0, FILE_BYTES);
  return text === whole ? Number(round) : `${text.length} bytes: ${JSON.stringify(text.slice(0, 40))}`;
}

/** What is in the folder of a VM's states and layers that should not be there, or is not and should. */
export function misplaced(folder: string, snapshots: readonly SnapshotView[]): string[] {
  const there = new Set(names(folder));
  const needed = new Set<string>();
  const tops = [...there].filter((name) => /^top-[AB]\.lsd$/.test(name)).map((name) => path.join(folder, name));
  for (const { id, machine, disk } of snapshots) {
    if (machine) needed.add(`${id}.lockstate`);
    if (disk !== null) tops.push(disk);
  }
  for (const file of tops.flatMap((top) => [...chainFiles(top)])) {
    if (path.dirname(file) === folder) needed.add(path.basename(file));
  }
  return [
    ...[...there].filter((name) => !needed.has(name)).map((name) => `${name} is of no use`),
    ...[...needed].filter((name) => !there.has(name)).map((name) => `${name} is missing`),
  ];
}

/** Every overlay of the VM. */
export function overlaysIn(folder: string): string[] {
  const files = names(folder).filter((name) => name.endsWith('.lsd') && !name.startsWith('.'));
  return files.map((name) => path.join(folder, name));
}

/** What a folder takes up on the host's disk, in bytes. */
export function folderBytes(folder: string): number {
  return names(folder).reduce((sum, name) => sum + statSync(path.join(folder, name)).blocks * 512, 0);
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
