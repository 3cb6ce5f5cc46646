/**
 * Snapshots and suspended states of real VMs, also while Fault Tolerance is on: memory and disk of one moment, whoever
 * is killed.
 */
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { guestLibrary } from '../../main/paths.ts';
import type { DiskCheckView, SnapshotView, VmView } from '../../preload/contract/contract.ts';
import { TestHost, type SerialProgram } from '../support/host.ts';

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

async function mounted(serial: SerialProgram): Promise<void> {
  await serial.until(/:~# $/);
  serial.write('until grep -q /mnt /proc/mounts; do sleep 0.1; done; echo mount""ed\n');
  await serial.until(/mounted/);
}

/** Its hash as the event of the restoring says: computed of the machine that was restored. */
async function restoredHash(name: string): Promise<unknown> {
  const events = await host.events(name);
  return events.findLast(({ kind }) => kind === 'power.resumed')?.data['hash'];
}

test('a protected VM is taken back to a snapshot, whole, and is Protected again', { timeout: 240_000 }, async () => {
  const name = 'taken';
  await host.call('vm.create', { name, sample: 'linux', hda: raw });
  // Tests share two cores: silence is no sign of death here, a closed channel is.
  await host.call('vm.set', { vm: name, failureTimeoutMs: 5000 });
  await host.call('power.on', { vm: name });
  let serial = host.attach(name);
  await mounted(serial);
  await host.call('ft.on', { vm: name });
  await host.call('ft.wait', { vm: name, for: 'protected' });
  serial.write('echo before > /mnt/file; sync; remembered=forty-two; echo re""ady\n');
  await serial.until(/ready/);
  const base = readFileSync(raw);
  const taken = await host.json<SnapshotView>('snapshot', 'take', name, 'first', '--note', 'a note');
  expect(taken).toMatchObject({ name: 'first', note: 'a note', parent: null, current: true, disk: raw });
  serial.write('echo after > /mnt/file; echo more > /mnt/second; sync; remembered=lost; echo wri""tten\n');
  await serial.until(/written/);
  const { primary } = await host.call('ft.status', { vm: name });
  process.kill(primary?.pid ?? 0, 'SIGKILL');
  serial.write('echo 3 > /proc/sys/vm/drop_caches; cat /mnt/file; echo survi""ved\n');
  expect(await serial.until(/survived/)).toMatch(/after\r?\nsurvived/);
  await host.call('ft.wait', { vm: name, for: 'protected' });
  const second = await host.call('snapshot.take', { vm: name, name: 'second' });
  expect(second).toMatchObject({ parent: taken.id, current: true });
  await serial.close();

  await host.call('snapshot.revert', { vm: name, snapshot: 'first' });
  expect(await restoredHash(name)).toBe(taken.machine?.hash);
  serial = host.attach(name);
  serial.write('\necho 3 > /proc/sys/vm/drop_caches; cat /mnt/file; ls /mnt/second; echo value $remembered\n');
  const output = await serial.until(/value [a-z]/);
  expect(output).toMatch(/before\r?\n.*No such file[\s\S]*value forty-two/);
  await host.call('ft.wait', { vm: name, for: 'protected' });
  expect(readFileSync(raw).equals(base)).toBe(true);
  const kinds = (await host.events(name)).map(({ kind }) => kind);
  expect(kinds.filter((kind) => ['disk.error', 'ft.divergence', 'snapshot.failed'].includes(kind))).toEqual([]);
  const view = await host.json<VmView>('vm', 'show', name);
  expect(view.diskFiles?.at(-1)).toBe(raw);
  await serial.close();
  await host.call('power.off', { vm: name });
  for (const file of view.diskFiles ?? []) {
    if (file.endsWith('.lsd')) expect((await host.json<DiskCheckView>('disk', 'check', file)).problems).toEqual([]);
  }
});

test('a suspended VM goes on where it was, also in another host, and is Protected again', async () => {
  const name = 'asleep';
  await host.call('vm.create', { name, sample: 'linux' });
  await host.call('vm.set', { vm: name, failureTimeoutMs: 5000 });
  await host.call('power.on', { vm: name });
  let serial = host.attach(name);
  await serial.until(/:~# $/);
  await host.call('ft.on', { vm: name });
  await host.call('ft.wait', { vm: name, for: 'protected' });
  // It sleeps by the guest's own clock, which stands still meanwhile.
  serial.write('remembered=forty-two; (while sleep 0.2; do n=$((n+1)); echo $n > /tmp/count; done) & echo re""ady\n');
  await serial.until(/ready/);
  await host.json('power', 'suspend', name);
  const { suspended } = await host.call('vm.show', { vm: name });
  expect(suspended?.hash).toMatch(/^[0-9a-f]{64}$/);
  const refused = await host.run('nic', 'set', name, '--type', 'none');
  expect([refused.status, refused.stderr]).toEqual([1, expect.stringMatching(/is suspended/)]);
  await serial.close();
  await host.stop('SIGKILL');
  host.onExit = 'suspend';
  await host.start();
  await host.json('power', 'resume', name);
  expect(await restoredHash(name)).toBe(suspended?.hash);
  expect((await host.call('vm.show', { vm: name })).suspended).toBeUndefined();
  await host.call('ft.wait', { vm: name, for: 'protected' });
  serial = host.attach(name);
  serial.write('\nbefore=$(cat /tmp/count); sleep 1; echo value $remembered $(($(cat /tmp/count) > before))\n');
  await serial.until(/value forty-two 1/);
  await serial.close();

  // At the orderly end of a host that suspends, everything is there again afterwards.
  await host.stop();
  host.onExit = 'power-off';
  await host.start();
  expect((await host.call('vm.show', { vm: name })).suspended).toBeDefined();
  await host.stop();
  await host.start();
  await host.call('power.off', { vm: name });
  const view = await host.call('vm.show', { vm: name });
  expect([view.power, view.suspended]).toEqual(['off', undefined]);
  await expect(host.call('power.resume', { vm: name })).rejects.toThrow(/neither suspended nor paused/);
  expect(readdirSync(path.join(host.dataFolder, 'states', view.id))).toEqual([]);
}, 240_000);

test('a host that dies while a snapshot is taken or deleted loses none that was reported', async () => {
  const name = 'cutoff';
  const file = path.join(host.dataFolder, 'cutoff.img');
  copyFileSync(raw, file);
  await host.call('vm.create', { name, sample: 'linux', hda: file });
  const { id } = await host.call('vm.show', { vm: name });
  await host.call('power.on', { vm: name });
  const serial = host.attach(name);
  await mounted(serial);
  serial.write('(while true; do dd if=/dev/urandom of=/mnt/load bs=4k count=50 2>/dev/null; sync; done) &\n');
  const sure = await host.call('snapshot.take', { vm: name, name: 'sure' });
  const reported = [sure.id];
  for (const delayMs of [0, 60, 250]) {
    const taken = host.call('snapshot.take', { vm: name, name: `after ${delayMs} ms` }).then(
      (snapshot) => reported.push(snapshot.id),
      () => {},
    );
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    const gone = reported.length > 1 ? (reported.shift() as string) : null;
    const deleted = gone && host.call('snapshot.delete', { vm: name, snapshot: gone }).catch(() => {});
    await host.stop('SIGKILL');
    await Promise.all([taken, deleted]);
    await host.start();
    const ids = (await host.call('snapshot.list', { vm: name })).map((snapshot) => snapshot.id);
    expect(ids).toEqual(expect.arrayContaining(reported));
    // From there it goes on writing.
    await host.call('snapshot.revert', { vm: name, snapshot: reported.at(-1) ?? '' });
  }
  await serial.close();
  const folder = path.join(host.dataFolder, 'states', id);
  const list = await host.call('snapshot.list', { vm: name });
  for (const { disk } of list) {
    if (disk?.endsWith('.lsd')) expect((await host.json<DiskCheckView>('disk', 'check', disk)).problems).toEqual([]);
  }
  const last = list.at(-1);
  await host.call('snapshot.revert', { vm: name, snapshot: last?.id ?? '' });
  expect(await restoredHash(name)).toBe(last?.machine?.hash);
  await host.call('power.off', { vm: name });
  for (const snapshot of await host.call('snapshot.list', { vm: name })) {
    await host.call('snapshot.delete', { vm: name, snapshot: snapshot.id });
  }
  // All layers are merged into the user's file.
  const deadline = Date.now() + 60_000;
  while (readdirSync(folder).length > 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(readdirSync(folder)).toEqual([]);
  expect((await host.call('vm.show', { vm: name })).diskFiles).toBeUndefined();
}, 240_000);
