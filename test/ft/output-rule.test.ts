// The Output Rule in a running pair: what waits, for what, and for how long.

import { expect, test } from 'vitest';
import type { ToyRequest } from '../support/toy-machine.ts';
import { ToyPair } from '../support/toy-pair.ts';

const onePerEpoch = { outputs: () => 1 };

test('outputs of a Protected pair wait for the round trip, no longer', () => {
  const { pair, primary } = ToyPair.protectedPair({ latencyMs: 20, machine: onePerEpoch });
  pair.run(500);
  const delays = primary.primary.metrics(pair.now).outputDelayMs;
  expect(delays?.p50).toBeGreaterThanOrEqual(40);
  expect(delays?.p99).toBeLessThanOrEqual(42);
  expect(pair.outputRule.waited).toBeGreaterThan(400);
  pair.expectCorrect();
});

test('nothing leaves while no acknowledgement comes, and the machine runs on', () => {
  const { pair, primary } = ToyPair.protectedPair({ machine: onePerEpoch });
  pair.run(100);
  pair.channel.cut();
  pair.run(5);
  const [outputs, epoch] = [pair.continuation.outputs, primary.machine.epoch];
  pair.run(200);
  expect(pair.continuation.outputs).toBe(outputs);
  expect(primary.machine.epoch).toBeGreaterThan(epoch + 100);

  pair.channel.heal();
  pair.run(20);
  expect(pair.continuation.outputs).toBeGreaterThan(outputs + 100);
  expect(primary.state).toBe('protected');
  pair.expectCorrect();
});

test('pictures of the screen wait like any output', () => {
  const { pair, primary } = ToyPair.protectedPair();
  pair.channel.cut();
  pair.run(1);
  primary.primary.show('what the guest shows', 100, pair.now);
  pair.run(100);
  expect(pair.shown).toEqual([]);

  pair.channel.heal();
  pair.run(10);
  expect(pair.shown).toEqual(['what the guest shows']);
});

test('an input counts as safe only when the head that carries it was acknowledged', () => {
  const { pair } = ToyPair.protectedPair();
  pair.run(20);
  pair.channel.cut();
  pair.run(2);
  pair.type('x');
  pair.run(100);
  expect(pair.inputs.resume(0)).toHaveLength(1);

  pair.channel.heal();
  pair.run(10);
  expect(pair.inputs.resume(0)).toEqual([]);
});

test('writes to the disk wait like outputs, reads do not', () => {
  const { pair, primary } = ToyPair.protectedPair({ machine: { disk: true, seed: 10 } });
  pair.run(100);
  const issued: string[] = [];
  pair.addChecker({ violations: [], issued: (_replica, request) => void issued.push(request.operation) });
  pair.channel.cut();
  pair.runUntil(() => primary.machine.pendingRequests.filter(({ operation }) => operation !== 'read').length > 2, 400);
  expect(new Set(issued)).toEqual(new Set(['read']));
  pair.channel.heal();
  pair.run(20);
  expect(issued).toContain('write');
  pair.expectCorrect();
});

test('a read that is to find what a waiting write leaves there waits behind it, in the order of the guest', () => {
  const { pair, primary } = ToyPair.protectedPair({ machine: { disk: true, diskEvery: 1, seed: 6 } });
  const issued: ToyRequest[] = [];
  pair.addChecker({ violations: [], issued: (_replica, request) => void issued.push(request) });
  pair.channel.latencyMs = 20;
  pair.run(1000);
  expect(primary.state).toBe('protected');
  const overtaken = issued.filter((read, at) =>
    issued
      .slice(at)
      .some(({ id, operation, offset }) => operation === 'write' && offset === read.offset && id < read.id),
  );
  expect(overtaken).toEqual([]);
  expect(issued.some(({ operation }) => operation === 'read')).toBe(true);
  // The toy guest notes where it reads something else than it has written.
  expect(primary.machine.contradictions).toEqual([]);
  pair.expectCorrect();
});

test('the backup keeps what it makes until it hears that it was confirmed', () => {
  const { pair, backup } = ToyPair.protectedPair({ machine: onePerEpoch });
  pair.run(500);
  // Confirmed after 10 ms, told with the next heartbeat.
  expect(backup.backup.outputsKept).toBeLessThan(80);

  pair.confirms = false;
  pair.run(300);
  expect(backup.backup.outputsKept).toBeGreaterThan(290);
});

test('of an epoch whose outputs were confirmed in part, the backup keeps the rest', () => {
  const { pair, primary, backup } = ToyPair.protectedPair({ machine: { outputs: () => 3 } });
  pair.confirms = false;
  pair.run(100);
  const epoch = primary.machine.epoch - 20;
  primary.primary.confirmed({ epoch, index: 1 });
  // The backup hears of it with the primary's next look.
  pair.run(110);
  const again: string[] = [];
  pair.addChecker({
    violations: [],
    emitted: (_replica, output) => void again.push(`${output.epoch}.${output.index}`),
  });
  primary.die();
  pair.runUntil(() => backup.state === 'alone');
  expect(again[0]).toBe(`${epoch}.2`);
  pair.expectCorrect();
});

test('the head of an epoch is sent before the epoch is executed', () => {
  const { pair, primary } = ToyPair.protectedPair();
  const wrong: number[] = [];
  pair.addChecker({
    violations: [],
    sent: ({ name }, entry) => {
      if (name === primary.name && entry.kind === 'head' && primary.machine.epoch !== entry.epoch)
        wrong.push(entry.epoch);
    },
  });
  pair.run(100);
  expect(wrong).toEqual([]);
});

test('a backup itself lets nothing out', () => {
  const { pair, backup } = ToyPair.protectedPair();
  const speakers = new Set<string>();
  pair.addChecker({ violations: [], emitted: ({ name }) => void speakers.add(name) });
  pair.run(300);
  expect(speakers.has(backup.name)).toBe(false);
  expect(speakers.size).toBe(1);
});
