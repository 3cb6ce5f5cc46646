// The disks of a backup that carries out requests itself: tried until they work, handed over when it goes live.

import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { checkDisk } from '../../main/datastore/disk/check.ts';
import { createDisk } from '../../main/datastore/disk/create.ts';
import { freeze } from '../../main/datastore/disk/top.ts';
import { withRoomWords, type NoRoom } from '../../main/datastore/room.ts';
import { writeState } from '../../main/datastore/state-file.ts';
import { DEFAULT_SETTINGS } from '../../main/ft/constants.ts';
import { decodeDiskInput } from '../../main/machine/devices/disk.ts';
import type { DiskRequest } from '../../main/machine/machine.ts';
import { Disks, HOPELESS_MS } from '../../main/replica/disks.ts';
import type { ReplicaSpec } from '../../main/replica/messages.ts';
import { openOwnDisks } from '../../main/replica/own-disks.ts';
import { eventually } from '../support/eventually.ts';
import { SmallDisk } from '../support/small-disk.ts';
import { temporaryFolder } from '../support/folder.ts';

const SIZE = 8192;

interface Fixture {
  readonly disks: Disks;
  readonly file: string;
  readonly completions: { readonly id: number; readonly status: string }[];
  readonly failures: string[];
}

async function fixture(fence?: Promise<void>): Promise<Fixture> {
  const file = path.join(temporaryFolder(), 'hda.img');
  writeFileSync(file, Buffer.alloc(SIZE, 7));
  const [completions, failures]: [Fixture['completions'], string[]] = [[], []];
  const disks = await Disks.open(
    [['hda', file]],
    (data) => completions.push(decodeDiskInput(data)),
    (message) => failures.push(message),
    fence,
  );
  onTestFinished(() => disks.close());
  return { disks, file, completions, failures };
}

const read = (id: number, offset = 0): DiskRequest => ({ id, drive: 'hda', operation: 'read', offset, length: 512 });
const write = (id: number, offset: number, value: number): DiskRequest => {
  const data = new Uint8Array(512).fill(value);
  return { id, drive: 'hda', operation: 'write', offset, length: data.length, data };
};

describe.skipIf(!SmallDisk.possible)('on a full disk (a small tmpfs, which takes root)', () => {
  async function onSmallDisk(): Promise<{ small: SmallDisk; file: string }> {
    const small = new SmallDisk(4);
    onTestFinished(() => small.remove());
    const file = path.join(small.folder, 'hda.lsd');
    await createDisk(file, { virtualBytes: 8 << 20 });
    return { small, file };
  }
  const large = (id: number): DiskRequest => {
    const data = new Uint8Array(1 << 20).fill(7);
    return { id, drive: 'hda', operation: 'write', offset: 0, length: data.length, data };
  };

  test("a primary's write waits for room, is tried again and again, and is done when there is some", async () => {
    const { small, file } = await onSmallDisk();
    const completions: unknown[] = [];
    const failures: string[] = [];
    const told: (NoRoom | null)[] = [];
    const disks = await Disks.open(
      [['hda', file]],
      (data) => completions.push(decodeDiskInput(data)),
      (message) => failures.push(message),
    );
    onTestFinished(() => disks.close());
    disks.followRoom((noRoom) => told.push(noRoom));
    small.fill(100_000);
    disks.issue(large(0));
    disks.issue(read(1));
    await eventually(() => expect(told.length).toBeGreaterThan(1));
    expect([completions, disks.noRoom]).toEqual([[], { file, freeBytes: expect.any(Number) }]);
    small.empty();
    disks.tryAgain();
    await eventually(() => expect(completions).toHaveLength(2));
    expect(completions).toMatchObject([
      { id: 0, status: 'ok' },
      { id: 1, status: 'ok' },
    ]);
    expect([told.at(-1), disks.noRoom, failures]).toEqual([null, null, []]);
    disks.issue({ id: 2, drive: 'hda', operation: 'flush', offset: 0, length: 0 });
    await eventually(() => expect(completions).toHaveLength(3));
    expect((await checkDisk(file, false)).problems).toEqual([]);
  });

  test('a disk that is closed waits for no room', async () => {
    const { small, file } = await onSmallDisk();
    const disks = await Disks.open(
      [['hda', file]],
      () => {},
      () => {},
    );
    small.fill(100_000);
    disks.issue(large(0));
    await eventually(() => expect(disks.noRoom).not.toBeNull());
    expect(await disks.drain()).toBe(false);
    await disks.close();
  });

  test('a snapshot of a disk leaves the disk as it was, and no file', async () => {
    const { small, file } = await onSmallDisk();
    small.fill();
    const names = { own: file, top: path.join(small.folder, 'top-A.lsd') };
    await expect(freeze(names, path.join(small.folder, 'layer.lsd'))).rejects.toThrow(/ENOSPC/);
    expect(readdirSync(small.folder)).toEqual(['filler', 'hda.lsd']);
  });

  test('a saved state leaves no part of it', async () => {
    const { small } = await onSmallDisk();
    small.fill(100_000);
    const file = path.join(small.folder, 'a.lockstate');
    const parts = { description: new Uint8Array(10), pages: randomBytes(4 << 20) };
    const header = { vm: 'web', takenAt: 0, epoch: 1, virtualNs: 1, hash: 'ab'.repeat(32), lastInput: 0 };
    const written = writeState(file, { ...header, fingerprint: 'x' }, parts);
    const error = await written.then(
      () => null,
      (reason: Error) => reason,
    );
    expect((await withRoomWords(error as Error, file)).message).toMatch(/^no room in ".*": 0\.\d MB free$/);
    expect(readdirSync(small.folder)).toEqual(['filler', 'hda.lsd']);
  });
});

