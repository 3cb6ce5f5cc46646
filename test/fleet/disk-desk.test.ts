// Disk files as the contract has them: made, looked at and worked on, never behind a running VM's back.

import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createOverlay } from '../../main/datastore/disk/create.ts';
import { parseSize } from '../../preload/contract/disk.ts';
import { FakeProcesses } from '../support/fake-processes.ts';
import { openFleet } from '../support/fleet.ts';
import { temporaryFolder } from '../support/folder.ts';
import { saving } from '../support/saving-replica.ts';

const MIB = 1 << 20;

describe('a disk file', () => {
  test('is made thin, looked at, enlarged, compacted, checked and exported, each as a task', async () => {
    const { call, dataFolder } = openFleet();
    const folder = temporaryFolder();
    const [file, image] = [path.join(folder, 'a.lsd'), path.join(folder, 'a.img')];
    expect(await call('disk.create', { file, bytes: MIB })).toMatchObject({ format: 'lsd', bytes: MIB, vms: [] });
    expect(await call('disk.resize', { file, bytes: 2 * MIB })).toMatchObject({ bytes: 2 * MIB });
    const { before, after } = await call('disk.compact', { file });
    expect(after).toBeLessThanOrEqual(before);
    expect(await call('disk.check', { file })).toMatchObject({ problems: [] });
    expect(await call('disk.export', { file, target: image, format: 'raw' })).toEqual({ file: image });
    expect(await call('disk.import', { source: image, file: `${file}.2.lsd` })).toMatchObject({ bytes: 2 * MIB });
    const imported = await call('disk.import', { source: image });
    expect(path.relative(dataFolder, imported.file)).toMatch(/^disks.a-[0-9a-f]{8}\.lsd$/);
    const tasks = await call('task.list', {});
    expect(tasks.map(({ kind, vm, outcome }) => [kind, vm.name, outcome])).toEqual([
      ['disk.import', 'a.img', 'done'],
      ['disk.import', 'a.img', 'done'],
      ['disk.export', 'a.lsd', 'done'],
      ['disk.check', 'a.lsd', 'done'],
      ['disk.compact', 'a.lsd', 'done'],
      ['disk.resize', 'a.lsd', 'done'],
    ]);
  });

  test('that a running VM uses, in whatever place of its chain, is left alone', async () => {
    const { call } = openFleet();
    const folder = temporaryFolder();
    const [base, file] = [path.join(folder, 'base.lsd'), path.join(folder, 'top.lsd')];
    await call('disk.create', { file: base, bytes: MIB });
    await createOverlay(file, base);
    await call('vm.create', { name: 'web', hda: file });
    expect(await call('disk.info', { file: base })).toMatchObject({ vms: ['web'] });
    await expect(call('disk.resize', { file: base, bytes: 2 * MIB })).rejects.toThrow(/The disk of "web" stands on/);
    await call('power.on', { vm: 'web' });
    for (const used of [base, file]) {
      await expect(call('disk.compact', { file: used })).rejects.toThrow(/"web" is running and uses/);
    }
    await call('power.off', { vm: 'web' });
    await call('disk.compact', { file });
  });

  test('stays as large as it was while a suspended VM waits for it, and can be compacted', async () => {
    const { call } = openFleet({ processes: new FakeProcesses(saving) });
    const file = path.join(temporaryFolder(), 'a.lsd');
    await call('disk.create', { file, bytes: MIB });
    await call('vm.create', { name: 'web', hda: file });
    await call('power.on', { vm: 'web' });
    await call('power.suspend', { vm: 'web' });
    await expect(call('disk.resize', { file, bytes: 2 * MIB })).rejects.toThrow(/belongs to its state/);
    await call('disk.compact', { file });
    await call('power.off', { vm: 'web' });
    expect(await call('disk.resize', { file, bytes: 2 * MIB })).toMatchObject({ bytes: 2 * MIB });
  });

  test('says what is wrong with a request', async () => {
    const { call } = openFleet();
    const folder = temporaryFolder();
    const at = (name: string): string => path.join(folder, name);
    await expect(call('disk.create', { file: at('a.lsd') })).rejects.toThrow(/Say how large/);
    await expect(call('disk.create', { file: at('a.img'), bytes: MIB })).rejects.toThrow(/ends in .lsd/);
    await expect(call('disk.create', { file: at('a.lsd'), bytes: 1000 })).rejects.toThrow(/a multiple of 512/);
    writeFileSync(at('b.lsd'), 'no disk');
    await expect(call('vm.create', { name: 'web', hda: at('b.lsd') })).rejects.toThrow(/is no Lockstep disk/);
    writeFileSync(at('c.img'), Buffer.concat([Buffer.from('LSDISK\x1a\n'), Buffer.alloc(MIB - 8)]));
    await expect(call('vm.create', { name: 'web', hda: at('c.img') })).rejects.toThrow(/could have written this/);
  });
});

test('a VM is made with a new disk, and none is left where no VM was made', async () => {
  const { call, dataFolder } = openFleet();
  const vm = await call('vm.create', { name: 'thin', diskBytes: MIB });
  expect(existsSync(vm.hardware.files.hda ?? '')).toBe(true);
  await expect(call('vm.create', { name: 'thin', diskBytes: MIB })).rejects.toThrow(/already a VM/);
  expect(readdirSync(path.join(dataFolder, 'disks'))).toHaveLength(1);
});

test('a shared overlay is read by its primary alone, whatever the setting', async () => {
  const { call, processes } = openFleet();
  const file = path.join(temporaryFolder(), 'a.lsd');
  await call('disk.create', { file, bytes: MIB });
  await call('vm.create', { name: 'web', hda: file });
  await call('vm.set', { vm: 'web', diskReads: 'backup' });
  await call('power.on', { vm: 'web' });
  const specs = processes.forked.flatMap((replica) => replica.gotOf('boot').map(({ spec }) => spec));
  expect(specs.map(({ settings, disk }) => [settings.diskReads, disk?.bytes])).toEqual([['log', MIB]]);
});

test('sizes are written as people write them', () => {
  expect(['4G', '512M', '1.5 GB', '64KiB', '65536'].map(parseSize)).toEqual([
    4 * 2 ** 30,
    2 ** 29,
    1.5 * 2 ** 30,
    65_536,
    65_536,
  ]);
  for (const wrong of ['', 'G', '4T', '-1G', '4 G 5']) expect(() => parseSize(wrong)).toThrow(/is no size/);
});
