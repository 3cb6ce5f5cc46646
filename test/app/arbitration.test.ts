/**
 * Who goes on when the two cannot hear each other: real processes that stand still, a channel that is cut, a storage
 * that does not answer. Never two live, and the console never contradicts itself.
 */
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { guestLibrary } from '../../main/paths.ts';
import type { EventRecord, VmMetrics } from '../../preload/contract/contract.ts';
import { isAlive, TestHost, type SerialProgram } from '../support/host.ts';

const host = new TestHost();
let serial: SerialProgram;

beforeAll(async () => {
  await host.start();
  await host.json('vm', 'create', 'counts', '--sample', 'test');
  // Tests share two cores: a wider margin between standing still for a moment and for too long.
  await host.json('vm', 'set', 'counts', 'failureTimeoutMs=1500');
  await host.json('power', 'on', 'counts');
  serial = host.attach('counts');
  await serial.until(/LOCKSTEP TEST GUEST/);
  await host.json('ft', 'on', 'counts');
  await host.waitFor('counts', 'protected');
});

afterAll(async () => {
  await serial?.close();
  await host.stop();
  host.remove();
});

/** The events of this VM since an id. */
async function since(id: number, vm = 'counts'): Promise<EventRecord[]> {
  return (await host.events(vm)).filter((event) => event.id > id);
}

async function lastEvent(vm = 'counts'): Promise<number> {
  return (await host.events(vm)).at(-1)?.id ?? 0;
}

/** The guest answers: the test guest counts its idle wake-ups and prints them. */
async function answers(): Promise<void> {
  const before = serial.output().length;
  serial.write('i');
  await expect.poll(() => serial.output().slice(before), { timeout: 30_000 }).toMatch(/I [0-9a-f]{8}\r\n/);
}

const kinds = (events: readonly EventRecord[]): string[] => events.map((event) => event.kind);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('a primary that stands still for less than the timeout stays the primary', { timeout: 60_000 }, async () => {
  const [before, mark] = [await host.status('counts'), await lastEvent()];
  process.kill(before.primary?.pid ?? 0, 'SIGSTOP');
  await pause(200);
  process.kill(before.primary?.pid ?? 0, 'SIGCONT');
  await pause(1000);
  const after = await host.status('counts');
  expect(after).toMatchObject({ status: 'protected', generation: before.generation });
  expect(after.primary?.pid).toBe(before.primary?.pid);
  expect(await since(mark)).toEqual([]);
  await answers();
});

test('a primary that stands still for longer is replaced, and halts itself when it wakes', {
  timeout: 120_000,
}, async () => {
  const [before, mark] = [await host.waitFor('counts', 'protected'), await lastEvent()];
  const former = before.primary?.pid ?? 0;
  await host.json('fault', 'counts', 'hang-primary');
  await expect
    .poll(async () => (await host.status('counts')).primary?.pid, { timeout: 20_000 })
    .toBe(before.secondary?.pid);
  await answers();
  expect(isAlive(former)).toBe(true);
  await host.json('fault', 'counts', 'heal');
  await expect.poll(() => isAlive(former), { timeout: 20_000 }).toBe(false);
  const after = await host.waitFor('counts', 'protected');
  expect(after.generation).toBe(before.generation + 1);
  expect(kinds(await since(mark))).toContain('ft.lostArbitration');
  await answers();
});

test('a secondary that stands still is given up, and halts itself when it wakes', { timeout: 120_000 }, async () => {
  const before = await host.waitFor('counts', 'protected');
  const former = before.secondary?.pid ?? 0;
  await host.json('fault', 'counts', 'hang-secondary');
  await expect.poll(async () => (await host.status('counts')).secondary?.pid, { timeout: 20_000 }).not.toBe(former);
  await answers();
  await host.json('fault', 'counts', 'heal');
  await expect.poll(() => isAlive(former), { timeout: 20_000 }).toBe(false);
  const after = await host.waitFor('counts', 'protected');
  expect(after.primary?.pid).toBe(before.primary?.pid);
  await answers();
});

