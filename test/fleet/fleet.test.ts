// The fleet on a real data folder: VMs made and deleted, powered on and off, and found again after a crash.

import { once } from 'node:events';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { nextMessage, startChild } from '../support/children.ts';
import { eventually, moment } from '../support/eventually.ts';
import { FakeProcesses, ftEvent, report } from '../support/fake-processes.ts';
import { openFleet, type TestFleet } from '../support/fleet.ts';
import { temporaryFolder } from '../support/folder.ts';
import { makeGuests } from '../support/guests.ts';

/** The kinds of a VM's events, oldest first. */
async function story({ call }: TestFleet, vm = 'web'): Promise<string[]> {
  return (await call('event.list', { vm })).map(({ kind }) => kind);
}

/** A fleet with one running VM. */
async function running(processes?: FakeProcesses): Promise<TestFleet> {
  const test = openFleet(processes ? { processes } : {});
  await test.call('vm.create', { name: 'web', sample: 'linux' });
  await test.call('power.on', { vm: 'web' });
  return test;
}

async function protectedVm(): Promise<TestFleet> {
  const test = await running();
  await test.call('ft.on', { vm: 'web' });
  await test.call('ft.wait', { vm: 'web', for: 'protected' });
  return test;
}

describe('a VM', () => {
  test('that is made is listed by name, found by name and id, and kept', async () => {
    const first = openFleet();
    await first.call('vm.create', { name: 'web', sample: 'linux' });
    const made = await first.call('vm.create', { name: 'Mail', sample: 'test', memoryMB: 64 });
    expect(made).toMatchObject({
      power: 'off',
      note: null,
      ftEnabled: false,
      hardware: { memoryMB: 64, guest: 'Test guest' },
    });
    await first.fleet.close();

    const { call } = openFleet(first);
    expect((await call('vm.list', {})).map(({ name }) => name)).toEqual(['Mail', 'web']);
    for (const vm of ['Mail', 'mail', made.id])
      expect(await call('vm.show', { vm })).toMatchObject({ id: made.id, hardware: made.hardware });
  });

  test('of a name that exists is refused, whatever its case', async () => {
    const { call } = openFleet();
    await call('vm.create', { name: 'web', sample: 'linux' });
    await expect(call('vm.create', { name: 'WEB', sample: 'test' })).rejects.toMatchObject({
      code: 'exists',
      message: 'There is already a VM "WEB". Choose another name, or delete that one.',
    });
    expect(await call('vm.list', {})).toHaveLength(1);
  });

  test('of a bad file is not made by halves', async () => {
    const { call, dataFolder } = openFleet();
    const hda = path.join(dataFolder, 'missing.img');
    await expect(call('vm.create', { name: 'web', hda })).rejects.toMatchObject({ code: 'refused' });
    expect(await call('vm.list', {})).toEqual([]);
    expect((await call('event.list', {})).map(({ kind }) => kind)).toEqual(['host.started']);
  });

  test('that is deleted is gone; its events stay', async () => {
    const { call } = openFleet();
    const { id } = await call('vm.create', { name: 'web', sample: 'linux' });
    await call('vm.delete', { vm: 'web' });
    await expect(call('vm.show', { vm: 'web' })).rejects.toMatchObject({
      code: 'notFound',
      message: 'There is no VM "web". "lockstep vm list" shows those there are.',
    });
    const events = (await call('event.list', {})).filter((event) => event.vm?.id === id);
    expect(events.map(({ kind }) => kind)).toEqual(['vm.created', 'vm.deleted']);
    await call('vm.create', { name: 'web', sample: 'linux' });
  });

  test('that runs is not deleted', async () => {
    const { call } = await running();
    await expect(call('vm.delete', { vm: 'web' })).rejects.toMatchObject({
      code: 'refused',
      message: '"web" is running: power it off first.',
    });
  });
});

