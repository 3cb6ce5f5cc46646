/**
 * A replica dies by its own hand at a named point: a real process, a real SIGKILL, ordered through the command line.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isAlive, TestHost } from '../support/host.ts';

const host = new TestHost();

beforeAll(() => host.start());

afterAll(async () => {
  await host.stop();
  host.remove();
});

test('a primary that dies just after it sent a log entry is followed by its secondary', {
  timeout: 120_000,
}, async () => {
  await host.json('vm', 'create', 'dies', '--sample', 'test');
  await host.json('vm', 'set', 'dies', 'failureTimeoutMs=5000');
  await host.json('power', 'on', 'dies');
  await host.json('ft', 'on', 'dies');
  const before = await host.waitFor('dies', 'protected');
  const order = ['fault', 'dies', 'crash-primary', '--at', 'after:log', '--count', '20'];
  const { pid } = await host.json<{ pid: number }>(...order);
  expect(pid).toBe(before.primary?.pid);
  await expect.poll(() => isAlive(pid)).toBe(false);
  await expect.poll(() => host.status('dies').then(({ primary }) => primary?.pid)).toBe(before.secondary?.pid);
  const events = await host.events('dies');
  expect(events.map(({ message }) => message)).toContain('Fault: crash-primary after log (time 20).');
  expect(events.find(({ kind }) => kind === 'ft.primaryLost')?.message).toMatch(/killed by SIGKILL/);
  expect(events.map(({ kind }) => kind)).not.toContain('power.lost');
});

test('a point that does not exist, or is for another fault, is refused', async () => {
  const unknown = await host.run('fault', 'dies', 'crash-primary', '--at', 'before:lunch');
  expect(unknown).toMatchObject({ status: 2, stderr: expect.stringContaining('the points are: log, ack, ') });
  const other = await host.run('fault', 'dies', 'cut-channel', '--at', 'before:log');
  expect(other).toMatchObject({ status: 2, stderr: expect.stringContaining('crash-primary and crash-secondary only') });
});
