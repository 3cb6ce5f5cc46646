// Who goes on when a pair has lost itself: the test-and-set on the shared storage decides, and nobody else.

import { describe, expect, test } from 'vitest';
import { ToyPair } from '../support/toy-pair.ts';

/** The replicas that run the VM now, by name. */
function goingOn(pair: ToyPair): string[] {
  return pair.replicas.filter(({ state }) => state === 'alone' || state === 'protected').map(({ name }) => name);
}

describe('a channel that is cut while both live', () => {
  test('leaves exactly one, and the other halts by itself', () => {
    for (const leaseMs of [0, 1, 2, 20, 200]) {
      const { pair } = ToyPair.protectedPair({ seed: leaseMs });
      pair.leaseMs = leaseMs;
      pair.channel.cut();
      pair.run(3000);
      expect(goingOn(pair)).toHaveLength(1);
      const [loser] = pair.replicas.filter(({ state }) => state === 'halted');
      expect(loser && pair.reported(loser, 'halted')).toEqual([expect.objectContaining({ cause: 'lostArbitration' })]);
      pair.expectCorrect();
    }
  });

  test.each([
    ['both', [], 1],
    ['only the primary', ['r2'], 'r1'],
    ['only the backup', ['r1'], 'r2'],
    ['neither', ['r1', 'r2'], 0],
  ] as const)('and a storage that %s can reach', (_who, unreachableFor, expected) => {
    const { pair } = ToyPair.protectedPair();
    pair.run(50);
    for (const name of unreachableFor) pair.lease.unreachableFor.add(name);
    pair.channel.cut();
    pair.run(3000);
    if (typeof expected === 'string') expect(goingOn(pair)).toEqual([expected]);
    else expect(goingOn(pair)).toHaveLength(expected);
    pair.expectCorrect();

    // When the storage is back, the other learns that it has lost; or, where nobody went on, one now does.
    pair.lease.unreachableFor.clear();
    pair.run(1000);
    expect(goingOn(pair)).toHaveLength(1);
    expect(pair.replicas.filter(({ state }) => state === 'halted')).toHaveLength(1);
    pair.expectCorrect();
  });

  test('and heals before anybody is suspected does nothing at all', () => {
    const { pair, primary, backup } = ToyPair.protectedPair();
    pair.channel.cut();
    pair.run(400);
    pair.channel.heal();
    pair.run(2000);
    expect([primary.state, backup.state, pair.lease.generation]).toEqual(['protected', 'replaying', 1]);
    pair.expectCorrect();
  });

  test('and heals in the middle of the arbitration changes nothing of its outcome', () => {
    for (let healAfter = 500; healAfter <= 560; healAfter += 6) {
      const { pair } = ToyPair.protectedPair({ seed: healAfter, machine: { disk: true } });
      pair.channel.cut();
      pair.run(healAfter);
      pair.channel.heal();
      pair.run(2000);
      expect(goingOn(pair)).toHaveLength(1);
      pair.expectCorrect();
    }
  });
});

describe('a storage that answers nobody', () => {
  test('keeps a backup silent until it is back, however long that takes', () => {
    const { pair, primary, backup } = ToyPair.protectedPair();
    pair.run(50);
    pair.lease.unreachable = true;
    primary.die();
    pair.run(20);
    const { outputs } = pair.continuation;
    pair.run(10_000);
    expect([backup.state, pair.continuation.outputs]).toEqual(['claiming', outputs]);
    expect(pair.reported(backup, 'storageUnreachable').length).toBeGreaterThan(50);

    pair.lease.unreachable = false;
    pair.runUntil(() => backup.state === 'alone', 200);
    pair.run(50);
    expect(pair.continuation.outputs).toBeGreaterThan(outputs);
    pair.expectCorrect();
  });

  test('keeps a primary silent that has lost its backup, while its guest runs on', () => {
    const { pair, primary, backup } = ToyPair.protectedPair();
    pair.lease.unreachable = true;
    backup.die();
    pair.run(20);
    const [{ outputs }, epoch] = [pair.continuation, primary.machine.epoch];
    pair.run(2000);
    expect([primary.state, pair.continuation.outputs]).toEqual(['claiming', outputs]);
    expect(primary.machine.epoch).toBeGreaterThan(epoch + 1000);

    pair.lease.unreachable = false;
    pair.runUntil(() => primary.state === 'alone', 200);
    expect(pair.continuation.outputs).toBeGreaterThan(outputs + 1000);
    pair.expectCorrect();
  });

  test('does not disturb a pair that needs no arbitration', () => {
    const { pair, primary } = ToyPair.protectedPair();
    pair.lease.unreachable = true;
    pair.run(3000);
    expect(primary.state).toBe('protected');
    pair.expectCorrect();
  });
});