describe('power', () => {
  test('on resolves when the machine runs, off when no process is left', async () => {
    const { call, processes } = await running();
    expect(await call('vm.show', { vm: 'web' })).toMatchObject({ power: 'on', poweredOnAt: expect.any(Number) });
    expect(processes.last('boot').gotOf('boot')[0]?.spec).toMatchObject({ name: 'web', memoryMB: 128 });

    expect(await call('power.off', { vm: 'web' })).toMatchObject({ power: 'off', poweredOnAt: null, note: null });
    expect(processes.living).toEqual([]);
  });

  test('on again is a new generation', async () => {
    const { call, processes } = await running();
    await call('power.off', { vm: 'web' });
    await call('power.on', { vm: 'web' });
    expect((await call('ft.status', { vm: 'web' })).generation).toBe(2);
    expect(processes.last('boot').gotOf('boot')[0]?.generation).toBe(2);
  });

  test('on that fails says why, and the VM is off', async () => {
    const test = openFleet({
      processes: new FakeProcesses((replica) => {
        replica.react = () => {
          replica.says({ type: 'failed', message: 'the BIOS is damaged' });
          replica.exits('exit code 1');
        };
      }),
    });
    await test.call('vm.create', { name: 'web', sample: 'test' });
    await expect(test.call('power.on', { vm: 'web' })).rejects.toMatchObject({
      code: 'failed',
      message: '"web" could not be powered on: the BIOS is damaged',
    });
    expect(await test.call('vm.show', { vm: 'web' })).toMatchObject({
      power: 'off',
      note: 'Powered off unexpectedly: the BIOS is damaged',
    });
    expect(await story(test)).toEqual(['vm.created', 'power.on', 'ft.primaryLost', 'power.lost']);
  });

  test('on with a file that has vanished is refused by its name, and nothing has changed', async () => {
    for (const gone of ['bzimage', 'cmdline'] as const) {
      const test = openFleet();
      await test.call('vm.create', { name: 'web', sample: 'linux' });
      rmSync(test.guests.linux[gone]);
      await expect(test.call('power.on', { vm: 'web' })).rejects.toMatchObject({ code: 'refused' });
      expect(await test.call('vm.show', { vm: 'web' })).toMatchObject({ power: 'off', poweredOnAt: null });
      expect(await story(test)).toEqual(['vm.created']);
    }
  });

  test('off while it is still starting means off', async () => {
    const processes = new FakeProcesses();
    const { fleet, call } = openFleet({ processes });
    await call('vm.create', { name: 'web', sample: 'test' });
    const on = call('power.on', { vm: 'web' });
    await eventually(() => processes.last('boot'));
    const off = call('power.off', { vm: 'web' });
    await eventually(() => processes.last('powerOff'));
    const replica = processes.last('boot');
    // It had been built when it read that it is to end.
    replica.says({ type: 'started', role: 'primary' });
    expect(fleet.vm('web').power).toBe('shuttingDown');
    replica.exits();
    expect(await off).toMatchObject({ power: 'off', note: null });
    await on;
  });

  test('off is asked for twice, and both wait for the same end', async () => {
    const { call } = await running();
    const both = await Promise.all([call('power.off', { vm: 'web' }), call('power.off', { vm: 'web' })]);
    expect(both.map(({ power }) => power)).toEqual(['off', 'off']);
  });

  test('is lost when the only replica dies, with a note until it is powered on again', async () => {
    const test = await running();
    test.processes.last('boot').exits('killed by SIGKILL');
    expect(await test.call('vm.show', { vm: 'web' })).toMatchObject({
      power: 'off',
      note: 'Powered off unexpectedly: killed by SIGKILL',
    });
    expect((await story(test)).slice(-2)).toEqual(['ft.primaryLost', 'power.lost']);
    await test.call('power.on', { vm: 'web' });
    expect(await test.call('vm.show', { vm: 'web' })).toMatchObject({ power: 'on', note: null });
  });
});

