// Disk reads on the backup and separate disks (Scales et al., 2010, sections 4.1 and 4.2).

import zlib from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { DiskLedger } from '../../main/ft/disk-ledger.ts';
import { isReference, wholeHead, type Head, type LoggedHead } from '../../main/ft/entry.ts';
import type { DiskModes } from '../../main/ft/environment.ts';
import { decodeEntry, type Entry } from '../../main/ft/log.ts';
import { completionOf, decodeDiskInput, encodeDiskInput } from '../../main/machine/devices/disk.ts';
import type { ToyRequest } from '../support/toy-machine.ts';
import { ToyPair } from '../support/toy-pair.ts';

const ALL_MODES: DiskModes[] = (['shared', 'separate'] as const).flatMap((diskMode) =>
  (['log', 'backup'] as const).map((diskReads) => ({ diskMode, diskReads })),
);
const READS_ON_BACKUP: DiskModes = { diskMode: 'shared', diskReads: 'backup' };
const SEPARATE: DiskModes = { diskMode: 'separate', diskReads: 'backup' };

/** A Protected pair whose guest uses its disk much, `blocks` of it. */
function pairWith(settings: DiskModes, blocks = 16, seed = 3) {
  return ToyPair.protectedPair({ seed, machine: { disk: true, blocks, seed }, settings });
}

/** The heads that a pair's primary sends from now on. */
function headsOf(pair: ToyPair): LoggedHead[] {
  const heads: LoggedHead[] = [];
  const sent = (_replica: unknown, entry: Entry): void => {
    if (entry.kind === 'head') heads.push(entry.head);
  };
  pair.addChecker({ violations: [], sent });
  return heads;
}

/** What was read, as far as it travels with its data. */
function readBytes(heads: readonly LoggedHead[]): number {
  return heads
    .flatMap(({ inputs }) => inputs)
    .reduce((sum, input) => {
      return isReference(input) || input.device !== 'disk' ? sum : sum + decodeDiskInput(input.data).data.length;
    }, 0);
}

describe.each(ALL_MODES)('with disks $diskMode and reads in the $diskReads', (modes) => {
  test('a guest that uses its disk lives on through one failover after the other', () => {
    const { pair } = pairWith(modes, 3);
    for (let round = 0; round < 4; round++) {
      pair.run(150);
      const survivor = pair.backup;
      pair.primary.die();
      pair.runUntil(() => pair.primary === survivor);
      pair.run(60);
      pair.startBackup();
      pair.runUntil(() => pair.primary.state === 'protected');
      pair.expectCorrect();
    }
    expect(pair.lease.slot).toBe(pair.primary.slot);
  });

  test('the disk that is true is the one of whoever holds the lease', () => {
    const { pair, primary, backup } = pairWith(modes);
    expect([primary.slot, backup.slot]).toEqual(['A', modes.diskMode === 'separate' ? 'B' : 'A']);
    primary.die();
    pair.runUntil(() => pair.primary === backup);
    expect(pair.lease).toMatchObject({ generation: 2, slot: backup.slot });
    pair.startBackup();
    pair.runUntil(() => pair.primary.state === 'protected');
    // The test-and-set of a primary that goes on alone keeps its own.
    pair.backup?.die();
    pair.runUntil(() => pair.primary.state === 'alone');
    expect(pair.lease).toMatchObject({ generation: 3, slot: backup.slot });
  });
});

