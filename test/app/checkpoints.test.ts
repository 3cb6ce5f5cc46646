/**
 * Automatic checkpoints of a real, protected VM whose host is killed: it goes on from the last one, memory and disk.
 */
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { guestLibrary } from '../../main/paths.ts';
import type { CheckpointView, VmView } from '../../preload/contract/contract.ts';
import { isAlive, TestHost, type SerialProgram } from '../support/host.ts';

const host = new TestHost();
let raw = '';

beforeAll(async () => {
  await host.start();
  raw = path.join(host.dataFolder, 'raw.img');
  copyFileSync(path.join(path.dirname(guestLibrary().bios), 'data.img'), raw);
});

afterAll(async () => {
  await host.stop();
  host.remove();
});

/** Writes a word into memory, into a file in memory, and to the disk. */
async function remember(serial: SerialProgram, word: string): Promise<void> {
  serial.write(
    `remembered=${word}; echo ${word} > /tmp/word; echo ${word} > /mnt/word; sync; echo ${word} wri""tten\n`,
  );
  await serial.until(new RegExp(`${word} written`));
}

test('a protected VM whose host is killed goes on from its last checkpoint, and is Protected', {
  timeout: 360_000,
}, async () => {
  const name = 'carry on';
  await host.json('vm', 'create', name, '--sample', 'linux', '--hda', raw, '--checkpoint-minutes', '60');
  // Tests share two cores: silence is no sign of death here, a closed channel is.
  await host.json('vm', 'set', name, 'failureTimeoutMs=5000', 'checkpoint-minutes=30');
  await host.call('power.on', { vm: name });
  let serial = host.attach(name);
  await serial.until(/:~# $/);
  serial.write('until grep -q /mnt /proc/mounts; do sleep 0.1; done; echo mount""ed\n');
  await serial.until(/mounted/);
  await host.call('ft.on', { vm: name });
  await host.call('ft.wait', { vm: name, for: 'protected' });
  await remember(serial, 'first');
  await host.json('checkpoint', 'take', name);
  await remember(serial, 'second');
  const taken = await host.json<CheckpointView>('checkpoint', 'take', name);
  await remember(serial, 'third');
  const before = await host.json<VmView>('vm', 'show', name);
  expect(before).toMatchObject({ checkpointMinutes: 30, checkpoint: { hash: taken.hash, ranUntil: null } });
  expect(before.snapshots).toBeUndefined();
  await serial.close();

  await host.stop('SIGKILL');
  for (const { pid } of [before.ft.primary, before.ft.secondary].map((place) => place ?? { pid: 0 })) {
    await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
  }
  await host.start();
  const lost = await host.json<VmView>('vm', 'show', name);
  expect(lost).toMatchObject({ power: 'off', note: expect.stringMatching(/unexpectedly/) });
  expect(lost.checkpoint?.hash).toBe(taken.hash);
  expect(lost.checkpoint?.ranUntil).toBeGreaterThanOrEqual(taken.at);
  const unasked = await host.run('checkpoint', 'resume', name);
  expect(unasked.status).toBe(1);
  expect(unasked.stderr).toMatch(/automatic checkpoint of .* ago\)[\s\S]*memory and disk[\s\S]*Add --yes/);
  const resumed = await host.json<VmView>('checkpoint', 'resume', name, '--yes');
  expect([resumed.power, resumed.note]).toEqual(['on', null]);
  const events = await host.events(name);
  const hashOf = (kind: string): unknown => events.findLast((event) => event.kind === kind)?.data['hash'];
  expect([hashOf('power.resumed'), hashOf('checkpoint.resumed')]).toEqual([taken.hash, taken.hash]);
  serial = host.attach(name);
  serial.write('\necho 3 > /proc/sys/vm/drop_caches; echo has $remembered $(cat /tmp/word /mnt/word) e""nd\n');
  expect(await serial.until(/has .* end/)).toContain('has second second second end');
  await host.call('ft.wait', { vm: name, for: 'protected' });
  await serial.close();

  // A run that ends in an orderly way needs no checkpoint; what the disk is made of is whole.
  await host.call('power.off', { vm: name });
  const off = await host.call('vm.show', { vm: name });
  expect([off.checkpoint, off.note]).toEqual([undefined, null]);
  const folder = path.join(host.dataFolder, 'states', off.id);
  // Neither state nor layer stays: all that was written is in the user's own file again.
  await expect.poll(() => readdirSync(folder), { timeout: 60_000 }).toEqual([]);
  await expect.poll(async () => (await host.call('vm.show', { vm: name })).diskFiles).toBeUndefined();
  expect(readFileSync(raw).includes('second\n')).toBe(true);
});
