/**
 * What `npm run pack` has made, looked at and run.
 *
 * Node cannot read an archive that only Electron reads, so it is unpacked into a folder of the same name at the same
 * place among the other files, and Node stands for Electron as Node (`lockstep-desktop` of the command line's script).
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { extractAll, listPackage } from '@electron/asar';
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromium } from '../support/chromium.ts';
import { isAlive, TestHost } from '../support/host.ts';
import { Desktop } from '../shell/stand-in/desktop.ts';

const dist = path.resolve(import.meta.dirname, '..', '..', 'dist', 'linux-unpacked');
const archive = path.join(dist, 'resources', 'app.asar');
const installed = mkdtempSync(path.join(os.tmpdir(), 'lockstep-installed-'));
const app = path.join(installed, 'resources', 'app.asar');

beforeAll(() => {
  if (!existsSync(archive)) throw new Error('There is nothing packed: npm run pack');
  const besides = (file: string): boolean => !path.basename(file).startsWith('app.asar');
  cpSync(path.join(dist, 'resources'), path.join(installed, 'resources'), { recursive: true, filter: besides });
  extractAll(archive, app);
  symlinkSync(process.execPath, path.join(installed, 'lockstep-desktop'));
});
afterAll(() => rmSync(installed, { recursive: true, force: true }));

const below = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));

test('the archive holds the bundles, the packages they load, and nothing else', () => {
  const files = listPackage(archive, { isPack: false }).map((file) => file.replaceAll(path.sep, '/'));
  const tops = new Set(files.map((file) => file.split('/').slice(1, 3).join('/')).filter((top) => top.includes('/')));
  expect([...tops].toSorted()).toEqual([
    'node_modules/better-sqlite3',
    'node_modules/fast-png',
    'node_modules/fflate',
    'node_modules/iobuffer',
    'node_modules/v86',
    'node_modules/valibot',
    'node_modules/ws',
    'out/main',
    'out/preload',
    'out/renderer',
    'resources/icons',
  ]);
  expect(files.filter((file) => file.startsWith('/resources/icons/'))).toEqual(['/resources/icons/32x32.png']);
  expect(files.filter((file) => /\.(ts|tsx|map|c|h)$|debug|\/test\//.test(file))).toEqual([]);
  expect(files.filter((file) => file.endsWith('.node'))).toEqual([
    `/node_modules/better-sqlite3/prebuilds/linux-${process.arch}.node`,
  ]);
});

test('the native part lies outside of the archive', () => {
  expect(existsSync(`${archive}.unpacked/node_modules/better-sqlite3/prebuilds/linux-${process.arch}.node`)).toBe(true);
});

test('every module that a bundle names is there', () => {
  const missing = below(path.join(app, 'out', 'main'))
    .filter((file) => file.endsWith('.js'))
    .flatMap((file) => {
      const text = readFileSync(file, 'utf8');
      const names = [...text.matchAll(/(?:^import\s|\bfrom\s|\bimport\()\s*["']([^"'$]+)["']/gm)].map(
        (m) => m[1] ?? '',
      );
      const found = names.filter((name) => !isBuiltin(name) && name !== 'electron');
      return found.filter((name) => {
        try {
          return !createRequire(file).resolve(name).startsWith(app);
        } catch {
          return true;
        }
      });
    });
  expect(missing).toEqual([]);
});

test('firmware, guests, notices and the command line lie beside it', () => {
  const files = ['guests/bios.bin', 'guests/linux.bzimage', 'guests/NOTICES.txt', 'NOTICES.txt', 'LICENSE.txt'];
  const missing = [...files, 'bin/lockstep'].filter((file) => !existsSync(path.join(installed, 'resources', file)));
  expect(missing).toEqual([]);
});

test('the fuses are as they are configured', async () => {
  const wire = await getCurrentFuseWire(path.join(dist, 'lockstep-desktop'));
  const on = (fuse: FuseV1Options): boolean => String.fromCharCode(wire[fuse] ?? 0) === '1';
  expect(on(FuseV1Options.RunAsNode)).toBe(true);
  expect(on(FuseV1Options.EnableCookieEncryption)).toBe(true);
  expect(on(FuseV1Options.EnableNodeOptionsEnvironmentVariable)).toBe(false);
  expect(on(FuseV1Options.EnableNodeCliInspectArguments)).toBe(false);
  expect(on(FuseV1Options.EnableEmbeddedAsarIntegrityValidation)).toBe(true);
  expect(on(FuseV1Options.OnlyLoadAppFromAsar)).toBe(true);
  expect(on(FuseV1Options.GrantFileProtocolExtraPrivileges)).toBe(false);
});

test('the packed headless host protects a VM, and it outlives its primary', async () => {
  const host = new TestHost(undefined, [path.join(installed, 'resources', 'bin', 'lockstep')]);
  try {
    await host.start();
    await host.json('vm', 'create', 'web', '--sample', 'linux');
    await host.json('vm', 'set', 'web', 'failureTimeoutMs=5000');
    await host.json('power', 'on', 'web');
    await host.json('ft', 'on', 'web');
    const { primary, secondary } = await host.waitFor('web', 'protected');
    process.kill(primary?.pid ?? 0, 'SIGKILL');
    await expect.poll(async () => (await host.status('web')).primary?.pid).toBe(secondary?.pid);
    const again = await host.waitFor('web', 'protected');
    expect(again.generation).toBeGreaterThan(1);
    await expect.poll(() => isAlive(primary?.pid ?? 0)).toBe(false);
    const console = async (): Promise<string> =>
      (await host.json<{ lines: string[] }>('console', 'text', 'web')).lines.join('\n');
    await expect.poll(console, { timeout: 60_000 }).toMatch(/:~#/);
  } finally {
    await host.stop();
    host.remove();
  }
});

test.skipIf(!chromium())('the packed desktop application opens its window, on the stand-in for Electron', async () => {
  const desktop = new Desktop();
  try {
    desktop.start(path.join(app, 'out', 'main', 'index.js'));
    await desktop.see('window');
    await (await desktop.page()).getByRole('button', { name: 'Create a protected VM' }).waitFor();
    desktop.do({ do: 'quit' });
    expect(await desktop.ended()).toBe(0);
    expect(desktop.errors).toBe('');
  } finally {
    await desktop.remove();
  }
});
