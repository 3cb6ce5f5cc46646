// Overlays on real files: what is read is what was written, whatever they stand on; what is damaged is refused.

import { openSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync, writeSync, closeSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDisk, createOverlay, prepareCopy } from '../../../main/datastore/disk/create.ts';
import { DiskError, type BlockDevice } from '../../../main/datastore/disk/device.ts';
import { glanceAt } from '../../../main/datastore/disk/glance.ts';
import { LateDisk } from '../../../main/datastore/disk/late.ts';
import { BLOCK_BYTES } from '../../../main/datastore/disk/layout.ts';
import { load } from '../../../main/datastore/disk/load.ts';
import { CHAIN_MAX, chainFiles, diskBytes, openDisk, openOverlay } from '../../../main/datastore/disk/open.ts';
import { Overlay } from '../../../main/datastore/disk/overlay.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { holds, holdsAsync } from '../../support/random.ts';
import { ForgetfulFile } from './forgetful-file.ts';

const SIZE = 20 * 4096 + 512;

async function using<T>(file: string, work: (disk: BlockDevice) => Promise<T>, readOnly = false): Promise<T> {
  const disk = await openDisk(file, readOnly);
  try {
    return await work(disk);
  } finally {
    await disk.close();
  }
}

const content = (file: string): Promise<Buffer> =>
  using(file, async (disk) => Buffer.from(await disk.read(0, disk.byteLength)), true);
const write = (file: string, at: number, length: number, value: number): Promise<void> =>
  using(file, (disk) => disk.write(at, Buffer.alloc(length, value)));

const aSpot = fc
  .tuple(fc.nat(SIZE - 1), fc.nat(6 * 4096))
  .map(([at, length]) => ({ at, length: Math.min(length, SIZE - at) }));
const aStep = fc.oneof(
  fc.record({ do: fc.constant('write' as const), spot: aSpot, value: fc.nat(3) }),
  fc.record({ do: fc.constant('read' as const), spot: aSpot }),
  fc.record({ do: fc.constantFrom('flush' as const, 'reopen' as const, 'overlay' as const) }),
);
const aBase = fc.constantFrom('raw', 4096, 16_384, 65_536);

test('a chain of any disks reads as what was written to it', async () => {
  await holdsAsync(
    fc.asyncProperty(aBase, fc.array(aStep, { maxLength: 40 }), async (base, steps) => {
      const folder = temporaryFolder();
      const model = Buffer.alloc(SIZE);
      let file = path.join(folder, base === 'raw' ? 'base.img' : 'base.lsd');
      if (base === 'raw') writeFileSync(file, model);
      else await createDisk(file, { virtualBytes: SIZE, clusterBytes: base as number });
      let disk = await openDisk(file, false);
      for (const [index, step] of steps.entries()) {
        if (step.do === 'write') {
          const data = Buffer.alloc(step.spot.length, step.value);
          await disk.write(step.spot.at, data);
          data.copy(model, step.spot.at);
        } else if (step.do === 'read') {
          const { at, length } = step.spot;
          expect(model.subarray(at, at + length).equals(await disk.read(at, length))).toBe(true);
        } else if (step.do === 'flush') {
          await disk.flush();
        } else {
          await disk.close();
          if (step.do === 'overlay') {
            const below = file;
            file = path.join(folder, `${index}.lsd`);
            await createOverlay(file, below);
          }
          disk = await openDisk(file, false);
        }
      }
      await disk.close();
      expect((await content(file)).equals(model)).toBe(true);
    }),
    40,
  );
});

