/**
 * Where things are: in a checkout (sources run as they are), in the bundled output, and in an installed application.
 *
 * Invariant: only this file knows the difference.
 */
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GuestLibrary } from './fleet/spec.ts';

const here = fileURLToPath(import.meta.url);

/** The sources themselves are running, by Node's type stripping. */
export const fromSources = here.endsWith('.ts');

/** The folder with package.json. */
export const root = rootAbove(path.dirname(here));

export const version = (JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string })
  .version;

/** The built page. */
export const rendererFolder = path.join(root, 'out', 'renderer');

/** The application's icon, of a size for the system's tray. */
export const statusIcon = path.join(root, 'resources', 'icons', '32x32.png');

/** What replica processes and the gateway's process run. */
export const processEntries = {
  replica: fromSources ? path.join(root, 'main', 'replica', 'entry.ts') : path.join(root, 'out', 'main', 'replica.js'),
  gateway: fromSources ? path.join(root, 'main', 'gateway', 'entry.ts') : path.join(root, 'out', 'main', 'gateway.js'),
};

/** What replays a recording. */
export const replayEntry = fromSources
  ? path.join(root, 'main', 'replica', 'replay-entry.ts')
  : path.join(root, 'out', 'main', 'replay.js');

/** The platform's folder for an application's data; `LOCKSTEP_DATA` chooses another. */
export function defaultDataFolder(): string {
  const chosen = process.env['LOCKSTEP_DATA'];
  if (chosen) return path.resolve(chosen);
  const home = os.homedir();
  if (process.platform === 'darwin') return path.join(home, 'Library', 'Application Support', 'Lockstep');
  if (process.platform === 'win32') {
    return path.join(process.env['APPDATA'] ?? path.join(home, 'AppData', 'Roaming'), 'Lockstep');
  }
  return path.join(process.env['XDG_DATA_HOME'] ?? path.join(home, '.local', 'share'), 'lockstep');
}

/** Firmware and sample guests: one's own (`LOCKSTEP_GUESTS`), the installed application's, or the checkout's. */
export function guestLibrary(): GuestLibrary {
  const folder = guestsFolder();
  const at = (name: string): string => path.join(folder, name);
  return {
    bios: at('bios.bin'),
    vgaBios: at('vgabios.bin'),
    linux: { bzimage: at('linux.bzimage'), initrd: at('linux.initrd'), cmdline: at('linux.cmdline') },
    test: at('test.img'),
  };
}

function guestsFolder(): string {
  const chosen = process.env['LOCKSTEP_GUESTS'];
  if (chosen) return path.resolve(chosen);
  // Beside the archive, also for the command line, whose Node knows nothing of `process.resourcesPath`.
  const packaged = path.basename(root) === 'app.asar';
  return packaged ? path.join(root, '..', 'guests') : path.join(root, 'resources', 'guests', 'built');
}

function rootAbove(folder: string): string {
  let candidate = folder;
  while (!existsSync(path.join(candidate, 'package.json'))) {
    const parent = path.dirname(candidate);
    if (parent === candidate) throw new Error(`Lockstep's package.json was not found above ${folder}`);
    candidate = parent;
  }
  return candidate;
}
