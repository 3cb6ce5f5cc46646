// Tasks, alarms and recordings of whole VMs, with replicas that a test plays.

import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TaskRecord } from '../../preload/contract/contract.ts';
import { eventually } from '../support/eventually.ts';
import { FakeProcesses, ftEvent, report, surviving, type FakeReplica } from '../support/fake-processes.ts';
import { openFleet, type TestFleet } from '../support/fleet.ts';

async function running(processes = new FakeProcesses(surviving)): Promise<TestFleet> {
  const world = openFleet({ processes });
  await world.call('vm.create', { name: 'web', sample: 'test' });
  await world.call('power.on', { vm: 'web' });
  return world;
}

async function protectedVm(): Promise<TestFleet> {
  const world = await running();
  await world.call('ft.on', { vm: 'web' });
  await world.call('ft.wait', { vm: 'web', for: 'protected' });
  return world;
}

/** `kind by outcome`, oldest first. */
async function tasks({ call }: TestFleet): Promise<string[]> {
  const list = await call('task.list', { vm: 'web' });
  return list.map(({ kind, by, outcome }) => `${kind} ${by} ${outcome}`).toReversed();
}

async function alarms({ call }: TestFleet): Promise<string[]> {
  return (await call('alarm.list', { vm: 'web' })).map(({ definition }) => definition).toSorted();
}

/** The primary is killed, and the pair is Protected again. */
async function failedOver({ call, fleet }: TestFleet): Promise<void> {
  await call('fault', { vm: 'web', kind: 'crash-primary' });
  await eventually(() =>
    expect(fleet.vm('web').ftStatus()).toMatchObject({ status: 'protected', generation: 2, starting: null }),
  );
}

/** A replica that does nothing but start: the test says the rest. */
function slow(replica: FakeReplica): void {
  surviving(replica);
  const { react } = replica;
  replica.react = (message) => {
    if (message.type !== 'protect') react(message);
  };
}

describe('a task', () => {
  test('is made of every operation that takes a while, and ends as that does', async () => {
    const world = await protectedVm();
    for (const command of ['power.pause', 'power.unpause', 'ft.testFailover', 'ft.migrate', 'ft.off'] as const)
      await world.call(command, { vm: 'web' });
    await world.call('power.off', { vm: 'web' });
    expect(await tasks(world)).toEqual([
      'power.on user done',
      'ft.on user done',
      'power.pause user done',
      'power.unpause user done',
      'ft.testFailover user done',
      'ft.migrate user done',
      'ft.off user done',
      'power.off user done',
    ]);
  });

  test('is not made of what is refused', async () => {
    const world = await running();
    await expect(world.call('power.on', { vm: 'web' })).rejects.toMatchObject({ code: 'refused' });
    await expect(world.call('ft.off', { vm: 'web' })).rejects.toMatchObject({ code: 'refused' });
    expect(await tasks(world)).toEqual(['power.on user done']);
  });

  test('says how far the start of a secondary is, and ends at Protected', async () => {
    const world = await running(new FakeProcesses(slow));
    const told: TaskRecord[] = [];
    world.fleet.tasks.follow((task) => void told.push(task));
    await world.call('ft.on', { vm: 'web' });
    await eventually(() => expect(world.processes.links).toHaveLength(1));
    const primary = world.processes.last('boot');
    primary.says({ type: 'captured', stunMs: 7, epoch: 50, bytes: 1000 });
    for (const fraction of [0.5, 0.5001, 1]) primary.says({ type: 'copied', fraction });
    primary.reports(ftEvent.protected());
    const shares = told.map(({ progress }) => progress ?? -1);
    expect(shares.slice(1)).toEqual(shares.slice(1).toSorted((a, b) => a - b));
    expect(told.map(({ phase, outcome }) => outcome ?? phase)).toEqual([
      null,
      'Waiting to start a secondary',
      'Building the secondary',
      'Copying the state',
      'Copying the state',
      'Catching up with the primary',
      'done',
    ]);
  });

  test("after a loss is Lockstep's own, until the pair is Protected again", async () => {
    const world = await protectedVm();
    await failedOver(world);
    expect((await tasks(world)).at(-1)).toBe('ft.startSecondary system done');
  });

  test('of a start that fails has failed, with the reason; trying again is another', async () => {
    const world = await running(new FakeProcesses(slow));
    await world.call('ft.on', { vm: 'web' });
    await eventually(() => expect(world.processes.links).toHaveLength(1));
    const secondary = world.processes.last('standBy');
    secondary.says({ type: 'failed', message: 'no memory' });
    secondary.exits('exit code 1');
    world.processes.last('boot').reports(ftEvent.alone(2));
    expect((await tasks(world)).slice(1)).toEqual(['ft.on user failed', 'ft.startSecondary system null']);
    const failed = (await world.call('task.list', {})).find(({ outcome }) => outcome === 'failed');
    expect(failed?.error).toBe('The secondary could not be started: no memory.');
    await world.call('power.off', { vm: 'web' });
    expect(await tasks(world)).toContain('ft.startSecondary system cancelled');
  });

  test('that runs when the host is closed was cancelled', async () => {
    const first = await running(new FakeProcesses(slow));
    await first.call('ft.on', { vm: 'web' });
    await first.fleet.close();
    const second = openFleet({ dataFolder: first.dataFolder, guests: first.guests });
    expect(await tasks(second)).toEqual(['power.on user done', 'ft.on user cancelled']);
  });
});

