// One client's conversation: whatever it sends, it can end nothing but its own session.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newCaller } from '../../main/fleet/watch/audit.ts';
import { Session } from '../../main/fleet/session.ts';
import type { AlarmRecord, TaskRecord } from '../../preload/contract/contract.ts';
import { encodeConsoleInput, encodeSeen } from '../../preload/contract/input.ts';
import { decodeBytes, encodeBytes, type HostMessage } from '../../preload/contract/messages.ts';
import { eventually, moment } from '../support/eventually.ts';
import { openFleet, type TestFleet } from '../support/fleet.ts';
import { holds } from '../support/random.ts';

const MIB = 1 << 20;

/** A client behind a door that a test holds. */
class Client {
  readonly session: Session;
  readonly texts: HostMessage[] = [];
  readonly bytes: { readonly subscription: number; readonly text: string }[] = [];
  readonly refused: string[] = [];
  readonly paused: boolean[] = [];
  unsent = 0;

  constructor({ fleet }: TestFleet) {
    this.session = new Session(fleet, {
      caller: newCaller('window'),
      send: (message) => {
        if (typeof message === 'string') this.texts.push(JSON.parse(message) as HostMessage);
        else {
          const { subscription, bytes } = decodeBytes(message);
          this.bytes.push({ subscription, text: Buffer.from(bytes).toString() });
        }
      },
      unsentBytes: () => this.unsent,
      refuse: (why) => void this.refused.push(why),
      pause: (paused) => void this.paused.push(paused),
    });
  }

  says(message: unknown): void {
    this.session.receive(JSON.stringify(message));
  }

  call(id: number, command: string, args: unknown): void {
    this.says({ kind: 'call', id, command, args });
  }

  subscribe(subscription: number, topic: string, args: unknown): void {
    this.says({ kind: 'subscribe', subscription, topic, args });
  }

  sends(subscription: number, bytes: Uint8Array): void {
    this.session.receive(encodeBytes(subscription, bytes));
  }

  /** What one subscription was told. */
  data(subscription: number): unknown[] {
    return this.texts.flatMap((text) =>
      text.kind === 'data' && text.subscription === subscription ? [text.data] : [],
    );
  }

  ends(subscription: number): unknown[] {
    return this.texts.flatMap((text) =>
      text.kind === 'end' && text.subscription === subscription ? [text.error] : [],
    );
  }

  heard(subscription: number): string {
    return this.bytes.flatMap((message) => (message.subscription === subscription ? [message.text] : [])).join('');
  }
}

async function withVm(): Promise<TestFleet & { client: Client }> {
  const test = openFleet();
  await test.call('vm.create', { name: 'web', sample: 'test' });
  return { ...test, client: new Client(test) };
}

async function withRunningVm(): Promise<TestFleet & { client: Client }> {
  const test = await withVm();
  await test.call('power.on', { vm: 'web' });
  return test;
}

describe('calls', () => {
  test('are answered by their number, as they are done', async () => {
    const { client } = await withVm();
    client.call(7, 'vm.list', {});
    client.call(8, 'vm.show', { vm: 'nobody' });
    client.says({ kind: 'call', id: 9, command: 'host.show' });
    await eventually(() => expect(client.texts).toHaveLength(3));
    expect(client.texts).toEqual(
      expect.arrayContaining([
        { kind: 'result', id: 7, result: [expect.objectContaining({ name: 'web' })] },
        {
          kind: 'error',
          id: 8,
          error: { code: 'notFound', message: expect.stringContaining('There is no VM "nobody"') },
        },
        { kind: 'result', id: 9, result: expect.objectContaining({ version: '9.9.9' }) },
      ]),
    );
  });

  test('whose answer comes after the door was closed are answered to nobody', async () => {
    const { client } = await withVm();
    client.call(1, 'vm.list', {});
    client.session.close();
    await new Promise(setImmediate);
    expect(client.texts).toEqual([]);
  });
});

