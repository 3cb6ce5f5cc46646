// Faults made on purpose: which are active, for how long, and what is kept of the failover that follows.

import { describe, expect, test, vi } from 'vitest';
import { Faults } from '../../main/fleet/pair/faults.ts';
import { Replica } from '../../main/fleet/pair/replica.ts';
import { Rate } from '../../main/fleet/watch/rate.ts';
import { ftEvent, report, surviving, FakeProcesses } from '../support/fake-processes.ts';
import { eventually } from '../support/eventually.ts';
import { openFleet } from '../support/fleet.ts';
import { PairHarness } from './pair-harness.ts';

function pairOfReplicas() {
  const processes = new FakeProcesses();
  const [first, second] = [processes.fork(), processes.fork()];
  const targets = { primary: new Replica(first), secondary: new Replica(second), others: [] as Replica[] };
  const changed = vi.fn();
  const faults = new Faults(() => targets, changed);
  const kinds = () => faults.active().map(({ kind }) => kind);
  return { first, second, targets, faults, changed, kinds };
}

describe('a fault is active', () => {
  test('until it is healed: a hang and a slow channel; a flipped bit stays flipped', () => {
    const { first, second, targets, faults, kinds } = pairOfReplicas();
    expect(faults.inject('hang-primary', {}, targets)).toBe(first.pid);
    expect(faults.inject('delay-channel', { ms: 50 }, targets)).toBeNull();
    expect(faults.inject('corrupt-secondary', {}, targets)).toBe(second.pid);
    expect(faults.active()).toMatchObject([
      { kind: 'hang-primary', pid: first.pid, ms: null },
      { kind: 'delay-channel', pid: null, ms: 50 },
      { kind: 'corrupt-secondary', pid: second.pid },
    ]);
    faults.inject('heal', {}, targets);
    expect(first.hanging).toBe(false);
    expect(first.gotOf('channelFault').at(-1)).toEqual({ type: 'channelFault', fault: { kind: 'none' } });
    expect(kinds()).toEqual(['corrupt-secondary']);
  });

  test('until its time is over: a process that hangs for so long', async () => {
    const { second, targets, faults, changed, kinds } = pairOfReplicas();
    faults.inject('hang-secondary', { ms: 5 }, targets);
    expect([second.hanging, kinds()]).toEqual([true, ['hang-secondary']]);
    await eventually(() => expect(second.hanging).toBe(false));
    expect(kinds()).toEqual([]);
    expect(changed).toHaveBeenCalledOnce();
  });

  test('until what it hit is gone: a process that ends, a channel whose secondary is replaced', () => {
    const { first, targets, faults, kinds } = pairOfReplicas();
    faults.inject('cut-channel', {}, targets);
    faults.inject('hang-primary', {}, targets);
    const { primary, secondary } = targets;
    // A failover: the hanging primary has lost its role, and lives.
    Object.assign(targets, { primary: secondary, secondary: null, others: [primary] });
    expect(kinds()).toEqual(['hang-primary']);
    first.exits();
    expect(kinds()).toEqual([]);
  });

  test('once: the channel is cut or slow, not both', () => {
    const { targets, faults, kinds } = pairOfReplicas();
    faults.inject('cut-channel', {}, targets);
    faults.inject('delay-channel', { ms: 50 }, targets);
    faults.inject('delay-channel', { ms: 80 }, targets);
    expect(kinds()).toEqual(['delay-channel']);
  });

  test('never, when its time makes no sense', () => {
    const { targets, faults, kinds } = pairOfReplicas();
    expect(() => faults.inject('delay-channel', {}, targets)).toThrow(/how many milliseconds/);
    expect(() => faults.inject('cut-channel', { ms: 50 }, targets)).toThrow(/Milliseconds are for hang-primary/);
    expect(kinds()).toEqual([]);
  });
});

