// What is done to disks: nothing of it changes what they read, and whatever is interrupted can be begun again.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkDisk, diskInfo } from '../../../main/datastore/disk/check.ts';
import { exportDisk, importDisk } from '../../../main/datastore/disk/convert.ts';
import { createDisk, createOverlay } from '../../../main/datastore/disk/create.ts';
import { openDisk } from '../../../main/datastore/disk/open.ts';
import {
  commitDisk,
  compactDisk,
  growDisk,
  rebaseDisk,
  replaceRebased,
  type Progress,
} from '../../../main/datastore/disk/operations.ts';
import { temporaryFolder } from '../../support/folder.ts';

const CLUSTER = 16_384;
const SIZE = 70 * CLUSTER;

async function content(file: string): Promise<Buffer> {
  const disk = await openDisk(file, true);
  try {
    return Buffer.from(await disk.read(0, disk.byteLength));
  } finally {
    await disk.close();
  }
}

async function write(file: string, at: number, length: number, value: number): Promise<void> {
  const disk = await openDisk(file, false);
  await disk.write(at, Buffer.alloc(length, value));
  await disk.flush();
  await disk.close();
}

/** base (raw or not) ← middle ← top; each holds something that the next one hides in part. */
async function chain(raw = false): Promise<{ base: string; middle: string; top: string; expected: Buffer }> {
  const folder = temporaryFolder();
  const at = (name: string): string => path.join(folder, name);
  const [base, middle, top] = [at(raw ? 'base.img' : 'base.lsd'), at('middle.lsd'), at('top.lsd')];
  if (raw) writeFileSync(base, Buffer.alloc(SIZE));
  else await createDisk(base, { virtualBytes: SIZE });
  await write(base, 0, 40 * CLUSTER, 1);
  await createOverlay(middle, base);
  await write(middle, 20 * CLUSTER - 100, 20 * CLUSTER, 2);
  await write(middle, 10 * CLUSTER, 5 * CLUSTER, 0);
  await createOverlay(top, middle);
  await write(top, 30 * CLUSTER, 30 * CLUSTER + 7, 3);
  await write(top, 32 * CLUSTER, 3 * CLUSTER, 0);
  return { base, middle, top, expected: await content(top) };
}

/** Begins an operation again and again, each time interrupted a little later, and looks at the disk in between. */
async function interrupted(
  operation: (progress: Progress) => Promise<unknown>,
  look: () => Promise<void>,
): Promise<void> {
  for (let limit = 0; ; limit += 1) {
    let calls = 0;
    const done = await operation(() => {
      calls += 1;
      if (calls > limit) throw new Error('interrupted');
    }).then(
      () => true,
      (error: Error) => {
        expect(error.message).toBe('interrupted');
        return false;
      },
    );
    await look();
    if (done) return;
  }
}

describe('a disk', () => {
  test('that is merged into its parent reads the same all the time, and so does the parent then', async () => {
    for (const raw of [false, true]) {
      const { base, middle, top, expected } = await chain(raw);
      const look = async (): Promise<void> => expect((await content(top)).equals(expected)).toBe(true);
      await interrupted((progress) => commitDisk(top, progress), look);
      expect((await content(middle)).equals(expected)).toBe(true);
      expect(await commitDisk(middle)).toBe(base);
      expect((await content(base)).equals(expected)).toBe(true);
      // Nothing that stands on it notices.
      expect((await content(top)).equals(expected)).toBe(true);
    }
  });

  test('that is merged takes its size along', async () => {
    for (const raw of [false, true]) {
      const { base, middle } = await chain(raw);
      await growDisk(middle, 2 * SIZE);
      await write(middle, 2 * SIZE - 512, 512, 8);
      const expected = await content(middle);
      await commitDisk(middle);
      expect((await content(base)).equals(expected)).toBe(true);
    }
  });

  test('that is made to stand alone, or on another disk, reads the same, whenever that is interrupted', async () => {
    const { base, middle, top, expected } = await chain();
    const look = async (): Promise<void> => expect((await content(top)).equals(expected)).toBe(true);
    await interrupted((progress) => rebaseDisk(top, base, progress), look);
    expect((await diskInfo(top)).chain).toEqual([top, base]);
    await interrupted((progress) => rebaseDisk(top, null, progress), look);
    expect((await diskInfo(top)).chain).toEqual([top]);
    await interrupted((progress) => rebaseDisk(top, middle, progress), look);
    expect((await diskInfo(top)).chain).toEqual([top, middle, base]);
  });

  test('that somebody reads while it is put on another one reads the same for him and for all who come', async () => {
    for (const raw of [false, true]) {
      const { base, middle, top, expected } = await chain(raw);
      await createOverlay(`${top}.above.lsd`, top);
      const reader = await openDisk(`${top}.above.lsd`, true);
      const look = async (): Promise<void> => {
        expect((await content(`${top}.above.lsd`)).equals(expected)).toBe(true);
        expect(Buffer.from(await reader.read(0, SIZE)).equals(expected)).toBe(true);
      };
      await interrupted((progress) => replaceRebased(top, base, progress), look);
      rmSync(middle);
      await look();
      expect((await diskInfo(`${top}.above.lsd`)).chain).toEqual([`${top}.above.lsd`, top, base]);
      expect(readdirSync(path.dirname(top)).filter((name) => name.startsWith('.'))).toEqual([]);
      await reader.close();
    }
  });

  test('that is compacted reads the same, gives back what it can, and what stands on it goes on', async () => {
    const { middle, top, expected } = await chain();
    await write(top, 0, SIZE, 9);
    await createOverlay(`${top}.above.lsd`, top);
    const above = await content(`${top}.above.lsd`);
    const look = async (): Promise<void> => {
      expect((await content(`${top}.above.lsd`)).equals(above)).toBe(true);
    };
    await interrupted((progress) => compactDisk(top, progress), look);
    await rebaseDisk(`${top}.above.lsd`, null);
    await write(top, 0, SIZE, 0);
    const { before, after } = await compactDisk(top);
    expect(after).toBeLessThan(before / 2);
    expect((await content(top)).equals(Buffer.alloc(SIZE))).toBe(true);
    expect(readdirSync(path.dirname(top)).filter((name) => name.startsWith('.'))).toEqual([]);
    expect(expected.length).toBe((await content(middle)).length);
  });

  test('grows, with zeros, and does not shrink', async () => {
    const { top, expected } = await chain();
    await growDisk(top, SIZE + 512);
    expect((await content(top)).equals(Buffer.concat([expected, Buffer.alloc(512)]))).toBe(true);
    await expect(growDisk(top, SIZE)).rejects.toThrow(/it can grow, not shrink/);
    await expect(growDisk(top, 2 ** 40)).rejects.toThrow(/cannot have this size/);
  });

  test('is checked: every damage is listed, and what can be known is repaired', async () => {
    const { base, middle } = await chain();
    expect(await checkDisk(middle, false)).toMatchObject({ problems: [], repaired: [] });
    const bytes = readFileSync(middle);
    const header = Buffer.from(bytes);
    header[30]! ^= 1;
    writeFileSync(middle, header);
    expect((await checkDisk(middle, false)).problems[0]?.message).toMatch(/One of the two copies of the header/);
    expect(await checkDisk(middle, true)).toMatchObject({ problems: [], repaired: [expect.stringMatching(/header/)] });
    expect(await checkDisk(middle, false)).toMatchObject({ problems: [], repaired: [] });
    const data = readFileSync(middle);
    data[data.lastIndexOf(Buffer.alloc(64, 2))]! ^= 1;
    writeFileSync(middle, data);
    const found = await checkDisk(middle, true);
    expect(found.problems).toEqual([{ where: expect.any(Number), message: expect.stringMatching(/is damaged at/) }]);
    writeFileSync(middle, bytes.subarray(0, 66_000));
    expect((await checkDisk(middle, false)).problems[0]?.message).toMatch(/cannot be used/);
    writeFileSync(base, 'no disk');
    expect((await checkDisk(base, false)).problems).toHaveLength(1);
  });
});