describe('a message that cannot be read', () => {
  test.each([
    '',
    'hello',
    '{',
    'null',
    '[]',
    '{"kind":"call"}',
    '{"kind":"call","id":-1,"command":"vm.list","args":{}}',
    '{"kind":"unsubscribe","subscription":"1"}',
    '{"kind":"__proto__"}',
    '['.repeat(100_000),
  ])('ends the session, not the host: %.40s', async (text) => {
    const { client, call } = await withVm();
    client.session.receive(text);
    expect(client.refused).toEqual([expect.stringMatching(/^a message cannot be read: /)]);
    expect(await call('vm.list', {})).toHaveLength(1);
  });

  test('of bytes that are too few ends it as well', async () => {
    const { client } = await withVm();
    client.session.receive(Uint8Array.of(1, 0));
    expect(client.refused).toHaveLength(1);
  });

  test('is all that random text and bytes can be', async () => {
    const { client } = await withVm();
    holds(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.uint8Array()), (message) => {
        client.session.receive(message);
      }),
      500,
    );
    expect(client.texts.filter((text) => text.kind !== 'error')).toEqual([]);
  });

  test('of bytes for a subscription that is none is left alone', async () => {
    const { client } = await withVm();
    client.sends(99, Uint8Array.of(1, 2, 3));
    expect(client.refused).toEqual([]);
  });
});

describe('a subscription', () => {
  test('to a topic that does not exist, or with wrong arguments, ends with the reason', async () => {
    const { client } = await withVm();
    for (const topic of ['weather', 'constructor', '__proto__']) client.subscribe(1, topic, {});
    client.subscribe(2, 'metrics', {});
    client.subscribe(3, 'serial', { vm: 'nobody' });
    client.subscribe(4, 'serial', { vm: 'web' });
    expect(client.ends(1)).toHaveLength(3);
    expect(client.ends(1)[0]).toEqual({ code: 'usage', message: 'There is no topic "weather".' });
    expect(client.ends(2)).toEqual([{ code: 'usage', message: expect.stringContaining('vm: ') }]);
    expect(client.ends(3)).toEqual([expect.objectContaining({ code: 'notFound' })]);
    expect(client.ends(4)).toEqual([expect.objectContaining({ code: 'refused' })]);
  });

  test('has a number of its own, and there are 64 at most', async () => {
    const { client } = await withVm();
    for (let number = 1; number <= 64; number++) client.subscribe(number, 'inventory', {});
    client.subscribe(1, 'inventory', {});
    client.subscribe(65, 'inventory', {});
    expect(client.ends(1)).toEqual([{ code: 'usage', message: 'Subscription 1 is in use.' }]);
    expect(client.ends(65)).toEqual([{ code: 'refused', message: 'A client can have 64 subscriptions.' }]);
    client.says({ kind: 'unsubscribe', subscription: 1 });
    client.subscribe(66, 'inventory', {});
    expect(client.data(66)).toHaveLength(1);
  });

  test('to the inventory gives it whole, at once and after changes, until it is cancelled', async () => {
    const { client, call } = await withVm();
    client.subscribe(1, 'inventory', {});
    expect(client.data(1)).toEqual([expect.objectContaining({ vms: [expect.objectContaining({ name: 'web' })] })]);
    await call('vm.create', { name: 'mail', sample: 'test' });
    await eventually(() => expect(client.data(1).at(-1)).toMatchObject({ vms: [{ name: 'mail' }, { name: 'web' }] }));
    client.says({ kind: 'unsubscribe', subscription: 1 });
    const { length } = client.data(1);
    await call('vm.delete', { vm: 'mail' });
    await moment(130);
    expect(client.data(1)).toHaveLength(length);
  });

  test('to events gives those after an id, and then each as it happens, of one VM where one is named', async () => {
    const { client, call } = await withVm();
    client.subscribe(1, 'events', {});
    client.subscribe(2, 'events', { vm: 'web', since: 2 });
    await call('vm.create', { name: 'mail', sample: 'test' });
    await call('power.on', { vm: 'web' });
    const kinds = (number: number): unknown =>
      (client.data(number) as { kind: string }[][]).map((list) => list.map(({ kind }) => kind));
    expect(kinds(1)).toEqual([['host.started', 'vm.created'], ['vm.created'], ['power.on']]);
    expect(kinds(2)).toEqual([[], ['power.on']]);
  });

  test('to events without an id begins with the newest thousand, however many there are', async () => {
    const { client, fleet } = await withVm();
    for (let number = 0; number < 1200; number++)
      fleet.events.add({ vm: null, kind: 'host.started', severity: 'info', message: String(number) });
    client.subscribe(1, 'events', {});
    expect(client.data(1).map((list) => (list as unknown[]).length)).toEqual([1000]);
  });

  test('to tasks and alarms gives those there are, and then each that changes, of one VM or of all', async () => {
    const { client, call, processes } = await withRunningVm();
    for (const [number, args] of [{}, { vm: 'web' }].entries()) client.subscribe(number + 1, 'tasks', args);
    client.subscribe(3, 'alarms', {});
    await call('vm.create', { name: 'mail', sample: 'test' });
    await call('power.on', { vm: 'mail' });
    await call('power.off', { vm: 'web' });
    const outcomes = (number: number): unknown[] =>
      (client.data(number) as TaskRecord[][]).flat().map(({ vm, outcome }) => `${vm.name} ${outcome}`);
    expect(outcomes(1)).toEqual(['web done', 'mail null', 'mail done', 'web null', 'web done']);
    expect(outcomes(2)).toEqual(['web done', 'web null', 'web done']);
    processes.last('boot').says({ type: 'diskError', message: 'bad sector' });
    await call('alarm.acknowledge', { all: true });
    const alarms = (client.data(3) as AlarmRecord[][]).flat();
    expect(alarms).toMatchObject([{ definition: 'disk.error', clearedAt: null }, { clearedAt: expect.any(Number) }]);
  });

  test('to metrics tells nothing of a VM that is off, and something of one that is on', async () => {
    const { client, call } = await withVm();
    client.subscribe(1, 'metrics', { vm: 'web' });
    expect(client.data(1)).toEqual([]);
    await call('power.on', { vm: 'web' });
    client.subscribe(2, 'metrics', { vm: 'web' });
    expect(client.data(2)).toEqual([expect.objectContaining({ instructionsPerSecond: 0 })]);
    client.session.close();
  });

  test('ends when the door is closed: nobody is left in any list', async () => {
    const { client, fleet, call, processes } = await withRunningVm();
    const topics = ['inventory', 'events', 'tasks', 'alarms', 'metrics', 'screen', 'serial'];
    topics.forEach((topic, index) => client.subscribe(index + 1, topic, index < 4 ? {} : { vm: 'web' }));
    client.session.close();
    const { length } = client.texts;
    const replica = processes.last('boot');
    expect(replica.gotOf('watch')).toEqual([
      { type: 'watch', watching: true },
      { type: 'watch', watching: false },
    ]);
    replica.prints(5, 0, 'nobody hears this');
    replica.says({ type: 'screen', full: true, data: new Uint8Array(10) });
    await call('vm.create', { name: 'mail', sample: 'test' });
    await moment(130);
    expect([client.texts.length, client.bytes.length, client.refused]).toEqual([length, 0, []]);
    client.call(1, 'vm.list', {});
    await new Promise(setImmediate);
    expect(client.texts).toHaveLength(length);
    expect(fleet.vm('web').power).toBe('on');
  });
});