describe("a backup's disks", () => {
  test('try what fails until it works, tell of it once, and let nothing overtake it', async () => {
    const { disks, file, completions, failures } = await fixture();
    disks.retry(() => {});
    truncateSync(file, 512);
    disks.issue(read(0, 4096));
    disks.issue(write(1, 0, 9));
    await eventually(() => expect(failures).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect([completions, failures]).toEqual([[], [expect.stringMatching(/^read on hda failed: .*it is tried again$/)]]);
    truncateSync(file, SIZE);
    await eventually(() =>
      expect(completions.map(({ id, status }) => [id, status])).toEqual([
        [0, 'ok'],
        [1, 'ok'],
      ]),
    );
    expect(failures).toHaveLength(1);
  });

  test('give up what a head has completed otherwise, silently', async () => {
    const { disks, completions } = await fixture();
    disks.retry(() => {});
    disks.issue(read(0, SIZE));
    disks.issue(read(1));
    disks.abandon(0);
    await eventually(() => expect(completions.map(({ id }) => id)).toEqual([1]));
  });

  test('say when it has been hopeless for long', async () => {
    const { disks } = await fixture();
    const told: string[] = [];
    disks.retry((why) => told.push(why));
    const now = vi.spyOn(performance, 'now');
    onTestFinished(() => void now.mockRestore());
    disks.issue(read(0, SIZE));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(told).toEqual([]);
    const later = performance.now() + HOPELESS_MS + 1000;
    now.mockReturnValue(later);
    await eventually(() => expect(told).toEqual([expect.stringMatching(/^read on hda failed: .*, for 10 s$/)]));
    disks.abandon(0);
  });

  test('are a primary’s from the going live on: what fails then has failed', async () => {
    const { disks, completions } = await fixture();
    disks.retry(() => {});
    disks.issue(read(0, SIZE));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(completions).toEqual([]);
    disks.goLive();
    await eventually(() => expect(completions).toMatchObject([{ id: 0, status: 'error' }]));
  });

  test('carry out nothing while they are held', async () => {
    const { disks, file, completions } = await fixture();
    const held = Promise.withResolvers<void>();
    disks.hold(held.promise);
    disks.issue(write(0, 0, 5));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([completions, readFileSync(file)[0]]).toEqual([[], 7]);
    held.resolve();
    await eventually(() => expect(completions).toHaveLength(1));
    expect(readFileSync(file)[0]).toBe(5);
  });

  test('tell of every write after it, of one that failed as well', async () => {
    const { disks, completions } = await fixture();
    const written: [string, number, number][] = [];
    disks.track((...place) => written.push(place));
    disks.issue(write(0, 512, 1));
    disks.issue(write(1, SIZE, 1));
    disks.issue(read(2));
    await eventually(() => expect(completions).toHaveLength(3));
    expect(written).toEqual([
      ['hda', 512, 512],
      ['hda', SIZE, 512],
    ]);
  });

  test('carry out everything before they are closed in good order, and say where that failed', async () => {
    const { disks, file } = await fixture();
    for (let id = 0; id < 8; id++) disks.issue(write(id, id * 512, id));
    expect(await disks.drain()).toBe(true);
    expect(readFileSync(file)[7 * 512]).toBe(7);
    disks.issue(write(8, SIZE, 1));
    expect(await disks.drain()).toBe(false);
  });
});

describe('which disks a backup opens', () => {
  const modes = [
    ['shared', 'log', []],
    ['shared', 'backup', ['hda']],
    ['separate', 'log', ['hda']],
    ['separate', 'backup', ['hda']],
  ] as const;

  test.each(modes)('follows from the mode: %s, %s', async (diskMode, diskReads, drives) => {
    const folder = temporaryFolder();
    const files = { bios: '', vgaBios: '', hda: path.join(folder, 'hda') };
    writeFileSync(files.hda, Buffer.alloc(SIZE));
    const spec = { files, settings: { ...DEFAULT_SETTINGS, diskMode, diskReads } } as unknown as ReplicaSpec;
    const disks = await openOwnDisks({ spec, send: () => {} });
    expect((['hda'] as const).filter((drive) => disks?.image(drive))).toEqual(drives);
    await disks?.close();
  });

  test('on a shared image it can only read', async () => {
    const hda = path.join(temporaryFolder(), 'hda');
    writeFileSync(hda, Buffer.alloc(SIZE));
    const settings = { ...DEFAULT_SETTINGS, diskReads: 'backup' };
    const spec = { files: { hda }, settings } as unknown as ReplicaSpec;
    const disks = await openOwnDisks({ spec, send: () => {} });
    await expect(disks?.image('hda')?.write(0, new Uint8Array(512))).rejects.toThrow('is read-only');
    await disks?.close();
    rmSync(hda);
  });
});
