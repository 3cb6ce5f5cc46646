// Automatic checkpoints as the fleet sees them, with replicas that a test plays: when they are taken, which is kept,
// and what becomes of a VM that was cut off.

import { cpSync, existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import type { EventRecord, VmView } from '../../preload/contract/contract.ts';
import { eventually, moment } from '../support/eventually.ts';
import { FakeProcesses, type FakeReplica } from '../support/fake-processes.ts';
import { openFleet, type FleetParts, type TestFleet } from '../support/fleet.ts';
import { temporaryFolder } from '../support/folder.ts';
import { HASH, saving } from '../support/saving-replica.ts';

/** So long is a minute where checkpoints are to come by themselves, in milliseconds. */
const SHORT = 20;

async function running(parts: FleetParts = {}): Promise<TestFleet> {
  const world = openFleet({ processes: new FakeProcesses(saving), ...parts });
  await world.call('vm.create', { name: 'web', sample: 'test' });
  await world.call('power.on', { vm: 'web' });
  return world;
}

const show = (world: TestFleet): Promise<VmView> => world.call('vm.show', { vm: 'web' });
const take = (world: TestFleet): Promise<unknown> => world.call('checkpoint.take', { vm: 'web' });

async function files(world: TestFleet): Promise<string[]> {
  const folder = path.join(world.dataFolder, 'states', (await show(world)).id);
  return existsSync(folder) ? readdirSync(folder) : [];
}

async function eventsOf(world: TestFleet, kind: string): Promise<readonly EventRecord[]> {
  return world.call('event.list', { vm: 'web', kind });
}

/** The process of its only replica dies. */
async function lose(world: TestFleet): Promise<void> {
  world.processes.last('boot').exits('killed by SIGKILL');
  await eventually(async () => expect((await show(world)).power).toBe('off'));
}

/** From now on it answers orders to save as it is told to. */
function saves(replica: FakeReplica, how: (id: string) => void): void {
  const { react } = replica;
  replica.react = (message) => (message.type === 'save' ? how(message.order.id) : react(message));
}

describe('an automatic checkpoint', () => {
  test('is taken every so many minutes, in the place of the former, and stands in no tree', async () => {
    const world = await running({ checkpointMinuteMs: SHORT });
    expect((await show(world)).checkpointMinutes).toBeUndefined();
    await world.call('vm.edit', { vm: 'web', checkpointMinutes: 1 });
    await eventually(async () => expect((await eventsOf(world, 'checkpoint.taken')).length).toBeGreaterThan(2));
    await world.call('vm.edit', { vm: 'web', checkpointMinutes: 0 });
    const { length: count } = await eventsOf(world, 'checkpoint.taken');
    await moment(SHORT * 4);
    expect((await eventsOf(world, 'checkpoint.taken')).length).toBeLessThanOrEqual(count + 1);
    const [last] = (await eventsOf(world, 'checkpoint.taken')).slice(-1);
    expect(last?.data).toMatchObject({ epoch: 80, hash: HASH, stunMs: 3 });
    await eventually(async () => expect(await files(world)).toEqual([`${String(last?.data['id'])}.lockstate`]));
    const view = await show(world);
    expect(view).toMatchObject({ power: 'on', checkpoint: { epoch: 80, hash: HASH, bytes: 9, ranUntil: null } });
    expect([view.snapshots, await world.call('snapshot.list', { vm: 'web' })]).toEqual([undefined, []]);
    expect((await world.call('task.list', { vm: 'web' })).map(({ kind }) => kind)).not.toContain('checkpoint.take');
  });

  test('is not taken while the VM is paused, and goes on when it goes on', async () => {
    const world = await running({ checkpointMinuteMs: SHORT });
    await world.call('power.pause', { vm: 'web' });
    await world.call('vm.edit', { vm: 'web', checkpointMinutes: 1 });
    await moment(SHORT * 4);
    expect(await eventsOf(world, 'checkpoint')).toMatchObject([{ kind: 'checkpoint.set' }]);
    await world.call('power.unpause', { vm: 'web' });
    await eventually(async () => expect((await eventsOf(world, 'checkpoint.taken')).length).toBeGreaterThan(0));
  });

  test('that fails is a warning and an alarm, the former stays, and the next one clears the alarm', async () => {
    const world = await running({ checkpointMinuteMs: SHORT });
    await take(world);
    const before = (await show(world)).checkpoint;
    const replica = world.processes.last('boot');
    let broken = true;
    saves(replica, (id) => {
      if (broken) replica.says({ type: 'save', event: { state: 'failed', id, why: 'the disk is full' } });
      else replica.says({ type: 'save', event: { state: 'done', id, saved: MADE } });
    });
    await world.call('vm.edit', { vm: 'web', checkpointMinutes: 1 });
    await eventually(async () => expect((await eventsOf(world, 'checkpoint.failed')).length).toBeGreaterThan(0));
    const [failed] = await eventsOf(world, 'checkpoint.failed');
    expect(failed).toMatchObject({
      severity: 'warning',
      message: expect.stringMatching(/disk is full.*last one is of/),
    });
    expect(await world.call('alarm.list', { vm: 'web' })).toMatchObject([{ definition: 'checkpoint.failed' }]);
    expect(await show(world)).toMatchObject({ power: 'on', checkpoint: before });
    broken = false;
    await eventually(async () => expect(await world.call('alarm.list', { vm: 'web' })).toEqual([]));
    expect((await show(world)).checkpoint?.bytes).toBe(MADE.bytes);
  });

  test('that is being taken refuses nobody: a snapshot, a suspension and a power-off have their turn', async () => {
    const world = await running();
    const replica = world.processes.last('boot');
    const order: string[] = [];
    saves(replica, (id) => order.push(id));
    const finish = (): void =>
      replica.says({ type: 'save', event: { state: 'done', id: order.shift() ?? '', saved: MADE } });
    for (const command of ['snapshot.take', 'power.suspend'] as const) {
      const taking = take(world);
      await eventually(() => expect(order).toHaveLength(1));
      await expect(take(world)).rejects.toThrow(/being taken already/);
      const other = world.call(command, { vm: 'web', ...(command === 'snapshot.take' && { name: 'one' }) } as never);
      await moment();
      finish();
      await taking;
      await eventually(() => expect(order).toHaveLength(1));
      finish();
      await other;
    }
    expect(await show(world)).toMatchObject({ power: 'off', snapshots: 1, suspended: { epoch: 90 } });
    // What was suspended needs no checkpoint.
    expect((await show(world)).checkpoint).toBeUndefined();

    await world.call('power.resume', { vm: 'web' });
    await world.call('vm.edit', { vm: 'web', checkpointMinutes: 1 });
    saves(world.processes.last('boot'), () => {});
    const given = expect(take(world)).rejects.toThrow(/could not be saved/);
    await eventually(() => expect(world.processes.last('boot').gotOf('save')).toHaveLength(1));
    await world.call('power.off', { vm: 'web' });
    await given;
    expect(await eventsOf(world, 'checkpoint.failed')).toEqual([]);
  });
});

const MADE = { epoch: 90, virtualNs: 2e9, hash: HASH, bytes: 12, stunMs: 5, disk: null };

describe('a VM that was cut off', () => {
  test('is resumed from its checkpoint, which stays for the next time', async () => {
    const world = await running();
    await take(world);
    await expect(world.call('checkpoint.resume', { vm: 'web' })).rejects.toThrow(/is running/);
    const lostAfter = Date.now();
    await lose(world);
    const { note, checkpoint } = await show(world);
    expect(note).toMatch(/^Powered off unexpectedly/);
    expect(checkpoint?.ranUntil).toBeGreaterThanOrEqual(lostAfter);
    for (const time of ['once', 'again']) {
      const view = await world.call('checkpoint.resume', { vm: 'web' });
      expect([time, view.power, view.note, view.suspended]).toEqual([time, 'on', null, undefined]);
      expect(world.processes.last('boot').gotOf('boot')[0]?.state).toMatch(/\.lockstate$/);
      expect(view.checkpoint?.at).toBe(checkpoint?.at);
      expect(await world.call('alarm.list', { vm: 'web' })).toEqual([]);
      await lose(world);
    }
    const resumed = await eventsOf(world, 'checkpoint.resumed');
    expect(resumed.map(({ data }) => data['hash'])).toEqual([HASH, HASH]);
    expect(resumed[0]?.message).toMatch(/automatic checkpoint of .*\. It had run until /);
    const [task] = await world.call('task.list', { vm: 'web' });
    expect(task).toMatchObject({ kind: 'checkpoint.resume', outcome: 'done' });
  });

  test('can be powered on instead: its checkpoint stays until the run ends in an orderly way', async () => {
    const world = await running();
    await take(world);
    await lose(world);
    await world.call('power.on', { vm: 'web' });
    expect(world.processes.last('boot').gotOf('boot')[0]?.state).toBeUndefined();
    const [, on] = await eventsOf(world, 'power.on');
    expect(on?.message).toMatch(
      /^Powered on\. It was not resumed from its automatic checkpoint of .*, and its disk is/,
    );
    expect((await show(world)).checkpoint).toMatchObject({ epoch: 80 });
    await world.call('power.off', { vm: 'web' });
    expect((await show(world)).checkpoint).toBeUndefined();
    await expect(world.call('checkpoint.resume', { vm: 'web' })).rejects.toThrow(/no automatic checkpoint/);
    await eventually(async () => expect(await files(world)).toEqual([]));
  });

  test('with its host is found so by the next one, with when it was seen last', async () => {
    const world = await running();
    await world.call('vm.edit', { vm: 'web', checkpointMinutes: 5 });
    await take(world);
    const { checkpoint: before } = await show(world);
    // What a host that is killed at this moment leaves.
    const dataFolder = temporaryFolder();
    cpSync(world.dataFolder, dataFolder, { recursive: true });
    const database = new Database(path.join(dataFolder, 'lockstep.db'));
    const { id } = await show(world);
    const second = Math.floor(Date.now() / 1000) * 1000 + 60_000;
    database.prepare("INSERT INTO metric VALUES (?, 1000, ?, '{}', NULL)").run(id, second);
    database.close();
    const next = openFleet({ dataFolder, guests: world.guests, processes: new FakeProcesses(saving) });
    const view = await show(next);
    expect(view).toMatchObject({ power: 'off', checkpointMinutes: 5, note: expect.stringMatching(/unexpectedly/) });
    expect(view.checkpoint).toEqual({ ...before, ranUntil: second + 1000 });
    expect(await next.call('checkpoint.resume', { vm: 'web' })).toMatchObject({ power: 'on', note: null });
    await next.call('power.off', { vm: 'web' });
  });

  test('and half resumed by a host that died is finished by the next one, which powers nothing on', async () => {
    const world = await running();
    await take(world);
    await lose(world);
    const dataFolder = temporaryFolder();
    cpSync(world.dataFolder, dataFolder, { recursive: true });
    const database = new Database(path.join(dataFolder, 'lockstep.db'));
    database.prepare('UPDATE vm SET reverting_to = (SELECT id FROM checkpoint)').run();
    database.close();
    const next = openFleet({ dataFolder, guests: world.guests, processes: new FakeProcesses(saving) });
    await eventually(async () => expect((await show(next)).suspended).toMatchObject({ hash: HASH }));
    expect((await show(next)).checkpoint).toBeDefined();
    expect(await next.call('power.on', { vm: 'web' })).toMatchObject({ power: 'on' });
  });

  test('goes on from the snapshot before, where that was deleted, and has no checkpoint after a revert', async () => {
    const world = await running();
    for (const name of ['one', 'two']) await world.call('snapshot.take', { vm: 'web', name });
    await take(world);
    await world.call('snapshot.delete', { vm: 'web', snapshot: 'two' });
    await lose(world);
    await world.call('checkpoint.resume', { vm: 'web' });
    const current = await world.call('snapshot.list', { vm: 'web' });
    expect(current).toMatchObject([{ name: 'one', current: true }]);
    await world.call('snapshot.revert', { vm: 'web', snapshot: 'one' });
    expect((await show(world)).checkpoint).toBeUndefined();
    await eventually(async () => expect(await files(world)).toHaveLength(1));
  });
});

test('the setting goes with clones and exports, and says what it takes', async () => {
  const world = openFleet();
  const { call } = world;
  await call('vm.create', { name: 'web', sample: 'test', checkpointMinutes: 15 });
  expect((await call('vm.clone', { vm: 'web', name: 'copy' })).checkpointMinutes).toBe(15);
  const file = path.join(temporaryFolder(), 'web.lockstep');
  await call('vm.export', { vm: 'web', file });
  expect((await call('vm.import', { file, name: 'third' })).checkpointMinutes).toBe(15);
  for (const checkpointMinutes of [-1, 1441, 1.5]) {
    await expect(call('vm.edit', { vm: 'web', checkpointMinutes })).rejects.toThrow(/every 1 to 1440 minutes; 0 turns/);
  }
  await call('vm.edit', { vm: 'web', checkpointMinutes: 0 });
  await call('vm.export', { vm: 'web', file, force: true });
  expect((await call('vm.import', { file, name: 'fourth' })).checkpointMinutes).toBeUndefined();
});
