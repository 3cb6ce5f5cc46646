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
  await host.call('vm.create', { name: 'dies', sample: 'test' });
  await host.call('vm.set', { vm: 'dies', failureTimeoutMs: 5000 });
  await host.call('power.on', { vm: 'dies' });
  await host.call('ft.on', { vm: 'dies' });
  const before = await host.call('ft.wait', { vm: 'dies', for: 'protected' });
  const order = ['fault', 'dies', 'crash-primary', '--at', 'after:log', '--count', '20'];
  const { pid } = await host.json<{ pid: number }>(...order);
  expect(pid).toBe(before.primary?.pid);
  await expect.poll(() => isAlive(pid)).toBe(false);
  await expect
    .poll(() => host.call('ft.status', { vm: 'dies' }).then(({ primary }) => primary?.pid))
    .toBe(before.secondary?.pid);
  const events = await host.call('event.list', { vm: 'dies' });
  expect(events.map(({ message }) => message)).toContain('Fault: crash-primary after log (time 20).');
  expect(events.map(({ kind }) => kind)).toContain('ft.suspected');
  expect(events.map(({ kind }) => kind)).not.toContain('power.lost');
});

test('a point that does not exist, or is for another fault, is refused', async () => {
  const unknown = await host.run('fault', 'dies', 'crash-primary', '--at', 'before:lunch');
  expect(unknown).toMatchObject({ status: 2, stderr: expect.stringContaining('the points are: log, ack, ') });
  const other = host.call('fault', { vm: 'dies', kind: 'cut-channel', at: { when: 'before', point: 'log' } });
  await expect(other).rejects.toThrow('A point is for crash-primary and crash-secondary only, not for cut-channel.');
});
