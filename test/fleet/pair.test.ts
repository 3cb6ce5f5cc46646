// The pair as the fleet sees it: starting, losing and replacing replicas.

import { describe, expect, test } from 'vitest';
import { ftEvent } from '../support/fake-processes.ts';
import { PairHarness } from './pair-harness.ts';

describe('power', () => {
  test('on makes a primary of one generation, and says so when it runs', async () => {
    const { pair, primary, story, pass, starts } = new PairHarness(false);
    expect(primary.got).toEqual([expect.objectContaining({ type: 'boot', generation: 1 })]);
    expect(story).toEqual([]);
    primary.says({ type: 'started', role: 'primary' });
    await pass(60_000);
    expect([story, starts, pair.primary?.pid]).toEqual([['started'], 0, primary.pid]);
  });

  test('on that fails ends with what the replica said', async () => {
    const { primary, secondary, story, pass } = new PairHarness(true);
    primary.says({ type: 'failed', message: 'bios.bin is damaged' });
    primary.exits('exit code 1');
    await pass(10);
    expect(secondary.killed).toBe(true);
    expect(story.at(-1)).toBe('ended bios.bin is damaged');
  });

  test('off ends with both processes', async () => {
    const harness = await PairHarness.protected();
    harness.pair.stop();
    harness.pair.stop();
    expect(harness.primary.gotOf('powerOff')).toHaveLength(1);
    harness.primary.reports(ftEvent.halted('poweredOff'));
    harness.primary.exits();
    expect(harness.story).not.toContain('ended null');
    await harness.pass(10);
    expect(harness.story.slice(-1)).toEqual(['ended null']);
    expect(harness.secondary.killed).toBe(true);
  });

  test('off is not asked twice of a primary that does not answer: it is killed', async () => {
    const harness = await PairHarness.protected();
    harness.pair.stop();
    await harness.pass(2900);
    expect(harness.primary.killed).toBe(false);
    await harness.pass(200);
    expect(harness.story.at(-1)).toBe('ended null');
    expect(harness.processes.living.filter((replica) => replica.got.length > 0)).toEqual([]);
  });

  test('is gone when the only replica dies, with its last words', () => {
    const { primary, story, messages } = new PairHarness(false);
    primary.says({ type: 'started', role: 'primary' });
    primary.exits('killed by SIGSEGV');
    expect(story).toEqual(['started', 'ft.primaryLost', 'ended killed by SIGSEGV']);
    expect(messages).toEqual(['error: The primary was lost (killed by SIGSEGV).']);
  });
});

describe('a secondary that is wanted at power-on', () => {
  test('is built beside its primary, which may copy to it at once', async () => {
    const harness = new PairHarness(true);
    const { primary, secondary, pair, story } = harness;
    expect(harness.processes.links).toEqual([{ a: primary, b: secondary }]);
    expect(primary.got.map(({ type }) => type)).toEqual(['boot', 'protect']);
    expect([pair.status().status, pair.starting?.phase]).toEqual(['starting', 'building']);
    primary.says({ type: 'started', role: 'primary' });
    primary.says({ type: 'captured', stunMs: 1, epoch: 3, bytes: 1 });
    secondary.says({ type: 'started', role: 'backup' });
    expect([primary.gotOf('protect').length, harness.processes.links.length]).toEqual([1, 1]);
    harness.becomeProtected();
    await harness.pass(0);
    expect([story, harness.starts]).toEqual([['ft.starting', 'started', 'ft.protected'], 1]);
  });

  test('stays Protected when its primary is heard before itself', async () => {
    const harness = new PairHarness(true);
    harness.primary.says({ type: 'started', role: 'primary' });
    harness.becomeProtected();
    harness.secondary.says({ type: 'started', role: 'backup' });
    expect([harness.pair.status().status, harness.pair.starting]).toEqual(['protected', null]);
    expect(harness.built).toContain(harness.secondary.pid);
  });

  test('and dies while it is built is replaced when its primary is alone', async () => {
    const harness = new PairHarness(true);
    const { primary, secondary } = harness;
    primary.says({ type: 'started', role: 'primary' });
    primary.says({ type: 'captured', stunMs: 1, epoch: 3, bytes: 1 });
    secondary.exits('killed by SIGKILL');
    expect(primary.gotOf('peerDied')).toHaveLength(1);
    await harness.pass(500);
    expect(harness.starts).toBe(1);
    primary.reports(ftEvent.backupLost('the channel closed', false));
    primary.reports(ftEvent.alone(1));
    await harness.pass(500);
    expect(harness.starts).toBe(2);
  });
});

