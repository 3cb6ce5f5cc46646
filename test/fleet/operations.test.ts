// Operations on a VM and its pair, as commands, with replicas that a test plays.

import { describe, expect, test } from 'vitest';
import { DEFAULT_SETTINGS } from '../../main/ft/constants.ts';
import { eventually } from '../support/eventually.ts';
import { FakeProcesses, ftEvent, surviving } from '../support/fake-processes.ts';
import { openFleet, type TestFleet } from '../support/fleet.ts';

async function protectedVm(processes = new FakeProcesses(surviving)): Promise<TestFleet> {
  const test = openFleet({ processes });
  await test.call('vm.create', { name: 'web', sample: 'test' });
  await test.call('power.on', { vm: 'web' });
  await test.call('ft.on', { vm: 'web' });
  await test.call('ft.wait', { vm: 'web', for: 'protected' });
  return test;
}

async function story({ call }: TestFleet): Promise<string[]> {
  return (await call('event.list', { vm: 'web' })).map(({ kind }) => kind);
}

test('Test Failover kills the primary and answers when the pair is Protected by another process', async () => {
  const world = await protectedVm();
  const before = await world.call('ft.status', { vm: 'web' });
  const { ft } = await world.call('ft.testFailover', { vm: 'web' });
  expect(ft).toMatchObject({ status: 'protected', primary: { pid: before.secondary?.pid } });
  expect(world.processes.forked.find(({ pid }) => pid === before.primary?.pid)?.killed).toBe(true);
  expect(await story(world)).toEqual(expect.arrayContaining(['ft.testFailover', 'ft.failover']));
});

test('Test Restart Secondary kills the secondary, Migrate Secondary dismisses it without a word of loss', async () => {
  const world = await protectedVm();
  for (const [command, lost] of [
    ['ft.migrate', 0],
    ['ft.testRestartSecondary', 1],
  ] as const) {
    const before = await world.call('ft.status', { vm: 'web' });
    const { ft } = await world.call(command, { vm: 'web' });
    expect(ft).toMatchObject({ status: 'protected', primary: { pid: before.primary?.pid } });
    expect(ft.secondary?.pid).not.toBe(before.secondary?.pid);
    expect((await story(world)).filter((kind) => kind === 'ft.secondaryLost')).toHaveLength(lost);
  }
});

test('a test that ends with the VM powered off says so', async () => {
  const world = await protectedVm();
  const testing = world.call('ft.testFailover', { vm: 'web' });
  const failed = expect(testing).rejects.toMatchObject({ code: 'failed' });
  await world.call('power.off', { vm: 'web' });
  await failed;
});

test('suspended Fault Tolerance stays suspended across a power-off and another host, until it is resumed', async () => {
  const first = await protectedVm();
  expect(await first.call('ft.suspend', { vm: 'web' })).toMatchObject({ ftEnabled: true, ft: { status: 'suspended' } });
  expect(first.processes.last('endProtection')).toBe(first.processes.last('boot'));
  await first.fleet.close();

  const { call, processes } = openFleet({ dataFolder: first.dataFolder, guests: first.guests });
  await call('power.on', { vm: 'web' });
  expect(await call('ft.status', { vm: 'web' })).toMatchObject({ status: 'suspended', secondary: null });
  await call('ft.resume', { vm: 'web' });
  await call('ft.wait', { vm: 'web', for: 'protected' });
  expect(processes.last('protect')).toBe(processes.last('boot'));
});

