// `npm run pack`: bundles, notices, staging, then the packages of this platform. `--dir` makes the unpacked folder
// only, `--bundles` stops before the staging.
// Invariant: where Electron's binary is absent it says so, and what it makes then is to be looked at, not installed.

import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ensureGuests, missingGuests } from '../guests/build.ts';
import { electronDist, makePretender } from './electron-dist.ts';
import { productNotices } from './notices.ts';
import { stage } from './stage.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
const { resolve } = createRequire(import.meta.url);
// electron-builder makes no .deb without an address, and there is none yet. This one says so, and by RFC 2606 it will
// never be anybody's. Windows would show it in its list of applications, and needs none: so it is for Linux alone.
const NO_HOMEPAGE = 'https://no-homepage-yet.invalid';
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function run(script: string, args: readonly string[]): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
    child.on('error', fail);
    child.on('close', (code) =>
      code === 0 ? done() : fail(new Error(`${path.basename(script)} ended with exit code ${code}`)),
    );
  });
}

async function bundle(): Promise<void> {
  const tool = path.join(path.dirname(resolve('electron-vite/package.json')), 'bin', 'electron-vite.js');
  await run(tool, ['build', '--logLevel', 'warn']);
  mkdirSync(path.join(root, 'dist'), { recursive: true });
  writeFileSync(path.join(root, 'out', 'NOTICES.txt'), productNotices(root));
}

async function pack(folderOnly: boolean): Promise<void> {
  const builder = path.join(path.dirname(resolve('electron-builder/package.json')), 'cli.js');
  const installed = electronDist();
  const pretender = path.join(root, 'dist', 'no-electron');
  if (!installed) {
    say('The Electron binary is not installed: packing its layout without it, to look at the contents (dist/).');
    makePretender(pretender);
  }
  const args = ['--publish', 'never', `-c.electronDist=${installed ?? pretender}`];
  if (process.platform === 'linux') args.push(`-c.extraMetadata.homepage=${NO_HOMEPAGE}`);
  if (!installed) args.push('--linux', 'dir');
  else if (folderOnly) args.push('--dir');
  await run(builder, args);
}

const { values } = parseArgs({ options: { dir: { type: 'boolean' }, bundles: { type: 'boolean' } } });
try {
  if (missingGuests().length > 0) await ensureGuests({ progress: say });
  await bundle();
  if (!values.bundles) {
    stage(root);
    await pack(values.dir === true);
  }
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
