/**
 * The questions that everybody asks about the paper (Scales et al., 2010), each a test of the real protocol: what if
 * the primary fails right here?
 */
import zlib from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { decodeMessage } from '../../main/ft/log.ts';
import { ToyPair } from '../support/toy-pair.ts';

const onePerEpoch = { outputs: () => 1 };

describe('the primary fails', () => {
  test.each([
    ['just before it sends an output: the backup sends it, for the first time', 'before'],
    ['just after it has sent an output: the backup sends it again, and the receiver drops it', 'after'],
  ] as const)('%s', (_name, when) => {
    const { pair, primary, backup } = ToyPair.protectedPair({ machine: onePerEpoch });
    // Nothing is confirmed in time: the backup cannot know what has left.
    pair.confirmMs = 500;
    pair.run(30);
    primary.dieAt(when, 'emit');
    pair.runUntil(() => backup.state === 'alone');
    const [live] = pair.reported(backup, 'live');
    expect(live?.reemitted).toBeGreaterThan(0);
    pair.run(600);
    // Seen by the outside: each once, none missing; `expectCorrect` compares them with what the receiver passed on.
    expect(pair.continuation.repeats).toBeGreaterThan(0);
    pair.expectCorrect();
  });

  test('after it has received a network input and before it has logged it: lost, the client sends it again', () => {
    const { pair, primary, backup } = ToyPair.protectedPair();
    pair.run(50);
    // A client's request; its frame reaches the primary, whose last messages never leave.
    pair.type('request');
    primary.die(5);
    pair.runUntil(() => pair.primary === backup);
    // The state of the new primary does not include it, and says so: that is how the client's side knows.
    const [live] = pair.reported(backup, 'live');
    expect(live?.lastInput).toBe(0);
    pair.run(20);
    // It came again (here the fleet sends it again, as TCP would), and only once.
    expect(backup.machine.lastInput).toBe(1);
    pair.expectCorrect();
  });

  test('when a timer interrupt has just come in: the backup takes it in the same epoch, or nobody has', () => {
    // An interrupt is nothing but the clock of a head: it is in the log, or it has not happened to anybody.
    for (let lost = 0; lost < 8; lost += 1) {
      const { pair, primary, backup } = ToyPair.protectedPair({ seed: lost + 1, machine: onePerEpoch });
      pair.run(40 + lost);
      const chains = new Map<number, number>();
      for (let epoch = 0; epoch < 5; epoch += 1) {
        chains.set(primary.machine.epoch, primary.machine.chain);
        pair.run(1);
      }
      primary.die(lost);
      pair.runUntil(() => backup.state === 'draining' || backup.state === 'claiming' || backup.state === 'alone');
      // Wherever it goes live, it is in a state that the primary was in, or in one that follows from it.
      const same = chains.get(backup.machine.epoch);
      if (same !== undefined) expect(backup.machine.chain).toBe(same);
      pair.runUntil(() => backup.state === 'alone');
      pair.run(100);
      pair.expectCorrect();
    }
  });
});

describe('the log entry of an output', () => {
  test('is missing at the backup: then the output has not left either', () => {
    const { pair, primary, backup } = ToyPair.protectedPair({ machine: onePerEpoch });
    pair.run(50);
    const { outputs } = pair.continuation;
    // From here on every head is lost on the way.
    pair.channel.backup.tamper = (message) => {
      const kinds = decodeMessage(message, zlib.crc32).map(({ kind }) => kind);
      return kinds.includes('head') ? null : message;
    };
    pair.run(20);
    expect(primary.machine.epoch).toBeGreaterThan(backup.machine.epoch + 10);
    // At most those whose heads were acknowledged before; nothing of the epochs whose heads are missing.
    expect(pair.continuation.outputs - outputs).toBeLessThanOrEqual(4);
    primary.die();
    pair.runUntil(() => backup.state === 'alone');
    pair.run(50);
    pair.expectCorrect();
  });
});

describe('primary and backup', () => {
  test('both believe the other dead: one of them wins the test-and-set, the other halts', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const { pair, primary, backup } = ToyPair.protectedPair({ seed });
      pair.run(20 + seed);
      pair.channel.cut();
      pair.run(2000);
      const states = [primary.state, backup.state].toSorted();
      expect(states, `seed ${seed}`).toEqual(['alone', 'halted']);
      expect(pair.lease.generation).toBe(2);
      pair.expectCorrect();
    }
  });

  test('lose the shared storage in the middle of the test-and-set: both wait, and nobody hears from either', () => {
    const { pair, primary, backup } = ToyPair.protectedPair();
    pair.run(50);
    pair.leaseMs = 30;
    pair.channel.cut();
    pair.runUntil(() => primary.state === 'claiming' && backup.state === 'claiming');
    pair.lease.unreachable = true;
    const { outputs } = pair.continuation;
    pair.run(5000);
    expect([primary.state, backup.state, pair.lease.generation]).toEqual(['claiming', 'claiming', 1]);
    expect(pair.continuation.outputs).toBe(outputs);
    pair.lease.unreachable = false;
    pair.run(1000);
    expect([primary.state, backup.state].toSorted()).toEqual(['alone', 'halted']);
    pair.expectCorrect();
  });

  test('are too far apart: the primary is slowed until the backup is near, and a failover takes only so long', () => {
    const { pair, primary, backup } = ToyPair.protectedPair();
    pair.backupEpochsPerMs = 0.2;
    pair.run(10_000);
    const lagMs = primary.primary.metrics(pair.now).lagMs ?? 0;
    // A backup of a fifth of the speed would be eight seconds behind by now.
    expect(lagMs).toBeLessThan(1500);
    pair.backupEpochsPerMs = 50;
    pair.run(1000);
    expect(primary.primary.metrics(pair.now)).toMatchObject({ throttle: 0 });
    primary.die();
    pair.runUntil(() => backup.state === 'alone', 1000);
    pair.expectCorrect();
  });
});