test('when the channel is cut with both alive, exactly one goes on', { timeout: 120_000 }, async () => {
  const before = await host.waitFor('counts', 'protected');
  const both = [before.primary?.pid ?? 0, before.secondary?.pid ?? 0];
  await host.json('fault', 'counts', 'cut-channel');
  await expect.poll(() => both.filter(isAlive).length, { timeout: 30_000 }).toBe(1);
  const after = await host.waitFor('counts', 'protected');
  expect(both).toContain(after.primary?.pid);
  expect(after.generation).toBe(before.generation + 1);
  await answers();
});

test('a slow channel delays the outputs, not the guest, and is free again when it is healed', {
  timeout: 120_000,
}, async () => {
  await host.waitFor('counts', 'protected');
  await host.json('fault', 'counts', 'delay-channel', '60');
  await pause(1000);
  for (let round = 0; round < 5; round++) await answers();
  const slow = await host.status('counts');
  expect(slow.status).toBe('protected');
  expect(slow.outputDelayMsP99).toBeGreaterThan(59);
  // The way is long, but the backup is not behind: nothing is throttled.
  expect((await host.json<VmMetrics>('metrics', 'counts')).throttle).toBe(0);
  await host.json('fault', 'counts', 'heal');
  await pause(1000);
  expect(await host.status('counts')).toMatchObject({ status: 'protected', generation: slow.generation });
  await answers();
});

test('while the shared storage does not answer, nobody goes live', { timeout: 120_000 }, async () => {
  const [before, mark] = [await host.waitFor('counts', 'protected'), await lastEvent()];
  const storage = new Database(path.join(host.dataFolder, 'datastore', 'leases.db'));
  storage.exec('BEGIN EXCLUSIVE');
  process.kill(before.primary?.pid ?? 0, 'SIGKILL');
  await expect.poll(async () => kinds(await since(mark)), { timeout: 20_000 }).toContain('ft.storageUnreachable');
  await pause(1500);
  expect(kinds(await since(mark))).not.toContain('ft.failover');
  expect((await host.status('counts')).generation).toBe(before.generation);
  storage.exec('ROLLBACK');
  storage.close();
  await expect.poll(async () => kinds(await since(mark)), { timeout: 20_000 }).toContain('ft.failover');
  expect((await host.waitFor('counts', 'protected')).generation).toBe(before.generation + 1);
  await answers();
});

test('where a disk is shared, a hanging primary is ended before the new one touches the disk', {
  timeout: 180_000,
}, async () => {
  const image = path.join(host.dataFolder, 'shared.img');
  copyFileSync(path.join(path.dirname(guestLibrary().bios), 'data.img'), image);
  await host.json('vm', 'create', 'writes', '--sample', 'test', '--hda', image);
  await host.json('vm', 'set', 'writes', 'failureTimeoutMs=1500');
  await host.json('power', 'on', 'writes');
  const disk = host.attach('writes');
  await disk.until(/LOCKSTEP TEST GUEST/);
  await host.json('ft', 'on', 'writes');
  const before = await host.waitFor('writes', 'protected');
  disk.write('w');
  await disk.until(/W 00000000 [0-9a-f]{8}/);
  await host.json('fault', 'writes', 'hang-primary');
  await expect
    .poll(async () => (await host.status('writes')).primary?.pid, { timeout: 20_000 })
    .toBe(before.secondary?.pid);
  disk.write('w');
  await disk.until(/W 00000001 [0-9a-f]{8}/);
  await expect.poll(() => isAlive(before.primary?.pid ?? 0)).toBe(false);
  expect(kinds(await host.events('writes'))).toContain('ft.fenced');
  await host.waitFor('writes', 'protected');
  await disk.close();
  await host.json('power', 'off', 'writes');
});
