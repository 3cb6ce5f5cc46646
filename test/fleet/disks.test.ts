// Which hard disk image each replica of a VM gets, and which of them is the true one, with replicas that a test plays.

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { diskSlot, LeaseArbiter } from '../../main/datastore/leases.ts';
import { eventually } from '../support/eventually.ts';
import { FakeProcesses, ftEvent, surviving, type FakeReplica } from '../support/fake-processes.ts';
import { openFleet, type TestFleet } from '../support/fleet.ts';
import { temporaryFolder } from '../support/folder.ts';
import { PairHarness } from './pair-harness.ts';

const slotOf = (replica: FakeReplica): string | undefined =>
  (replica.gotOf('standBy')[0] ?? replica.gotOf('boot')[0])?.spec.disk?.slot;

describe('a pair with separate disks', () => {
  async function protectedPair(disk: 'shared' | 'separate'): Promise<PairHarness> {
    const harness = new PairHarness(true, disk);
    harness.primary.says({ type: 'started', role: 'primary' });
    await harness.pass(0);
    harness.secondary.says({ type: 'started', role: 'backup' });
    harness.becomeProtected();
    return harness;
  }

  test('gives each secondary the image that its primary does not use', async () => {
    const harness = await protectedPair('separate');
    const [old, survivor] = [harness.primary, harness.secondary];
    expect([slotOf(old), slotOf(survivor)]).toEqual(['A', 'B']);
    survivor.reports(ftEvent.live(2));
    survivor.says({ type: 'resumed', liveMs: 1 });
    old.exits();
    await harness.pass(0);
    expect([harness.pair.slot, slotOf(harness.secondary)]).toEqual(['B', 'A']);
  });

  test('fences nobody: the new primary goes on at once, on a disk of its own', async () => {
    const [separate, shared] = [await protectedPair('separate'), await protectedPair('shared')];
    for (const { secondary } of [separate, shared]) secondary.reports(ftEvent.live(2));
    expect([separate.primary.killed, shared.primary.killed]).toEqual([false, true]);
    expect(separate.secondary.gotOf('fenced')).toHaveLength(1);
    expect(shared.secondary.gotOf('fenced')).toHaveLength(0);
  });

  test('ends a former primary before its image is the new secondary’s', async () => {
    const harness = await protectedPair('separate');
    const [old, survivor] = [harness.primary, harness.secondary];
    survivor.reports(ftEvent.live(2));
    survivor.says({ type: 'resumed', liveMs: 1 });
    await harness.pass(0);
    expect([old.killed, old.exited, harness.starts]).toEqual([true, false, 1]);
    await harness.pass(5);
    expect([old.exited, harness.starts, slotOf(harness.secondary)]).toEqual([true, 2, 'A']);
  });

  test('shows how far the comparison of the disks is, and waits for it as long as it goes on', async () => {
    const harness = new PairHarness(true, 'separate');
    harness.primary.says({ type: 'started', role: 'primary' });
    await harness.pass(0);
    harness.secondary.says({ type: 'started', role: 'backup' });
    for (let minute = 0; minute < 10; minute++) {
      harness.primary.says({ type: 'synchronised', fraction: minute / 10 });
      await harness.pass(60_000);
    }
    expect(harness.pair.starting).toEqual({ phase: 'synchronising', copied: 0.9 });
    expect(harness.story).not.toContain('ft.startTimedOut');
    harness.primary.says({ type: 'captured', stunMs: 7, epoch: 50, bytes: 1000 });
    expect(harness.pair.starting).toEqual({ phase: 'copying', copied: 0 });
    await harness.pass(130_000);
    expect(harness.story).toContain('ft.startTimedOut');
  });

  test('that is powered off lets its secondary end by itself, and has equal disks when both say so', async () => {
    const harness = await protectedPair('separate');
    const { primary, secondary, pair } = harness;
    pair.stop();
    primary.says({ type: 'diskClean' });
    primary.exits();
    await harness.pass(100);
    expect([secondary.killed, pair.disksEqual]).toEqual([false, false]);
    secondary.says({ type: 'diskClean' });
    expect(pair.disksEqual).toBe(true);
    secondary.exits();
    expect(harness.story.at(-1)).toBe('ended null');
  });

  test('tells of the errors of either disk', async () => {
    const harness = await protectedPair('separate');
    harness.secondary.says({ type: 'diskError', message: "The secondary's own write on hda failed: full." });
    harness.primary.says({ type: 'diskError', message: 'read on hda failed: EIO' });
    expect(harness.messages.slice(-2)).toEqual([
      "error: The secondary's own write on hda failed: full.",
      'error: read on hda failed: EIO',
    ]);
  });
});

