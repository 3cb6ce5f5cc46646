/**
 * Every operation on a VM and its pair, end to end: real processes, a real guest that counts, and the command line.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { VmView } from '../../preload/contract/contract.ts';
import { isAlive, TestHost, type SerialProgram } from '../support/host.ts';

const host = new TestHost();
let serial: SerialProgram;

beforeAll(async () => {
  await host.start();
  await host.json('vm', 'create', 'ops', '--sample', 'test');
  // What is tested here is no failure: a busy computer must not look like one.
  await host.json('vm', 'set', 'ops', 'failureTimeoutMs=10000');
});

afterAll(async () => {
  await serial?.close();
  await host.stop();
  host.remove();
});

/** How far the output has been read, and the last number in it; whether all came in order. */
let read = { at: 0, last: 0 };

/** The last number that the guest has counted to. @throws where a number is missing or comes twice. */
function counted(): number {
  const output = serial.output();
  const end = output.lastIndexOf('\n') + 1;
  for (const line of output.slice(read.at, end).split('\r\n').slice(0, -1)) {
    if (!/^\d+$/.test(line)) continue;
    if (Number(line) !== read.last + 1) throw new Error(`after ${read.last} came ${line}`);
    read.last += 1;
  }
  read.at = end;
  return read.last;
}

async function countsOn(): Promise<void> {
  const before = counted();
  await expect.poll(counted, { timeout: 30_000 }).toBeGreaterThan(before + 100);
}

async function startCounting(): Promise<void> {
  serial = host.attach('ops');
  read = { at: 0, last: 0 };
  serial.write('c');
  await expect.poll(counted, { timeout: 30_000 }).toBeGreaterThan(100);
}

/** Runs a command that is to be refused. @returns why. */
async function refused(...args: string[]): Promise<string> {
  const { status, stderr } = await host.run(...args);
  expect(status, args.join(' ')).toBe(1);
  return stderr.trim();
}

async function kinds(): Promise<string[]> {
  return (await host.events('ops')).map(({ kind }) => kind);
}

test('what makes no sense is refused with its reason, while the VM is off and while it is not Protected', {
  timeout: 120_000,
}, async () => {
  expect(await refused('power', 'reset', 'ops')).toBe('"ops" is not running: power it on first.');
  expect(await refused('power', 'resume', 'ops')).toBe('"ops" is neither suspended nor paused.');
  await host.json('power', 'on', 'ops');
  await startCounting();
  expect(await refused('ft', 'test-failover', 'ops')).toMatch(/not turned on for "ops": turn it on first\.$/);
  expect(await refused('ft', 'migrate', 'ops')).toMatch(/turn it on first/);
  expect(await refused('ft', 'resume', 'ops')).toMatch(/is not suspended/);
  await host.json('ft', 'on', 'ops');
  await host.waitFor('ops', 'protected');
});

test('Test Failover ends the primary, and the pair is Protected again', { timeout: 120_000 }, async () => {
  const before = await host.status('ops');
  const { ft } = await host.json<VmView>('ft', 'test-failover', 'ops');
  expect(ft).toMatchObject({ status: 'protected', primary: { pid: before.secondary?.pid } });
  expect(ft.generation).toBeGreaterThan(before.generation);
  await expect.poll(() => isAlive(before.primary?.pid ?? 0)).toBe(false);
  await countsOn();
});

test('Test Restart Secondary and Migrate Secondary put another process in its place', {
  timeout: 120_000,
}, async () => {
  for (const operation of ['test-restart-secondary', 'migrate']) {
    const before = await host.status('ops');
    const { ft } = await host.json<VmView>('ft', operation, 'ops');
    expect(ft).toMatchObject({ status: 'protected', primary: { pid: before.primary?.pid } });
    expect(ft.secondary?.pid).not.toBe(before.secondary?.pid);
    await expect.poll(() => isAlive(before.secondary?.pid ?? 0), { timeout: 10_000 }).toBe(false);
    await countsOn();
  }
  // A migration is no loss.
  expect((await kinds()).filter((kind) => kind === 'ft.secondaryLost')).toHaveLength(1);
});

