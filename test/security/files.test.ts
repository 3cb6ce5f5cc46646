// Paths that somebody else chose: what is no plain file is refused at once, and nothing is overwritten unasked.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { DiskImage } from '../../main/datastore/image.ts';
import { openRegular, readRegular } from '../../main/datastore/regular.ts';
import { makeWay } from '../../main/fleet/output-file.ts';
import { temporaryFolder } from '../support/folder.ts';
import { openFleet } from '../support/fleet.ts';

/** One of each kind of thing that is no image. */
function oddities(): readonly string[] {
  const folder = temporaryFolder();
  const at = (name: string): string => path.join(folder, name);
  execFileSync('mkfifo', [at('pipe')]);
  mkdirSync(at('folder'));
  symlinkSync('/dev/zero', at('link-to-zero'));
  symlinkSync(at('pipe'), at('link-to-pipe'));
  symlinkSync(at('circle'), at('circle'));
  writeFileSync(at('huge'), '');
  truncateSync(at('huge'), 2 ** 42);
  const named = ['pipe', 'folder', 'link-to-zero', 'link-to-pipe', 'circle', 'huge', 'gone'].map(at);
  return [...named, '/dev/zero', '/dev/full', '/proc/self/mem'];
}

describe('a pipe, a device, a folder, a huge sparse file, a circle of links', () => {
  test('is refused as any medium of a VM, at once, by name', async () => {
    const { call, fleet } = openFleet();
    for (const file of oddities()) {
      for (const kind of ['bzimage', 'hda', 'cdrom', 'fda'] as const) {
        await expect(call('vm.create', { name: 'web', [kind]: file })).rejects.toMatchObject({
          code: 'refused',
          message: expect.stringContaining(`"${file}"`),
        });
      }
    }
    expect(fleet.all()).toEqual([]);
  });

  test('is refused by a drive of a VM that runs', async () => {
    const { call } = openFleet();
    await call('vm.create', { name: 'web', sample: 'linux' });
    await call('power.on', { vm: 'web' });
    for (const file of oddities()) {
      for (const drive of ['cdrom', 'fda'] as const) {
        await expect(call('media.insert', { vm: 'web', drive, file })).rejects.toMatchObject({ code: 'refused' });
      }
    }
    expect((await call('vm.show', { vm: 'web' })).hardware.files).toEqual({});
  });

  test('that takes the place of an image after it was looked at is not waited for', async () => {
    const [pipe = '', folder = '', zero = ''] = oddities();
    for (const file of [pipe, folder, zero]) {
      await expect(openRegular(file, true)).rejects.toThrow('is not a plain file');
      await expect(DiskImage.open(file, false)).rejects.toThrow('is not a plain file');
    }
    const file = path.join(temporaryFolder(), 'grown');
    writeFileSync(file, 'four');
    await expect(readRegular(file, 3)).rejects.toThrow('has 4 bytes; at most 3 are read');
    expect(Buffer.from(await readRegular(file, 4)).toString()).toBe('four');
  });
});

describe('a file that a recording or a capture is to be written to', () => {
  test('is not replaced unless the user says so, and then a plain file only', () => {
    const { fleet } = openFleet();
    const folder = temporaryFolder();
    const file = path.join(folder, 'web.rec');
    expect(() => makeWay(fleet, file, false)).not.toThrow();
    writeFileSync(file, 'precious');
    expect(() => makeWay(fleet, file, false)).toThrow(
      expect.objectContaining({ code: 'exists', message: expect.stringContaining('replace it with --force') }),
    );
    expect(readFileSync(file, 'utf8')).toBe('precious');
    const link = path.join(folder, 'link');
    symlinkSync(file, link);
    for (const odd of [link, folder, '/dev/null']) {
      expect(() => makeWay(fleet, odd, true)).toThrow('is no plain file, and is not replaced');
    }
    expect(() => makeWay(fleet, path.join(folder, 'gone', 'web.rec'), false)).toThrow('is no folder: make it');
    makeWay(fleet, file, true);
    expect(existsSync(file)).toBe(false);
  });

  test('is never a disk of a VM, nor what Lockstep keeps, by whatever name', async () => {
    const { fleet, call, dataFolder } = openFleet();
    const folder = temporaryFolder();
    const disk = path.join(folder, 'disk.img');
    writeFileSync(disk, '');
    truncateSync(disk, 1 << 20);
    await call('vm.create', { name: 'web', hda: disk });
    const linked = path.join(temporaryFolder(), 'linked');
    symlinkSync(folder, linked);
    const data = path.join(temporaryFolder(), 'data');
    symlinkSync(realpathSync(dataFolder), data);
    for (const file of [disk, path.join(linked, 'disk.img')]) {
      expect(() => makeWay(fleet, file, true)).toThrow('is in use by "web": choose another name.');
    }
    for (const file of [path.join(dataFolder, 'lockstep.db'), path.join(data, 'lock.db')]) {
      expect(() => makeWay(fleet, file, true)).toThrow("is part of Lockstep's data: choose another name.");
    }
    mkdirSync(path.join(dataFolder, 'recordings'));
    const recording = path.join(dataFolder, 'recordings', 'web.lockrec');
    writeFileSync(recording, '');
    makeWay(fleet, recording, true);
    expect([existsSync(disk), existsSync(recording)]).toEqual([true, false]);
  });
});
