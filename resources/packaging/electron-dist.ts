// Electron's binary for packaging: the installed one, or, where it cannot be had, a folder in its layout.
// Invariant: the folder in its place cannot be mistaken for it: what stands for the binary says what it is, and fails.

import { createRequire } from 'node:module';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** What @electron/fuses looks for in a binary, and the fuses behind it: version 1, their number, all at '0'. */
const FUSE_SENTINEL = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';
const FUSES = Buffer.from([1, 8, ...Buffer.from('0'.repeat(8))]);

const PRETENDER = `#!/bin/sh
echo 'This is not Electron: Lockstep was packaged on a computer without its binary, to look at the contents.' >&2
exit 1
`;

function electronFolder(): string {
  return path.dirname(createRequire(import.meta.url).resolve('electron/package.json'));
}

export function electronVersion(): string {
  const text = readFileSync(path.join(electronFolder(), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** The unpacked Electron of this platform; null where it is absent. Never fetched from here. */
export function electronDist(): string | null {
  const folder = process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? path.join(electronFolder(), 'dist');
  const there = ['electron', 'electron.exe', 'Electron.app'].some((name) => existsSync(path.join(folder, name)));
  return there ? folder : null;
}

/** Makes a folder in the layout of Electron for Linux. */
export function makePretender(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.join(folder, 'resources'), { recursive: true });
  mkdirSync(path.join(folder, 'locales'));
  const binary = path.join(folder, 'electron');
  writeFileSync(binary, Buffer.concat([Buffer.from(PRETENDER), Buffer.from(`# ${FUSE_SENTINEL}`), FUSES]));
  chmodSync(binary, 0o755);
  writeFileSync(path.join(folder, 'version'), electronVersion());
  for (const name of ['LICENSE', 'LICENSES.chromium.html']) writeFileSync(path.join(folder, name), `${name}\n`);
  for (const language of ['en-US', 'de']) writeFileSync(path.join(folder, 'locales', `${language}.pak`), '');
}
