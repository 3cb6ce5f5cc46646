// The fleet's part in a failover, and in ending a pair: it hints, it follows, it clears away.

import { describe, expect, test, vi } from 'vitest';
import { ftEvent } from '../support/fake-processes.ts';
import { PairHarness } from './pair-harness.ts';

describe('the primary of a Protected pair dies', () => {
  test.for([
    ['because the user asked for it', true, 'userAction'],
    ['by itself', false, 'lostConnection'],
  ] as const)('%s: that is why a secondary is needed', async ([, requested, reason]) => {
    const harness = await PairHarness.protected();
    const survivor = harness.secondary;
    if (requested) harness.pair.testFailover();
    else harness.primary.exits('killed by SIGKILL');
    await harness.pass(1);
    survivor.reports(ftEvent.live(2));
    expect(harness.pair.status()).toEqual({ status: 'needSecondary', reason });
  });

  test('while the datastore cannot be reached: that is told once, and once that it can be', async () => {
    const harness = await PairHarness.protected();
    const survivor = harness.secondary;
    harness.primary.exits('killed by SIGKILL');
    for (let tries = 0; tries < 5; tries++) survivor.reports({ type: 'storageUnreachable', why: 'it is locked' });
    survivor.reports(ftEvent.live(2));
    const told = harness.story.filter((kind) => kind.startsWith('ft.storage'));
    expect(told).toEqual(['ft.storageUnreachable', 'ft.storageReachable']);
  });

  test('and the secondary is told, goes live, is the primary, and gets a secondary of its own', async () => {
    const harness = await PairHarness.protected();
    const [old, survivor] = [harness.primary, harness.secondary];
    old.exits('killed by SIGKILL');
    expect(survivor.gotOf('peerDied')).toEqual([
      { type: 'peerDied', why: "the primary's process ended (killed by SIGKILL)" },
    ]);
    expect(harness.pair.primary).toBeNull();

    survivor.reports(ftEvent.suspected("the primary's process ended"));
    expect(harness.pair.status().status).toBe('needSecondary');
    survivor.reports(ftEvent.live(2, 17));
    expect(harness.pair).toMatchObject({ generation: 2, primary: { pid: survivor.pid }, secondary: null });
    await harness.pass(1000);
    expect(harness.starts).toBe(1);

    survivor.says({ type: 'resumed', liveMs: 6 });
    expect(harness.pair.lastFailover).toMatchObject({
      reason: 'the channel closed',
      detectMs: 3,
      drainMs: 4,
      arbitrateMs: 5,
      liveMs: 6,
    });
    expect(harness.messages.at(-1)).toBe(
      'warning: The secondary went live as the new primary after 18.0 ms: the channel closed.',
    );
    await harness.pass(0);
    expect(harness.starts).toBe(2);
    expect(harness.story.slice(3)).toEqual([
      'ft.primaryLost',
      'ft.suspected',
      'failedOver 17',
      'ft.failover',
      'ft.starting',
    ]);

    harness.secondary.says({ type: 'started', role: 'backup' });
    expect(harness.processes.links.at(-1)).toEqual({ a: survivor, b: harness.secondary });
    harness.becomeProtected(survivor, 2);
    expect(harness.pair.status()).toEqual({ status: 'protected', reason: null });
  });

  test('but not while the machine is powered off: it is ended', async () => {
    const harness = await PairHarness.protected();
    const { secondary } = harness;
    harness.pair.stop();
    harness.primary.exits('killed by SIGKILL');
    secondary.reports(ftEvent.suspected('the channel closed'));
    await harness.pass(5);
    expect(secondary.killed).toBe(true);
    expect(harness.story.at(-1)).toBe('ended null');
  });

  test('and what it printed before counts, from whoever it comes', async () => {
    const harness = await PairHarness.protected();
    harness.primary.prints(5, 0, 'before');
    harness.primary.exits();
    harness.secondary.reports(ftEvent.live(2));
    harness.secondary.prints(5, 0, 'before');
    harness.secondary.prints(6, 0, 'after');
    const printed = harness.outputs.map((output) => output.type === 'serial' && [output.epoch, output.index]);
    expect(printed).toEqual([
      [5, 0],
      [5, 0],
      [6, 0],
    ]);
  });

  test('and then the secondary: the VM is gone, because of what ended the last one', async () => {
    const harness = await PairHarness.protected();
    harness.primary.exits('killed by SIGKILL');
    harness.secondary.reports(ftEvent.live(2));
    harness.secondary.exits('killed by SIGBUS');
    expect(harness.story.at(-1)).toBe('ended killed by SIGBUS');
  });

  test('and the secondary halts because it was not yet allowed to go live: the VM is gone', async () => {
    const harness = await PairHarness.copying();
    harness.primary.exits('killed by SIGKILL');
    expect(harness.secondary.gotOf('peerDied')).toHaveLength(1);
    harness.secondary.reports(ftEvent.halted('unprotected', 'the channel closed'));
    harness.secondary.exits();
    expect(harness.story.slice(-3)).toEqual(['ft.primaryLost', 'ft.unprotected', 'ended killed by SIGKILL']);
  });

  test('long after a secondary could not be started: it is not that which ended the VM', async () => {
    const harness = await PairHarness.running();
    harness.secondary.says({ type: 'failed', message: 'no memory for a secondary' });
    harness.secondary.exits('exit code 1');
    harness.pair.setProtected(false);
    await harness.pass(60_000);
    harness.primary.exits('killed by SIGKILL');
    expect(harness.story.at(-1)).toBe('ended killed by SIGKILL');
  });

  test('while its secondary was being built: there is nobody who could go on', async () => {
    const harness = await PairHarness.running();
    harness.primary.exits('killed by SIGKILL');
    await harness.pass(10);
    expect(harness.secondary.killed).toBe(true);
    expect(harness.story.at(-1)).toBe('ended killed by SIGKILL');
  });
});