describe('Fault Tolerance', () => {
  test('turned on makes the VM Protected, turned off lets it run alone', async () => {
    const test = await protectedVm();
    expect(await test.call('ft.status', { vm: 'web' })).toMatchObject({
      status: 'protected',
      generation: 1,
      primary: { pid: test.processes.last('boot').pid },
      secondary: { pid: test.processes.last('standBy').pid },
      lastStart: { stunMs: 7 },
      lastFailover: null,
    });
    expect(await test.call('ft.off', { vm: 'web' })).toMatchObject({
      ftEnabled: false,
      ft: { status: 'notConfigured' },
    });
    await eventually(async () => expect((await test.call('ft.status', { vm: 'web' })).generation).toBe(2));
    expect((await test.call('ft.status', { vm: 'web' })).secondary).toBeNull();
    expect(await story(test)).toEqual([
      'vm.created',
      'power.on',
      'ft.turnedOn',
      'ft.starting',
      'ft.protected',
      'ft.turnedOff',
    ]);
  });

  test('stays turned on while the VM is off, and comes back with it', async () => {
    const { call } = await protectedVm();
    await call('power.off', { vm: 'web' });
    expect(await call('vm.show', { vm: 'web' })).toMatchObject({ ftEnabled: true, ft: { status: 'vmNotRunning' } });
    await call('power.on', { vm: 'web' });
    await call('ft.wait', { vm: 'web', for: 'protected' });
  });

  test('starts a secondary of what the VM was powered on with, whatever became of the files since', async () => {
    const test = await running();
    rmSync(test.guests.linux.cmdline);
    await test.call('ft.on', { vm: 'web' });
    await test.call('ft.wait', { vm: 'web', for: 'protected' });
    const [primary, secondary] = [test.processes.last('boot'), test.processes.last('standBy')];
    expect({ ...secondary.gotOf('standBy')[0]?.spec, holder: '' }).toEqual({
      ...primary.gotOf('boot')[0]?.spec,
      holder: '',
    });
  });

  test('survives the death of the primary: unsafe inputs are given again, printed text goes on', async () => {
    const { fleet, processes, call } = await protectedVm();
    const vm = fleet.vm('web');
    const [old, survivor] = [processes.last('boot'), processes.last('standBy')];
    let heard = '';
    vm.ends.serial.attach({ data: (bytes) => (heard += Buffer.from(bytes).toString()), end: () => {} });
    old.prints(10, 0, 'login: ');
    for (const text of ['a', 'b', 'c']) vm.input({ device: 'serial', data: Buffer.from(text) });
    old.says({ type: 'committed', sequence: 1 });
    const pid = (await call('fault', { vm: 'web', kind: 'crash-primary' })).pid;
    expect([pid, old.killed]).toEqual([old.pid, true]);
    await eventually(() => expect(old.exited).toBe(true));

    survivor.reports(ftEvent.live(2, 2));
    vm.input({ device: 'serial', data: Buffer.from('d') });
    expect(survivor.gotOf('input').map(({ sequence }) => sequence)).toEqual([3, 4]);
    survivor.prints(10, 0, 'login: ');
    survivor.prints(11, 0, 'root');
    survivor.says({ type: 'resumed', liveMs: 1 });
    expect(heard).toBe('login: root');
    expect(await call('ft.status', { vm: 'web' })).toMatchObject({
      generation: 2,
      lastFailover: { reason: 'the channel closed' },
    });
  });

  test('is refused with the reason where it makes no sense', async () => {
    const { call } = await running();
    await expect(call('ft.off', { vm: 'web' })).rejects.toMatchObject({ code: 'refused' });
    await expect(call('fault', { vm: 'web', kind: 'crash-secondary' })).rejects.toMatchObject({
      message: '"web" has no secondary to crash.',
    });
    await call('ft.on', { vm: 'web' });
    await expect(call('ft.on', { vm: 'web' })).rejects.toMatchObject({ code: 'refused' });
  });

  test('that is turned on for a VM that is off holds from its power-on', async () => {
    const { call, fleet, processes } = await running();
    await call('power.off', { vm: 'web' });
    const { ftEnabled, ft } = await call('ft.on', { vm: 'web' });
    expect([ftEnabled, ft.status]).toEqual([true, 'vmNotRunning']);
    expect(fleet.tasks.list({ limit: 1 })).toMatchObject([{ kind: 'ft.on', outcome: 'done' }]);
    await call('power.on', { vm: 'web' });
    const [primary, secondary] = [processes.last('boot'), processes.last('standBy')];
    expect(processes.links.at(-1)).toEqual({ a: primary, b: secondary });
  });
});

