/**
 * The flight recorder and the comparison of hashes, end to end: real processes and the test guest.
 */
import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RecordingEnd, RecordingView } from '../../preload/contract/contract.ts';
import type { ReplayOutcome } from '../../main/replica/replay-messages.ts';
import { TestHost, type SerialProgram } from '../support/host.ts';

const LOAD_MS = 10_000;

const host = new TestHost();
let serial: SerialProgram;

beforeAll(async () => {
  await host.start();
  await host.json('vm', 'create', 'web', '--sample', 'test');
  // Tests share two cores: silence is no sign of death here, a closed channel is.
  await host.json('vm', 'set', 'web', 'failureTimeoutMs=5000');
  await host.json('power', 'on', 'web');
  serial = host.attach('web');
  await serial.until(/LOCKSTEP TEST GUEST/);
  serial.write('c');
});

afterAll(async () => {
  await serial?.close();
  await host.stop();
  host.remove();
});

function inFolder(name: string): string {
  return path.join(host.dataFolder, name);
}

/** Replays, and gives what it found, its exit status and what it said on standard error. */
async function replay(file: string, ...args: string[]): Promise<[ReplayOutcome | null, number | null, string]> {
  const { status, stdout, stderr } = await host.run('replay', file, '--json', ...args);
  return [stdout === '' ? null : (JSON.parse(stdout) as ReplayOutcome), status, stderr];
}

const file = inFolder('web.rec');
const failoverFile = inFolder('failover.rec');
let started: RecordingView;
let ended: RecordingEnd;

describe('a guest that counts and is recorded', () => {
  test('becomes Protected meanwhile', { timeout: 120_000 }, async () => {
    started = await host.json<RecordingView>('record', 'start', 'web', file);
    await host.json('ft', 'on', 'web');
    await host.waitFor('web', 'protected');
    await new Promise((resolve) => setTimeout(resolve, LOAD_MS));
    expect((await host.run('record', 'start', 'web', inFolder('again.rec'))).stderr).toMatch('already being recorded');
    ended = await host.json<RecordingEnd>('record', 'stop', 'web');
  });

  test('is told as events and refused where the file exists', async () => {
    expect(ended.bytes).toBe(statSync(file).size);
    const again = await host.run('record', 'start', 'web', file);
    expect([again.status, again.stderr]).toEqual([1, expect.stringContaining('exists: choose another name')]);
    const stop = await host.run('record', 'stop', 'web');
    expect([stop.status, stop.stderr]).toEqual([1, '"web" is not being recorded.\n']);
    const kinds = (await host.events('web')).map(({ kind }) => kind).filter((kind) => kind.startsWith('record.'));
    expect(kinds).toEqual(['record.started', 'record.stopped']);
  });
});

test('a recording ends with its primary', { timeout: 180_000 }, async () => {
  const before = await host.waitFor('web', 'protected');
  await host.json('record', 'start', 'web', failoverFile);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  process.kill(before.primary?.pid ?? 0, 'SIGKILL');
  await expect.poll(() => host.status('web').then((now) => now.primary?.pid)).toBe(before.secondary?.pid);
  await host.waitFor('web', 'protected');
  const [failed] = (await host.events('web')).filter(({ kind }) => kind === 'record.failed').slice(-1);
  expect(failed?.data).toMatchObject({
    file: failoverFile,
    why: expect.stringContaining('the primary that recorded it was lost'),
  });
});

test('a secondary whose memory changed by one bit is found, named and replaced', { timeout: 180_000 }, async () => {
  const before = await host.waitFor('web', 'protected');
  await host.json('fault', 'web', 'corrupt-secondary');
  await expect
    .poll(() => host.events('web').then((all) => all.find(({ kind }) => kind === 'ft.divergence')?.message), {
      timeout: 60_000,
    })
    .toMatch(/The secondary halted: memory in pages \d+ to \d+ at epoch \d+ differs/);
  await expect.poll(() => host.status('web').then((now) => now.secondary?.pid)).not.toBe(before.secondary?.pid);
  const after = await host.waitFor('web', 'protected');
  expect(after.primary?.pid).toBe(before.primary?.pid);
  expect(after.generation).toBeGreaterThan(before.generation);
  // It needed a secondary for that reason until it was Protected again; the divergence itself stays to be seen.
  type Alarm = { definition: string; message: string; clearedAt: number | null };
  const alarms = await host.json<Alarm[]>('alarms', 'web', '--all');
  expect(alarms.find(({ definition }) => definition === 'ft.needSecondary')).toMatchObject({
    message: 'Need Secondary VM: it no longer agreed with the primary.',
    clearedAt: expect.any(Number),
  });
  expect(alarms.find(({ definition }) => definition === 'ft.divergence')).toMatchObject({ clearedAt: null });
});

test('powers off', { timeout: 60_000 }, async () => {
  // What is replayed from here on has the computer for itself.
  await host.json('power', 'off', 'web');
});

describe('a recording', () => {
  test('replays with every hash equal', { timeout: 120_000 }, async () => {
    const [outcome, status] = await replay(file, '--verify');
    expect(status).toBe(0);
    expect(outcome).toMatchObject({ firstEpoch: started.epoch, epochs: ended.epochs, mismatch: null, problem: null });
    // Every twentieth of a second a slice, and now and then the CPU.
    expect(outcome?.hashes).toBeGreaterThan(100);
    expect(outcome?.seconds).toBeGreaterThan(LOAD_MS / 1000);
  });

  test('replays to an epoch', { timeout: 120_000 }, async () => {
    const [outcome, status] = await replay(file, '--to', String(started.epoch + 500));
    expect([outcome?.epochs, status]).toEqual([500, 0]);
  });

  test('with one byte flipped replays up to it and says where it is', { timeout: 120_000 }, async () => {
    const damaged = inFolder('damaged.rec');
    const bytes = readFileSync(file);
    const at = bytes.length - 5000;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(damaged, bytes);
    const [outcome, status, said] = await replay(damaged, '--verify');
    expect(status).toBe(1);
    expect(said).toMatch(/not whole: .*offset \d+.* replayed to epoch \d+\./);
    expect(outcome?.mismatch).toBeNull();
    expect(outcome?.epochs).toBeGreaterThan(ended.epochs / 2);
  });

  test('that is cut off replays to its last good entry', { timeout: 120_000 }, async () => {
    const cut = inFolder('cut.rec');
    copyFileSync(file, cut);
    truncateSync(cut, ended.bytes - 1000);
    const [outcome, status, said] = await replay(cut, '--verify');
    expect([status, outcome?.mismatch]).toEqual([1, null]);
    expect(said).toMatch(/it is cut off.*offset \d+/);
  });

  test('is not taken for one when it is something else', async () => {
    const other = inFolder('other.rec');
    writeFileSync(other, 'something else');
    const [, status, said] = await replay(other);
    expect([status, said]).toEqual([1, `"${other}" cannot be replayed: it is not a recording of Lockstep.\n`]);
  });
});

test('what was recorded until a primary died replays', { timeout: 120_000 }, async () => {
  const [outcome, status, said] = await replay(failoverFile, '--verify');
  expect([status, outcome?.mismatch]).toEqual([1, null]);
  expect(said).toMatch('it is cut off');
  expect(outcome?.seconds).toBeGreaterThan(1);
});