describe('a failover', () => {
  test('is kept when its secondary is live, and filled in: the first output, Protected again', async () => {
    const harness = await PairHarness.protected();
    const [old, survivor] = [harness.primary, harness.secondary];
    old.exits('killed by SIGKILL');
    survivor.reports(ftEvent.live(2));
    expect(harness.failovers).toEqual([]);
    survivor.says({ type: 'resumed', liveMs: 6 });
    const phases = { detectMs: 3, drainMs: 4, arbitrateMs: 5, liveMs: 6 };
    const who = { generation: 2, fromPid: old.pid, toPid: survivor.pid, requested: false };
    expect(harness.failovers).toMatchObject([{ ...phases, ...who, firstOutputMs: null, protectedMs: null }]);
    survivor.says({ type: 'firstOutput', ms: 9 });
    await harness.pass(1500);
    harness.secondary.says({ type: 'started', role: 'backup' });
    harness.becomeProtected(survivor, 2);
    expect(harness.failovers).toMatchObject([{ ...phases, firstOutputMs: 9, protectedMs: 1500 }]);
    expect(harness.pair.lastFailover).toMatchObject({ firstOutputMs: 9, protectedMs: 1500 });
    expect(harness.pair.lastFailover).not.toHaveProperty('fromPid');
  });

  test('that is followed by another keeps what it had', async () => {
    const harness = await PairHarness.protected();
    const survivor = harness.secondary;
    harness.primary.exits();
    survivor.reports(ftEvent.live(2));
    survivor.says({ type: 'resumed', liveMs: 6 });
    await harness.pass(1000);
    harness.secondary.says({ type: 'started', role: 'backup' });
    harness.becomeProtected(survivor, 2);
    const next = harness.secondary;
    survivor.exits();
    next.reports(ftEvent.live(3));
    next.says({ type: 'firstOutput', ms: 2 });
    next.says({ type: 'resumed', liveMs: 3 });
    expect(harness.failovers).toMatchObject([
      { generation: 2, liveMs: 6, firstOutputMs: null, protectedMs: 1000 },
      { generation: 3, liveMs: 3, firstOutputMs: 2, protectedMs: null },
    ]);
  });

  test('is listed for its VM, newest first, and outlives the VM', async () => {
    const { call } = openFleet({ processes: new FakeProcesses(surviving) });
    await call('vm.create', { name: 'web', sample: 'linux' });
    await call('power.on', { vm: 'web' });
    await call('ft.on', { vm: 'web' });
    await call('ft.wait', { vm: 'web', for: 'protected' });
    await call('ft.testFailover', { vm: 'web' });
    expect(await call('failover.list', { vm: 'web' })).toMatchObject([
      { vm: { name: 'web' }, generation: 2, requested: true, liveMs: 1, protectedMs: expect.any(Number) },
    ]);
    const { faults } = await call('vm.show', { vm: 'web' });
    expect(faults).toEqual([]);
    await call('fault', { vm: 'web', kind: 'hang-secondary' });
    expect((await call('vm.show', { vm: 'web' })).faults).toMatchObject([{ kind: 'hang-secondary' }]);
    await call('fault', { vm: 'web', kind: 'heal' });
    await expect(call('fault', { vm: 'web', kind: 'heal' })).rejects.toThrow('there is nothing to heal');
    await call('fault', { vm: 'web', kind: 'hang-secondary' });
    await call('power.off', { vm: 'web' });
    expect((await call('vm.show', { vm: 'web' })).faults).toEqual([]);
    await call('vm.delete', { vm: 'web' });
    expect(await call('failover.list', {})).toHaveLength(1);
  });
});

describe('what is measured', () => {
  test('of a process that has not reported for some seconds is unknown', () => {
    vi.useFakeTimers();
    try {
      const { first, targets } = pairOfReplicas();
      first.says({ type: 'report', report: report() });
      expect(targets.primary.metrics()).toMatchObject({ memoryMB: 200, diskRequestsPerSecond: 12 });
      vi.advanceTimersByTime(3000);
      expect(targets.primary.metrics()).toBeNull();
      expect(targets.primary.place('here').epoch).toBe(1234);
    } finally {
      vi.useRealTimers();
    }
  });

  test('by a counter is a rate, whoever else reads it between; not across a restart of the counter', () => {
    const rate = new Rate();
    const reads = [
      [0, 100],
      [1000, 600],
      [1200, 700],
      [2000, 1600],
      [3000, 5],
      [4000, 15],
      [5000, null],
    ] as const;
    expect(reads.map(([now, count]) => rate.read(now, count))).toEqual([null, 500, 500, 1000, null, 10, null]);
  });
});
