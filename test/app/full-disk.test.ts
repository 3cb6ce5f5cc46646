/**
 * A data folder whose file system is full, with real VMs in it: nothing is lost, the VM stands still and goes on, and
 * what does not fit leaves nothing behind.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { VmView } from '../../preload/contract/contract.ts';
import { TestHost, type SerialProgram } from '../support/host.ts';
import { SmallDisk } from '../support/small-disk.ts';

const MINUTES = 60_000;
const SMALL_MIB = 320;
const DISK_MIB = 96;

function disk(folder: string, name: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, '');
  truncateSync(file, DISK_MIB * 2 ** 20);
  execFileSync('mkfs.ext4', ['-q', '-F', file]);
  return file;
}

describe.skipIf(!SmallDisk.possible)('on a full disk (a small tmpfs, which takes root)', () => {
  let small: SmallDisk;
  let host: TestHost;
  let serial: SerialProgram;

  beforeAll(async () => {
    small = new SmallDisk(SMALL_MIB);
    host = new TestHost(small.folder);
    await host.start();
  });

  afterEach(() => small.empty());

  afterAll(async () => {
    await host.stop();
    small.remove();
  });

  const until = (check: () => boolean | Promise<boolean>): Promise<void> =>
    vi.waitFor(async () => expect(await check()).toBe(true), { timeout: 3 * MINUTES, interval: 20 });
  const show = (vm: string): Promise<VmView> => host.call('vm.show', { vm });
  const kinds = async (vm: string): Promise<string[]> =>
    (await host.call('event.list', { vm, limit: 500 })).map(({ kind }) => kind);

  async function boot(name: string, hda: string): Promise<void> {
    await host.json('vm', 'create', name, '--sample', 'linux', '--memory', '72', '--hda', hda);
    // Tests share two cores: silence is no sign of death here.
    await host.call('vm.set', { vm: name, failureTimeoutMs: 10_000 });
    await host.call('power.on', { vm: name });
    serial = host.attach(name);
    await serial.until(/:~# $/, 3 * MINUTES);
    serial.write('until grep -q /mnt /proc/mounts; do sleep 0.1; done; echo mount""ed\n');
    await serial.until(/mounted/, 3 * MINUTES);
  }

  /** The guest writes some megabytes, syncs them, and says what they are when it has read them back. */
  const WRITE =
    'for i in 1 2 3 4 5 6 7 8; do cat /bin/busybox; done > /tmp/a; md5sum < /tmp/a; cp /tmp/a /mnt/a; sync; ' +
    'echo 3 > /proc/sys/vm/drop_caches; md5sum < /mnt/a; dmesg | grep -ci "i/o error"; echo wri""tten\n';

  async function wroteWell(): Promise<void> {
    const said = await serial.until(/written/, 3 * MINUTES);
    const [before, after] = [...said.matchAll(/([0-9a-f]{32}) {2}-/g)].map(([, sum]) => sum);
    expect([after, /\n(\d+)\r?\nwritten/.exec(said)?.[1]]).toEqual([before, '0']);
  }

  test.each([
    ['separate', 'raw'],
    ['shared', 'lsd'],
  ] as const)(
    'a protected guest with a disk that is %s and %s waits for room, and loses nothing',
    async (mode, format) => {
      const name = `${mode}-${format}`;
      let hda = disk(small.folder, `${name}.img`);
      if (format === 'lsd') {
        await host.call('disk.import', { source: hda, file: `${hda}.lsd` });
        hda = `${hda}.lsd`;
      }
      await boot(name, hda);
      await host.call('vm.set', { vm: name, diskMode: mode });
      await host.call('ft.on', { vm: name });
      await host.call('ft.wait', { vm: name, for: 'protected', timeoutSeconds: 180 });
      const replicas = async (): Promise<unknown[]> => {
        const { primary, secondary } = await host.call('ft.status', { vm: name });
        return [primary?.pid, secondary?.pid];
      };
      const before = await replicas();
      small.fill(1 << 20);
      serial.write(WRITE);
      await until(async () => (await show(name)).power === 'paused');
      const { noRoom, alarms } = await show(name);
      expect(noRoom).toMatchObject({ folder: small.folder, freeBytes: expect.any(Number) });
      expect(alarms.worst).toBe('error');
      expect((await host.run('vm', 'show', name)).stdout).toMatch(/No room in +.*: it goes on when there is/);
      // Resuming it is no use, and says so; nor does it end what runs.
      await expect(host.call('power.resume', { vm: name })).rejects.toThrow(/does not go on yet: There is no room in/);
      expect(await replicas()).toEqual(before);
      small.empty();
      await until(async () => (await show(name)).power === 'on');
      await wroteWell();
      expect((await show(name)).noRoom).toBeUndefined();
      const happened = await kinds(name);
      expect(happened.filter((kind) => ['disk.full', 'disk.room'].includes(kind)).slice(0, 2)).toEqual([
        'disk.full',
        'disk.room',
      ]);
      expect(happened.filter((kind) => ['disk.error', 'ft.divergence', 'power.lost'].includes(kind))).toEqual([]);
      await host.call('ft.wait', { vm: name, for: 'protected', timeoutSeconds: 180 });
      await serial.close();
      await host.call('power.off', { vm: name });
    },
    8 * MINUTES,
  );

  test(
    'what does not fit leaves the VM running and no file behind',
    async () => {
      const name = 'fits';
      await boot(name, disk(small.folder, 'fits.img'));
      const { id } = await show(name);
      const states = (): string[] => {
        try {
          return readdirSync(path.join(small.folder, 'states', id)).filter((file) => !file.startsWith('top-'));
        } catch {
          return [];
        }
      };
      const recording = path.join(small.folder, 'recording.lockrec');
      await host.call('record.start', { vm: name, file: recording });
      const source = path.join(small.folder, 'source.img');
      writeFileSync(source, randomBytes(8 << 20));
      small.fill(2 << 20);
      await expect(host.call('snapshot.take', { vm: name, name: 'no' })).rejects.toThrow(/no room in/);
      await expect(host.call('power.suspend', { vm: name })).rejects.toThrow(/no room in/);
      await until(async () => (await show(name)).power === 'on');
      expect((await show(name)).suspended).toBeUndefined();
      expect(await host.call('snapshot.list', { vm: name })).toEqual([]);
      expect(states()).toEqual([]);
      const copy = path.join(small.folder, 'copy.lsd');
      await expect(host.call('disk.import', { source, file: copy })).rejects.toThrow(/ENOSPC|no room/);
      expect(readdirSync(small.folder).filter((file) => file.includes('copy'))).toEqual([]);
      // A recording ends, the guest does not.
      small.fill();
      await until(async () => (await kinds(name)).includes('record.failed'));
      serial.write('echo still ""here\n');
      await serial.until(/still here/, MINUTES);
      // Commands are answered and written down, whatever they are, and the host lives.
      for (let count = 0; count < 300; count += 1) await host.call('vm.set', { vm: name, hashIntervalEpochs: 1000 });
      small.empty();
      expect((await host.call('event.list', { vm: name, limit: 5 })).length).toBe(5);
      const taken = await host.call('snapshot.take', { vm: name, name: 'yes' });
      await host.call('power.suspend', { vm: name });
      await host.call('power.resume', { vm: name });
      expect(await host.call('snapshot.list', { vm: name })).toMatchObject([{ id: taken.id }]);
      await serial.close();
      await host.call('power.off', { vm: name });
      for (const file of (await show(name)).diskFiles ?? []) {
        expect((await host.call('disk.check', { file, repair: false })).problems).toEqual([]);
      }
    },
    8 * MINUTES,
  );
});
