// Clones, exports and imports of whole VMs: what comes of them is complete and its own, and nothing is there by halves.

import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createDisk } from '../../main/datastore/disk/create.ts';
import { HostFile } from '../../main/datastore/disk/device.ts';
import { openDisk } from '../../main/datastore/disk/open.ts';
import type { Manifest } from '../../main/datastore/export/manifest.ts';
import { ExportReader } from '../../main/datastore/export/reader.ts';
import { ExportWriter } from '../../main/datastore/export/writer.ts';
import type { TaskRecord, VmView } from '../../preload/contract/contract.ts';
import { openFleet, type TestFleet } from '../support/fleet.ts';
import { temporaryFolder } from '../support/folder.ts';
import { makeFile, makeKernel } from '../support/guests.ts';

const MIB = 1 << 20;

async function write(file: string, at: number, text: string): Promise<void> {
  const disk = await openDisk(file, false);
  await disk.write(at, Buffer.from(text));
  await disk.flush();
  await disk.close();
}

async function textAt(file: string | undefined, at: number, length: number): Promise<string> {
  const disk = await openDisk(file ?? '', true);
  const bytes = Buffer.from(await disk.read(at, length));
  await disk.close();
  return bytes.toString('latin1');
}

/** A VM "web" on a disk of either format, with a text on it. */
async function withDisk(format: 'raw' | 'lsd'): Promise<TestFleet & { vm: VmView; disk: string }> {
  const opened = openFleet();
  const disk = path.join(temporaryFolder(), format === 'raw' ? 'web.img' : 'web.lsd');
  if (format === 'raw') makeFile(disk, 8 * MIB);
  else await createDisk(disk, { virtualBytes: 8 * MIB });
  await write(disk, 5 * MIB, 'hello');
  const vm = await opened.call('vm.create', { name: 'web', hda: disk });
  return { ...opened, vm, disk };
}

function disksOf({ dataFolder }: TestFleet): string[] {
  return readdirSync(path.join(dataFolder, 'disks')).toSorted();
}

describe.each(['raw', 'lsd'] as const)('a VM on a disk that is %s', (format) => {
  test('is cloned with a copy of it, and an identity of its own', async () => {
    const { call, vm, disk } = await withDisk(format);
    await call('vm.set', { vm: 'web', failureTimeoutMs: 700 });
    await call('forward.add', { vm: 'web', protocol: 'tcp', hostPort: 18_080, guestPort: 80 });
    const clone = await call('vm.clone', { vm: 'web', name: 'copy' });
    const { hda = '' } = clone.hardware.files;
    expect(path.extname(hda)).toBe(path.extname(disk));
    expect(await textAt(hda, 5 * MIB, 5)).toBe('hello');
    expect(statSync(hda).blocks * 512).toBeLessThan(2 * MIB);
    expect([clone.id === vm.id, clone.nic.mac === vm.nic.mac, clone.nic.address === vm.nic.address]).toEqual([
      false,
      false,
      false,
    ]);
    expect(clone.ftSettings.failureTimeoutMs).toBe(700);
    expect(await call('forward.list', { vm: 'copy' })).toEqual([]);
    await write(hda, 5 * MIB, 'other');
    expect(await textAt(disk, 5 * MIB, 5)).toBe('hello');
    const [task] = await call('task.list', {});
    expect(task).toMatchObject({ kind: 'vm.clone', outcome: 'done', vm: { name: 'web' } });
  });

  test('is cloned linked: both stand on the disk that was there, and both can be powered on', async () => {
    const test = await withDisk(format);
    const { call, disk } = test;
    const before = readFileSync(disk);
    const clone = await call('vm.clone', { vm: 'web', name: 'linked', linked: true });
    const source = await call('vm.show', { vm: 'web' });
    const [own, other] = [source.hardware.files.hda ?? '', clone.hardware.files.hda ?? ''];
    for (const file of [own, other]) {
      expect((await call('disk.info', { file })).chain).toEqual([file, disk]);
    }
    await write(own, 5 * MIB, 'first');
    await write(other, 5 * MIB, 'other');
    expect([await textAt(own, 5 * MIB, 5), await textAt(other, 5 * MIB, 5)]).toEqual(['first', 'other']);
    await call('power.on', { vm: 'web' });
    await call('power.on', { vm: 'linked' });
    expect(readFileSync(disk).equals(before)).toBe(true);
    await expect(call('vm.clone', { vm: 'web', name: 'third' })).rejects.toThrow(/is running: power it off to clone/);
  });
});

