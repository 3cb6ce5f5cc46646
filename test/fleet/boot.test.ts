// From what a VM is started, as it is asked for, kept and shown: boot order, Multiboot kernels, video memory.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { VmView } from '../../preload/contract/contract.ts';
import { openFleet } from '../support/fleet.ts';
import { temporaryFolder } from '../support/folder.ts';
import { makeFile, makeKernel } from '../support/guests.ts';

/** A file of 16 KiB with a Multiboot header at this place, unless something of it is wrong. */
function multiboot(name: string, at = 4096, flags = 3, checksum = -(0x1bad_b002 + flags) >>> 0): string {
  const file = path.join(temporaryFolder(), name);
  const bytes = Buffer.alloc(16_384);
  for (const [place, word] of [0x1bad_b002, flags, checksum].entries()) bytes.writeUInt32LE(word, at + place * 4);
  writeFileSync(file, bytes);
  return file;
}

test('boot order and video memory are kept, shown, changed, cloned, exported, and told to the replica', async () => {
  const { call, processes } = openFleet();
  const cdrom = makeFile(path.join(temporaryFolder(), 'a.iso'), 64 << 10);
  const set = { bootOrder: ['cdrom', 'hda'], vgaMemoryMB: 16 } as const;
  const made = await call('vm.create', { name: 'web', cdrom, bootOrder: ['cdrom', 'hda'], vgaMemoryMB: 16 });
  expect(made.hardware).toMatchObject(set);
  await call('power.on', { vm: 'web' });
  expect(processes.last('boot').gotOf('boot')[0]?.spec).toMatchObject(set);
  await call('power.off', { vm: 'web' });
  expect((await call('vm.clone', { vm: 'web', name: 'copy' })).hardware).toMatchObject(set);
  const file = path.join(temporaryFolder(), 'web.lockstep');
  await call('vm.export', { vm: 'web', file });
  expect((await call('vm.import', { file, name: 'third' })).hardware).toMatchObject(set);
  const usual = (await call('vm.edit', { vm: 'web', bootOrder: null, vgaMemoryMB: null })).hardware;
  expect([usual.bootOrder, usual.vgaMemoryMB]).toEqual([undefined, undefined]);
  await call('power.on', { vm: 'web' });
  expect(processes.last('boot').gotOf('boot')[0]?.spec.vgaMemoryMB).toBe(8);
});

test('an order that names a drive twice, and memory that no card has, are refused in words', async () => {
  const { call } = openFleet();
  const edit = async (change: object): Promise<VmView> => call('vm.edit', { vm: 'web', ...change });
  await call('vm.create', { name: 'web', sample: 'test' });
  await expect(edit({ bootOrder: ['hda', 'hda'] })).rejects.toThrow(/names drives, each once: hda, cdrom, fda/);
  await expect(edit({ bootOrder: ['net'] })).rejects.toThrow(/names drives, each once/);
  await expect(edit({ bootOrder: [] })).rejects.toThrow(/names drives, each once/);
  await expect(edit({ vgaMemoryMB: 12 })).rejects.toThrow(/video memory is 1, 2, 4, 8, 16, 32, 64 MB/);
});

test('a Multiboot kernel is looked at before a VM is made of it', async () => {
  const { call, processes } = openFleet();
  const file = multiboot('kernel');
  const made = await call('vm.create', { name: 'game', multiboot: file });
  expect(made.hardware).toMatchObject({ guest: 'Multiboot kernel', files: { multiboot: file } });
  await call('power.on', { vm: 'game' });
  expect(processes.last('boot').gotOf('boot')[0]?.spec.files.multiboot).toBe(file);
  const refused = (name: string, wrong: string): Promise<unknown> => call('vm.create', { name, multiboot: wrong });
  await expect(refused('late', multiboot('late', 8192))).rejects.toThrow(/no Multiboot header in its first 8 KB/);
  await expect(refused('sum', multiboot('sum', 4096, 3, 1))).rejects.toThrow(/no Multiboot header/);
  await expect(refused('flags', multiboot('flags', 4096, 0x20))).rejects.toThrow(
    /asks its loader for what there is not/,
  );
  const bzimage = makeKernel(path.join(temporaryFolder(), 'bzimage'));
  await expect(call('vm.create', { name: 'two', multiboot: file, bzimage })).rejects.toThrow(/started from one kernel/);
  await expect(call('vm.create', { name: 'three', multiboot: file, sample: 'linux' })).rejects.toThrow(
    /brings its own/,
  );
  expect((await call('vm.list', {})).map(({ name }) => name)).toEqual(['game']);
});
