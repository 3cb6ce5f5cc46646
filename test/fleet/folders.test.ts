// Folders of the inventory, and changes of what a VM is made of, with the real fleet and its database.

import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { CommandError, type CommandName } from '../../preload/contract/contract.ts';
import { FOLDERS_MAX } from '../../preload/contract/folder.ts';
import { openFleet, type TestFleet } from '../support/fleet.ts';

async function refusal(promise: Promise<unknown>): Promise<CommandError> {
  const error = await promise.catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(CommandError);
  return error as CommandError;
}

async function withVm(): Promise<TestFleet> {
  const fleet = openFleet();
  await fleet.call('vm.create', { name: 'web', sample: 'linux' });
  return fleet;
}

function where({ fleet }: TestFleet): { folders: readonly string[]; vms: string[] } {
  const { vms, folders } = fleet.inventory();
  return { folders, vms: vms.map(({ name, folder }) => `${folder}:${name}`) };
}

describe('folders', () => {
  test('are made with those above them, and kept', async () => {
    const test = await withVm();
    await test.call('folder.create', { folder: 'Lab/Web/Old' });
    expect(where(test).folders).toEqual(['Lab', 'Lab/Web', 'Lab/Web/Old']);
    expect((await refusal(test.call('folder.create', { folder: 'lab/web' }))).code).toBe('exists');
  });

  test('take VMs in, also where they were not made before, written as they are', async () => {
    const test = await withVm();
    await test.call('folder.create', { folder: 'Lab' });
    await test.call('vm.move', { vm: 'web', folder: 'LAB/Web' });
    expect(where(test)).toEqual({ folders: ['Lab', 'Lab/Web'], vms: ['Lab/Web:web'] });
    await test.call('vm.move', { vm: 'web', folder: '' });
    expect(where(test).vms).toEqual([':web']);
  });

  test('are renamed and moved with all that is in them', async () => {
    const test = await withVm();
    await test.call('vm.move', { vm: 'web', folder: 'Lab/Web' });
    await test.call('folder.create', { folder: 'Labor' });
    await test.call('folder.rename', { folder: 'Lab', to: 'Old/Lab 2' });
    expect(where(test)).toEqual({
      folders: ['Labor', 'Old', 'Old/Lab 2', 'Old/Lab 2/Web'],
      vms: ['Old/Lab 2/Web:web'],
    });
    await test.call('folder.rename', { folder: 'old', to: 'OLD' });
    expect(where(test).vms).toEqual(['OLD/Lab 2/Web:web']);
  });

  test('are deleted without what is in them, which moves up', async () => {
    const test = await withVm();
    await test.call('vm.move', { vm: 'web', folder: 'Lab/Web/New' });
    await test.call('folder.create', { folder: 'Lab/New' });
    await test.call('folder.delete', { folder: 'Lab/Web' });
    expect(where(test)).toEqual({ folders: ['Lab', 'Lab/New'], vms: ['Lab/New:web'] });
    await test.call('folder.delete', { folder: 'Lab' });
    expect(where(test)).toEqual({ folders: ['New'], vms: ['New:web'] });
    await test.call('folder.delete', { folder: 'New' });
    expect(where(test)).toEqual({ folders: [], vms: [':web'] });
  });

  test.each([
    ['folder.create', { folder: 'a//b' }, 'usage', /a folder name is made of/],
    ['folder.create', { folder: '' }, 'usage', /at least one character/],
    ['folder.create', { folder: 'a/b/c/d/e/f' }, 'usage', /at most 5 deep/],
    ['folder.create', { folder: `a${'b'.repeat(64)}` }, 'usage', /at most 64 characters/],
    ['folder.rename', { folder: 'Lab', to: 'Lab/Web/Lab' }, 'usage', /cannot be put into itself/],
    ['folder.rename', { folder: 'Lab', to: 'x/y/z/a/b' }, 'usage', /at most 5 deep/],
    ['folder.rename', { folder: 'Lab', to: 'Other' }, 'exists', /already a folder "Other"/],
    ['folder.rename', { folder: 'none', to: 'x' }, 'notFound', /no folder "none"/],
    ['folder.delete', { folder: 'none' }, 'notFound', /no folder "none"/],
    ['vm.move', { vm: 'none', folder: 'Lab' }, 'notFound', /no VM "none"/],
  ] as const)('%s with %j is refused (%s)', async (command, args, code, words) => {
    const test = await withVm();
    await test.call('folder.create', { folder: 'Lab/Web' });
    await test.call('folder.create', { folder: 'Other' });
    const before = where(test);
    const error = await refusal(test.call(command as CommandName, args as never));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(words)]);
    expect(where(test)).toEqual(before);
  });

  test('have a limit', async () => {
    const test = await withVm();
    for (let number = 0; number < FOLDERS_MAX; number++) test.fleet.folders.create(`f${number}`);
    expect((await refusal(test.call('vm.move', { vm: 'web', folder: 'one more' }))).code).toBe('refused');
    expect((await refusal(test.call('folder.create', { folder: 'one more' }))).code).toBe('refused');
  });
});

