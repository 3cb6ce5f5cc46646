// Starting a backup: from a primary alone to a pair in virtual lockstep.

import { expect, test } from 'vitest';
import { ToyPair } from '../support/toy-pair.ts';

test('a pair becomes Protected when the backup has caught up, and both run in lockstep from then on', () => {
  const { pair, primary, backup } = ToyPair.protectedPair();
  pair.run(500);
  expect([primary.state, backup.state]).toEqual(['protected', 'replaying']);
  expect(pair.reported(primary, 'protected')).toHaveLength(1);
  expect(primary.machine.epoch - backup.machine.epoch).toBeLessThanOrEqual(2);
  pair.expectCorrect();
});

test('the guest goes on at half its pace, and is heard at once, while the backup is being copied', () => {
  const pair = new ToyPair({ latencyMs: 30 });
  pair.restoreMs = 400;
  pair.run(10);
  pair.startBackup();
  const [epoch, outputs] = [pair.primary.machine.epoch, pair.continuation.outputs];
  pair.run(300);
  expect(pair.primary.state).toBe('starting');
  // An epoch of the toy takes a millisecond, of a busy guest a third of one; between two it sleeps 0.4 ms.
  const executed = pair.primary.machine.epoch - epoch;
  expect(executed).toBeGreaterThan(200);
  expect(executed).toBeLessThan(230);
  expect(pair.continuation.outputs).toBeGreaterThan(outputs + 140);
  expect(pair.primary.primary.metrics(pair.now).outputsHeld).toBe(0);
  pair.expectCorrect();
});

test('a backup is allowed to go live only after the outputs from before its snapshot were confirmed', () => {
  const pair = new ToyPair();
  pair.confirms = false;
  pair.run(10);
  const backup = pair.startBackup();
  pair.run(1000);
  expect([pair.primary.state, backup.state]).toEqual(['starting', 'replaying']);

  pair.confirms = true;
  pair.runUntil(() => pair.primary.state === 'protected', 100);
  pair.expectCorrect();
});

test('a primary that dies before its backup may go live takes the VM with it, and the backup says why it halts', () => {
  const pair = new ToyPair();
  pair.confirms = false;
  pair.run(10);
  const backup = pair.startBackup();
  pair.run(200);
  pair.primary.die();
  pair.run(50);
  expect(pair.reported(backup, 'halted')).toEqual([expect.objectContaining({ cause: 'unprotected' })]);
  expect(pair.lease.generation).toBe(1);
  pair.expectCorrect();
});

test('a primary that dies while its backup is still restoring takes the VM with it', () => {
  const pair = new ToyPair();
  pair.restoreMs = 500;
  pair.run(10);
  const backup = pair.startBackup();
  pair.run(100);
  pair.primary.die();
  pair.run(600);
  expect(pair.reported(backup, 'halted')).toEqual([expect.objectContaining({ cause: 'unprotected' })]);
  pair.expectCorrect();
});

test('a primary whose starting backup dies goes on alone without asking anybody', () => {
  const pair = new ToyPair();
  pair.restoreMs = 500;
  pair.run(10);
  const backup = pair.startBackup();
  pair.run(100);
  pair.lease.unreachable = true;
  backup.die();
  pair.run(10);
  expect(pair.primary.state).toBe('alone');
  expect(pair.reported(pair.primary, 'backupLost')).toEqual([expect.objectContaining({ wasProtected: false })]);
  expect(pair.reported(pair.primary, 'alone')).toEqual([{ type: 'alone', generation: 1 }]);
  pair.expectCorrect();
});

test('a backup that died while it was starting is followed by one that becomes Protected', () => {
  const pair = new ToyPair({ machine: { disk: true } });
  pair.run(10);
  for (const after of [1, 5, 15, 25]) {
    const backup = pair.startBackup();
    pair.run(after);
    backup.die();
    pair.run(20);
    expect(pair.primary.state).toBe('alone');
  }
  pair.startBackup();
  pair.runUntil(() => pair.primary.state === 'protected');
  pair.expectCorrect();
});

test('a second backup that takes its time to restore is waited for like the first', () => {
  const { pair, primary, backup } = ToyPair.protectedPair();
  backup.die();
  pair.runUntil(() => primary.state === 'alone');
  pair.restoreMs = 3000;
  const second = pair.startBackup();
  pair.run(2900);
  expect([primary.state, second.state]).toEqual(['starting', 'restoring']);
  pair.runUntil(() => primary.state === 'protected');
  expect(pair.reported(primary, 'backupLost')).toHaveLength(1);
  pair.expectCorrect();
});

test('what a new primary has sent again must be confirmed before its own backup may go live', () => {
  const { pair, primary, backup } = ToyPair.protectedPair({ machine: { outputs: () => 1 } });
  pair.confirms = false;
  pair.run(100);
  pair.epochMs = Number.POSITIVE_INFINITY;
  primary.die();
  pair.runUntil(() => backup.state === 'alone');
  pair.startBackup();
  pair.run(1000);
  expect(backup.state).toBe('starting');

  backup.primary.confirmed(pair.serial.seen);
  pair.run(100);
  expect(backup.state).toBe('protected');
});

test('the machine is captured only when no disk request is under way', () => {
  const pair = new ToyPair({ machine: { disk: true } });
  pair.diskMs = 40;
  pair.run(100);
  expect(pair.primary.machine.pendingRequests.length).toBeGreaterThan(0);
  pair.startBackup();
  pair.runUntil(() => pair.primary.state === 'protected');
  pair.run(100);
  expect(pair.disks.A.writes).toBeGreaterThan(0);
  pair.expectCorrect();
});

test('a backup that is no faster than its primary is waited for, so that the pair becomes Protected in the end', () => {
  const pair = new ToyPair();
  pair.epochMs = 0.5;
  pair.backupEpochsPerMs = 2;
  pair.restoreMs = 2000;
  pair.run(10);
  pair.startBackup();
  pair.runUntil(() => pair.primary.state === 'protected', 60_000);
  pair.expectCorrect();
});

test('an idle pair stays Protected: heartbeats go on where no heads do', () => {
  const { pair, primary, backup } = ToyPair.protectedPair();
  pair.epochMs = Number.POSITIVE_INFINITY;
  pair.run(5);
  const { epoch } = primary.machine;
  pair.run(5000);
  expect(primary.machine.epoch).toBe(epoch);
  expect([primary.state, backup.state]).toEqual(['protected', 'replaying']);
  expect(primary.primary.metrics(pair.now).lagMs).toBe(0);
});