describe('an overlay', () => {
  async function onRaw(): Promise<{ folder: string; base: string; file: string }> {
    const folder = temporaryFolder();
    const [base, file] = [path.join(folder, 'base.img'), path.join(folder, 'a.lsd')];
    writeFileSync(base, Buffer.alloc(SIZE, 7));
    await createOverlay(file, base);
    return { folder, base, file };
  }

  test('is thin, shows its parent, and leaves it alone', async () => {
    const { base, file } = await onRaw();
    await write(file, 5000, 3000, 9);
    expect(readFileSync(base).equals(Buffer.alloc(SIZE, 7))).toBe(true);
    const expected = Buffer.alloc(SIZE, 7).fill(9, 5000, 8000);
    expect((await content(file)).equals(expected)).toBe(true);
    expect([diskBytes(file), chainFiles(file)]).toEqual([SIZE, [file, base]]);
    await write(file, 0, SIZE, 0);
    expect((await content(file)).equals(Buffer.alloc(SIZE))).toBe(true);
  });

  test('refuses what is outside it, and to write when it was opened for reading', async () => {
    const { file } = await onRaw();
    await using(file, (disk) => expect(disk.read(SIZE - 10, 11)).rejects.toThrow(/11 bytes at .* are outside/));
    await using(file, (disk) => expect(disk.write(-1, Buffer.alloc(1))).rejects.toThrow(RangeError));
    await using(file, (disk) => expect(disk.write(0, Buffer.alloc(1))).rejects.toThrow(/read-only/), true);
  });

  test('whose parent is gone, changed or another one is refused by name', async () => {
    const { folder, base, file } = await onRaw();
    utimesSync(base, 1, 1);
    await expect(openDisk(file, true)).rejects.toThrow(/stands on ".*base.img", which was changed since/);
    renameSync(base, `${base}.away`);
    await expect(openDisk(file, true)).rejects.toThrow(/stands on ".*base.img", which is not there/);
    const [below, above] = [path.join(folder, 'below.lsd'), path.join(folder, 'above.lsd')];
    await createDisk(below, { virtualBytes: SIZE });
    await createOverlay(above, below);
    await write(below, 0, 512, 1);
    await expect(openDisk(above, true)).rejects.toThrow(/which was changed since/);
    renameSync(below, `${below}.old`);
    await createDisk(below, { virtualBytes: SIZE });
    await expect(openDisk(above, true)).rejects.toThrow(/that is another disk by now/);
  });

  test('that stands on itself, by some way, is refused', async () => {
    const folder = temporaryFolder();
    const file = (n: number): string => path.join(folder, `${n}.lsd`);
    await createDisk(file(0), { virtualBytes: SIZE });
    for (let n = 1; n < CHAIN_MAX; n += 1) await createOverlay(file(n), file(n - 1));
    expect((await content(file(CHAIN_MAX - 1))).length).toBe(SIZE);
    await expect(
      createOverlay(file(CHAIN_MAX), file(CHAIN_MAX - 1)).then(() => content(file(CHAIN_MAX))),
    ).rejects.toThrow(/more than 32 files/);
  });

  test('that somebody else has written to meanwhile is left alone', async () => {
    const { file } = await onRaw();
    const former = await openDisk(file, false);
    await write(file, 0, 512, 3);
    await expect(former.write(0, Buffer.alloc(512, 4))).rejects.toThrow(/another program has written/);
    await expect(former.flush()).rejects.toThrow(/written to no more/);
    await former.close();
    expect((await content(file))[0]).toBe(3);
  });

  test('can be looked at while another writes to it, and is taken over when that one has ended', async () => {
    const { file } = await onRaw();
    const fence = Promise.withResolvers<void>();
    const late = new LateDisk(file, false, fence.promise);
    const former = await openDisk(file, false);
    for (let value = 1; value < 200; value += 1) {
      await former.write(0, Buffer.alloc(4096, value));
      if (value % 10 === 0) await former.flush();
      if (value % 50 === 0) expect((await glanceAt(file)).firstSector[0]).toBe(value);
    }
    const reading = late.read(0, 512);
    await former.write(0, Buffer.alloc(512, 250));
    // It ends without a word, and without a flush.
    fence.resolve();
    expect((await reading)[0]).toBe(250);
    await late.write(0, Buffer.alloc(512, 251));
    await late.flush();
    await late.close();
    expect((await content(file))[0]).toBe(251);
    await former.close();
  });

  test('is made as a thin copy of a size, and never in the place of another disk', async () => {
    const file = path.join(temporaryFolder(), 'copy.lsd');
    await prepareCopy(file, 1 << 30, false);
    expect([diskBytes(file), statSync(file).size < 1 << 20]).toEqual([1 << 30, true]);
    await prepareCopy(file, 1 << 30, false);
    await expect(prepareCopy(file, 1 << 29, true)).rejects.toThrow(/it is another disk/);
    await expect(createDisk(file, { virtualBytes: 512 })).rejects.toThrow(/is there already/);
    await expect(createDisk(`${file}.lsd`, { virtualBytes: 100 })).rejects.toThrow(/its size is 100 bytes/);
    await expect(createDisk(`${file}.img`, { virtualBytes: 512 })).rejects.toThrow(/ends in .lsd/);
  });
});

