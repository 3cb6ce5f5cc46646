// Suspending and snapshots as the fleet sees them, with replicas that a test plays: what is kept, in which order, and
// what becomes of it when a host dies in between.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { reduced } from '../../main/fleet/states/thumbnail.ts';
import type { SnapshotView } from '../../preload/contract/contract.ts';
import { eventually } from '../support/eventually.ts';
import { FakeProcesses, type FakeReplica } from '../support/fake-processes.ts';
import { openFleet, type FleetParts, type TestFleet } from '../support/fleet.ts';
import { temporaryFolder } from '../support/folder.ts';
import { HASH, saving } from '../support/saving-replica.ts';

/** Resolves as soon as it is so. */
const until = (check: () => boolean | Promise<boolean>): Promise<void> =>
  eventually(async () => expect(await check()).toBe(true));

async function running(parts: FleetParts = {}): Promise<TestFleet> {
  const world = openFleet({ processes: new FakeProcesses(saving), ...parts });
  await world.call('vm.create', { name: 'web', sample: 'test' });
  await world.call('power.on', { vm: 'web' });
  return world;
}

const again = ({ dataFolder, guests }: TestFleet): TestFleet =>
  openFleet({ dataFolder, guests, processes: new FakeProcesses(saving) });

async function files({ dataFolder, call }: TestFleet): Promise<string[]> {
  const folder = path.join(dataFolder, 'states', (await call('vm.show', { vm: 'web' })).id);
  return existsSync(folder) ? readdirSync(folder) : [];
}

describe('suspending', () => {
  test('saves the state while the guest stands still, powers off, and goes on from it', async () => {
    const world = await running();
    const before = world.processes.last('boot').gotOf('boot')[0]?.spec;
    const view = await world.call('power.suspend', { vm: 'web' });
    expect(view).toMatchObject({ power: 'off', note: null, suspended: { epoch: 80, hash: HASH, bytes: 9 } });
    const order = world.processes.last('save').got.map(({ type }) => type);
    expect(order.slice(order.indexOf('pause'))).toEqual(['pause', 'save', 'powerOff']);
    await world.fleet.close();
    const next = again(world);
    expect((await next.call('vm.show', { vm: 'web' })).suspended).toEqual(view.suspended);
    const resumed = await next.call('power.resume', { vm: 'web' });
    expect([resumed.power, resumed.suspended]).toEqual(['on', undefined]);
    const [boot] = next.processes.last('boot').gotOf('boot');
    expect(boot?.spec).toMatchObject({ startTimeMs: before?.startTimeMs, nic: before?.nic, cmdline: before?.cmdline });
    // The state is given up before the guest goes on.
    expect(next.processes.last('boot').gotOf('pause')).toEqual([{ type: 'pause', paused: false }]);
    await until(async () => (await files(next)).length === 0);
  });

  test('that fails lets the guest go on', async () => {
    const world = await running();
    const replica = world.processes.last('boot');
    const { react } = replica;
    replica.react = (message) => {
      if (message.type !== 'save') return react(message);
      replica.says({ type: 'save', event: { state: 'failed', id: message.order.id, why: 'the disk is full' } });
    };
    await expect(world.call('power.suspend', { vm: 'web' })).rejects.toThrow('the disk is full');
    expect(await world.call('vm.show', { vm: 'web' })).toMatchObject({ power: 'on' });
    expect(replica.gotOf('pause').map(({ paused }) => paused)).toEqual([true, false]);
  });

  test('is not undone by somebody who lets the guest go on meanwhile', async () => {
    const world = await running();
    const replica = world.processes.last('boot');
    const { react } = replica;
    replica.react = (message) => {
      if (message.type !== 'save') react(message);
    };
    const suspending = world.call('power.suspend', { vm: 'web' });
    const failed = expect(suspending).rejects.toThrow(/could not be saved/);
    await until(() => replica.gotOf('save').length === 1);
    await expect(world.call('power.unpause', { vm: 'web' })).rejects.toThrow(/is not paused/);
    replica.exits('killed by SIGKILL');
    await failed;
    expect(await world.call('vm.show', { vm: 'web' })).toMatchObject({ power: 'off' });
  });

  test('is not cloned, exported or changed before the state is given up', async () => {
    const { call } = await running();
    await call('power.suspend', { vm: 'web' });
    await expect(call('vm.clone', { vm: 'web', name: 'copy' })).rejects.toThrow(/is suspended, and a clone would/);
    await expect(call('vm.export', { vm: 'web', file: '/x.lockstep' })).rejects.toThrow(/is suspended, and the file/);
    await expect(call('vm.edit', { vm: 'web', memoryMB: 64 })).rejects.toThrow(/is suspended, and its hardware/);
    expect(await call('vm.edit', { vm: 'web', name: 'renamed' })).toMatchObject({ name: 'renamed' });
    await call('power.off', { vm: 'renamed' });
    expect(await call('vm.clone', { vm: 'renamed', name: 'copy' })).toMatchObject({ power: 'off' });
  });

  test('is given up for a power-off', async () => {
    const world = await running();
    const replica = world.processes.last('boot');
    const { react } = replica;
    replica.react = (message) => {
      if (message.type !== 'save') react(message);
    };
    const failed = expect(world.call('power.suspend', { vm: 'web' })).rejects.toThrow(/could not be saved/);
    await until(() => replica.gotOf('save').length === 1);
    expect(await world.call('power.off', { vm: 'web' })).toMatchObject({ power: 'off' });
    await failed;
    const view = await world.call('vm.show', { vm: 'web' });
    expect([view.power, view.suspended, view.note]).toEqual(['off', undefined, null]);
  });

  test('a state that cannot be restored stays, and the VM with it', async () => {
    const world = await running();
    await world.call('power.suspend', { vm: 'web' });
    await world.fleet.close();
    const broken = (replica: FakeReplica): void => {
      replica.react = (message) => {
        if (message.type !== 'boot') return;
        replica.says({ type: 'failed', message: 'The saved state "x" cannot be used: it is damaged at offset 5.' });
        replica.exits('exit code 1');
      };
    };
    const { dataFolder, guests } = world;
    const next = openFleet({ dataFolder, guests, processes: new FakeProcesses(broken) });
    await expect(next.call('power.on', { vm: 'web' })).rejects.toThrow('damaged at offset 5');
    expect((await next.call('vm.show', { vm: 'web' })).suspended).toBeDefined();
    // Powering it off discards the state.
    await next.call('power.off', { vm: 'web' });
    expect((await next.call('vm.show', { vm: 'web' })).suspended).toBeUndefined();
    await until(async () => (await files(next)).length === 0);
  });

  test('what runs is suspended when the host is closed that way', async () => {
    const world = await running();
    await world.fleet.close('suspend');
    const next = again(world);
    expect(await next.call('vm.show', { vm: 'web' })).toMatchObject({ power: 'off', suspended: { epoch: 80 } });
  });
});