describe('a secondary', () => {
  test('is started when the primary runs, and becomes Protected', async () => {
    const harness = await PairHarness.running();
    expect(harness.secondary.gotOf('standBy')[0]?.spec).toMatchObject({ vm: 'vm-id', name: 'web' });
    expect(harness.pair.status()).toEqual({ status: 'starting', reason: 'initializing' });
    expect(harness.processes.links).toEqual([]);

    harness.secondary.says({ type: 'started', role: 'backup' });
    expect(harness.processes.links).toEqual([{ a: harness.primary, b: harness.secondary }]);
    expect(harness.primary.gotOf('protect')).toHaveLength(1);
    expect(harness.pair.starting).toEqual({ phase: 'copying', copied: 0 });

    await harness.pass(1500);
    harness.becomeProtected();
    expect(harness.pair.status()).toEqual({ status: 'protected', reason: null });
    expect(harness.pair.starting).toBeNull();
    expect(harness.pair.lastStart).toEqual({
      stunMs: 7,
      builtMs: 0,
      capturedMs: 1500,
      copiedMs: 1500,
      protectedMs: 1500,
    });
    expect(harness.story).toEqual(['started', 'ft.starting', 'ft.protected']);
  });

  test('claims under another name than its primary', async () => {
    const harness = await PairHarness.running();
    const holders = [harness.primary.gotOf('boot')[0]?.spec.holder, harness.secondary.gotOf('standBy')[0]?.spec.holder];
    expect(new Set(holders).size).toBe(2);
  });

  test('that fails again and again is tried again ever more slowly, without end', async () => {
    const harness = await PairHarness.running();
    for (const delay of [500, 2000, 5000, 15_000, 15_000]) {
      const { starts } = harness;
      harness.secondary.says({ type: 'failed', message: 'no memory' });
      harness.secondary.exits('exit code 1');
      expect(harness.pair.status()).toEqual({ status: 'needSecondary', reason: 'checkpointError' });
      await harness.pass(delay - 1);
      expect(harness.starts).toBe(starts);
      await harness.pass(1);
      expect(harness.starts).toBe(starts + 1);
    }
    expect(harness.messages).toContain('error: The secondary could not be started: no memory.');
  });

  test('that becomes Protected makes former failures forgotten', async () => {
    const harness = await PairHarness.running();
    harness.secondary.exits('exit code 1');
    await harness.pass(500);
    harness.secondary.says({ type: 'started', role: 'backup' });
    harness.becomeProtected();
    harness.secondary.exits('killed by SIGKILL');
    harness.primary.reports(ftEvent.alone(2));
    await harness.pass(0);
    expect(harness.starts).toBe(3);
  });

  test('whose start takes too long is ended and tried again', async () => {
    const harness = await PairHarness.copying();
    const first = harness.secondary;
    harness.primary.says({ type: 'captured', stunMs: 1, epoch: 1, bytes: 1 });
    await harness.pass(120_010);
    expect(first.killed).toBe(true);
    expect(harness.story).toContain('ft.startTimedOut');
    harness.primary.reports(ftEvent.backupLost('the channel closed', false));
    harness.primary.reports(ftEvent.alone(1));
    await harness.pass(500);
    expect(harness.secondary).not.toBe(first);
  });

  test('that dies while its machine is built leaves the primary out of it', async () => {
    const harness = await PairHarness.running();
    harness.secondary.exits('killed by SIGKILL');
    expect(harness.primary.gotOf('peerDied')).toEqual([]);
    await harness.pass(500);
    expect(harness.starts).toBe(2);
  });

  test('that dies before the state was captured is replaced: its primary never noticed it', async () => {
    const harness = await PairHarness.copying();
    harness.secondary.exits('killed by SIGKILL');
    await harness.pass(500);
    expect(harness.starts).toBe(2);
  });

  test('that dies while the state is copied is replaced when the primary knows that it is alone', async () => {
    const harness = await PairHarness.copying();
    harness.primary.says({ type: 'captured', stunMs: 1, epoch: 1, bytes: 1 });
    harness.secondary.exits('killed by SIGKILL');
    expect(harness.primary.gotOf('peerDied')[0]?.why).toBe("the secondary's process ended (killed by SIGKILL)");
    await harness.pass(2000);
    expect(harness.starts).toBe(1);
    harness.primary.reports(ftEvent.backupLost("the secondary's process ended", false));
    harness.primary.reports(ftEvent.alone(1));
    await harness.pass(500);
    expect(harness.starts).toBe(2);
    expect(harness.story.filter((kind) => kind === 'ft.startFailed')).toHaveLength(1);
  });

  test('that the primary gives up while it is copied is ended', async () => {
    const harness = await PairHarness.copying();
    harness.primary.says({ type: 'captured', stunMs: 1, epoch: 1, bytes: 1 });
    harness.primary.reports(ftEvent.backupLost('the log grew past its limit', false));
    harness.primary.reports(ftEvent.alone(1));
    await harness.pass(10);
    expect(harness.secondary.killed).toBe(true);
    expect(harness.messages).toContain('error: The secondary could not be started: the log grew past its limit.');
    await harness.pass(500);
    expect(harness.starts).toBe(2);
  });

  test('that fails while it is copied is told of in its own words, though its primary notices first', async () => {
    const harness = await PairHarness.copying();
    harness.primary.says({ type: 'captured', stunMs: 1, epoch: 1, bytes: 1 });
    harness.primary.reports(ftEvent.backupLost('the channel closed', false));
    harness.primary.reports(ftEvent.alone(1));
    harness.secondary.says({ type: 'failed', message: 'the snapshot is of no use' });
    await harness.pass(10);
    const told = harness.messages.filter((message) => message.includes('could not be started'));
    expect(told).toEqual(['error: The secondary could not be started: the snapshot is of no use.']);
    await harness.pass(500);
    expect(harness.starts).toBe(2);
  });

  test('is not started for a VM that is not protected', async () => {
    const harness = new PairHarness(false);
    harness.primary.says({ type: 'started', role: 'primary' });
    await harness.pass(10_000);
    expect(harness.starts).toBe(0);
    harness.pair.setProtected(true);
    await harness.pass(0);
    expect(harness.starts).toBe(1);
    expect(harness.pair.status()).toEqual({ status: 'starting', reason: 'initializing' });
  });
});