describe('a primary that still lives when its secondary goes live', () => {
  test('is retired: it halts by itself, says so, and is not the VM any more', async () => {
    const harness = await PairHarness.protected();
    const [old, survivor] = [harness.primary, harness.secondary];
    survivor.reports(ftEvent.suspected('nothing heard for 525 ms'));
    survivor.reports(ftEvent.live(2));
    expect(harness.pair.primary?.pid).toBe(survivor.pid);
    old.reports(ftEvent.protected(1));
    old.reports(ftEvent.alone(1));
    expect([harness.pair.generation, harness.pair.status().status]).toEqual([2, 'needSecondary']);
    old.reports(ftEvent.halted('lostArbitration', 'replica 2 holds generation 2'));
    expect(harness.messages.at(-1)).toBe('warning: A former primary halted: replica 2 holds generation 2.');
    old.exits();
    expect(harness.story).not.toContain('ended null');
    expect(harness.story).not.toContain('ft.primaryLost');
  });

  test('and does not halt is ended after half a minute', async () => {
    const harness = await PairHarness.protected();
    const old = harness.primary;
    harness.secondary.reports(ftEvent.live(2));
    await harness.pass(29_000);
    expect(old.killed).toBe(false);
    await harness.pass(1100);
    expect([old.killed, old.exited]).toEqual([true, true]);
    expect(harness.pair.primary?.pid).toBe(harness.secondary.pid);
  });

  test('is not heard any more once the VM is powered off: nothing of it may count for the next power-on', async () => {
    const harness = await PairHarness.protected();
    const [old, survivor] = [harness.primary, harness.secondary];
    survivor.reports(ftEvent.live(2));
    harness.pair.stop();
    survivor.exits();
    expect(harness.story.at(-1)).toBe('ended null');
    expect(old.killed).toBe(true);
    const [told, printed] = [harness.story.length, harness.outputs.length];
    old.prints(900, 0, 'too late');
    old.reports(ftEvent.halted('lostArbitration'));
    await harness.pass(10);
    expect([harness.story.length, harness.outputs.length]).toEqual([told, printed]);
  });
});