const qemu = spawnSync('qemu-img', ['--version']).status === 0;

describe('images of other programs', () => {
  test('that are raw come in thin and go out whole, without anybody’s help', async () => {
    const folder = temporaryFolder();
    const [raw, disk, out] = ['a.img', 'a.lsd', 'b.img'].map((name) => path.join(folder, name)) as [
      string,
      string,
      string,
    ];
    const bytes = Buffer.alloc(3 * CLUSTER * 64);
    bytes.fill(4, 100_000, 200_000);
    writeFileSync(raw, bytes);
    expect(await importDisk(raw, disk)).toBe('raw');
    expect(statSync(disk).size).toBeLessThan(bytes.length / 2);
    await exportDisk(disk, out, 'raw');
    expect(readFileSync(out).equals(bytes)).toBe(true);
    await expect(exportDisk(disk, out, 'raw')).rejects.toThrow(/is there already/);
    await expect(importDisk(raw, disk)).rejects.toThrow(/is there already/);
    writeFileSync(raw, 'short');
    await expect(importDisk(raw, `${disk}.lsd`)).rejects.toThrow(/it is no disk image/);
    expect(readdirSync(folder).toSorted()).toEqual(['a.img', 'a.lsd', 'b.img']);
  });

  test('need qemu-img, and say so', async () => {
    const file = path.join(temporaryFolder(), 'a.qcow2');
    writeFileSync(file, Buffer.concat([Buffer.from('QFI\xfb', 'latin1'), Buffer.alloc(1000)]));
    const { PATH } = process.env;
    process.env['PATH'] = '/nowhere';
    try {
      await expect(importDisk(file, `${file}.lsd`)).rejects.toThrow(
        /needs the program "qemu-img", which is not installed/,
      );
    } finally {
      process.env['PATH'] = PATH;
    }
  });

  test.skipIf(!qemu).each(['qcow2', 'vmdk', 'vdi', 'vpc', 'vhdx'])(
    'of the format %s come in and go out again',
    async (format) => {
      const { top, expected } = await chain();
      const folder = temporaryFolder();
      const at = (name: string): string => path.join(folder, name);
      const seen: number[] = [];
      await exportDisk(top, at('a.qcow2'), 'qcow2', (fraction) => seen.push(fraction));
      expect(seen.at(-1)).toBe(1);
      spawnSync('qemu-img', ['convert', '-O', format, at('a.qcow2'), at('image')]);
      expect(await importDisk(at('image'), at('b.lsd'))).toBe(format);
      // A VHD's size is rounded up to its geometry.
      expect((await content(at('b.lsd'))).subarray(0, SIZE).equals(expected)).toBe(true);
      expect(readdirSync(folder).toSorted()).toEqual(['a.qcow2', 'b.lsd', 'image']);
    },
  );

  test.skipIf(!qemu)('that stand on another file are refused: it could be any file of this computer', async () => {
    const folder = temporaryFolder();
    const [secret, image] = [path.join(folder, 'secret'), path.join(folder, 'a.qcow2')];
    writeFileSync(secret, Buffer.alloc(4096, 1));
    spawnSync('qemu-img', ['create', '-f', 'qcow2', '-b', secret, '-F', 'raw', image]);
    await expect(importDisk(image, path.join(folder, 'a.lsd'))).rejects.toThrow(/stands on another file/);
    expect(existsSync(path.join(folder, 'a.lsd'))).toBe(false);
  });
});