describe('disk reads on the backup', () => {
  test('travel as references, and a recording has the data all the same', () => {
    const { pair, primary } = pairWith(READS_ON_BACKUP);
    const sent = headsOf(pair);
    const recorded: LoggedHead[] = [];
    primary.primary.record((bytes) => {
      const entry = decodeEntry(bytes, zlib.crc32)?.entry;
      if (entry?.kind === 'head') recorded.push(entry.head);
    });
    pair.run(600);
    expect(sent.flatMap(({ inputs }) => inputs).filter(isReference).length).toBeGreaterThan(10);
    expect(recorded.map(wholeHead)).not.toContain(null);
    expect(recorded.length).toBe(sent.length);
    expect(readBytes(recorded)).toBeGreaterThan(10 * 512);
    pair.expectCorrect();
  });

  test('take the bandwidth of what is read off the logging channel', () => {
    const bytes = (modes: DiskModes): number => {
      const { pair, primary } = pairWith(modes);
      const before = primary.primary.metrics(pair.now).logBytes;
      pair.run(1000);
      pair.expectCorrect();
      return primary.primary.metrics(pair.now).logBytes - before;
    };
    const [inLog, onBackup] = [bytes({ diskMode: 'shared', diskReads: 'log' }), bytes(READS_ON_BACKUP)];
    expect(onBackup).toBeLessThan(inLog / 1.3);
  });

  test('hold the backup at the head that completes one, until its own is done', () => {
    const { pair, backup } = pairWith(READS_ON_BACKUP);
    const sent = headsOf(pair);
    pair.backupDiskMs = 200;
    pair.runUntil(() => sent.some(({ inputs }) => inputs.some(isReference)));
    const { epoch } = backup.machine;
    pair.run(150);
    expect(backup.machine.epoch).toBeLessThan(epoch + 20);
    pair.backupDiskMs = 1;
    pair.run(1000);
    expect(backup.machine.epoch).toBeGreaterThan(epoch + 200);
    pair.expectCorrect();
  });

  test('are tried again until they work, while the primary is slowed by the lag', () => {
    const { pair, primary, backup } = pairWith(READS_ON_BACKUP);
    pair.disks.A.fails = (_request, by) => by === backup.name;
    pair.run(900);
    expect(backup.diskErrors).toBeGreaterThan(50);
    expect(primary.primary.metrics(pair.now).throttle).toBeGreaterThan(0);
    expect(primary.state).toBe('protected');
    pair.disks.A.fails = () => false;
    pair.run(1500);
    expect(primary.primary.metrics(pair.now)).toMatchObject({ throttle: 0 });
    pair.expectCorrect();
  });

  test('hold a going live until they work: what the guest was told is executed first', () => {
    const { pair, primary, backup } = pairWith(READS_ON_BACKUP);
    const sent = headsOf(pair);
    pair.disks.A.fails = (_request, by) => by === backup.name;
    pair.runUntil(() => sent.some(({ inputs }) => inputs.some(isReference)));
    primary.die();
    pair.run(500);
    expect([backup.state, pair.lease.generation]).toEqual(['draining', 1]);
    pair.disks.A.fails = () => false;
    pair.runUntil(() => backup.state === 'alone');
    pair.run(100);
    pair.expectCorrect();
  });

  test('that fail on the primary are errors on both sides', () => {
    const { pair, primary } = pairWith(READS_ON_BACKUP);
    const sent = headsOf(pair);
    pair.disks.A.fails = ({ operation }, by) => by === primary.name && operation === 'read';
    pair.run(400);
    const inputs = sent.flatMap((head) => head.inputs);
    expect(inputs.filter(isReference).length).toBeLessThan(4);
    const failed = inputs.filter((input) => !isReference(input) && completionOf(input)?.ok === false);
    expect(failed.length).toBeGreaterThan(5);
    pair.disks.A.fails = () => false;
    pair.run(400);
    pair.expectCorrect();
  });

  test('that find something else than the primary end the backup, by name', () => {
    const { pair, backup } = ToyPair.protectedPair({ machine: { disk: true }, settings: SEPARATE });
    pair.tampers();
    for (let block = 0; block < 16; block++) pair.disks.B.tamper(block, 999);
    pair.runUntil(() => backup.state === 'halted');
    const [halted] = pair.reported(backup, 'halted');
    expect(halted).toMatchObject({ cause: 'divergence', why: expect.stringMatching(/^what it has read for disk req/) });
  });

  test.each([1, 2])('of a disk of %i blocks are never overtaken by a write to the same place', (blocks) => {
    for (let seed = 1; seed <= 12; seed++) {
      const { pair } = pairWith(READS_ON_BACKUP, blocks, seed);
      pair.diskMs = 1;
      pair.backupDiskMs = 5 + seed * 3;
      pair.run(600);
      pair.expectCorrect();
    }
  });
});

describe('the ledger of a shared disk', () => {
  const request = (id: number, operation: ToyRequest['operation'], offset = 0, length = 512): ToyRequest => {
    return { id, epoch: 0, drive: 'hda', operation, offset, length };
  };
  const completing = (id: number, bytes: number): Head => {
    const data = encodeDiskInput({ id, status: 'ok', data: new Uint8Array(bytes) });
    return { advanceUs: 0, rate: 1, slices: 1, inputs: [{ device: 'disk', sequence: 0, data }] };
  };
  function ledger(): DiskLedger<ToyRequest> {
    const made = new DiskLedger<ToyRequest>(completionOf, zlib.crc32);
    made.begin(READS_ON_BACKUP);
    made.protect();
    return made;
  }

  test('lets a write wait until the backup has executed the head that completes an overlapping read', () => {
    const disks = ledger();
    disks.asked(request(0, 'read', 0, 1024));
    expect(disks.logged(completing(0, 1024), 7).inputs.every(isReference)).toBe(true);
    disks.asked(request(1, 'write', 512));
    disks.asked(request(2, 'write', 1024));
    expect(disks.mayLeave(request(1, 'write', 512))).toBe(false);
    expect(disks.mayLeave(request(2, 'write', 1024))).toBe(true);
    disks.executed(7);
    expect(disks.mayLeave(request(1, 'write', 512))).toBe(false);
    disks.executed(8);
    expect(disks.mayLeave(request(1, 'write', 512))).toBe(true);
  });

  test('lets a read that is pending when an overlapping write is made travel with its data: nothing waits', () => {
    const disks = ledger();
    disks.asked(request(0, 'read'));
    disks.asked(request(1, 'write'));
    expect(disks.mayLeave(request(1, 'write'))).toBe(true);
    expect(disks.logged(completing(0, 512), 7).inputs.some(isReference)).toBe(false);
  });

  test('lets a read travel with its data, and wait, that comes after a write to its place which is pending', () => {
    const disks = ledger();
    expect(disks.asked(request(0, 'write'))).toBe(false);
    expect(disks.asked(request(1, 'read'))).toBe(false);
    expect(disks.asked(request(2, 'read', 4096))).toBe(true);
    disks.left(request(0, 'write'));
    disks.logged(completing(0, 0), 7);
    expect(disks.logged(completing(1, 512), 8).inputs.some(isReference)).toBe(false);
    expect(disks.logged(completing(2, 512), 8).inputs.every(isReference)).toBe(true);
    expect(disks.asked(request(3, 'read'))).toBe(true);
    expect(disks.logged(completing(3, 512), 9).inputs.every(isReference)).toBe(true);
  });

  test('lets reads travel with their data until the pair is Protected: no write waits for a backup that starts', () => {
    const disks = new DiskLedger<ToyRequest>(completionOf, zlib.crc32);
    disks.begin(READS_ON_BACKUP);
    disks.asked(request(0, 'read'));
    disks.protect();
    expect(disks.logged(completing(0, 512), 7).inputs.some(isReference)).toBe(false);
  });
});

