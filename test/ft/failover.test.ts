// The death of a replica: the other one goes on, and the outside sees one continuation.

import { describe, expect, test } from 'vitest';
import type { Positioned } from '../../main/ft/output.ts';
import { ToyPair } from '../support/toy-pair.ts';
import type { Effect } from '../support/toy-replica.ts';

const onePerEpoch = { outputs: () => 1 };

describe('the primary dies', () => {
  test('and the backup goes live in the next generation, from the last head that it received', () => {
    const { pair, primary, backup } = ToyPair.protectedPair();
    pair.run(200);
    primary.die();
    pair.runUntil(() => backup.state === 'alone');
    const [live] = pair.reported(backup, 'live');
    expect(live).toMatchObject({ generation: 2, why: 'the logging channel closed (r1 died)' });
    expect(primary.machine.epoch - (live?.epoch ?? 0)).toBeLessThanOrEqual(2);
    expect(pair.lease).toMatchObject({ generation: 2, holder: backup.name });

    const outputs = pair.continuation.outputs;
    pair.run(200);
    expect(pair.continuation.outputs).toBeGreaterThan(outputs);
    pair.expectCorrect();
  });

  test('and is missed by its silence where nobody tells of its death', () => {
    const { pair, primary, backup } = ToyPair.protectedPair();
    pair.deathIsTold = false;
    primary.die();
    pair.run(pair.settings.failureTimeoutMs - 50);
    expect(backup.state).toBe('replaying');
    pair.run(100);
    expect(backup.state).toBe('alone');
    const [suspected] = pair.reported(backup, 'suspected');
    expect(suspected?.detectMs).toBeGreaterThan(pair.settings.failureTimeoutMs);
    expect(suspected?.detectMs).toBeLessThanOrEqual(pair.settings.failureTimeoutMs + 30);
    pair.expectCorrect();
  });

  test('and the backup executes what it has received, then asks for the lease, and says how long each took', () => {
    const { pair, primary, backup } = ToyPair.protectedPair();
    pair.backupEpochsPerMs = 0;
    pair.run(80);
    primary.die();
    pair.run(10);
    expect([backup.state, pair.lease.generation]).toEqual(['draining', 1]);
    const behind = backup.backup.behind;
    expect(behind).toBeGreaterThan(70);

    pair.backupEpochsPerMs = 4;
    pair.leaseMs = 15;
    pair.runUntil(() => backup.state === 'alone');
    const [live] = pair.reported(backup, 'live');
    expect(live?.drainMs).toBeGreaterThanOrEqual(9 + behind / 4);
    expect(live?.arbitrateMs).toBe(30);
    pair.expectCorrect();
  });

  test('and exactly the outputs that were not confirmed are sent again', () => {
    const { pair, primary, backup } = ToyPair.protectedPair({ machine: onePerEpoch });
    pair.run(100);
    pair.confirms = false;
    pair.run(150);
    const confirmed = backup.backup.outputsKept;
    pair.run(100);
    expect(backup.backup.outputsKept).toBe(confirmed + 100);

    const again: Positioned<unknown>[] = [];
    pair.addChecker({
      violations: [],
      emitted: ({ name }, output) => void (name === backup.name && again.push(output)),
    });
    primary.die();
    pair.runUntil(() => backup.state === 'alone');
    const [live] = pair.reported(backup, 'live');
    const first = live ? live.epoch - live.reemitted : -1;
    expect(live?.reemitted).toBeGreaterThan(confirmed + 98);
    expect(again.slice(0, live?.reemitted).map(({ epoch }) => epoch)).toEqual(
      Array.from({ length: live?.reemitted ?? 0 }, (_, index) => first + index),
    );
    pair.run(100);
    pair.expectCorrect();
  });

  test('and inputs that it had not made safe reach the guest once, in order', () => {
    const { pair, primary, backup } = ToyPair.protectedPair();
    pair.run(50);
    for (const text of ['a', 'b', 'c']) {
      pair.type(text);
      pair.run(1);
    }
    primary.die(5);
    pair.type('d');
    pair.runUntil(() => pair.primary === backup);
    pair.type('e');
    pair.run(20);
    expect(backup.machine.lastInput).toBe(5);
    expect(pair.inputs.resume(0)).toEqual([]);
    pair.expectCorrect();
  });

  test('and disk requests that were pending are carried out by the new primary', () => {
    const { pair, primary, backup } = ToyPair.protectedPair({ machine: { disk: true } });
    pair.diskMs = 30;
    pair.runUntil(() => backup.machine.pendingRequests.length >= 3);
    const pending = backup.machine.pendingRequests.map(({ id }) => id);
    const reissued: number[] = [];
    pair.addChecker({
      violations: [],
      issued: ({ name }, request) => void (name === backup.name && reissued.push(request.id)),
    });
    primary.die();
    pair.runUntil(() => backup.state === 'alone');
    expect(reissued).toEqual(expect.arrayContaining(pending.slice(1)));
    pair.run(200);
    expect(backup.machine.pendingRequests[0]?.id ?? Number.POSITIVE_INFINITY).toBeGreaterThan(Math.max(...pending));
    pair.expectCorrect();
  });

  test('and the one that goes live says which inputs it has, those from before its snapshot too', () => {
    const pair = new ToyPair();
    for (const text of ['a', 'b']) pair.type(text);
    pair.run(10);
    const backup = pair.startBackup();
    pair.runUntil(() => pair.primary.state === 'protected');
    pair.primary.die();
    pair.runUntil(() => backup.state === 'alone');
    expect(pair.reported(backup, 'live')[0]?.lastInput).toBe(2);
    pair.expectCorrect();
  });

  test('three times in a row, and the guest lives on in the fourth replica', () => {
    const { pair } = ToyPair.protectedPair({ machine: { disk: true } });
    for (let generation = 2; generation <= 4; generation++) {
      pair.type(`before failover ${generation}`);
      pair.run(70);
      const survivor = pair.backup;
      pair.primary.die();
      pair.runUntil(() => pair.primary === survivor);
      pair.run(30);
      pair.startBackup();
      pair.runUntil(() => pair.primary.state === 'protected');
      expect(pair.primary.primary.generation).toBe(generation);
    }
    pair.run(100);
    pair.expectCorrect();
  });
});

