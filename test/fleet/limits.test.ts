// What one host takes on, and what one client may ask for at once: refused in words, before anything is started.

import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { admitReplicas, limitsOf } from '../../main/fleet/limits.ts';
import { newCaller } from '../../main/fleet/watch/audit.ts';
import { CALLS_MAX, Session } from '../../main/fleet/session.ts';
import type { HostMessage } from '../../preload/contract/messages.ts';
import { eventually } from '../support/eventually.ts';
import { openFleet } from '../support/fleet.ts';

describe('the limit of memory', () => {
  test('is most of this computer unless the user says otherwise, and 0 is none', () => {
    expect(limitsOf(undefined).guestMemoryMB).toBeGreaterThan(100);
    expect([limitsOf('4096').guestMemoryMB, limitsOf('0').guestMemoryMB]).toEqual([4096, Number.POSITIVE_INFINITY]);
    vi.stubEnv('LOCKSTEP_GUEST_MEMORY_MB', '512');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(limitsOf().guestMemoryMB).toBe(512);
    for (const wrong of ['', 'much', '-1', '1.5', '1e99x'])
      expect(() => limitsOf(wrong)).toThrow('takes a whole number');
  });

  test('counts every replica of what runs, and refuses what does not fit with what is free', async () => {
    const { fleet, call } = openFleet({ limits: { vms: 9, guestMemoryMB: 600 } });
    for (const name of ['a', 'b', 'c']) await call('vm.create', { name, sample: 'test', memoryMB: 64 });
    await call('power.on', { vm: 'a' });
    await call('power.on', { vm: 'b' });
    await call('ft.on', { vm: 'b' });
    const free = 600 - 3 * 160;
    await expect(call('ft.on', { vm: 'a' })).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining(`"a" needs 2 × 160 MB, and of the 600 MB that virtual machines`),
    });
    await expect(call('power.on', { vm: 'c' })).rejects.toThrow(`${free} MB are free. Power another one off, or start`);
    expect((await call('vm.show', { vm: 'a' })).ftEnabled).toBe(false);
    await call('power.off', { vm: 'b' });
    await call('power.on', { vm: 'c' });
    expect(() => admitReplicas(fleet, fleet.vm('b'), 2)).toThrow('280 MB are free');
  });
});

test('there are as many virtual machines as there may be, and no more', async () => {
  const { call } = openFleet({ limits: { vms: 2, guestMemoryMB: 1000 } });
  await call('vm.create', { name: 'a', sample: 'test' });
  await call('vm.create', { name: 'b', sample: 'test' });
  await expect(call('vm.create', { name: 'c', sample: 'test' })).rejects.toThrow(
    'There are 2 virtual machines, as many as there may be: delete some.',
  );
});

test('a client has so many calls without an answer, and may call again when it has some', async () => {
  const { fleet, call } = openFleet();
  await call('vm.create', { name: 'web', sample: 'test' });
  const heard: HostMessage[] = [];
  const session = new Session(fleet, {
    caller: newCaller('command line'),
    send: (message) => void heard.push(JSON.parse(String(message)) as HostMessage),
    unsentBytes: () => 0,
    refuse: () => {},
    pause: () => {},
  });
  const wait = { vm: 'web', for: 'protected', timeoutSeconds: 0.2 };
  for (let id = 1; id <= CALLS_MAX + 1; id += 1) {
    session.receive(JSON.stringify({ kind: 'call', id, command: 'ft.wait', args: wait }));
  }
  await eventually(() => expect(heard).toHaveLength(CALLS_MAX + 1));
  expect(heard.find((message) => message.kind === 'error' && message.id === CALLS_MAX + 1)).toMatchObject({
    error: { code: 'refused', message: `${CALLS_MAX} calls wait for their answers: wait for some of them.` },
  });
  session.receive(JSON.stringify({ kind: 'call', id: 999, command: 'vm.list' }));
  await eventually(() => expect(heard.at(-1)).toMatchObject({ kind: 'result', id: 999 }));
});

test.each([true, false])(
  'guests reach the ports of this computer unless the host was told otherwise (%s)',
  async (is) => {
    const { call, processes } = openFleet({ hostLoopback: is });
    await call('network.create', { name: 'lab', subnet: '10.9.0.0/24' });
    await call('vm.create', { name: 'web', sample: 'test' });
    await call('power.on', { vm: 'web' });
    const [told] = processes.gateways[0]?.gotOf('configure') ?? [];
    const networks = told?.networks.map(({ mode }) => mode) ?? [];
    expect(networks).toMatchObject([
      { kind: 'nat', hostLoopback: is },
      { kind: 'nat', hostLoopback: is },
    ]);
  },
);