describe('a VM with separate disks', () => {
  interface World extends TestFleet {
    readonly own: string;
    readonly copy: string;
    readonly datastore: string;
    story(): Promise<string[]>;
  }

  /** A Protected VM. Its replicas move the lease as real ones do. */
  async function world(clean = true): Promise<World> {
    const own = path.join(temporaryFolder(), 'own.img');
    writeFileSync(own, Buffer.alloc(4096));
    let datastore = '';
    const processes = new FakeProcesses((replica) => {
      surviving(replica);
      const { react } = replica;
      replica.react = (message) => {
        const spec = (replica.gotOf('standBy')[0] ?? replica.gotOf('boot')[0])?.spec;
        if (message.type === 'peerDied' && spec) {
          void new LeaseArbiter(datastore, spec.vm, spec.holder, spec.disk?.slot).claim(1);
        }
        if (message.type === 'powerOff' && clean) replica.says({ type: 'diskClean' });
        // The backup hears of a power-off through the log.
        if (message.type === 'powerOff') {
          const other = processes.living.find((living) => living !== replica && living.gotOf('standBy').length > 0);
          if (clean) other?.says({ type: 'diskClean' });
          other?.exits();
        }
        react(message);
      };
    });
    const made = openFleet({ processes });
    datastore = path.join(made.dataFolder, 'datastore');
    const vm = await made.call('vm.create', { name: 'web', hda: own, memoryMB: 32 });
    const copy = path.join(datastore, 'disks', `${vm.id}-hda.img`);
    mkdirSync(path.dirname(copy));
    writeFileSync(copy, Buffer.alloc(4096, 1));
    await made.call('vm.set', { vm: 'web', diskMode: 'separate', diskReads: 'backup' });
    await made.call('power.on', { vm: 'web' });
    await made.call('ft.on', { vm: 'web' });
    await made.call('ft.wait', { vm: 'web', for: 'protected' });
    const story = async (): Promise<string[]> =>
      (await made.call('event.list', { vm: 'web' })).filter(({ kind }) => kind === 'disk.moved').map((e) => e.message);
    return { ...made, own, copy, datastore, story };
  }

  const shown = (made: World) => made.call('vm.show', { vm: 'web' });

  test('shows where its disk is after a failover, and has it in its own file again when both are equal', async () => {
    const made = await world();
    expect(await shown(made)).not.toHaveProperty('currentDisk');
    await made.call('ft.testFailover', { vm: 'web' });
    expect(await shown(made)).toMatchObject({ currentDisk: made.copy });
    await made.call('power.off', { vm: 'web' });
    expect(await shown(made)).not.toHaveProperty('currentDisk');
    expect(diskSlot(made.datastore, (await shown(made)).id)).toBe('A');
    expect(await made.story()).toEqual([
      `The virtual machine's disk is now "${made.copy}".`,
      `Both disks are equal: the virtual machine's disk is "${made.own}" again.`,
    ]);
  });

  test('goes on with the copy where that alone is true, also with shared disks and no first file', async () => {
    const made = await world(false);
    await made.call('ft.testFailover', { vm: 'web' });
    await made.call('power.off', { vm: 'web' });
    expect((await made.story()).at(-1)).toMatch(/^The virtual machine's disk is in ".*-hda\.img"\. It is in its own/);
    await made.call('vm.set', { vm: 'web', diskMode: 'shared' });
    rmSync(made.own);
    await made.call('power.on', { vm: 'web' });
    await made.call('ft.wait', { vm: 'web', for: 'protected' });
    const boot = made.processes.last('boot').gotOf('boot').at(-1)?.spec;
    const standBy = made.processes.last('standBy').gotOf('standBy').at(-1)?.spec;
    for (const spec of [boot, standBy]) {
      expect(spec).toMatchObject({ files: { hda: made.copy }, disk: { slot: 'B', bytes: 4096 } });
    }
  });

  test('is shown with the copy where its last replica won the lease and died before it could say so', async () => {
    const made = await world();
    const primary = made.processes.last('boot');
    const secondary = made.processes.last('standBy');
    const { react } = secondary;
    secondary.react = (message) => {
      if (message.type !== 'peerDied') return react(message);
      const { vm, holder, disk } = secondary.gotOf('standBy')[0]?.spec ?? { vm: '', holder: '', disk: undefined };
      void new LeaseArbiter(made.datastore, vm, holder, disk?.slot).claim(1);
      return secondary.exits();
    };
    primary.exits();
    await eventually(async () => expect(await shown(made)).toMatchObject({ power: 'off', currentDisk: made.copy }));
    expect((await made.story()).at(-1)).toMatch(/^The virtual machine's disk is in ".*-hda\.img"\. It is in its own/);
  });

  test('is shown with the copy by a host that starts anew', async () => {
    const made = await world(false);
    await made.call('ft.testFailover', { vm: 'web' });
    await made.fleet.close();
    const { call } = openFleet({ dataFolder: made.dataFolder, guests: made.guests });
    expect(await call('vm.show', { vm: 'web' })).toMatchObject({ currentDisk: made.copy });
  });

  test('leaves no copy behind when it is deleted, unless that is where its disk is', async () => {
    for (const clean of [true, false]) {
      const made = await world(clean);
      await made.call('ft.testFailover', { vm: 'web' });
      await made.call('power.off', { vm: 'web' });
      await made.call('vm.delete', { vm: 'web' });
      expect([existsSync(made.own), existsSync(made.copy)]).toEqual([true, !clean]);
      const words = (await made.call('event.list', {})).findLast(({ kind }) => kind === 'vm.deleted')?.message;
      expect(words).toBe(
        clean
          ? 'The virtual machine was deleted.'
          : `The virtual machine was deleted. Its disk is in "${made.copy}", which stays.`,
      );
    }
  });

  test('is refused a mode that there is not', async () => {
    const made = await world();
    await expect(made.call('vm.set', { vm: 'web', diskMode: 'both' } as never)).rejects.toThrow(
      'is shared or separate',
    );
    await expect(made.call('vm.set', { vm: 'web', diskReads: 'no' } as never)).rejects.toThrow('is log or backup');
    expect((await shown(made)).ftSettings).toMatchObject({ diskMode: 'separate', diskReads: 'backup' });
  });
});