describe('a replica that was stopped', () => {
  test('as primary, and goes on after the backup went live, harms nothing and halts', () => {
    for (const stoppedMs of [520, 600, 5000]) {
      const { pair, primary, backup } = ToyPair.protectedPair({ seed: stoppedMs, machine: { disk: true } });
      pair.run(50);
      primary.stop(true);
      pair.run(stoppedMs);
      primary.stop(false);
      pair.run(2000);
      expect([primary.state, backup.state]).toEqual(['halted', 'alone']);
      pair.expectCorrect();
    }
  });

  test('as primary in the middle of its own claim, answers late and is still only one', () => {
    const { pair, primary, backup } = ToyPair.protectedPair();
    pair.channel.cut();
    pair.runUntil(() => primary.state === 'claiming');
    primary.stop(true);
    pair.run(3000);
    primary.stop(false);
    pair.run(500);
    expect(goingOn(pair)).toHaveLength(1);
    expect([primary.state, backup.state]).toContain('halted');
    pair.expectCorrect();
  });

  test('as backup, and goes on after the primary went on alone, halts', () => {
    const { pair, primary, backup } = ToyPair.protectedPair();
    backup.stop(true);
    pair.run(2000);
    backup.stop(false);
    pair.run(1000);
    expect([primary.state, backup.state]).toEqual(['alone', 'halted']);
    pair.expectCorrect();
  });

  test('for less than the timeout, is Protected again as if nothing had been', () => {
    const { pair, primary, backup } = ToyPair.protectedPair();
    for (const replica of [primary, backup]) {
      replica.stop(true);
      pair.run(350);
      replica.stop(false);
      pair.run(500);
    }
    expect([primary.state, backup.state, pair.lease.generation]).toEqual(['protected', 'replaying', 1]);
    pair.expectCorrect();
  });

  test('with its peer, as when the computer sleeps, suspects nobody when both wake', () => {
    const { pair, primary, backup } = ToyPair.protectedPair();
    primary.stop(true);
    backup.stop(true);
    pair.run(60_000);
    primary.stop(false);
    backup.stop(false);
    pair.run(2000);
    expect([primary.state, backup.state, pair.lease.generation]).toEqual(['protected', 'replaying', 1]);
    pair.expectCorrect();
  });
});

describe('Fault Tolerance is turned off', () => {
  test('and the backup halts, while the primary goes on in a generation that no backup can claim', () => {
    const { pair, primary, backup } = ToyPair.protectedPair();
    primary.endProtection();
    pair.run(50);
    expect([primary.state, backup.state]).toEqual(['alone', 'halted']);
    expect(pair.reported(backup, 'halted')).toEqual([expect.objectContaining({ cause: 'ended' })]);
    expect(primary.primary.generation).toBe(2);
    pair.expectCorrect();
  });

  test('and the word of it is lost: the backup asks for the lease and does not get it', () => {
    const { pair, primary, backup } = ToyPair.protectedPair();
    pair.channel.cut();
    primary.endProtection();
    pair.run(2000);
    expect([primary.state, backup.state]).toEqual(['alone', 'halted']);
    expect(pair.reported(backup, 'halted')).toEqual([expect.objectContaining({ cause: 'lostArbitration' })]);
    pair.expectCorrect();
  });

  test('and the word of it and the storage are lost: only one goes on all the same', () => {
    const { pair, primary, backup } = ToyPair.protectedPair();
    pair.channel.cut();
    pair.lease.unreachableFor.add(primary.name);
    primary.endProtection();
    pair.run(2000);
    expect([primary.state, backup.state]).toEqual(['claiming', 'alone']);
    pair.lease.unreachableFor.clear();
    pair.run(500);
    expect([primary.state, backup.state]).toEqual(['halted', 'alone']);
    pair.expectCorrect();
  });

  test('while the backup is still starting, without asking anybody', () => {
    const pair = new ToyPair();
    pair.restoreMs = 1000;
    pair.run(10);
    const backup = pair.startBackup();
    pair.run(50);
    pair.primary.endProtection();
    pair.run(50);
    expect([pair.primary.state, pair.lease.generation]).toEqual(['alone', 1]);
    expect(pair.reported(backup, 'halted')).toEqual([expect.objectContaining({ cause: 'ended' })]);
    pair.expectCorrect();
  });
});

describe('the VM is powered off', () => {
  test('and both stop at the same epoch boundary, without arbitration', () => {
    const { pair, primary, backup } = ToyPair.protectedPair({ latencyMs: 20 });
    pair.run(100);
    primary.primary.powerOff();
    pair.run(1000);
    for (const replica of [primary, backup]) {
      expect(pair.reported(replica, 'halted')).toEqual([expect.objectContaining({ cause: 'poweredOff' })]);
    }
    expect(backup.machine.epoch).toBe(primary.machine.epoch);
    expect(backup.machine.hash('full')).toBe(primary.machine.hash('full'));
    expect(pair.lease.generation).toBe(1);
    pair.expectCorrect();
  });

  test('and a backup that is far behind stops there as well, not before', () => {
    const { pair, primary, backup } = ToyPair.protectedPair();
    pair.backupEpochsPerMs = 0;
    pair.run(200);
    primary.primary.powerOff();
    pair.run(100);
    expect(backup.state).toBe('draining');
    pair.backupEpochsPerMs = 1;
    pair.run(500);
    expect(pair.reported(backup, 'halted')).toEqual([expect.objectContaining({ cause: 'poweredOff' })]);
    expect(backup.machine.epoch).toBe(primary.machine.epoch);
    pair.expectCorrect();
  });

  test('and a second power-off says nothing more', () => {
    const pair = new ToyPair();
    pair.run(5);
    pair.primary.primary.powerOff();
    pair.primary.primary.powerOff();
    expect(pair.reported(pair.primary, 'halted')).toHaveLength(1);
  });
});
