/**
 * The main job, end to end: real processes, a real Linux guest, real kills, watched from outside.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VmView } from '../../preload/contract/contract.ts';
import { checkCounter, COUNTER_LOOP } from '../support/counter.ts';
import { isAlive, TestHost, type SerialProgram } from '../support/host.ts';
import { interrupt } from '../support/interrupt.ts';

const PROMPT = /:~# $/;

describe('a protected Linux guest', () => {
  const host = new TestHost();
  let serial: SerialProgram;

  beforeAll(async () => {
    await host.start();
    await host.json('vm', 'create', 'web', '--sample', 'linux');
    // Tests share two cores: silence is no sign of death here, a closed channel is.
    await host.json('vm', 'set', 'web', 'failureTimeoutMs=5000');
    await host.json('power', 'on', 'web');
    serial = host.attach('web');
    await serial.until(PROMPT);
  });

  afterAll(async () => {
    await serial?.close();
    await host.stop();
    host.remove();
  });

  test('reaches its shell on the serial port and on the screen', async () => {
    serial.write('echo it""works\n');
    await serial.until(/itworks/);
    const { lines } = await host.json<{ lines: string[] }>('console', 'text', 'web');
    expect(lines.join('\n')).toMatch(/web:~#/);
  });

  test('answers keys typed on its keyboard', async () => {
    await host.json('console', 'type', 'web', 'echo KEY$((40+2))\\n');
    await expect
      .poll(async () => (await host.json<{ lines: string[] }>('console', 'text', 'web')).lines.join('\n'), {
        timeout: 20_000,
      })
      .toContain('KEY42');
  });

  test('becomes Protected while it counts on its console', { timeout: 180_000 }, async () => {
    serial.write(COUNTER_LOOP);
    await serial.until(/\n100\r/);
    await host.json('ft', 'on', 'web');
    const status = await host.waitFor('web', 'protected');
    expect(status.primary?.pid).not.toBe(status.secondary?.pid);
    expect(status.generation).toBeGreaterThan(0);
  });

  test('counts on without a gap or a repeat when primary and secondary are killed in turn', {
    timeout: 600_000,
  }, async () => {
    for (const victim of ['primary', 'secondary', 'primary', 'primary'] as const) {
      const before = await host.waitFor('web', 'protected');
      const pid = before[victim]?.pid ?? 0;
      process.kill(pid, 'SIGKILL');
      // Protected again, by a process that was not there before.
      await expect.poll(() => host.status('web').then((now) => now[victim]?.pid), { timeout: 60_000 }).not.toBe(pid);
      const after = await host.waitFor('web', 'protected');
      expect(after.generation).toBeGreaterThan(before.generation);
      if (victim === 'primary') expect(after.primary?.pid).toBe(before.secondary?.pid);
      else expect(after.primary?.pid).toBe(before.primary?.pid);
      const soFar = checkCounter(serial.output()).count;
      await expect.poll(() => checkCounter(serial.output()).count, { timeout: 30_000 }).toBeGreaterThan(soFar + 50);
    }
    expect(checkCounter(serial.output()).wrong).toBeNull();
    const kinds = (await host.events('web')).map((event) => event.kind);
    expect(kinds.filter((kind) => kind === 'ft.failover')).toHaveLength(3);
    expect(kinds.filter((kind) => kind === 'ft.secondaryLost')).toHaveLength(1);
  });

  test('takes input after the failovers', { timeout: 120_000 }, async () => {
    await interrupt(serial);
    serial.write('echo still""here\n');
    await serial.until(/stillhere/);
  });

  test('goes on alone when Fault Tolerance is turned off', { timeout: 120_000 }, async () => {
    await host.waitFor('web', 'protected');
    const before = await host.status('web');
    await host.json('ft', 'off', 'web');
    await expect.poll(() => isAlive(before.secondary?.pid ?? 0), { timeout: 20_000 }).toBe(false);
    const after = await host.status('web');
    expect(after).toMatchObject({ status: 'notConfigured', secondary: null, primary: { pid: before.primary?.pid } });
    serial.write('echo a""lone\n');
    await serial.until(/alone/);
  });

  test('powers off, and both the serial program and the replicas end', { timeout: 60_000 }, async () => {
    const { primary } = await host.status('web');
    const vm = await host.json<VmView>('power', 'off', 'web');
    expect(vm).toMatchObject({ power: 'off', note: null });
    await expect.poll(() => isAlive(primary?.pid ?? 0), { timeout: 10_000 }).toBe(false);
  });
});
