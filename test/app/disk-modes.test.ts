/**
 * The other modes of a pair's disks (Scales et al., 2010, sections 4.1 and 4.2), end to end: real processes, an ext4
 * file system under write load, the primary killed again and again. What the guest was told is on its disk is there.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guestLibrary } from '../../main/paths.ts';
import type { VmView } from '../../preload/contract/contract.ts';
import { TestHost, type SerialProgram } from '../support/host.ts';
import { interrupt } from '../support/interrupt.ts';

/** An odd number: where each replica has its own disk, the copy is the true one in the end. */
const KILLS = 3;
/** Writes a file, waits for the disk, forgets it, and reads it back from the disk: so reads are under load too. */
const LOAD =
  'i=0; while :; do dd if=/dev/urandom of=/mnt/f$((i%8)) bs=4k count=20 2>/dev/null; sync; ' +
  'echo 3 > /proc/sys/vm/drop_caches; echo "synced $i $(md5sum < /mnt/f$((i%8)))"; i=$((i+1)); done\n';

const host = new TestHost();

beforeAll(async () => {
  await host.start();
});

afterAll(async () => {
  await host.stop();
  host.remove();
});

/** A Linux guest with a disk of its own, mounted. */
async function powerOn(name: string): Promise<SerialProgram> {
  await host.json('power', 'on', name);
  const serial = host.attach(name);
  await serial.until(/:~# $/);
  serial.write('until grep -q /mnt /proc/mounts; do sleep 0.1; done; echo mount""ed\n');
  await serial.until(/mounted/);
  return serial;
}

/** What the guest said is on its disk, in order. */
function synced({ output }: Pick<SerialProgram, 'output'>): { number: number; md5: string }[] {
  return [...output().matchAll(/^synced (\d+) ([0-9a-f]{32})/gm)].map((match) => ({
    number: Number(match[1]),
    md5: match[2] ?? '',
  }));
}

/** Kills the primary while the guest writes, and waits until it is Protected again. */
async function killPrimary(name: string, serial: SerialProgram): Promise<void> {
  const before = await host.waitFor(name, 'protected');
  const count = synced(serial).length;
  await expect.poll(() => synced(serial).length, { timeout: 60_000 }).toBeGreaterThan(count + 3);
  process.kill(before.primary?.pid ?? 0, 'SIGKILL');
  await expect.poll(() => synced(serial).length, { timeout: 60_000 }).toBeGreaterThan(count + 7);
  await host.waitFor(name, 'protected');
}

function expectClean(image: string): void {
  const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  const checked = spawnSync('e2fsck', ['-fn', image], { env: { ...process.env, PATH }, encoding: 'utf8' });
  expect([checked.status, checked.stdout], checked.stderr).toEqual([0, expect.any(String)]);
}

describe.each([
  ['shared', 'backup'],
  ['separate', 'log'],
  ['separate', 'backup'],
] as const)('disks that are %s, with what is read in the %s', (diskMode, diskReads) => {
  const name = `${diskMode}-${diskReads}`;
  const image = path.join(host.dataFolder, `${name}.img`);
  const copies = path.join(host.dataFolder, 'datastore', 'disks');
  const copy = (): string => path.join(copies, readdirSync(copies).at(-1) ?? '');
  let serial: SerialProgram;
  let lines: { number: number; md5: string }[] = [];

  afterAll(() => serial?.close());

  test('outlive their primaries: nothing that was synced is lost', { timeout: 300_000 }, async () => {
    copyFileSync(path.join(path.dirname(guestLibrary().bios), 'data.img'), image);
    await host.json('vm', 'create', name, '--sample', 'linux', '--hda', image);
    // Tests share two cores: silence is no sign of death here, a closed channel is.
    await host.json('vm', 'set', name, 'failureTimeoutMs=5000', `diskMode=${diskMode}`, `diskReads=${diskReads}`);
    serial = await powerOn(name);
    await host.json('ft', 'on', name);
    await host.waitFor(name, 'protected');
    serial.write(LOAD);
    for (let kill = 0; kill < KILLS; kill++) await killPrimary(name, serial);
    await interrupt(serial);
    lines = synced(serial);
    // Where Ctrl+C met a command and not the loop, that round has no line.
    const [before = ''] = serial.output().split('^C');
    const whole = synced({ output: () => before });
    expect(whole.map(({ number }) => number)).toEqual(whole.map((_, index) => index));
    serial.write('dmesg | grep -ciE "ext4.*(error|corrupt)|I/O error"; umount /mnt; echo um""ounted\n');
    expect(await serial.until(/umounted/)).toMatch(/\n0\r?\n[\s\S]*umounted/);
    const kinds = (await host.events(name)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'disk.error' || kind === 'ft.divergence')).toEqual([]);
  });

  test('are whole after a power-off, and the true one is the file of the user', { timeout: 60_000 }, async () => {
    await host.waitFor(name, 'protected');
    const { currentDisk } = await host.json<VmView>('vm', 'show', name);
    expect(currentDisk).toBe(diskMode === 'separate' ? copy() : undefined);
    await host.json('power', 'off', name);
    await serial.close();
    expect((await host.json<VmView>('vm', 'show', name)).currentDisk).toBeUndefined();
    expectClean(image);
    if (diskMode === 'separate') expect(readFileSync(copy()).equals(readFileSync(image))).toBe(true);
  });

  test('hold what the guest was told they hold', { timeout: 120_000 }, async () => {
    serial = await powerOn(name);
    const last = lines.at(-1)?.number ?? 0;
    for (const { number, md5 } of lines.slice(-7, -1)) {
      // The round after the last may be half written.
      if (number % 8 === (last + 1) % 8) continue;
      serial.write(`echo "read ${number} $(md5sum < /mnt/f${number % 8})"\n`);
      expect(await serial.until(new RegExp(`read ${number} [0-9a-f]{32}`))).toContain(`read ${number} ${md5}`);
    }
    await host.json('power', 'off', name);
    await host.json('vm', 'delete', name);
    expect(existsSync(copies) ? readdirSync(copies) : []).toEqual([]);
  });
});