describe('a damaged overlay', () => {
  async function filled(): Promise<{ file: string; bytes: Buffer; expected: Buffer }> {
    const file = path.join(temporaryFolder(), 'a.lsd');
    await createDisk(file, { virtualBytes: SIZE, clusterBytes: 4096 });
    const disk = await openOverlay(file, false);
    await disk.write(0, Buffer.alloc(SIZE, 5));
    // All of it is in the map itself then: nothing can look like a write that nobody has confirmed.
    await disk.change({});
    await disk.close();
    return { file, bytes: readFileSync(file), expected: Buffer.alloc(SIZE, 5) };
  }

  const reread = async (bytes: Buffer): Promise<Buffer> => {
    const file = new ForgetfulFile(bytes, 'a.lsd');
    return Buffer.from(await new Overlay(file, await load(file), null, true).read(0, SIZE));
  };

  test('reads as before with any byte of one header changed, and is refused with that of both', async () => {
    const { bytes, expected } = await filled();
    for (let at = 0; at < BLOCK_BYTES; at += at < 160 ? 1 : 397) {
      for (const slots of at % 8 === 0 ? [[0], [1], [0, 1]] : [[0, 1]]) {
        const damaged = Buffer.from(bytes);
        for (const slot of slots) damaged[slot * BLOCK_BYTES + at]! ^= 0x55;
        if (slots.length === 1) expect((await reread(damaged)).equals(expected)).toBe(true);
        else await expect(reread(damaged)).rejects.toThrow(/"a.lsd" cannot be used: /);
      }
    }
  });

  test('is refused, or reads as it was, whatever bytes of it are changed', async () => {
    const { bytes, expected } = await filled();
    const change = fc.record({ at: fc.nat(bytes.length - 1), value: fc.integer({ min: 1, max: 255 }) });
    await holdsAsync(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), fc.nat(bytes.length), async (changes, cut) => {
        const damaged = Buffer.from(bytes);
        for (const { at, value } of changes) damaged[at]! ^= value;
        const short = cut % 3 === 0 ? damaged.subarray(0, cut) : damaged;
        try {
          expect((await reread(short)).equals(expected)).toBe(true);
        } catch (error) {
          if (!(error instanceof DiskError)) throw error;
        }
      }),
      150,
    );
  });

  test('gives an error where its data are damaged, and what is whole elsewhere', async () => {
    const { file, bytes } = await filled();
    const at = bytes.lastIndexOf(Buffer.alloc(64, 5));
    const descriptor = openSync(file, 'r+');
    writeSync(descriptor, Buffer.from([6]), 0, 1, at);
    closeSync(descriptor);
    await using(file, async (disk) => {
      await expect(disk.read(0, SIZE)).rejects.toThrow(/is damaged at \d+: what is there has another checksum/);
      const tries = Array.from({ length: 20 }, (_, cluster) => disk.read(cluster * 4096, 4096));
      const results = await Promise.allSettled(tries);
      expect(results.filter(({ status }) => status === 'rejected').length).toBeLessThanOrEqual(1);
    });
  });
});

test('places in the file are given to one user at a time', async () => {
  const { Units } = await import('../../../main/datastore/disk/units.ts');
  holds(
    fc.property(
      fc.array(fc.record({ run: fc.integer({ min: 1, max: 5 }), give: fc.boolean() }), { maxLength: 200 }),
      (steps) => {
        const units = new Units(2, 3);
        const used: number[] = [];
        for (const { run, give } of steps) {
          if (give && used.length > 0) units.release(used.splice(run % used.length, 1)[0] ?? 0);
          else if (run === 1) used.push(units.allocate());
          else {
            const first = units.allocateRun(run);
            used.push(...Array.from({ length: run }, (_, index) => first + index));
          }
          expect(new Set(used).size).toBe(used.length);
          expect(Math.min(2, ...used)).toBe(2);
          expect(units.free + used.length + 2).toBe(units.end);
        }
      },
    ),
  );
});