describe('the serial port', () => {
  test('is bytes in both directions, with what was printed before where that is wanted', async () => {
    const { client, processes } = await withRunningVm();
    const replica = processes.last('boot');
    replica.prints(1, 0, 'login: ');
    client.subscribe(1, 'serial', { vm: 'web' });
    client.subscribe(2, 'serial', { vm: 'web', history: true });
    replica.prints(2, 0, 'root');
    expect([client.heard(1), client.heard(2)]).toEqual(['root', 'login: root']);

    client.sends(1, Buffer.from('secret\n'));
    await eventually(() => expect(client.paused).toEqual([true, false]));
    expect(replica.gotOf('input')).toEqual([
      { type: 'input', sequence: 1, input: { device: 'serial', data: new Uint8Array(Buffer.from('secret\n')) } },
    ]);
  });

  test('ends at power-off, and what is typed afterwards is dropped', async () => {
    const { client, call } = await withRunningVm();
    client.subscribe(1, 'serial', { vm: 'web' });
    await call('power.off', { vm: 'web' });
    expect(client.ends(1)).toEqual([null]);
    client.sends(1, Buffer.from('anybody there?'));
    expect(client.refused).toEqual([]);
  });

  test('lets its client wait while the guest does not take its input, and refuses nothing', async () => {
    const { client, processes } = await withRunningVm();
    const replica = processes.last('boot');
    client.subscribe(1, 'serial', { vm: 'web' });
    const piece = new Uint8Array(300_000);
    client.sends(1, piece);
    client.sends(1, piece);
    await new Promise(setImmediate);
    // In pieces of 64 KiB, until half a MiB waits.
    expect(replica.gotOf('input')).toHaveLength(9);
    expect(client.paused).toEqual([true]);
    replica.says({ type: 'committed', sequence: 1 });
    await eventually(() => expect(client.paused).toEqual([true, false]));
    const bytes = replica.gotOf('input').map(({ input }) => (input.device === 'serial' ? input.data.length : 0));
    expect([bytes.length, bytes.reduce((sum, count) => sum + count, 0)]).toEqual([10, 2 * piece.length]);
  });
});

