/**
 * Powered on with Fault Tolerance turned on: the secondary is built beside its primary and has the log from the first
 * instruction, so a guest may lose its primary while it boots.
 */
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { VmView } from '../../preload/contract/contract.ts';
import { TestHost } from '../support/host.ts';
import { isoWith } from '../support/iso.ts';

const host = new TestHost();
const file = (name: string): string => path.join(host.dataFolder, name);

beforeAll(async () => {
  await host.start();
});

afterAll(async () => {
  await host.stop();
  host.remove();
});

async function create(name: string, ...words: string[]): Promise<void> {
  await host.json('vm', 'create', name, '--sample', 'linux', ...words);
  // Tests share two cores: silence is no sign of death here, a closed channel is.
  await host.json('vm', 'set', name, 'failureTimeoutMs=5000');
  await host.json('ft', 'on', name);
}

const kinds = async (name: string): Promise<string[]> => (await host.events(name)).map(({ kind }) => kind);

test('a guest with a disc and a floppy goes on booting when its primary is killed', { timeout: 240_000 }, async () => {
  writeFileSync(file('disc.iso'), isoWith('disc', 'read after the failover'));
  writeFileSync(file('floppy.img'), Buffer.alloc(1_474_560, 7));
  await create('booting', '--cdrom', file('disc.iso'), '--fda', file('floppy.img'), '--boot', 'hda');
  await host.json('power', 'on', 'booting');
  const { primary } = await host.waitFor('booting', 'protected');
  process.kill(primary?.pid ?? 0, 'SIGKILL');
  const serial = host.attach('booting');
  await serial.until(/:~# $/);
  serial.write(
    'modprobe -a sr_mod isofs; until [ -b /dev/sr0 ]; do sleep 0.1; done; mount /dev/sr0 /mnt; cat /mnt/*\n',
  );
  await serial.until(/read after the failover/);
  await serial.close();
  await host.waitFor('booting', 'protected');
  const happened = await kinds('booting');
  expect(happened.filter((kind) => kind === 'ft.failover')).toHaveLength(1);
  for (const bad of ['ft.startFailed', 'ft.divergence']) expect(happened).not.toContain(bad);
  await host.json('power', 'off', 'booting');
});

test('a secondary that dies while it is built is replaced', { timeout: 120_000 }, async () => {
  await create('replaced');
  const on = host.json('power', 'on', 'replaced');
  await expect.poll(async () => (await host.status('replaced')).secondary?.pid ?? 0).toBeGreaterThan(0);
  const { secondary } = await host.status('replaced');
  process.kill(secondary?.pid ?? 0, 'SIGKILL');
  await on;
  const after = await host.waitFor('replaced', 'protected');
  expect(after.secondary?.pid).not.toBe(secondary?.pid);
  await host.json('power', 'off', 'replaced');
});

test('disks of their own are made equal then, too', { timeout: 240_000 }, async () => {
  await create('separate', '--disk-size', '64M');
  await host.json('vm', 'set', 'separate', 'diskMode=separate');
  await host.json('power', 'on', 'separate');
  const { primary } = await host.waitFor('separate', 'protected');
  process.kill(primary?.pid ?? 0, 'SIGKILL');
  const serial = host.attach('separate');
  await serial.until(/:~# $/);
  await serial.close();
  await host.waitFor('separate', 'protected');
  expect(await kinds('separate')).not.toContain('ft.startFailed');
  await host.json('power', 'off', 'separate');
});

test('a VM that cannot be powered on says why, and leaves no replica', { timeout: 120_000 }, async () => {
  writeFileSync(file('gone.iso'), isoWith('disc', 'gone'));
  await create('broken', '--cdrom', file('gone.iso'));
  rmSync(file('gone.iso'));
  const refused = await host.run('power', 'on', 'broken');
  expect([refused.status === 0, refused.stderr]).toEqual([false, expect.stringContaining('gone.iso')]);
  const { power, ft } = (await host.json<VmView[]>('vm', 'list')).find(({ name }) => name === 'broken') as VmView;
  expect([power, ft.primary, ft.secondary]).toEqual(['off', null, null]);
});
