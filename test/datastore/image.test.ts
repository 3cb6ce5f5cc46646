// Disk images on real files.

import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { glanceAt } from '../../main/datastore/disk/glance.ts';
import { DiskImage } from '../../main/datastore/image.ts';
import { temporaryFolder } from '../support/folder.ts';
import { holdsAsync } from '../support/random.ts';

const SIZE = 4096;

async function image(
  options: { readOnly?: boolean } = {},
): Promise<{ disk: DiskImage; file: string; content: Buffer }> {
  const file = path.join(temporaryFolder(), 'disk.img');
  const content = Buffer.from(Array.from({ length: SIZE }, (_, at) => (at * 7) & 0xff));
  writeFileSync(file, content);
  const disk = await DiskImage.open(file, options.readOnly ?? false);
  onTestFinished(() => disk.close());
  return { disk, file, content };
}

test('any writes and reads inside an image do what they do to an array of bytes', async () => {
  const { disk, file, content } = await image();
  const place = fc.tuple(fc.nat(SIZE), fc.uint8Array({ maxLength: 600 }));
  await holdsAsync(
    fc.asyncProperty(fc.array(place, { maxLength: 6 }), async (operations) => {
      for (const [offset, data] of operations) {
        const fitting = data.subarray(0, SIZE - offset);
        await disk.write(offset, fitting);
        content.set(fitting, offset);
        expect(Buffer.from(await disk.read(offset, fitting.length))).toEqual(Buffer.from(fitting));
      }
      expect(Buffer.from(await disk.read(0, SIZE))).toEqual(content);
    }),
  );
  await disk.flush();
  expect(readFileSync(file)).toEqual(content);
});

describe('refused before the file is touched', () => {
  test.each([
    [SIZE, 1],
    [SIZE - 1, 2],
    [-1, 1],
    [0, SIZE + 1],
    [2 ** 53, 1],
    [0.5, 1],
    [Number.NaN, 1],
    [0, -1],
  ])('reading and writing at %d, %d bytes', async (offset, length) => {
    const { disk, file, content } = await image();
    await expect(disk.read(offset, length)).rejects.toThrow(/outside .*disk\.img \(4096 bytes\)/);
    if (length > 0) await expect(disk.write(offset, new Uint8Array(length))).rejects.toThrow(RangeError);
    expect(readFileSync(file)).toEqual(content);
  });

  test('writing to an image that was opened read-only', async () => {
    const { disk, file, content } = await image({ readOnly: true });
    await expect(disk.write(0, Uint8Array.of(1))).rejects.toThrow(`${file} is read-only`);
    await disk.flush();
    expect(Buffer.from(await disk.read(0, 8))).toEqual(content.subarray(0, 8));
    expect(readFileSync(file)).toEqual(content);
  });
});

test('an image that is cut while it is in use says so, and what is left can be read', async () => {
  const { disk, file, content } = await image();
  truncateSync(file, 1000);
  await expect(disk.read(512, 1024)).rejects.toThrow(`${file} ends at 1000: it was cut while in use`);
  expect(Buffer.from(await disk.read(0, 1000))).toEqual(content.subarray(0, 1000));
});

test('an image that is missing fails with a code', async () => {
  const file = path.join(temporaryFolder(), 'missing.img');
  await expect(DiskImage.open(file, false)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a glance shows the size and the first sector', async () => {
  const { file, content } = await image();
  const glance = await glanceAt(file);
  expect(glance.byteLength).toBe(SIZE);
  expect(Buffer.from(glance.firstSector)).toEqual(content.subarray(0, 512));
});