describe('what a VM is made of', () => {
  test('is changed while it is off, and stays changed', async () => {
    const test = await withVm();
    const iso = path.join(test.dataFolder, 'disc.iso');
    writeFileSync(iso, Buffer.alloc(2048 * 20, 1));
    const view = await test.call('vm.edit', { vm: 'web', memoryMB: 256, cmdline: 'quiet', diskBytes: 2 ** 20 });
    expect(view).toMatchObject({ hardware: { memoryMB: 256, cmdline: 'quiet', files: { hda: expect.any(String) } } });
    const { record } = test.fleet.vm('web');
    expect(existsSync(record.config.hda ?? '')).toBe(true);
    const after = await test.call('vm.edit', { vm: 'web', hda: null, cmdline: null });
    expect(after).toMatchObject({ hardware: { files: {}, cmdline: null } });
    expect(existsSync(record.config.hda ?? '')).toBe(true);
    expect(test.fleet.events.list({ limit: 10 }).map(({ kind }) => kind)).toContain('vm.edited');
  });

  test('is renamed also while it runs, and found by its new name', async () => {
    const test = await withVm();
    await test.call('power.on', { vm: 'web' });
    await test.call('vm.edit', { vm: 'web', name: 'Web 2' });
    expect(await test.call('vm.show', { vm: 'web 2' })).toMatchObject({ name: 'Web 2', power: 'on' });
    expect((await refusal(test.call('vm.edit', { vm: 'Web 2', memoryMB: 64 }))).message).toMatch(/while it is off/);
    await test.call('power.off', { vm: 'Web 2' });
  });

  test.each([
    [{}, 'usage', /Say what to change/],
    [{ name: 'mail' }, 'exists', /already a VM "mail"/],
    [{ memoryMB: 5 }, 'usage', /at least 16 MB/],
    [{ bzimage: '/none' }, 'usage', /is a sample/],
    [{ hda: '/nowhere/disk.img' }, 'refused', /disk\.img/],
    [{ hda: '/x', diskBytes: 512 }, 'usage', /one hard disk/],
    [{ diskBytes: 2 ** 20, cdrom: '/nowhere/disc.iso' }, 'refused', /disc\.iso/],
  ] as const)('%j is refused (%s), and nothing is changed', async (changes, code, words) => {
    const test = await withVm();
    await test.call('vm.create', { name: 'mail', sample: 'linux' });
    const before = await test.call('vm.show', { vm: 'web' });
    const error = await refusal(test.call('vm.edit', { vm: 'web', ...changes }));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(words)]);
    expect(await test.call('vm.show', { vm: 'web' })).toEqual(before);
    const disks = path.join(test.dataFolder, 'disks');
    expect(existsSync(disks) ? readdirSync(disks) : []).toEqual([]);
  });
});
