/**
 * A guest on a disk of our own format, an overlay on an imported one, through failovers: with a disk that both share
 * the survivor sees what the killed primary had written, map and all.
 */
import { copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { guestLibrary } from '../../main/paths.ts';
import type { DiskCheckView, DiskView, VmView } from '../../preload/contract/contract.ts';
import { TestHost, type SerialProgram } from '../support/host.ts';

const host = new TestHost();
let raw = '';
let base = '';

beforeAll(async () => {
  await host.start();
  [raw, base] = [path.join(host.dataFolder, 'raw.img'), path.join(host.dataFolder, 'base.lsd')];
  copyFileSync(path.join(path.dirname(guestLibrary().bios), 'data.img'), raw);
  await host.call('disk.import', { source: raw, file: base });
});

afterAll(async () => {
  await host.stop();
  host.remove();
});

/** Writes a file, waits for the disk, and reads it back from the disk. */
const round = (count: number): string =>
  `dd if=/dev/urandom of=/mnt/f${count} bs=4k count=60 2>/dev/null; sync; md5sum < /mnt/f${count} > /mnt/s${count}; ` +
  `sync; echo 3 > /proc/sys/vm/drop_caches; echo "round ${count} $(md5sum < /mnt/f${count})"\n`;

async function killPrimary(name: string, serial: SerialProgram, count: number): Promise<void> {
  const { primary } = await host.call('ft.wait', { vm: name, for: 'protected' });
  serial.write(round(count));
  await serial.until(new RegExp(`round ${count} [0-9a-f]{32}`));
  // Unsynced, and in the middle of it: the survivor issues it again.
  serial.write(`dd if=/dev/zero of=/mnt/z${count} bs=4k count=200 2>/dev/null; sync; echo zeros ${count} do""ne\n`);
  process.kill(primary?.pid ?? 0, 'SIGKILL');
  await serial.until(new RegExp(`zeros ${count} done`));
  serial.write(`echo 3 > /proc/sys/vm/drop_caches; echo "again ${count} $(md5sum < /mnt/f${count})"\n`);
  const output = await serial.until(new RegExp(`again ${count} [0-9a-f]{32}`));
  const md5 = new RegExp(`round ${count} ([0-9a-f]{32})`).exec(output)?.[1];
  expect(output).toContain(`again ${count} ${md5}`);
}

test.each(['shared', 'separate'] as const)(
  'an overlay that is %s holds what the guest was told it holds',
  {
    timeout: 240_000,
  },
  async (diskMode) => {
    const name = `on-${diskMode}`;
    const file = path.join(host.dataFolder, `${name}.lsd`);
    await host.call('disk.create', { file, parent: base });
    await host.call('vm.create', { name, sample: 'linux', hda: file });
    // Tests share two cores: silence is no sign of death here, a closed channel is.
    await host.call('vm.set', { vm: name, failureTimeoutMs: 5000, diskMode, diskReads: 'backup' });
    await host.call('power.on', { vm: name });
    const serial = host.attach(name);
    await serial.until(/:~# $/);
    serial.write('until grep -q /mnt /proc/mounts; do sleep 0.1; done; echo mount""ed\n');
    await serial.until(/mounted/);
    await expect(host.call('disk.compact', { file })).rejects.toThrow(/is running and uses/);
    await host.call('ft.on', { vm: name });
    await killPrimary(name, serial, 0);
    await host.call('ft.wait', { vm: name, for: 'protected' });
    serial.write('dmesg | grep -ciE "ext4.*(error|corrupt)|I/O error"; umount /mnt; echo um""ounted\n');
    expect(await serial.until(/umounted/)).toMatch(/\n0\r?\n[\s\S]*umounted/);
    const kinds = (await host.events(name)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'disk.error' || kind === 'ft.divergence')).toEqual([]);
    await host.call('power.off', { vm: name });
    await serial.close();
    const { problems } = await host.json<DiskCheckView>('disk', 'check', file);
    expect(problems).toEqual([]);
    const info = await host.json<DiskView>('disk', 'info', file);
    expect(info).toMatchObject({ bytes: readFileSync(raw).length, chain: [file, base], vms: [name] });
    expect((await host.call('vm.show', { vm: name })).currentDisk).toBeUndefined();
  },
);

test('a VM is made with a thin disk of its own', async () => {
  const made = await host.json<VmView>('vm', 'create', 'thin', '--sample', 'linux', '--disk-size', '4G');
  const info = await host.json<DiskView>('disk', 'info', made.hardware.files.hda ?? '');
  expect(info).toMatchObject({ format: 'lsd', bytes: 4 * 2 ** 30, vms: ['thin'] });
  expect(info.diskBytes).toBeLessThan(1 << 20);
  const twice = await host.run('vm', 'create', 'two', '--sample', 'linux', '--disk-size', '4G', '--hda', base);
  expect([twice.status, twice.stderr]).toEqual([2, expect.stringMatching(/leave out either --hda or --disk-size/)]);
});