describe('Fault Tolerance is turned off', () => {
  test('and the secondary is let go, and none is started again until it is turned on', async () => {
    const harness = await PairHarness.protected();
    const former = harness.secondary;
    harness.pair.setProtected(false);
    expect(harness.primary.gotOf('endProtection')).toHaveLength(1);
    former.reports(ftEvent.halted('ended', 'Fault Tolerance was turned off'));
    harness.primary.reports(ftEvent.alone(2));
    former.exits();
    await harness.pass(60_000);
    expect([harness.starts, harness.pair.secondary]).toEqual([1, null]);
    expect(harness.story).toEqual(['started', 'ft.starting', 'ft.protected']);

    harness.pair.setProtected(true);
    await harness.pass(0);
    expect(harness.starts).toBe(2);
  });

  test('and on again before the primary has let go: the former secondary is not taken for the new one', async () => {
    const harness = await PairHarness.protected();
    const former = harness.secondary;
    harness.pair.setProtected(false);
    harness.pair.setProtected(true);
    await harness.pass(100);
    expect(harness.starts).toBe(1);
    harness.primary.reports(ftEvent.alone(2));
    await harness.pass(0);
    expect(harness.starts).toBe(2);
    former.reports(ftEvent.live(2));
    expect(harness.pair.primary?.pid).toBe(harness.primary.pid);
  });

  test('while a secondary is built: that is no failure', async () => {
    const harness = await PairHarness.running();
    harness.pair.setProtected(false);
    await harness.pass(1000);
    expect(harness.secondary.exited).toBe(true);
    expect([harness.story, harness.starts]).toEqual([['started', 'ft.starting'], 1]);
  });
});

describe('stopped', () => {
  const phases = {
    'while it is powered on': async () => new PairHarness(true),
    'without a secondary': async () => {
      const harness = new PairHarness(false);
      harness.primary.says({ type: 'started', role: 'primary' });
      return harness;
    },
    'while a secondary is built': () => PairHarness.running(),
    'while a secondary is copied': () => PairHarness.copying(),
    'while it is Protected': () => PairHarness.protected(),
    'while it waits to start a secondary again': async () => {
      const harness = await PairHarness.running();
      harness.secondary.exits('exit code 1');
      return harness;
    },
    'while the secondary takes over': async () => {
      const harness = await PairHarness.protected();
      harness.primary.exits('killed by SIGKILL');
      harness.secondary.reports(ftEvent.suspected('the channel closed'));
      return harness;
    },
    'while the secondary has gone live, and the former primary is not yet gone': async () => {
      const harness = await PairHarness.protected();
      harness.secondary.reports(ftEvent.live(2));
      return harness;
    },
  };

  test.each(Object.entries(phases))(
    '%s, it ends without a complaint, and leaves nothing behind',
    async (_phase, reach) => {
      const harness = await reach();
      harness.pair.stop();
      for (const replica of harness.processes.living) {
        if (replica.gotOf('powerOff').length > 0) replica.exits();
      }
      await harness.pass(3100);
      expect(harness.story.filter((line) => line.startsWith('ended'))).toEqual(['ended null']);
      harness.spares.close();
      await harness.pass(5);
      expect(harness.processes.living).toEqual([]);
      await harness.pass(200_000);
      expect(vi.getTimerCount()).toBe(0);
      expect(harness.story.at(-1)).toBe('ended null');
    },
  );

  test('at the moment when the secondary goes live all the same, it ends', async () => {
    const harness = await PairHarness.protected();
    harness.pair.stop();
    harness.secondary.reports(ftEvent.suspected('the channel closed'));
    harness.secondary.reports(ftEvent.live(2));
    harness.primary.exits();
    await harness.pass(3100);
    expect(harness.story.filter((line) => line.startsWith('ended'))).toEqual(['ended null']);
  });

  test('by killing everything, it is at its end at once', async () => {
    const harness = await PairHarness.protected();
    harness.pair.kill();
    await harness.pass(2);
    expect(harness.story.at(-1)).toBe('ended null');
    expect(harness.processes.living.filter((replica) => replica.got.length > 0)).toEqual([]);
  });
});