describe('snapshots', () => {
  const take = (world: TestFleet, name: string): Promise<SnapshotView> =>
    world.call('snapshot.take', { vm: 'web', name });

  test('are a tree: the next one stands on the one from which the VM goes on', async () => {
    const world = await running();
    const one = await take(world, 'one');
    const two = await take(world, 'two');
    await world.call('snapshot.revert', { vm: 'web', snapshot: 'ONE' });
    const three = await take(world, 'three');
    expect([one.parent, two.parent, three.parent]).toEqual([null, one.id, one.id]);
    const list = await world.call('snapshot.list', { vm: 'web' });
    expect(list.map(({ name, current, machine }) => [name, current, machine?.hash])).toEqual([
      ['one', false, HASH],
      ['two', false, HASH],
      ['three', true, HASH],
    ]);
    await expect(take(world, 'Two')).rejects.toMatchObject({ code: 'exists' });
    await expect(world.call('snapshot.revert', { vm: 'web', snapshot: 'nine' })).rejects.toThrow(/no snapshot "nine"/);

    await world.call('snapshot.delete', { vm: 'web', snapshot: 'one' });
    const left = await world.call('snapshot.list', { vm: 'web' });
    expect(left.map(({ name, parent }) => [name, parent])).toEqual([
      ['two', null],
      ['three', null],
    ]);
    expect((await files(world)).toSorted()).toEqual([`${two.id}.lockstate`, `${three.id}.lockstate`].toSorted());
    expect(await world.call('vm.show', { vm: 'web' })).toMatchObject({ power: 'on', snapshots: 2 });
  });

  test('one that was saved and not written down is cleaned up by the next host, the others stay', async () => {
    const world = await running();
    const one = await take(world, 'one');
    const { id } = await world.call('vm.show', { vm: 'web' });
    await world.fleet.close();
    const folder = path.join(world.dataFolder, 'states', id);
    for (const name of ['lost.lockstate', 'half.lockstate.part', '.top-A.new.lsd']) {
      writeFileSync(path.join(folder, name), 'x');
    }
    const next = again(world);
    await until(async () => (await files(next)).length === 1);
    expect(await files(next)).toEqual([`${one.id}.lockstate`]);
  });

  test('a revert that was begun is finished by the next host, which powers nothing on', async () => {
    const world = await running();
    const one = await take(world, 'one');
    await world.call('power.off', { vm: 'web' });
    await world.fleet.close();
    const database = new Database(path.join(world.dataFolder, 'lockstep.db'));
    database.prepare('UPDATE vm SET reverting_to = ?').run(one.id);
    database.close();
    const next = again(world);
    await until(async () => (await next.call('vm.show', { vm: 'web' })).suspended !== undefined);
    expect(await next.call('vm.show', { vm: 'web' })).toMatchObject({ power: 'off', suspended: { hash: HASH } });
    expect(await next.call('power.on', { vm: 'web' })).toMatchObject({ power: 'on' });
    // The state belongs to the snapshot, and stays.
    expect(await files(next)).toEqual([`${one.id}.lockstate`]);
  });

  test('of a suspended VM holds its state, whatever becomes of the VM', async () => {
    const world = await running();
    await world.call('power.suspend', { vm: 'web' });
    const asleep = await take(world, 'asleep');
    expect(asleep).toMatchObject({ machine: { epoch: 80, hash: HASH }, hasThumbnail: false });
    await world.call('power.off', { vm: 'web' });
    await until(async () => (await files(world)).length === 1);
    expect(await world.call('snapshot.revert', { vm: 'web', snapshot: 'asleep' })).toMatchObject({ power: 'on' });
  });

  test('of a VM that is off is its disk: reverting leaves it off, and the file of the user as it was', async () => {
    const world = openFleet({ processes: new FakeProcesses(saving) });
    const hda = path.join(temporaryFolder(), 'disk.img');
    writeFileSync(hda, Buffer.alloc(1 << 20, 1));
    await world.call('vm.create', { name: 'web', hda });
    const off = await take(world, 'off');
    expect(off).toMatchObject({ machine: null, disk: hda, hasThumbnail: false });
    const view = await world.call('vm.show', { vm: 'web' });
    expect(view.diskFiles).toEqual([expect.stringMatching(/top-A\.lsd$/), hda]);
    await take(world, 'again');
    expect((await world.call('vm.show', { vm: 'web' })).diskFiles).toHaveLength(3);
    expect(await world.call('snapshot.revert', { vm: 'web', snapshot: 'off' })).toMatchObject({ power: 'off' });
    expect((await world.call('vm.show', { vm: 'web' })).diskFiles).toHaveLength(2);
    for (const snapshot of ['off', 'again']) await world.call('snapshot.delete', { vm: 'web', snapshot });
    // Nothing is left of them: the user's file is the whole disk.
    await until(async () => (await world.call('vm.show', { vm: 'web' })).diskFiles === undefined);
    expect(await files(world)).toEqual([]);
    expect(readFileSync(hda).equals(Buffer.alloc(1 << 20, 1))).toBe(true);
    await world.call('vm.delete', { vm: 'web' });
    expect([existsSync(hda), readdirSync(path.join(world.dataFolder, 'states'))]).toEqual([true, []]);
  });

  test('their layers are merged while the VM runs, but for the last one, which waits until it is off', async () => {
    const world = openFleet({ processes: new FakeProcesses(saving) });
    const { call } = world;
    const hda = path.join(temporaryFolder(), 'disk.img');
    writeFileSync(hda, Buffer.alloc(1 << 20, 1));
    await call('vm.create', { name: 'web', hda });
    for (const name of ['one', 'two', 'three']) await take(world, name);
    const diskFiles = async (): Promise<readonly string[] | undefined> =>
      (await call('vm.show', { vm: 'web' })).diskFiles;
    expect(await diskFiles()).toHaveLength(4);
    await call('power.on', { vm: 'web' });
    await call('snapshot.delete', { vm: 'web', snapshot: 'two' });
    await until(async () => (await diskFiles())?.length === 3 && (await files(world)).length === 2);
    for (const name of ['three', 'one']) await call('snapshot.delete', { vm: 'web', snapshot: name });
    expect(await diskFiles()).toHaveLength(3);
    await call('power.off', { vm: 'web' });
    await until(async () => (await diskFiles()) === undefined);
    expect(await files(world)).toEqual([]);
    expect(readFileSync(hda).equals(Buffer.alloc(1 << 20, 1))).toBe(true);
    const kinds = (await call('event.list', { vm: 'web', limit: 100 })).map(({ kind }) => kind);
    expect([kinds.includes('disk.merged'), kinds.includes('snapshot.failed')]).toEqual([true, false]);
  });

  test('a layer is not merged while somebody works on a disk file of the VM, and the other way round', async () => {
    const world = openFleet({ processes: new FakeProcesses(saving) });
    const { call } = world;
    const hda = path.join(temporaryFolder(), 'disk.img');
    writeFileSync(hda, Buffer.alloc(1 << 20, 1));
    await call('vm.create', { name: 'web', hda });
    for (const name of ['one', 'two']) await take(world, name);
    const [top = '', layer = ''] = (await call('vm.show', { vm: 'web' })).diskFiles ?? [];
    const working = call('disk.check', { file: layer });
    await expect(call('disk.compact', { file: top })).rejects.toThrow(/Wait a moment: .*its disk is being worked on/);
    await expect(call('power.on', { vm: 'web' })).rejects.toThrow(/its disk is being worked on/);
    await expect(call('snapshot.delete', { vm: 'web', snapshot: 'two' })).rejects.toThrow(/is being worked on/);
    expect((await working).problems).toEqual([]);
    await call('snapshot.delete', { vm: 'web', snapshot: 'two' });
    expect((await call('disk.check', { file: top })).problems).toEqual([]);
  });

  test('clones and exports take the disk of today; what would mix up its layers is refused', async () => {
    const world = openFleet({ processes: new FakeProcesses(saving) });
    const { call } = world;
    const hda = path.join(temporaryFolder(), 'disk.img');
    writeFileSync(hda, Buffer.alloc(1 << 20, 1));
    await call('vm.create', { name: 'web', hda });
    await take(world, 'one');
    await take(world, 'two');
    const [, layer = ''] = (await call('vm.show', { vm: 'web' })).diskFiles ?? [];
    const clone = await call('vm.clone', { vm: 'web', name: 'full' });
    expect([clone.snapshots, clone.diskFiles, path.extname(clone.hardware.files.hda ?? '')]).toEqual([
      undefined,
      undefined,
      '.lsd',
    ]);
    await call('vm.export', { vm: 'web', file: path.join(temporaryFolder(), 'web.lockstep') });
    await expect(call('vm.clone', { vm: 'web', name: 'no', linked: true })).rejects.toThrow(/has snap.*full clone/);
    await expect(call('vm.edit', { vm: 'web', hda: null })).rejects.toThrow(/has snapshots: its hard disk stays/);
    await expect(call('vm.edit', { vm: 'web', diskBytes: 1 << 20 })).rejects.toThrow(/has snapshots/);
    expect(readdirSync(path.join(world.dataFolder, 'disks'))).toHaveLength(1);
    await call('vm.edit', { vm: 'web', memoryMB: 64 });

    // What a disk of another VM stands on stays.
    const other = path.join(temporaryFolder(), 'other.lsd');
    await call('disk.create', { file: other, parent: layer });
    await call('vm.create', { name: 'other', hda: other });
    await expect(call('snapshot.delete', { vm: 'web', snapshot: 'two' })).rejects.toThrow(/disk of "other" stands/);
    await expect(call('vm.delete', { vm: 'web' })).rejects.toThrow(/delete "other" first/);
    await call('snapshot.delete', { vm: 'web', snapshot: 'one' });
    await call('vm.delete', { vm: 'other' });
    await call('snapshot.delete', { vm: 'web', snapshot: 'two' });
    await until(async () => (await files(world)).length === 0);
    await call('vm.edit', { vm: 'web', hda: null });
  });

  test('a VM is not powered on while it is half taken back', async () => {
    const world = await running();
    const one = await take(world, 'one');
    await world.call('power.off', { vm: 'web' });
    const database = new Database(path.join(world.dataFolder, 'lockstep.db'));
    database.prepare('UPDATE vm SET reverting_to = ?').run(one.id);
    database.close();
    await expect(world.call('power.on', { vm: 'web' })).rejects.toThrow(/half taken back to the snapshot "one"/);
    expect(await world.call('snapshot.revert', { vm: 'web', snapshot: 'one' })).toMatchObject({ power: 'on' });
  });

  test('one that fails is none, and the VM goes on', async () => {
    const world = await running();
    const replica = world.processes.last('boot');
    replica.react = (message) => {
      if (message.type === 'save') replica.exits('killed by SIGKILL');
    };
    await expect(take(world, 'one')).rejects.toThrow(/could not be saved/);
    expect(await world.call('snapshot.list', { vm: 'web' })).toEqual([]);
    const [task] = await world.call('task.list', { vm: 'web' });
    expect(task).toMatchObject({ kind: 'snapshot.take', outcome: 'failed' });
  });
});

test('a picture is made small by the mean of its pixels', () => {
  const rgba = new Uint8Array(640 * 2 * 4).map((_, index) => (index % 8 < 4 ? 10 : 30));
  const small = reduced({ width: 640, height: 2, rgba });
  expect([small.width, small.height, new Set(small.data)]).toEqual([320, 1, new Set([20])]);
});