describe('a recording', () => {
  /** The primary records. */
  function records({ processes }: TestFleet): void {
    const primary = processes.last('boot');
    const { react } = primary;
    primary.react = (message) => {
      react(message);
      if (message.type !== 'record') return;
      const { file } = message;
      primary.says({ type: 'recording', event: { state: 'started', file, epoch: 5, stunMs: 1 } });
    };
  }

  test('goes to a new file of the data folder where none is named, and is a task until it ends', async () => {
    const world = await running();
    records(world);
    const { file } = await world.call('record.start', { vm: 'web' });
    expect(path.dirname(file)).toBe((await world.call('host.show', {})).recordingsFolder);
    expect(path.basename(file)).toMatch(/^web-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.lockrec$/);
    expect((await tasks(world)).at(-1)).toBe('record user null');
    const stopped = { state: 'stopped', file, epochs: 9, bytes: 9, why: 'asked' } as const;
    const stopping = world.call('record.stop', { vm: 'web' });
    world.processes.last('boot').says({ type: 'recording', event: stopped });
    await stopping;
    expect((await tasks(world)).at(-1)).toBe('record user done');
    expect(await alarms(world)).toEqual([]);
  });

  test('that ends before its time is a failed task and an alarm', async () => {
    const world = await running();
    records(world);
    const { file } = await world.call('record.start', { vm: 'web' });
    expect(path.isAbsolute(file)).toBe(true);
    const event = { state: 'failed', file, why: 'the disk is full' } as const;
    world.processes.last('boot').says({ type: 'recording', event });
    expect((await tasks(world)).at(-1)).toBe('record user failed');
    expect(await alarms(world)).toEqual(['record.failed']);
  });
});

describe('alarms of a VM', () => {
  test('of a failover: one about it that stays, and one about the missing secondary that ends', async () => {
    const world = await protectedVm();
    const told: string[] = [];
    const unfollow = world.fleet.alarms.follow(({ definition, clearedAt }) => {
      told.push(`${definition} ${clearedAt === null ? 'raised' : 'cleared'}`);
    });
    await failedOver(world);
    unfollow();
    expect(told.toSorted()).toEqual(['ft.failover raised', 'ft.needSecondary cleared', 'ft.needSecondary raised']);
    expect(told.at(-1)).toBe('ft.needSecondary cleared');
    expect(await alarms(world)).toEqual(['ft.failover']);
    const view = { active: 1, unacknowledged: 1, worst: 'warning' };
    expect((await world.call('vm.show', { vm: 'web' })).alarms).toEqual(view);
    const [seen] = await world.call('alarm.acknowledge', { all: true });
    expect(seen).toMatchObject({ definition: 'ft.failover', vm: { name: 'web' } });
    expect((await world.call('vm.show', { vm: 'web' })).alarms).toMatchObject({ active: 0 });
    expect(await world.call('alarm.list', { all: true })).toHaveLength(2);
  });

  test('there are none of a Test Failover', async () => {
    const world = await protectedVm();
    await world.call('ft.testFailover', { vm: 'web' });
    expect(await world.call('alarm.list', { all: true })).toEqual([]);
  });

  test('a divergence is needSecondary for that reason, and an alarm, before the pair is Protected again', async () => {
    const world = await protectedVm();
    const secondary = world.processes.last('standBy');
    secondary.reports(ftEvent.halted('divergence', 'the cpu state differs'));
    secondary.exits('exit code 1');
    expect(await world.call('ft.status', { vm: 'web' })).toMatchObject({
      status: 'needSecondary',
      reason: 'divergence',
    });
    expect(await alarms(world)).toEqual(['ft.divergence', 'ft.needSecondary']);
    await world.call('ft.wait', { vm: 'web', for: 'protected' });
    expect(await alarms(world)).toEqual(['ft.divergence']);
  });

  test('about lag is raised by what the primary reports', async () => {
    const world = await protectedVm();
    world.processes.last('boot').says({ type: 'report', report: report({ throttle: 0.4 }) });
    const { subject } = world.fleet.vm('web');
    expect(subject).toMatchObject({ name: 'web', throttle: 0.4, ft: { status: 'protected' } });
  });

  test('outlive the host', async () => {
    const first = await running();
    first.processes.last('boot').says({ type: 'diskError', message: 'bad sector' });
    await first.fleet.close();
    const second = openFleet({ dataFolder: first.dataFolder, guests: first.guests });
    expect(await alarms(second)).toEqual(['disk.error']);
  });
});