test('one more linked clone of a template that was not written to stands beside the first one', async () => {
  const { call, disk } = await withDisk('lsd');
  await call('vm.clone', { vm: 'web', name: 'one', linked: true });
  const { hardware } = await call('vm.show', { vm: 'web' });
  const two = await call('vm.clone', { vm: 'web', name: 'two', linked: true });
  expect((await call('vm.show', { vm: 'web' })).hardware.files).toEqual(hardware.files);
  expect((await call('disk.info', { file: two.hardware.files.hda ?? '' })).chain.at(-1)).toBe(disk);
});

test('a disk on which others stand is written to by nobody', async () => {
  const { call, disk } = await withDisk('raw');
  await call('vm.clone', { vm: 'web', name: 'linked', linked: true });
  await call('vm.create', { name: 'intruder', hda: disk });
  await expect(call('power.on', { vm: 'intruder' })).rejects.toThrow(/The disk of "linked" stands on/);
  await expect(call('disk.resize', { file: disk, bytes: 9 * MIB })).rejects.toThrow(/must stay as it is/);
});

test('what cannot be cloned is refused in words, and leaves nothing', async () => {
  const test = await withDisk('lsd');
  const { call } = test;
  await call('vm.create', { name: 'diskless', sample: 'test' });
  await expect(call('vm.clone', { vm: 'diskless', name: 'x', linked: true })).rejects.toThrow(/make a full clone/);
  await expect(call('vm.clone', { vm: 'web', name: 'DISKLESS' })).rejects.toThrow(/already a VM/);
  await expect(call('vm.clone', { vm: 'web', name: '../x' })).rejects.toThrow(/a VM name is made of/);
  expect((await call('vm.clone', { vm: 'diskless', name: 'y' })).hardware.guest).toBe('Test guest');
  expect(disksOf(test)).toEqual([]);
});

test('a clone that is cancelled leaves nothing, and the VM can be used again', async () => {
  const test = await withDisk('raw');
  const { call, fleet } = test;
  const begun = new Promise<TaskRecord>((resolve) => fleet.tasks.follow(resolve));
  const clone = call('vm.clone', { vm: 'web', name: 'copy' });
  const { id } = await begun;
  await Promise.all([
    expect(call('power.on', { vm: 'web' })).rejects.toThrow(/is being worked on/),
    expect(clone).rejects.toThrow(/It was cancelled, and left nothing behind/),
    call('task.cancel', { id }),
  ]);
  expect(disksOf(test)).toEqual([]);
  expect((await call('task.list', { limit: 3 })).find((task) => task.id === id)?.outcome).toBe('cancelled');
  await expect(call('task.cancel', { id })).rejects.toThrow(/does not run/);
  await call('power.on', { vm: 'web' });
});

test('what a killed host left half made is removed at the next start, and what was complete is kept', async () => {
  const { call, fleet, dataFolder, guests } = await withDisk('lsd');
  const { hardware } = await call('vm.clone', { vm: 'web', name: 'copy' });
  await fleet.close();
  const folder = path.join(dataFolder, 'disks');
  const file = hardware.files.hda ?? '';
  // As if it had died right after the VM was written down, before its file had its name; and in the middle of others.
  copyFileSync(file, path.join(folder, `.new-${path.basename(file)}`));
  writeFileSync(path.join(folder, '.new-half-12345678.lsd'), 'half');
  const elsewhere = temporaryFolder();
  const [part, innocent] = [path.join(elsewhere, '.web.lockstep-1.lockstep.part'), path.join(elsewhere, 'precious')];
  for (const [index, target] of [part, innocent].entries()) {
    writeFileSync(target, 'x');
    writeFileSync(path.join(folder, `.writing-${index}`), target);
  }
  rmSync(file);
  const again = openFleet({ dataFolder, guests });
  expect(readdirSync(folder)).toEqual([path.basename(file)]);
  expect([existsSync(part), existsSync(innocent)]).toEqual([false, true]);
  await again.call('power.on', { vm: 'copy' });
});