describe('killed at a named point', () => {
  const points = (['send', 'emit', 'issue'] as const).flatMap((effect) =>
    (['before', 'after'] as const).map((when) => [when, effect] as const),
  );

  /** A pair whose primary dies at its nth effect, and whose outside never notices. */
  function survives(when: 'before' | 'after', effect: Effect, count: number): void {
    const { pair, primary, backup } = ToyPair.protectedPair({ seed: count, machine: { disk: true, seed: count } });
    pair.run(20);
    pair.type('typed');
    primary.dieAt(when, effect, count);
    pair.runUntil(() => backup.state === 'alone');
    pair.run(40);
    expect(backup.machine.lastInput, `${when} ${effect} ${count}`).toBe(1);
    pair.expectCorrect();
  }

  test.each(points)('just %s a primary does "%s", whichever one it is, nothing is lost or changed', (when, effect) => {
    for (const count of [1, 2, 3, 5, 8, 13, 21, 34]) survives(when, effect, count);
  });

  test.each([
    ['before', 'claim', 1],
    ['after', 'claim', 2],
    ['before', 'won', 2],
  ] as const)(
    'just %s a backup does "%s", there is nobody left, and nobody pretends otherwise',
    (when, effect, generation) => {
      const { pair, primary, backup } = ToyPair.protectedPair();
      backup.dieAt(when, effect);
      primary.die();
      pair.run(2000);
      expect([backup.state, pair.lease.generation]).toEqual(['dead', generation]);
      expect(pair.reported(backup, 'live')).toEqual([]);
      pair.expectCorrect();
    },
  );

  test.each(['before', 'after'] as const)(
    'just %s the new primary sends its first output again, its next backup sees one guest',
    (when) => {
      const { pair, primary, backup } = ToyPair.protectedPair();
      backup.dieAt(when, 'emit');
      primary.die();
      pair.run(2000);
      expect(backup.state).toBe('dead');
      pair.expectCorrect();
    },
  );

  test('with its last messages still unsent, whatever their number, the outside sees one continuation', () => {
    for (let unsent = 0; unsent <= 30; unsent++) {
      const { pair, primary, backup } = ToyPair.protectedPair({ seed: unsent, latencyMs: 12, machine: { disk: true } });
      pair.run(60);
      primary.die(unsent);
      pair.runUntil(() => backup.state === 'alone');
      pair.run(40);
      pair.expectCorrect();
    }
  });
});

describe('the backup dies', () => {
  test('and the primary goes on alone in the next generation, after the test-and-set', () => {
    const { pair, primary, backup } = ToyPair.protectedPair({ machine: onePerEpoch });
    pair.run(100);
    backup.die();
    pair.runUntil(() => primary.state === 'claiming');
    const outputs = pair.continuation.outputs;
    pair.run(3);
    expect(pair.continuation.outputs).toBe(outputs);

    pair.runUntil(() => primary.state === 'alone');
    expect(pair.reported(primary, 'backupLost')).toEqual([expect.objectContaining({ wasProtected: true })]);
    expect(pair.reported(primary, 'alone')).toEqual([{ type: 'alone', generation: 2 }]);
    expect(pair.continuation.outputs).toBeGreaterThan(outputs + 2);
    pair.expectCorrect();
  });

  test('and with the next backup the pair is Protected again, its outputs under the rule again', () => {
    const { pair, primary, backup } = ToyPair.protectedPair({ machine: { disk: true } });
    pair.run(100);
    backup.die();
    pair.runUntil(() => primary.state === 'alone');
    const second = pair.startBackup();
    pair.runUntil(() => primary.state === 'protected');
    const waited = pair.outputRule.waited;
    pair.run(100);
    expect(pair.outputRule.waited).toBeGreaterThan(waited);

    primary.die();
    pair.runUntil(() => second.state === 'alone');
    expect(pair.lease.generation).toBe(3);
    pair.run(50);
    pair.expectCorrect();
  });

  test('and is missed by its silence where nobody tells of its death', () => {
    const { pair, primary, backup } = ToyPair.protectedPair();
    pair.deathIsTold = false;
    backup.die();
    pair.runUntil(() => primary.state === 'alone', 600);
    expect(pair.reported(primary, 'backupLost')[0]?.why).toMatch(/^nothing heard of the backup for 5\d\d ms$/);
    pair.expectCorrect();
  });
});
