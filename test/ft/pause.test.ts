// A paused machine: it stands still at one epoch on both sides, and whoever goes on, it stays paused until it is told.

import { expect, test } from 'vitest';
import { ToyPair } from '../support/toy-pair.ts';

test('primary and backup stand still at the same epoch, and stay Protected', () => {
  const { pair, primary, backup } = ToyPair.protectedPair();
  primary.pause(true);
  const { epoch } = primary.machine;
  pair.run(5000);
  expect([primary.machine.epoch, backup.machine.epoch]).toEqual([epoch, epoch]);
  expect([primary.state, primary.primary.stalled(), backup.state]).toEqual(['protected', 'paused', 'replaying']);

  primary.pause(false);
  pair.run(100);
  expect(primary.machine.epoch).toBeGreaterThan(epoch + 50);
  expect(backup.machine.epoch).toBeGreaterThan(epoch + 50);
  pair.expectCorrect();
});

test('is told only when the backup has it: a pause that is lost was never reported', () => {
  const { pair, primary, backup } = ToyPair.protectedPair({ latencyMs: 5 });
  primary.pause(true);
  pair.run(5);
  expect(pair.reported(primary, 'paused')).toEqual([]);
  pair.run(10);
  expect(pair.reported(primary, 'paused')).toMatchObject([{ paused: true }]);

  primary.pause(false);
  primary.die(1000);
  pair.runUntil(() => backup.isPrimary);
  expect(pair.reported(primary, 'paused')).toHaveLength(1);
  expect(backup.primary.paused).toBe(true);
  pair.expectCorrect();
});

test('a backup that goes live while paused is paused, and goes on when it is told', () => {
  const { pair, primary, backup } = ToyPair.protectedPair();
  primary.pause(true);
  pair.run(50);
  const { epoch } = primary.machine;
  primary.die();
  pair.runUntil(() => backup.isPrimary);
  pair.run(1000);
  expect([backup.primary.paused, backup.machine.epoch]).toEqual([true, epoch]);
  backup.pause(false);
  pair.run(100);
  expect(backup.machine.epoch).toBeGreaterThan(epoch);
  pair.expectCorrect();
});

test('a backup that is started while the machine is paused is paused too', () => {
  const pair = new ToyPair();
  pair.run(10);
  pair.primary.pause(true);
  const backup = pair.startBackup();
  pair.runUntil(() => pair.primary.state === 'protected');
  pair.run(100);
  pair.primary.die();
  pair.runUntil(() => backup.isPrimary);
  expect(backup.primary.paused).toBe(true);
  pair.expectCorrect();
});

test('input that comes meanwhile waits, and reaches the guest once', () => {
  const { pair, primary, backup } = ToyPair.protectedPair();
  primary.pause(true);
  pair.type('a');
  pair.run(100);
  expect(primary.primary.lastInput).toBe(0);
  primary.die();
  pair.runUntil(() => backup.isPrimary);
  backup.pause(false);
  pair.run(100);
  expect(backup.primary.lastInput).toBe(1);
  pair.expectCorrect();
});

test('the settings of a VM hold: how long to wait for its peer, and how often to compare', () => {
  const pair = new ToyPair();
  pair.settings = { ...pair.settings, failureTimeoutMs: 3000, hashIntervalEpochs: 10 };
  pair.run(10);
  const hashes: number[] = [];
  pair.addChecker({
    violations: [],
    sent: (_replica, entry) => {
      if (entry.kind === 'hash') hashes.push(entry.epoch);
    },
  });
  const backup = pair.startBackup();
  pair.runUntil(() => pair.primary.state === 'protected');
  pair.run(100);
  expect(hashes.length).toBeGreaterThan(8);
  expect(hashes.every((epoch) => epoch % 10 === 0)).toBe(true);
  pair.primary.stop(true);
  pair.run(2900);
  expect(backup.state).toBe('replaying');
  pair.run(300);
  pair.runUntil(() => backup.isPrimary);
});