test('a paused guest stands still on both sides, also after a failover, and goes on where it was', {
  timeout: 120_000,
}, async () => {
  expect(await host.json('power', 'pause', 'ops')).toMatchObject({ power: 'paused', ft: { status: 'protected' } });
  expect(await refused('power', 'pause', 'ops')).toBe('"ops" is already paused.');
  // What had left is still on its way to this program.
  await new Promise((resolve) => setTimeout(resolve, 700));
  const stood = counted();
  const before = await host.status('ops');
  await host.json('ft', 'test-failover', 'ops');
  await new Promise((resolve) => setTimeout(resolve, 1200));
  const after = await host.status('ops');
  expect(counted()).toBe(stood);
  expect(after.primary?.pid).toBe(before.secondary?.pid);
  expect(await host.json('vm', 'show', 'ops')).toMatchObject({ power: 'paused', ft: { status: 'protected' } });
  expect(after.primary?.epoch).toBe(after.secondary?.epoch);

  expect(await host.json('power', 'resume', 'ops')).toMatchObject({ power: 'on' });
  await countsOn();
  expect((await kinds()).filter((kind) => kind.startsWith('power.'))).toEqual([
    'power.on',
    'power.paused',
    'power.unpaused',
  ]);
});

test('suspended, the guest goes on alone, also after the host was started anew, until it is resumed', {
  timeout: 180_000,
}, async () => {
  const { secondary } = await host.status('ops');
  expect(await host.json('ft', 'suspend', 'ops')).toMatchObject({ ftEnabled: true, ft: { status: 'suspended' } });
  await expect.poll(() => isAlive(secondary?.pid ?? 0), { timeout: 20_000 }).toBe(false);
  expect(await refused('ft', 'migrate', 'ops')).toBe('Fault Tolerance is suspended for "ops": resume it first.');
  await countsOn();

  await host.stop();
  await host.start();
  await host.json('power', 'on', 'ops');
  expect(await host.status('ops')).toMatchObject({ status: 'suspended', secondary: null });
  await serial.close();
  await startCounting();
  await host.json('ft', 'resume', 'ops');
  await host.waitFor('ops', 'protected');
  await countsOn();
});

test('settings are checked, kept, and hold from the next start of a secondary', { timeout: 120_000 }, async () => {
  expect((await host.run('vm', 'set', 'ops', 'failureTimeoutMs=99')).stderr).toMatch(/is at least 100 ms/);
  expect((await host.run('vm', 'set', 'ops', 'colour=5')).status).toBe(2);
  expect((await host.run('vm', 'set', 'ops', 'lagThrottleMs=2000')).stderr).toMatch(/less than lagHardMs/);
  await host.json('vm', 'set', 'ops', 'failureTimeoutMs=9000', 'hashIntervalEpochs=50');
  expect((await host.run('vm', 'show', 'ops')).stdout).toMatch(/failureTimeoutMs +9000\n/);
  await host.json('ft', 'migrate', 'ops');
  // A primary that stands still for longer than the default, and less than what was set, is not suspected.
  const { primary } = await host.status('ops');
  process.kill(primary?.pid ?? 0, 'SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  process.kill(primary?.pid ?? 0, 'SIGCONT');
  await countsOn();
  expect(await host.status('ops')).toMatchObject({ status: 'protected', primary: { pid: primary?.pid } });
});

test('Reset starts the guest anew, and the pair is Protected again', { timeout: 120_000 }, async () => {
  const before = await host.status('ops');
  expect(await host.json('power', 'reset', 'ops')).toMatchObject({ power: 'on' });
  await expect.poll(() => isAlive(before.primary?.pid ?? 0)).toBe(false);
  await serial.close();
  await startCounting();
  const { generation } = await host.waitFor('ops', 'protected');
  expect(generation).toBeGreaterThan(before.generation);
  await countsOn();
  expect((await kinds()).slice(-6)).toContain('power.reset');
});