describe('the secondary of a Protected pair is lost', () => {
  test('and another is started as soon as the primary goes on alone', async () => {
    const harness = await PairHarness.protected();
    harness.secondary.exits('killed by SIGKILL');
    expect(harness.pair.status()).toEqual({ status: 'needSecondary', reason: 'lostConnection' });
    expect(harness.messages.at(-1)).toBe('warning: The secondary was lost: killed by SIGKILL.');
    await harness.pass(60_000);
    expect(harness.starts).toBe(1);

    harness.primary.reports(ftEvent.backupLost("the secondary's process ended"));
    harness.primary.reports(ftEvent.alone(2));
    await harness.pass(0);
    expect([harness.starts, harness.pair.generation]).toEqual([2, 2]);
    expect(harness.story.filter((kind) => kind === 'ft.secondaryLost')).toHaveLength(1);
  });

  test('because it halted: the reason is the one that it gave', async () => {
    const harness = await PairHarness.protected();
    harness.secondary.reports(ftEvent.halted('divergence', 'the cpu state differs'));
    harness.secondary.exits();
    expect(harness.pair.status()).toEqual({ status: 'needSecondary', reason: 'divergence' });
    expect(harness.messages).toContain('error: The secondary halted: the cpu state differs.');
  });

  test('while it suspected the primary itself, and the primary won: that is no failed start', async () => {
    const harness = await PairHarness.protected();
    harness.secondary.reports(ftEvent.suspected('nothing heard for 525 ms'));
    harness.primary.reports(ftEvent.backupLost('nothing heard for 525 ms'));
    harness.primary.reports(ftEvent.alone(2));
    harness.secondary.reports(ftEvent.halted('lostArbitration', 'the primary holds generation 2'));
    harness.secondary.exits();
    expect(harness.story.slice(3)).toEqual(['ft.suspected', 'ft.secondaryLost', 'ft.lostArbitration']);
    expect(harness.pair.status()).toEqual({ status: 'needSecondary', reason: 'lostConnection' });
    await harness.pass(0);
    expect(harness.starts).toBe(2);
  });

  test('and the storage cannot be reached: everybody is told, and nothing else happens', async () => {
    const harness = await PairHarness.protected();
    harness.secondary.exits();
    harness.primary.reports({ type: 'storageUnreachable', why: 'database is locked' });
    expect(harness.messages.at(-1)).toBe('error: The primary cannot reach the datastore: database is locked.');
    await harness.pass(10_000);
    expect(harness.starts).toBe(1);
  });
});