describe('separate disks', () => {
  test('are written without waiting: a write is not an output', () => {
    const { pair, primary } = pairWith(SEPARATE);
    pair.run(50);
    pair.channel.cut();
    pair.run(5);
    const { writes } = pair.disks.A;
    pair.run(200);
    expect(pair.disks.A.writes).toBeGreaterThan(writes + 5);
    expect(primary.state).toBe('protected');
    pair.channel.heal();
    pair.run(300);
    pair.expectCorrect();
  });

  test('hold the same, when the guest waits for neither', () => {
    const { pair, primary, backup } = pairWith(SEPARATE);
    pair.run(400);
    pair.runUntil(() => primary.machine.pendingRequests.length === 0);
    pair.epochMs = Number.POSITIVE_INFINITY;
    pair.runUntil(() => backup.machine.epoch === primary.machine.epoch);
    const blocks = Array.from({ length: 16 }, (_, block) => block);
    expect(blocks.map((block) => pair.disks.B.block(block))).toEqual(blocks.map((block) => pair.disks.A.block(block)));
    expect(pair.disks.A.writes).toBeGreaterThan(10);
    expect(primary.primary.disksEqual).toBe(true);
  });

  test('complete a write for the backup only when it is on the disk of the backup', () => {
    const { pair, primary, backup } = pairWith({ diskMode: 'separate', diskReads: 'log' });
    pair.backupDiskMs = 100;
    pair.runUntil(() => primary.machine.epoch > backup.machine.epoch + 60);
    const told = new Set(backup.machine.pendingRequests.map(({ id }) => id));
    const mine = pair.disks.B.performed.length;
    expect(told.size).toBeGreaterThan(0);
    pair.run(110);
    expect(pair.disks.B.performed.length).toBeGreaterThan(mine);
    pair.expectCorrect();
  });

  test('where a write of the backup fails are tried again until it works', () => {
    const { pair, primary, backup } = pairWith(SEPARATE);
    pair.disks.B.fails = ({ operation }) => operation !== 'read';
    pair.run(300);
    expect(backup.diskErrors).toBeGreaterThan(20);
    const { epoch } = backup.machine;
    pair.disks.B.fails = () => false;
    pair.run(800);
    expect(backup.machine.epoch).toBeGreaterThan(epoch + 100);
    expect(primary.primary.disksEqual).toBe(true);
    pair.expectCorrect();
  });

  test('where a write fails on the primary alone are known to differ there: what is read there travels with it', () => {
    const { pair, primary } = pairWith(SEPARATE, 2);
    const sent = headsOf(pair);
    let failures = 3;
    pair.disks.A.fails = ({ operation }) => operation === 'write' && failures-- > 0;
    pair.runUntil(() => !primary.primary.disksEqual);
    pair.run(300);
    expect(readBytes(sent)).toBeGreaterThan(0);
    pair.expectCorrect();
    // A write that succeeds makes them equal again.
    pair.runUntil(() => primary.primary.disksEqual);
  });

  test('carry out what was pending at a going live once, and lose none of it', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { pair, primary, backup } = pairWith(SEPARATE, 4, seed);
      pair.diskMs = 15;
      pair.backupDiskMs = 15;
      pair.run(100);
      pair.runUntil(() => backup.machine.pendingRequests.length >= 3);
      const pending = backup.machine.pendingRequests.map(({ id }) => id);
      primary.die();
      pair.runUntil(() => pair.primary === backup);
      pair.run(200);
      const times = pending.map((id) => pair.disks.B.performed.filter((other) => other === id).length);
      expect(times).toEqual(pending.map(() => 1));
      expect(backup.machine.pendingRequests[0]?.id ?? Number.POSITIVE_INFINITY).toBeGreaterThan(Math.max(...pending));
      pair.expectCorrect();
    }
  });
});
