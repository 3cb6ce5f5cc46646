// The sample guest's first (and only) root file system: busybox with its links, kernel modules, and our own scripts.
// Invariant: the same packages and the same files of ours give the same bytes.

import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { type Entry, characterDevice, directory, file, link, writeCpio } from './cpio.ts';
import { modulesDep, pickModules } from './modules.ts';

export interface InitrdParts {
  readonly busybox: Buffer;
  /** Names of busybox's commands that become links. */
  readonly applets: readonly string[];
  /** The kernel's release name, as `uname -r` prints it. */
  readonly release: string;
  /** Module files of the kernel package, by path. */
  readonly modules: ReadonlyMap<string, Buffer>;
  readonly wanted: readonly string[];
  /** Our own files, by path in the guest. */
  readonly files: ReadonlyMap<string, Buffer>;
}

const folders = ['bin', 'dev', 'etc', 'lib', 'mnt', 'proc', 'root', 'run', 'sbin', 'sys', 'tmp', 'usr', 'var'];
/** Links in /sbin: what the kernel calls by this path. */
const systemLinks = ['init', 'modprobe'];

/** The archive, uncompressed: the guest then has nothing to unpack. */
export function makeInitrd(parts: InitrdParts): Buffer {
  for (const applet of parts.applets) {
    if (!parts.busybox.includes(`\0${applet}\0`)) {
      throw new Error(`this busybox has no ${applet}; correct resources/guests/linux/applets.txt`);
    }
  }
  const modules = pickModules(parts.modules, parts.wanted);
  const moduleFolder = `lib/modules/${parts.release}`;
  const entries: Entry[] = [
    characterDevice('dev/console', 0o600, 5, 1),
    characterDevice('dev/null', 0o666, 1, 3),
    file('bin/busybox', withoutCursorQuery(parts.busybox), 0o755),
    link('init', 'bin/busybox'), // what the kernel starts: busybox's init, at once
    ...parts.applets.map((applet) => link(`bin/${applet}`, 'busybox')),
    ...systemLinks.map((applet) => link(`sbin/${applet}`, '../bin/busybox')),
    ...modules.map((module) => file(`${moduleFolder}/${module.name}.ko`, module.data)),
    file(`${moduleFolder}/modules.dep`, Buffer.from(modulesDep(modules))),
    ...[...parts.files].map(([name, data]) => file(name, data, isScript(data) ? 0o755 : 0o644)),
  ];
  return writeCpio([...allFolders(entries), ...entries].sort((a, b) => (a.path < b.path ? -1 : 1)));
}

/**
 * The shell asks the terminal for the cursor's position (ESC [ 6 n) at every prompt. A console that is replayed after a
 * failover would answer again, into the guest's input; so the question is emptied: one byte of the program is changed.
 */
export function withoutCursorQuery(busybox: Buffer): Buffer {
  const query = Buffer.from('\x1b[6n\0', 'latin1');
  const at = busybox.indexOf(query);
  if (at < 0 || busybox.indexOf(query, at + 1) >= 0) return busybox;
  const changed = Buffer.from(busybox);
  changed[at] = 0;
  return changed;
}

/** A script is what begins with #!, whatever the permissions of a checkout are. */
function isScript(data: Buffer): boolean {
  return data.toString('latin1', 0, 2) === '#!';
}

function allFolders(entries: readonly Entry[]): Entry[] {
  const all = new Set(folders);
  for (const entry of entries) {
    const steps = entry.path.split('/');
    for (let depth = 1; depth < steps.length; depth += 1) all.add(steps.slice(0, depth).join('/'));
  }
  return [...all].map((name) => directory(name, name === 'tmp' ? 0o1777 : name === 'root' ? 0o700 : 0o755));
}

/** All files below a folder, by relative path with slashes. */
export async function readTree(root: string): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const full = path.join(entry.parentPath, entry.name);
    found.set(path.relative(root, full).split(path.sep).join('/'), await readFile(full));
  }
  return found;
}

/** The words of a list file; # begins a comment. */
export function words(text: string): string[] {
  return text.replace(/#.*$/gm, '').split(/\s+/).filter(Boolean);
}
