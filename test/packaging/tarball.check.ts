/**
 * The headless host as an npm package (`npm run pack:host`): its contents, and a protected VM from the unpacked files.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadedPackages } from '../../resources/packaging/packages.ts';
import { TestHost } from '../support/host.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
const tarball = path.join(root, 'dist', `lockstep-${version}.tgz`);
const folder = mkdtempSync(path.join(os.tmpdir(), 'lockstep-tarball-'));
const unpacked = path.join(folder, 'package');

beforeAll(() => {
  execFileSync('tar', ['-xzf', tarball, '-C', folder]);
  // As `npm install` would: what `dependencies` brings, and nothing that only the checkout has.
  for (const { name, folder: from } of loadedPackages(root)) {
    const target = path.join(unpacked, 'node_modules', name);
    mkdirSync(path.dirname(target), { recursive: true });
    symlinkSync(from, target);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('it holds the host, the page, the guests, the notices and the service, and no sources', () => {
  const files = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n');
  const inside = files.map((file) => file.replace(/^package\//, ''));
  for (const file of [
    'package.json',
    'LICENSE',
    'README.md',
    'out/NOTICES.txt',
    'out/main/cli.js',
    'out/main/replica.js',
    'out/main/gateway.js',
    'out/renderer/index.html',
    'resources/guests/built/bios.bin',
    'resources/guests/built/linux.bzimage',
    'resources/guests/built/NOTICES.txt',
    'resources/systemd/lockstep.service',
  ]) {
    expect(inside).toContain(file);
  }
  const allowed =
    /^(package\.json|LICENSE|README\.md|out\/(main|renderer)\/|out\/NOTICES\.txt|resources\/(guests|systemd)\/)/;
  expect(inside.filter((file) => !allowed.test(file) || /\.tsx?$/.test(file))).toEqual([]);
});

test('from the unpacked tarball, a VM is protected', async () => {
  const host = new TestHost(undefined, [process.execPath, path.join(unpacked, 'out', 'main', 'cli.js')]);
  try {
    await host.start();
    await host.json('vm', 'create', 'web', '--sample', 'test');
    await host.json('power', 'on', 'web');
    await host.json('ft', 'on', 'web');
    expect((await host.waitFor('web', 'protected')).secondary?.pid).toBeGreaterThan(0);
    // The link lets a browser in by a cookie.
    const cookie = (await fetch(host.url, { redirect: 'manual' })).headers.get('set-cookie')?.split(';')[0] ?? '';
    const page = await fetch(new URL('/', host.url), { headers: { cookie } });
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<title>Lockstep')]);
  } finally {
    await host.stop();
    host.remove();
  }
});