describe('an exported VM', () => {
  async function exported(): Promise<TestFleet & { file: string }> {
    const opened = openFleet();
    const folder = temporaryFolder();
    const at = (name: string): string => path.join(folder, name);
    await createDisk(at('disk.lsd'), { virtualBytes: 8 * MIB });
    await write(at('disk.lsd'), MIB, 'on the disk');
    const files = { bzimage: makeKernel(at('k')), initrd: makeFile(at('i'), 100_000, 'initrd'), hda: at('disk.lsd') };
    await opened.call('network.create', { name: 'lab', subnet: '10.78.0.0/24' });
    await opened.call('vm.create', {
      name: 'web',
      memoryMB: 96,
      cmdline: 'quiet',
      network: 'lab',
      nic: 'ne2k',
      ...files,
      fda: makeFile(at('f.img'), 1440 << 10, 'floppy'),
    });
    await opened.call('vm.set', { vm: 'web', lagHardMs: 2000 });
    const file = at('web.lockstep');
    const { bytes } = await opened.call('vm.export', { vm: 'web', file });
    expect(bytes).toBe(statSync(file).size);
    expect(bytes).toBeLessThan(20_000);
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
    return { ...opened, file };
  }

  test('is the same on another data folder, with files of its own', async () => {
    const { call, file } = await exported();
    const other = openFleet();
    const [before, vm] = [await call('vm.show', { vm: 'web' }), await other.call('vm.import', { file })];
    expect(vm).toMatchObject({ name: 'web', ftSettings: before.ftSettings, nic: { type: 'ne2k', network: 'nat' } });
    expect({ ...vm.hardware, files: 0 }).toEqual({ ...before.hardware, files: 0 });
    expect(Object.keys(vm.hardware.files)).toEqual(Object.keys(before.hardware.files));
    for (const [kind, name] of Object.entries(vm.hardware.files)) {
      expect(path.dirname(name)).toBe(path.join(other.dataFolder, 'disks'));
      if (kind === 'hda') expect(await textAt(name, MIB, 11)).toBe('on the disk');
      else expect(readFileSync(name).equals(readFileSync(before.hardware.files[kind as 'fda'] ?? ''))).toBe(true);
    }
    expect(statSync(vm.hardware.files.hda ?? '').blocks * 512).toBeLessThan(2 * MIB);
    expect(vm.nic.mac).not.toBe(before.nic.mac);
    const [event] = (await other.call('event.list', {})).filter(({ kind }) => kind === 'vm.imported');
    expect(event?.message).toMatch(/Imported from .*Its network "lab" is "nat" here\.$/);
    await other.call('power.on', { vm: 'web' });
  });

  test('keeps its MAC address where that is wanted and free, and takes another name', async () => {
    const { call, file } = await exported();
    await expect(call('vm.import', { file })).rejects.toThrow(/already a VM "web"/);
    await expect(call('vm.import', { file, name: 'two', keepMac: true })).rejects.toThrow(/"web" has the MAC address/);
    const { nic } = await call('vm.show', { vm: 'web' });
    await call('vm.delete', { vm: 'web' });
    expect((await call('vm.import', { file, name: 'two', keepMac: true })).nic.mac).toBe(nic.mac);
  });

  test('replaces no file unless it may, and is written only of a VM that is off', async () => {
    const { call, file } = await exported();
    const before = readFileSync(file);
    await expect(call('vm.export', { vm: 'web', file })).rejects.toThrow(/exists: choose another name, or .*--force/);
    expect(readFileSync(file).equals(before)).toBe(true);
    await call('vm.export', { vm: 'web', file, force: true });
    await expect(call('vm.export', { vm: 'web', file: `${file}.zip` })).rejects.toThrow(/ends in .lockstep/);
    await call('power.on', { vm: 'web' });
    await expect(call('vm.export', { vm: 'web', file, force: true })).rejects.toThrow(/power it off to export it/);
  });

  test('that is damaged or made up is refused, and leaves nothing', async () => {
    const { file } = await exported();
    const bytes = readFileSync(file);
    const other = openFleet();
    for (const at of [3, 40, Math.floor(bytes.length / 2), bytes.length - 20]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      writeFileSync(file, changed);
      await expect(other.call('vm.import', { file })).rejects.toThrow(/cannot be imported: .*\.$/);
    }
    writeFileSync(file, bytes.subarray(0, -1));
    await expect(other.call('vm.import', { file })).rejects.toThrow(/cut off/);
    await expect(other.call('vm.import', { file: '/dev/zero' })).rejects.toThrow(/is not a plain file/);
    expect([await other.call('vm.list', {}), disksOf(other)]).toEqual([[], []]);
    expect((await other.call('task.list', {})).every(({ outcome }) => outcome === 'failed')).toBe(true);
  });

  test.each([
    ['a name that is a path', (vm: Config) => ({ ...vm, name: '../../evil' }), /name: a VM name is made of/],
    ['files of this computer', (vm: Config) => with_(vm, { hda: '/etc/passwd' }), /cannot be imported: config/],
    ['too much memory', (vm: Config) => with_(vm, { memoryMB: 1e9 }), /memory is at most/],
    [
      'a MAC address of many',
      (vm: Config) => with_(vm, { mac: 'ff:ff:ff:ff:ff:ff' }),
      /cannot be imported: config.mac/,
    ],
    ['settings that are none', (vm: Config) => ({ ...vm, ftSettings: { failureTimeoutMs: 1 } }), /is at least 100 ms/],
    ['nothing at all', () => null, /cannot be imported/],
  ])('with %s in its description is refused', async (_what, change, why) => {
    const { file } = await exported();
    const reader = await ExportReader.open(file);
    const manifest = { parts: [], vm: change(reader.manifest.vm as Config) };
    await reader.close();
    await expect(openFleet().call('vm.import', { file: await rewritten(manifest) })).rejects.toThrow(why);
  });

  test('with a disk that is none, or no room for it, is refused', async () => {
    const { file } = await exported();
    const { manifest, close } = await opened(file);
    await close();
    const odd: Manifest = { vm: manifest.vm, parts: [{ role: 'hda', format: 'raw', bytes: 1000 }] };
    await expect(openFleet().call('vm.import', { file: await rewritten(odd) })).rejects.toThrow(/no multiple of 512/);
    const state: Manifest = { vm: manifest.vm, parts: [{ role: 'state', format: 'raw', bytes: 1000 }] };
    await expect(openFleet().call('vm.import', { file: await rewritten(state) })).rejects.toThrow(/suspended state/);
  });
});

