/**
 * What packages are made of: notices, staged files, icons, the command line's scripts, the service. What has to be
 * packed first is checked by `npm run test:pack`.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { decode } from 'fast-png';
import { afterAll, expect, test } from 'vitest';
import { icns, ico } from '../../resources/icons/containers.ts';
import { electronVersion, makePretender } from '../../resources/packaging/electron-dist.ts';
import { productNotices } from '../../resources/packaging/notices.ts';
import { licenceTexts, loadedPackages, pagePackages } from '../../resources/packaging/packages.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
const at = (...parts: string[]): string => path.join(root, ...parts);
const folder = mkdtempSync(path.join(os.tmpdir(), 'lockstep-packaging-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the notices name every package that ships, with the text of its licence', () => {
  const text = productNotices(root);
  for (const found of [...loadedPackages(root), ...pagePackages(root)]) {
    expect(text).toContain(`${found.name} ${found.version} (${found.licence}; `);
    for (const licence of licenceTexts(found)) expect(text).toContain(licence);
  }
  for (const name of ['better-sqlite3', 'v86', 'fflate', 'react-dom', 'scheduler', '@xterm/xterm']) {
    expect(text).toMatch(new RegExp(`^${name} \\d`, 'm'));
  }
});

test('what electron-builder is told to take is there', () => {
  const config = readFileSync(at('electron-builder.yml'), 'utf8');
  const named = [...config.matchAll(/^\s*(?:icon|buildResources|- from):\s*(\S+)$/gm)].map((match) => match[1] ?? '');
  expect(named).toContain('resources/cli');
  const made = ['resources/guests/built', 'out/NOTICES.txt'];
  expect(named.filter((file) => !made.includes(file) && !existsSync(at(file)))).toEqual([]);
  const installed = [...config.matchAll(/^ {4}- (\S+)=(\/usr\/\S+)$/gm)].map(
    ([, from = '', to]) => [to, from] as const,
  );
  expect(installed.filter(([, from]) => !existsSync(at(from)))).toEqual([]);
  const places = new Map(installed);
  expect(statSync(at(places.get('/usr/bin/lockstep') ?? '')).mode & 0o111).toBe(0o111);
  expect(places.has('/usr/share/man/man1/lockstep.1')).toBe(true);
});

test('the icons are of the sizes that they say', () => {
  for (const size of [16, 24, 32, 48, 64, 128, 256, 512]) {
    const { width, height } = decode(readFileSync(at('resources', 'icons', `${size}x${size}.png`)));
    expect([width, height]).toEqual([size, size]);
  }
  const small = { size: 16, bytes: readFileSync(at('resources', 'icons', '16x16.png')) };
  const large = { size: 256, bytes: readFileSync(at('resources', 'icons', '256x256.png')) };
  const windows = ico([small, large]);
  expect([windows.readUInt16LE(2), windows.readUInt16LE(4), windows[6], windows[22]]).toEqual([1, 2, 16, 0]);
  expect(windows.subarray(windows.readUInt32LE(6 + 16 + 12))).toEqual(large.bytes);
  const apple = icns([small, large]);
  expect([apple.toString('latin1', 0, 4), apple.readUInt32BE(4)]).toEqual(['icns', apple.length]);
});

test.skipIf(process.platform === 'win32')('the installed command line finds its application through a link', () => {
  const installed = path.join(folder, 'Lockstep');
  mkdirSync(path.join(installed, 'resources', 'bin'), { recursive: true });
  const script = path.join(installed, 'resources', 'bin', 'lockstep');
  writeFileSync(script, readFileSync(at('resources', 'cli', 'lockstep')));
  chmodSync(script, 0o755);
  const electron = path.join(installed, 'lockstep-desktop');
  writeFileSync(electron, '#!/bin/sh\nprintf "%s\\n" "$ELECTRON_RUN_AS_NODE" "$@"\n', { mode: 0o755 });
  const link = path.join(folder, 'lockstep');
  symlinkSync('Lockstep/resources/bin/lockstep', link);
  const said = execFileSync(link, ['vm', 'show', 'two words'], { encoding: 'utf8' }).trim().split('\n');
  const cli = path.join(installed, 'resources', 'app.asar', 'out', 'main', 'cli.js');
  expect(said).toEqual(['1', cli, 'vm', 'show', 'two words']);
});

test('what stands for Electron where it is absent says so, and fails', () => {
  const dist = path.join(folder, 'no-electron');
  makePretender(dist);
  expect(readFileSync(path.join(dist, 'version'), 'utf8')).toBe(electronVersion());
  const { status, stderr } = spawnSync(path.join(dist, 'electron'), { encoding: 'utf8' });
  expect([status, stderr]).toEqual([1, expect.stringContaining('This is not Electron')]);
});

test('the service runs the host with no rights but those that it needs', () => {
  const unit = readFileSync(at('resources', 'systemd', 'lockstep.service'), 'utf8');
  for (const line of ['DynamicUser=yes', 'NoNewPrivileges=yes', 'ProtectSystem=strict', 'CapabilityBoundingSet=']) {
    expect(unit.split('\n')).toContain(line);
  }
  // V8 could not compile.
  expect(unit).not.toMatch(/^MemoryDenyWriteExecute/m);
  const [, data] = /--data (\S+)/.exec(unit) ?? [];
  expect(data).toBe(`/var/lib/${/^StateDirectory=(\S+)$/m.exec(unit)?.[1]}`);
});

const verifier = spawnSync('systemd-analyze', ['--version']).status === 0;

test.skipIf(!verifier)('systemd understands every line of the service', () => {
  const { stderr } = spawnSync('systemd-analyze', ['verify', at('resources', 'systemd', 'lockstep.service')], {
    encoding: 'utf8',
  });
  expect(stderr.split('\n').filter((line) => line.includes('lockstep.service'))).toEqual([]);
});