test('without room for what its guest writes a VM is paused, says so, and goes on when there is', async () => {
  const world = await protectedVm();
  const primary = world.processes.last('boot');
  const room = (freeBytes: number | null): void =>
    primary.says({ type: 'room', noRoom: freeBytes === null ? null : { file: '/data/disk.img', freeBytes } });
  const show = () => world.call('vm.show', { vm: 'web' });
  room(5e5);
  room(2e5);
  const full = await show();
  expect(full).toMatchObject({ power: 'paused', noRoom: { folder: '/data', freeBytes: 2e5 } });
  expect([full.alarms.worst, full.ft.status]).toEqual(['error', 'protected']);
  // In the words of the moment when it was raised.
  const [alarm] = await world.call('alarm.list', { vm: 'web' });
  expect(alarm?.message).toBe(
    'There is no room in "/data": 0.5 MB free; the VM is paused and goes on when there is room.',
  );
  // The user's Resume is passed on; as long as there is no room it changes nothing.
  const resumed = world.call('power.resume', { vm: 'web' });
  await eventually(() => expect(primary.gotOf('pause')).toEqual([{ type: 'pause', paused: false }]));
  expect((await show()).power).toBe('paused');
  room(null);
  expect(await resumed).toMatchObject({ power: 'on' });
  const after = await show();
  expect([after.noRoom, after.alarms.worst]).toEqual([undefined, null]);
  expect((await story(world)).filter((kind) => kind.startsWith('disk.'))).toEqual(['disk.full', 'disk.room']);
});

describe('pause', () => {
  test('answers when the guest stands still, and so does going on', async () => {
    const world = await protectedVm();
    expect(await world.call('power.pause', { vm: 'web' })).toMatchObject({ power: 'paused' });
    await expect(world.call('power.pause', { vm: 'web' })).rejects.toMatchObject({ code: 'refused' });
    expect(await world.call('power.unpause', { vm: 'web' })).toMatchObject({ power: 'on' });
    expect((await story(world)).slice(-2)).toEqual(['power.paused', 'power.unpaused']);
  });

  test('is told to a new primary again: the old one may not have passed it on', async () => {
    const world = await protectedVm();
    await world.call('power.pause', { vm: 'web' });
    await world.call('ft.testFailover', { vm: 'web' });
    expect(world.processes.last('pause').gotOf('pause')).toEqual([{ type: 'pause', paused: true }]);
    expect(world.processes.last('pause').gotOf('boot')).toEqual([]);
    expect(await world.call('vm.show', { vm: 'web' })).toMatchObject({ power: 'paused' });
  });

  test('that was taken back does not come back with a failover', async () => {
    const world = await protectedVm();
    const survivor = world.processes.last('standBy');
    survivor.reports(ftEvent.live(2));
    survivor.says({ type: 'resumed', liveMs: 1 });
    await eventually(() => expect(survivor.gotOf('pause')).toEqual([{ type: 'pause', paused: false }]));
  });

  test('ends with the machine: a VM that is powered off is not paused when it is powered on', async () => {
    const world = await protectedVm();
    await world.call('power.pause', { vm: 'web' });
    expect(await world.call('power.reset', { vm: 'web' })).toMatchObject({ power: 'on' });
    expect(world.processes.last('boot').gotOf('pause')).toEqual([]);
  });
});

test('settings are checked together, kept, and given to both sides at the next start of a secondary', async () => {
  const world = await protectedVm();
  const bad = { lagThrottleMs: 500, lagHardMs: 400 };
  await expect(world.call('vm.set', { vm: 'web', ...bad })).rejects.toMatchObject({ code: 'usage' });
  await expect(world.call('vm.set', { vm: 'web' })).rejects.toThrow(/Say what to set: failureTimeoutMs/);
  const set = await world.call('vm.set', { vm: 'web', failureTimeoutMs: 100, lagThrottleMs: 200 });
  const settings = { ...DEFAULT_SETTINGS, failureTimeoutMs: 100, lagThrottleMs: 200 };
  expect(set.ftSettings).toEqual(settings);
  await world.call('ft.migrate', { vm: 'web' });
  expect(world.processes.last('protect').gotOf('protect').at(-1)?.settings).toEqual(settings);
  expect(world.processes.last('standBy').gotOf('standBy')[0]?.spec.settings).toEqual(settings);

  await world.fleet.close();
  const { call } = openFleet({ dataFolder: world.dataFolder, guests: world.guests });
  expect((await call('vm.show', { vm: 'web' })).ftSettings).toEqual(settings);
});
