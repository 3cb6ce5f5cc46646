/**
 * The host process itself is killed: nothing that was told is lost, and nothing is left behind.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EventRecord, VmView } from '../../preload/contract/contract.ts';
import { isAlive, TestHost } from '../support/host.ts';

const host = new TestHost();

beforeAll(() => host.start());

afterAll(async () => {
  await host.stop();
  host.remove();
});

test('kill -9 of the host loses no configuration and no event, and leaves no replica', {
  timeout: 180_000,
}, async () => {
  await host.json('vm', 'create', 'keeps', '--sample', 'test');
  await host.json('vm', 'create', 'rests', '--sample', 'linux', '--memory', '96');
  await host.json('vm', 'set', 'keeps', 'failureTimeoutMs=5000');
  await host.json('power', 'on', 'keeps');
  await host.json('ft', 'on', 'keeps');
  const { primary, secondary } = await host.waitFor('keeps', 'protected');
  const before = await host.json<EventRecord[]>('events');

  await host.stop('SIGKILL');
  for (const replica of [primary, secondary]) {
    await expect.poll(() => isAlive(replica?.pid ?? 0), { timeout: 20_000 }).toBe(false);
  }
  await host.start();

  const after = await host.json<EventRecord[]>('events');
  expect(after.slice(0, before.length)).toEqual(before);
  const vms = await host.json<VmView[]>('vm', 'list');
  expect(vms.map(({ name, power, ftEnabled }) => ({ name, power, ftEnabled }))).toEqual([
    { name: 'keeps', power: 'off', ftEnabled: true },
    { name: 'rests', power: 'off', ftEnabled: false },
  ]);
  expect(vms[0]?.note).toMatch(/unexpectedly/);
  expect(vms[1]?.note).toBeNull();
});

test('what was powered off unexpectedly can be powered on again, and becomes Protected by itself', {
  timeout: 120_000,
}, async () => {
  await host.json('power', 'on', 'keeps');
  const { status } = await host.waitFor('keeps', 'protected');
  expect(status).toBe('protected');
  await host.json('power', 'off', 'keeps');
});