interface Config {
  readonly name: string;
  readonly config: object;
}
const with_ = (vm: Config, change: object): Config => ({ ...vm, config: { ...vm.config, ...change } });

async function opened(file: string): Promise<{ manifest: Manifest; close: () => Promise<void> }> {
  const reader = await ExportReader.open(file);
  return { manifest: reader.manifest, close: () => reader.close() };
}

async function rewritten(manifest: Manifest): Promise<string> {
  const file = path.join(temporaryFolder(), 'made-up.lockstep');
  const handle = await HostFile.open(file, 'wx+');
  const writer = new ExportWriter(handle);
  await writer.begin(manifest);
  await writer.end();
  await handle.close();
  return file;
}

describe('a guest that is shut down', () => {
  test('is off when it has halted, and left alone where it does not, unless the user says otherwise', async () => {
    const { call, processes } = openFleet();
    await call('vm.create', { name: 'web', sample: 'linux' });
    await expect(call('power.shutdown', { vm: 'web' })).rejects.toThrow(/is not running/);
    await call('power.on', { vm: 'web' });
    await expect(call('power.shutdown', { vm: 'web', timeoutSeconds: 1 })).rejects.toThrow(/runs on after 1 s/);
    expect((await call('vm.show', { vm: 'web' })).power).toBe('on');
    const replica = processes.forked.find((one) => one.gotOf('input').length > 0);
    const shutdown = call('power.shutdown', { vm: 'web' });
    replica?.says({ type: 'guestStopped' });
    expect((await shutdown).power).toBe('off');
    await call('power.on', { vm: 'web' });
    expect((await call('power.shutdown', { vm: 'web', timeoutSeconds: 1, otherwise: 'off' })).power).toBe('off');
  });
});
