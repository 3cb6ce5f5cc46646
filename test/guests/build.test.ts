// When something is built again, and when not: manifest, input hashes, lock, and where the files are looked for.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { requireApt } from '../../resources/guests/apt.ts';
import { ensureGuests } from '../../resources/guests/build.ts';
import { guestFiles, missingGuests } from '../../resources/guests/files.ts';
import { withLock } from '../../resources/guests/lock.ts';
import {
  emptyManifest,
  inputsHash,
  isCurrent,
  loadManifest,
  saveManifest,
  sha256,
  writeAtomic,
} from '../../resources/guests/manifest.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lockstep-test-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe('the manifest', () => {
  test('is empty when missing or damaged', async () => {
    const file = path.join(folder, 'manifest.json');
    expect(await loadManifest(file)).toEqual(emptyManifest());
    for (const text of ['', '{"format":1', 'null', '{"format":2}', '{"format":1,"packages":[],"outputs":{}}']) {
      writeFileSync(file, text);
      expect(await loadManifest(file)).toEqual(emptyManifest());
    }
  });

  test('comes back as saved, and leaves no part behind', async () => {
    const file = path.join(folder, 'manifest.json');
    const manifest = { ...emptyManifest(), outputs: { 'a.bin': { sha256: 'x', inputs: 'y' } } };
    await saveManifest(file, manifest);
    expect(await loadManifest(file)).toEqual(manifest);
    expect(readdirSync(folder)).toEqual(['manifest.json']);
  });

  test('calls an output current only with the same inputs and unchanged bytes', async () => {
    await writeAtomic(path.join(folder, 'a.bin'), Buffer.from('abc'));
    const manifest = { ...emptyManifest(), outputs: { 'a.bin': { sha256: sha256('abc'), inputs: 'same' } } };
    expect(await isCurrent(manifest, folder, ['a.bin'], 'same')).toBe(true);
    expect(await isCurrent(manifest, folder, ['a.bin'], 'other')).toBe(false);
    expect(await isCurrent(manifest, folder, ['a.bin', 'b.bin'], 'same')).toBe(false);
    await writeAtomic(path.join(folder, 'a.bin'), Buffer.from('abd'));
    expect(await isCurrent(manifest, folder, ['a.bin'], 'same')).toBe(false);
    rmSync(path.join(folder, 'a.bin'));
    expect(await isCurrent(manifest, folder, ['a.bin'], 'same')).toBe(false);
  });

  test('hashes inputs by content, not by order', async () => {
    writeFileSync(path.join(folder, 'one'), '1');
    writeFileSync(path.join(folder, 'two'), '2');
    const packages = new Map([['p', 'x']]);
    const hash = await inputsHash('r', packages, folder, ['one', 'two']);
    expect(await inputsHash('r', packages, folder, ['two', 'one'])).toBe(hash);
    expect(await inputsHash('s', packages, folder, ['one', 'two'])).not.toBe(hash);
    expect(await inputsHash('r', new Map([['p', 'y']]), folder, ['one', 'two'])).not.toBe(hash);
    writeFileSync(path.join(folder, 'two'), '3');
    expect(await inputsHash('r', packages, folder, ['one', 'two'])).not.toBe(hash);
  });
});

describe.runIf(process.platform === 'linux')('the lock', () => {
  test('lets one at a time in', async () => {
    let inside = 0;
    let most = 0;
    const waited: number[] = [];
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setTimeout(resolve, 10));
      inside -= 1;
    };
    await Promise.all([1, 2, 3].map((n) => withLock(folder, () => waited.push(n), work)));
    expect(most).toBe(1);
    expect(waited).toHaveLength(2);
  });

  test('is free again after an error, and after its holder was killed', async () => {
    await expect(
      withLock(
        folder,
        () => {},
        () => Promise.reject(new Error('broken')),
      ),
    ).rejects.toThrow('broken');
    const module = path.resolve(import.meta.dirname, '../../resources/guests/lock.ts');
    const code = `import { withLock } from ${JSON.stringify(module)};
      const forever = () => (console.log('held'), new Promise(() => {}));
      await withLock(${JSON.stringify(folder)}, () => {}, forever);`;
    const args = ['--input-type=module', '-e', `${code}\nsetInterval(() => {}, 1000);`];
    const holder = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    let waited = false;
    const entered = withLock(
      folder,
      () => {
        waited = true;
        holder.kill('SIGKILL');
      },
      () => Promise.resolve('in'),
    );
    expect(await entered).toBe('in');
    expect(waited).toBe(true);
  });
});

describe('a folder of one’s own', () => {
  test('is used when LOCKSTEP_GUESTS names it, and what it lacks is named', async () => {
    vi.stubEnv('LOCKSTEP_GUESTS', folder);
    expect(guestFiles().bios).toBe(path.join(folder, 'bios.bin'));
    for (const name of ['bios.bin', 'vgabios.bin', 'linux.bzimage']) writeFileSync(path.join(folder, name), 'x');
    writeFileSync(path.join(folder, 'linux.initrd'), '');
    expect(missingGuests()).toEqual(['linux.initrd', 'linux.cmdline']);
    await expect(ensureGuests({ progress: () => {} })).rejects.toThrow(/LOCKSTEP_GUESTS.*linux.initrd, linux.cmdline/);
    for (const name of ['linux.initrd', 'linux.cmdline']) writeFileSync(path.join(folder, name), 'x');
    expect((await ensureGuests({ progress: () => {} })).folder).toBe(folder);
  });

  test('is what a system without apt is told about', () => {
    vi.stubEnv('PATH', folder);
    expect(() => requireApt()).toThrow(/apt-get, apt-cache, dpkg-deb is missing.*LOCKSTEP_GUESTS.*--bzimage FILE/);
  });

  test('otherwise the files lie in resources/guests/built', () => {
    vi.stubEnv('LOCKSTEP_GUESTS', '');
    expect(guestFiles().testImage).toMatch(/resources\/guests\/built\/test\.img$/);
  });
});