describe('the screen', () => {
  const picture = (text: string): Uint8Array => Buffer.from(text);

  test('takes keys and mouse, and ends the session for what is neither', async () => {
    const { client, processes } = await withRunningVm();
    client.subscribe(1, 'screen', { vm: 'web' });
    const mouse = { kind: 'mouse', dx: 1, dy: -2, wheel: 0, buttons: 1 } as const;
    client.sends(1, encodeConsoleInput(mouse));
    expect(processes.last('boot').gotOf('input')[0]?.input).toEqual({ device: 'console', input: mouse });
    client.sends(1, Uint8Array.of(77));
    expect(client.refused).toEqual(['a message cannot be read: unknown console input 77']);
  });

  test('leaves pictures out for a client that is slow, and goes on with a whole one', async () => {
    const { client, processes } = await withRunningVm();
    const replica = processes.last('boot');
    client.subscribe(1, 'screen', { vm: 'web' });
    const shows = (full: boolean, text: string): void => replica.says({ type: 'screen', full, data: picture(text) });
    shows(true, 'A');
    client.unsent = 5 * MIB;
    shows(false, 'b');
    shows(false, 'c');
    expect(replica.gotOf('picture')).toHaveLength(0);
    client.unsent = 0;
    shows(false, 'd');
    shows(false, 'e');
    expect(replica.gotOf('picture')).toHaveLength(1);
    shows(true, 'F');
    shows(false, 'g');
    expect(client.heard(1)).toBe('AFg');
  });

  test('sends whoever says what it has shown three pictures ahead at most, and takes that for no input', async () => {
    const { client, processes, fleet } = await withRunningVm();
    const replica = processes.last('boot');
    client.subscribe(1, 'screen', { vm: 'web' });
    const shows = (full: boolean, text: string): void => replica.says({ type: 'screen', full, data: picture(text) });
    shows(true, 'A');
    client.sends(1, encodeSeen(1));
    for (const text of 'bcdef') shows(false, text);
    expect([client.heard(1), replica.gotOf('picture').length]).toEqual(['Abcd', 0]);
    client.sends(1, encodeSeen(2));
    client.sends(1, encodeSeen(1));
    expect(replica.gotOf('picture')).toHaveLength(1);
    shows(true, 'G');
    shows(false, 'h');
    expect(client.heard(1)).toBe('AbcdGh');
    expect(replica.gotOf('input')).toEqual([]);
    expect(fleet.events.list({ limit: 1000 }).filter(({ kind }) => kind === 'audit.console')).toEqual([]);
  });

  test('asks again for a whole picture when the client was slow just when it came', async () => {
    const { client, processes } = await withRunningVm();
    const replica = processes.last('boot');
    client.subscribe(1, 'screen', { vm: 'web' });
    const shows = (full: boolean, text: string): void => replica.says({ type: 'screen', full, data: picture(text) });
    client.unsent = 5 * MIB;
    shows(true, 'A');
    client.unsent = 0;
    shows(false, 'b');
    client.unsent = 5 * MIB;
    shows(true, 'C');
    client.unsent = 0;
    shows(false, 'd');
    expect(replica.gotOf('picture')).toHaveLength(2);
    shows(true, 'E');
    expect(client.heard(1)).toBe('E');
  });
});

test('a client that reads nothing of what it asked for is cut off', async () => {
  const { client, call } = await withVm();
  client.subscribe(1, 'events', {});
  const { length } = client.texts;
  client.unsent = 65 * MIB;
  await call('vm.create', { name: 'mail', sample: 'test' });
  expect(client.texts).toHaveLength(length);
  expect(client.refused).toContain('the client does not read what it asked for');
});
