// The top of a disk that has snapshots: whatever happens between two steps, the disk reads as it should.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { link, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkDisk } from '../../../main/datastore/disk/check.ts';
import { createOverlay } from '../../../main/datastore/disk/create.ts';
import { chainFiles, openDisk } from '../../../main/datastore/disk/open.ts';
import { SwitchableDisk } from '../../../main/datastore/disk/switchable.ts';
import { beginTop, freeze, topOf, type TopNames } from '../../../main/datastore/disk/top.ts';
import { temporaryFolder } from '../../support/folder.ts';

const BYTES = 1 << 20;

function rawDisk(): TopNames & { folder: string; layer: (name: string) => string } {
  const folder = temporaryFolder();
  const own = path.join(folder, 'own.img');
  writeFileSync(own, Buffer.alloc(BYTES, 1));
  const layers = path.join(folder, 'layers');
  return {
    folder: layers,
    own,
    top: path.join(layers, 'top-A.lsd'),
    layer: (name) => path.join(layers, `${name}.lsd`),
  };
}

async function readAt(file: string, offset: number): Promise<number | undefined> {
  const disk = await openDisk(file, true);
  try {
    return (await disk.read(offset, 1))[0];
  } finally {
    await disk.close();
  }
}

async function writeTo(names: TopNames, offset: number, value: number): Promise<void> {
  const disk = await openDisk(topOf(names), false);
  await disk.write(offset, new Uint8Array(512).fill(value));
  await disk.flush();
  await disk.close();
}

test("the first snapshot's disk is the user's file, which is never written to again", async () => {
  const disk = rawDisk();
  expect(topOf(disk)).toBe(disk.own);
  const { frozen, next } = await freeze(disk, disk.layer('one'));
  await next.close();
  expect([frozen, topOf(disk)]).toEqual([disk.own, disk.top]);
  const before = readFileSync(disk.own);
  await writeTo(disk, 4096, 7);
  expect([await readAt(disk.top, 4096), await readAt(frozen, 4096)]).toEqual([7, 1]);
  expect(readFileSync(disk.own).equals(before)).toBe(true);
});

test('every later one is a layer that stays as it was, and can be gone back to', async () => {
  const disk = rawDisk();
  const frozen: string[] = [];
  for (let value = 2; value < 6; value += 1) {
    const made = await freeze(disk, disk.layer(`snap-${value}`));
    await made.next.close();
    frozen.push(made.frozen);
    await writeTo(disk, 0, value);
  }
  expect(await Promise.all(frozen.map((file) => readAt(file, 0)))).toEqual([1, 2, 3, 4]);
  await beginTop(disk.top, frozen[2] as string);
  expect(await readAt(disk.top, 0)).toBe(3);
  await writeTo(disk, 0, 9);
  expect(await Promise.all(frozen.map((file) => readAt(file, 0)))).toEqual([1, 2, 3, 4]);
  for (const file of [...frozen.slice(1), disk.top]) expect((await checkDisk(file, false)).problems).toEqual([]);
  expect(chainFiles(disk.top)).toHaveLength(4);
});

describe('a crash', () => {
  test('after each single step of freezing leaves the disk as it was, and freezing can be done again', async () => {
    const disk = rawDisk();
    await (await freeze(disk, disk.layer('one'))).next.close();
    await writeTo(disk, 0, 5);
    const made = path.join(disk.folder, '.top-A.new.lsd');
    const layer = disk.layer('two');
    const steps = [() => link(disk.top, layer), () => createOverlay(made, layer), () => rename(made, disk.top)];
    for (let done = 0; done <= steps.length; done += 1) {
      for (const step of steps.slice(0, done)) await step();
      expect(await readAt(topOf(disk), 0), `after ${done} steps`).toBe(5);
      // Whoever begins again finds what is left of it in nobody's way.
      const { frozen, next } = await freeze(disk, disk.layer(`again-${done}`));
      await next.close();
      expect([await readAt(frozen, 0), await readAt(disk.top, 0)]).toEqual([5, 5]);
      await rm(layer, { force: true });
      if (done === steps.length) break;
      await beginTop(disk.top, frozen);
    }
  });

  test('a disk that cannot be frozen is as before, and nothing is left of the attempt', async () => {
    const disk = rawDisk();
    await (await freeze(disk, disk.layer('one'))).next.close();
    await writeTo(disk, 0, 5);
    const bytes = readFileSync(disk.top);
    bytes.fill(0, 0, 8192);
    const good = readFileSync(disk.top);
    writeFileSync(disk.top, bytes);
    await expect(freeze(disk, disk.layer('two'))).rejects.toThrow();
    expect(readdirSync(disk.folder)).toEqual(['top-A.lsd']);
    writeFileSync(disk.top, good);
    expect(await readAt(disk.top, 0)).toBe(5);
  });
});

test('a disk of too many files is not frozen, and says what to do', async () => {
  const disk = rawDisk();
  for (let count = 1; count < 31; count += 1) await (await freeze(disk, disk.layer(`${count}`))).next.close();
  await expect(freeze(disk, disk.layer('more'))).rejects.toThrow(/made of 31 files already. Delete snapshots/);
  expect(existsSync(disk.layer('more'))).toBe(false);
});

test('who uses a disk goes on with another one in its place, and the former one is closed', async () => {
  const disk = rawDisk();
  const used = new SwitchableDisk(await openDisk(disk.own, false));
  await used.write(0, new Uint8Array(512).fill(3));
  await used.flush();
  const slow = used.read(0, 512);
  const { next } = await freeze(disk, disk.layer('one'));
  used.switchTo(next);
  expect((await slow)[0]).toBe(3);
  await used.write(0, new Uint8Array(512).fill(4));
  expect([(await used.read(0, 1))[0], readFileSync(disk.own)[0]]).toEqual([4, 3]);
  await used.close();
});