describe('outputs are confirmed to the primary', () => {
  test('when the serial port has them', async () => {
    const { processes } = await running();
    const replica = processes.last('boot');
    replica.prints(10, 0, 'a');
    replica.prints(10, 1, 'b');
    await eventually(() => expect(replica.gotOf('confirm')).toEqual([{ type: 'confirm', epoch: 10, index: 1 }]));
  });

  test('when they are sound as well: a guest that prints nothing can still be Protected', async () => {
    const { processes } = await running();
    const replica = processes.last('boot');
    replica.prints(10, 0, 'a');
    replica.says({ type: 'sound', epoch: 12, index: 3, data: new Uint8Array(60) });
    await eventually(() => expect(replica.gotOf('confirm').at(-1)).toEqual({ type: 'confirm', epoch: 12, index: 3 }));
  });
});

test('what a replica reports is shown', async () => {
  const { call, processes } = await protectedVm();
  processes.last('boot').says({ type: 'report', report: report() });
  processes.last('standBy').says({ type: 'report', report: report({ role: 'backup', epoch: 1230, cpuPercent: 40 }) });
  expect(await call('ft.status', { vm: 'web' })).toMatchObject({
    primary: { epoch: 1234 },
    secondary: { epoch: 1230 },
    lagMs: 1.5,
    vLockstepIntervalMs: 2,
    logBandwidthBitsPerSecond: 3e5,
    outputDelayMsP50: 0.2,
    outputDelayMsP99: 1,
  });
  expect(await call('metrics', { vm: 'web' })).toMatchObject({
    instructionsPerSecond: 5e7,
    primary: { cpuPercent: 80, memoryMB: 200 },
    secondary: { cpuPercent: 40 },
  });
});

describe('the host', () => {
  test('that is closed powers everything off', async () => {
    const { fleet, processes } = await protectedVm();
    await fleet.close();
    await fleet.close();
    await eventually(() => expect(processes.living).toEqual([]));
  });

  test('that was killed while a VM ran says so when it is opened again, and does not start it', async () => {
    const [dataFolder, guestsFolder] = [temporaryFolder(), temporaryFolder()];
    const host = startChild('./host.ts', import.meta.url, [dataFolder, guestsFolder]);
    await nextMessage(host);
    host.kill('SIGKILL');
    await once(host, 'exit');

    const guests = makeGuests(guestsFolder);
    const second = openFleet({ dataFolder, guests });
    expect(await second.call('vm.show', { vm: 'web' })).toMatchObject({
      power: 'off',
      poweredOnAt: null,
      ftEnabled: true,
      note: 'Powered off unexpectedly: Lockstep itself was ended while the VM was running',
    });
    expect((await story(second)).at(-1)).toBe('power.lost');
    expect(second.processes.forked.filter((replica) => replica.got.length > 0)).toEqual([]);
    await second.fleet.close();

    const third = openFleet({ dataFolder, guests });
    expect((await story(third)).filter((kind) => kind === 'power.lost')).toHaveLength(1);
    await third.call('power.on', { vm: 'web' });
    expect(await third.call('ft.status', { vm: 'web' })).toMatchObject({ generation: 2 });
  });

  test('tells of many changes together, and stops telling', async () => {
    const { fleet, call } = openFleet();
    let told = 0;
    const unfollow = fleet.follow(() => (told += 1));
    for (const name of ['a', 'b', 'c']) fleet.create({ name, sample: 'test' });
    await eventually(() => expect(told).toBe(1));
    unfollow();
    await call('vm.create', { name: 'd', sample: 'test' });
    await moment(130);
    expect(told).toBe(1);
  });
});
