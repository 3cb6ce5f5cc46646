// The audit trail: who did what, through which door; never what was typed; and bounded, whatever anybody does.

import { describe, expect, test } from 'vitest';
import { Audit, newCaller, type Caller } from '../../main/fleet/watch/audit.ts';
import { carryOutFor } from '../../main/fleet/commands.ts';
import { Session } from '../../main/fleet/session.ts';
import { commands, type CommandName } from '../../preload/contract/contract.ts';
import { encodeConsoleInput } from '../../preload/contract/input.ts';
import { encodeBytes } from '../../preload/contract/messages.ts';
import { moment } from '../support/eventually.ts';
import { openFleet, type TestFleet } from '../support/fleet.ts';

/** How a command is called that only asks. */
const ASKS = /\.(list|show|status|info|history|thumbnail|text|screenshot)$|^metrics$/;
const caller: Caller = { door: 'browser', session: '0123abcd' };

function trail({
  fleet,
}: TestFleet): readonly { readonly kind: string; readonly message: string; readonly data: object }[] {
  return fleet.events.list({ kind: 'audit', limit: 1000 });
}

describe('a command', () => {
  test('that changes something is written down with its door, its session, its VM and its outcome', async () => {
    const opened = openFleet();
    const { fleet } = opened;
    await carryOutFor(fleet, caller, 'vm.create', { name: 'web', sample: 'test' });
    await carryOutFor(fleet, caller, 'power.on', { vm: 'WEB' });
    await expect(carryOutFor(fleet, caller, 'power.on', { vm: 'web' })).rejects.toThrow();
    await expect(carryOutFor(fleet, caller, 'vm.delete', { vm: 5 })).rejects.toThrow();
    expect(trail(opened)).toMatchObject([
      { data: { ...caller, command: 'vm.create', args: { name: 'web' }, outcome: 'done' } },
      {
        vm: { name: 'web' },
        message: 'power.on through the browser (session 0123abcd): done',
        data: { outcome: 'done' },
      },
      { message: expect.stringContaining(': refused: "web" is already'), data: { outcome: 'refused' } },
      { vm: null, data: { command: 'vm.delete', args: null, outcome: 'usage' } },
    ]);
  });

  test('that only asks is not, and the trail is listed only where it is asked for', async () => {
    const opened = openFleet();
    const asking = (Object.keys(commands) as CommandName[]).filter((name) => ASKS.test(name));
    expect(asking).toEqual(expect.arrayContaining(['vm.list', 'metrics', 'metrics.history', 'failover.list']));
    await opened.call('vm.create', { name: 'asked', sample: 'test' });
    for (const command of [...asking, 'ft.wait', 'nonsense', '__proto__']) {
      await carryOutFor(opened.fleet, caller, command, { vm: 'asked' }).catch(() => {});
      await carryOutFor(opened.fleet, caller, command, {}).catch(() => {});
    }
    expect(trail(opened)).toEqual([]);
    await carryOutFor(opened.fleet, caller, 'vm.create', { name: 'web', sample: 'test' });
    const kinds = (await opened.call('event.list', {})).map(({ kind }) => kind);
    expect(kinds).toEqual(['host.started', 'vm.created', 'vm.created']);
    expect((await opened.call('event.list', { kind: 'audit.command' })).length).toBe(1);
  });

  test('is refused where too many come to be written down, until some time has passed', async () => {
    const { fleet } = openFleet();
    let now = 0;
    const audit = new Audit(fleet.events, () => now);
    const act = (): Promise<string> => audit.during(caller, 'vm.set', {}, null, () => Promise.resolve('done'));
    for (let count = 0; count < 500; count += 1) await act();
    await expect(act()).rejects.toThrow('Too many commands come through the browser: wait a second');
    const other = audit.during(newCaller('window'), 'vm.set', {}, null, () => Promise.resolve('done'));
    await expect(other).resolves.toBe('done');
    now = 1000;
    for (let count = 0; count < 20; count += 1) await act();
    await expect(act()).rejects.toThrow('Too many');
  });
});

describe('what is typed', () => {
  test('is written down nowhere, that somebody typed once', async () => {
    const opened = openFleet();
    const { fleet, call } = opened;
    await call('vm.create', { name: 'web', sample: 'test' });
    await call('power.on', { vm: 'web' });
    for (const text of ['hunter2', 'hunter3']) await carryOutFor(fleet, caller, 'console.type', { vm: 'web', text });
    const silent = { send: () => {}, unsentBytes: () => 0, refuse: () => {}, pause: () => {} };
    const session = new Session(fleet, { caller: { door: 'window', session: 'w' }, ...silent });
    session.receive(JSON.stringify({ kind: 'subscribe', subscription: 1, topic: 'screen', args: { vm: 'web' } }));
    session.receive(JSON.stringify({ kind: 'subscribe', subscription: 2, topic: 'serial', args: { vm: 'web' } }));
    await moment();
    expect(trail(opened)).toHaveLength(1);
    const keys = encodeConsoleInput({ kind: 'keys', codes: Uint8Array.of(0x1e, 0x9e) });
    session.receive(encodeBytes(1, keys));
    session.receive(encodeBytes(2, Buffer.from('hunter4')));
    await moment();
    expect(trail(opened).map(({ kind, message }) => [kind, message])).toEqual([
      ['audit.console', 'Console input through the browser (session 0123abcd).'],
      ['audit.console', 'Console input through the window (session w).'],
    ]);
    expect(JSON.stringify(fleet.events.list({ since: 0, limit: 1000, kind: 'audit' }))).not.toContain('hunter');
    session.close();
  });
});

test('what strangers cause is written a bounded number of times a minute, and then how often it was left out', () => {
  const { fleet } = openFleet();
  let now = 0;
  const audit = new Audit(fleet.events, () => now);
  const knock = (): void => audit.note('door.loginRefused', 'warning', 'Somebody knocked.', {});
  for (let count = 0; count < 1000; count += 1) knock();
  now = 60_000;
  knock();
  const told = fleet.events.list({ kind: 'door', limit: 1000 });
  expect(told).toHaveLength(21);
  expect(told.at(-1)).toMatchObject({
    message: 'Somebody knocked. (980 more like it were left out.)',
    data: { left: 980 },
  });
});
