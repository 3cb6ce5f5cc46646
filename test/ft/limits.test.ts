// Limits: where buffers are full somebody waits, and nobody is taken for dead because of it.

import zlib from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { Backup } from '../../main/ft/backup.ts';
import {
  BACKLOG_HEADS_MAX,
  GATE_BYTES_MAX,
  DEFAULT_SETTINGS,
  LAG_HARD_MS,
  LAG_THROTTLE_MS,
  LOG_BUFFER_BYTES_MAX,
  STARTING_LOG_BYTES_MAX,
  THROTTLE_SLEEP_MS_MAX,
} from '../../main/ft/constants.ts';
import type { FtEvent } from '../../main/ft/environment.ts';
import { encodeEntry, type Entry } from '../../main/ft/log.ts';
import { completionOf } from '../../main/machine/devices/disk.ts';
import { Primary } from '../../main/ft/primary.ts';
import { ToyMachine, type ToyRequest } from '../support/toy-machine.ts';
import { ToyPair } from '../support/toy-pair.ts';

describe('a primary stalls before the next epoch', () => {
  test('while the log that its backup has not received is past its limit', () => {
    const { pair, primary } = ToyPair.protectedPair();
    pair.channel.cut();
    for (let sequence = 1; sequence <= 3; sequence++) {
      primary.input(sequence, new Uint8Array(LOG_BUFFER_BYTES_MAX / 2));
      pair.run(1);
    }
    const { epoch } = primary.machine;
    pair.run(200);
    expect(primary.primary.stalled()).toBe('logFull');
    expect(primary.machine.epoch).toBe(epoch);
    expect(primary.primary.metrics(pair.now).stalls).toBe(1);

    pair.channel.heal();
    pair.run(10);
    expect(primary.primary.stalled()).toBeNull();
    expect(primary.machine.epoch).toBeGreaterThan(epoch);
    expect(primary.state).toBe('protected');
    pair.expectCorrect();
  });

  test('while the outputs that wait in the gate are past their limit', () => {
    const { pair, primary } = ToyPair.protectedPair();
    pair.channel.cut();
    pair.run(2);
    primary.primary.show('large', GATE_BYTES_MAX, pair.now);
    const { epoch } = primary.machine;
    pair.run(200);
    expect(primary.primary.stalled()).toBe('gateFull');
    expect(primary.machine.epoch).toBe(epoch);

    pair.channel.heal();
    pair.run(10);
    expect(primary.machine.epoch).toBeGreaterThan(epoch);
    expect(pair.shown).toEqual(['large']);
    pair.expectCorrect();
  });

  test('also when it waits for the storage with a full gate, and goes on when it has won', () => {
    const { pair, primary, backup } = ToyPair.protectedPair();
    pair.lease.unreachable = true;
    backup.die();
    pair.run(5);
    primary.primary.show('large', GATE_BYTES_MAX, pair.now);
    pair.run(100);
    const { epoch } = primary.machine;
    pair.run(1000);
    expect(primary.machine.epoch).toBe(epoch);

    pair.lease.unreachable = false;
    pair.run(500);
    expect(primary.state).toBe('alone');
    expect(primary.machine.epoch).toBeGreaterThan(epoch);
    pair.expectCorrect();
  });

  test('for good once it has halted', () => {
    const pair = new ToyPair();
    pair.primary.primary.powerOff();
    expect(pair.primary.primary.stalled()).toBe('halted');
    expect(() => pair.primary.primary.step({ advanceUs: 0, rate: 1, slices: 1, inputs: [] }, 0)).toThrow('halted');
  });
});

test('a primary is slowed as its backup falls behind, and let go as it catches up', () => {
  const { pair, primary } = ToyPair.protectedPair();
  const sleep = (): number => primary.primary.throttleSleepMs(pair.now);
  pair.backupEpochsPerMs = 0;
  pair.run(LAG_THROTTLE_MS - 5);
  expect(sleep()).toBe(0);
  pair.run(LAG_HARD_MS / 2);
  const gentle = sleep();
  expect(gentle).toBeGreaterThan(0);
  pair.run(LAG_HARD_MS);
  expect(sleep()).toBe(THROTTLE_SLEEP_MS_MAX);
  expect(gentle).toBeLessThan(THROTTLE_SLEEP_MS_MAX);
  expect(primary.primary.metrics(pair.now)).toMatchObject({ throttle: 1, lagMs: expect.any(Number) });
  expect(primary.state).toBe('protected');

  pair.backupEpochsPerMs = 50;
  pair.run(200);
  expect(sleep()).toBe(0);
  pair.expectCorrect();
});

test('a start is given up when its log grows past what memory should hold, and the guest goes on alone', () => {
  const reports: FtEvent[] = [];
  let unsent = 0;
  const primary = new Primary<ToyRequest, never>(
    {
      machine: new ToyMachine(),
      channel: { send: () => {}, unsentBytes: () => unsent },
      checksum: zlib.crc32,
      completionOf,
      claim: () => expect.unreachable('nobody has to be asked'),
      report: (event) => void reports.push(event),
      settings: DEFAULT_SETTINGS,
    },
    { emit: () => {}, issue: () => {}, show: () => {}, committed: () => {} },
    { generation: 1, lastInput: 0 },
  );
  primary.startBackup({ descriptionBytes: 1, pagesBytes: 1 }, 0);
  unsent = STARTING_LOG_BYTES_MAX;
  primary.tick(25);
  expect([primary.state, primary.stalled()]).toEqual(['starting', null]);

  unsent += 1;
  primary.tick(50);
  expect(primary.state).toBe('alone');
  expect(reports[0]).toMatchObject({
    type: 'backupLost',
    why: 'the log grew past its limit before the backup was ready',
  });

  // The next attempt leaves the channel to the copy: the primary is slowed from the beginning.
  expect(primary.throttleSleepMs(60)).toBe(0);
  unsent = 0;
  primary.startBackup({ descriptionBytes: 1, pagesBytes: 1 }, 60);
  expect(primary.throttleSleepMs(61)).toBeGreaterThan(0.8 * THROTTLE_SLEEP_MS_MAX);
});

test('a backup that is never restored does not keep a log of any length: it gives up', () => {
  const { backup, reports, give } = backupBeingRestored();
  const data = new Uint8Array(16 << 20);
  const head = { advanceUs: 0, rate: 1024, slices: 1, inputs: [{ device: 'disk', sequence: 0, data } as const] };
  let epoch = 0;
  for (; backup.state === 'restoring' && epoch < 100; epoch += 1) give(0, { kind: 'head', epoch, head });
  expect(epoch).toBe(STARTING_LOG_BYTES_MAX / data.length + 1);
  expect(reports.at(-1)).toMatchObject({ type: 'halted', cause: 'unprotected' });
});

interface BackupAlone {
  readonly backup: Backup<ToyRequest>;
  readonly paused: boolean[];
  readonly reports: FtEvent[];
  readonly give: (now: number, ...entries: Entry[]) => void;
}

/** A backup whose snapshot is on its way, and a way to hand it entries. */
function backupBeingRestored(epoch = 0): BackupAlone {
  const paused: boolean[] = [];
  const reports: FtEvent[] = [];
  const backup = new Backup<ToyRequest>(
    {
      machine: new ToyMachine({ outputs: () => 0 }),
      channel: { send: () => {}, unsentBytes: () => 0 },
      checksum: zlib.crc32,
      completionOf,
      claim: () => {},
      report: (event) => void reports.push(event),
      settings: DEFAULT_SETTINGS,
      snapshot: () => {},
      pauseChannel: (now) => void paused.push(now),
      ownDisk: { carryOut: () => {}, abandon: () => {} },
    },
    0,
  );
  const give = (now: number, ...entries: Entry[]): void =>
    backup.receive(new Uint8Array(Buffer.concat(entries.map((entry) => encodeEntry(entry, zlib.crc32)))), now);
  give(0, { kind: 'snapshot', epoch, descriptionBytes: 1, pagesBytes: 1, lastInput: 0 });
  return { backup, paused, reports, give };
}

/** One that was restored at epoch 0 and may go live. */
function backupAlone(): BackupAlone {
  const made = backupBeingRestored();
  made.backup.restored(0);
  made.give(0, { kind: 'control', epoch: 0, control: { type: 'protect', generation: 1 } });
  return made;
}

describe('a backup whose log makes no sense halts as corruptLog:', () => {
  const second: Entry = { kind: 'snapshot', epoch: 3, descriptionBytes: 1, pagesBytes: 1, lastInput: 0 };
  const pause: Entry = { kind: 'control', epoch: 0, control: { type: 'pause' } };

  test.each([
    ['a second snapshot', [second], 'a second snapshot came'],
    ['a head that executes something in a pause', [pause, ...heads(0, 1)], 'while the machine is paused'],
  ])('%s', (_what, entries, why) => {
    const { backup, reports, give } = backupAlone();
    give(0, ...entries);
    while (backup.hasWork) backup.step(0);
    expect(reports.at(-1)).toEqual({ type: 'halted', cause: 'corruptLog', why: expect.stringContaining(why) });
  });

  test('a snapshot of another epoch than it was announced for', () => {
    const { backup, reports } = backupBeingRestored();
    backup.restored(0);
    expect(backup.state).toBe('replaying');
    const other = backupBeingRestored(5);
    other.backup.restored(0);
    const why = 'the snapshot is of epoch 0, it was announced for epoch 5';
    expect([reports, other.reports]).toEqual([[], [{ type: 'halted', cause: 'corruptLog', why }]]);
  });
});

function heads(from: number, count: number): Entry[] {
  const head = { advanceUs: 0, rate: 1, slices: 1, inputs: [] };
  return Array.from({ length: count }, (_, index) => ({ kind: 'head', epoch: from + index, head }));
}

describe('a backup whose backlog of heads is full', () => {
  test('stops reading until half of it is executed', () => {
    const { backup, paused, give } = backupAlone();
    give(0, ...heads(0, BACKLOG_HEADS_MAX));
    expect(paused).toEqual([]);
    give(0, ...heads(BACKLOG_HEADS_MAX, 10));
    expect(paused).toEqual([true]);

    while (backup.behind >= BACKLOG_HEADS_MAX / 2) {
      expect(paused).toEqual([true]);
      backup.step(0);
    }
    expect(paused).toEqual([true, false]);
  });

  test('does not take its primary for dead because it does not listen itself', () => {
    const { backup, give } = backupAlone();
    give(0, ...heads(0, BACKLOG_HEADS_MAX + 1));
    for (let now = 25; now <= 5000; now += 25) backup.tick(now);
    expect(backup.state).toBe('replaying');
  });

  test('takes it for dead after a whole timeout of silence once it listens again', () => {
    const { backup, give } = backupAlone();
    give(0, ...heads(0, BACKLOG_HEADS_MAX + 1));
    for (let now = 25; now <= 5000; now += 25) backup.tick(now);
    while (backup.hasWork) backup.step(5000);
    for (let now = 5025; now <= 5475; now += 25) backup.tick(now);
    expect(backup.state).toBe('replaying');
    for (let now = 5500; now <= 5600; now += 25) backup.tick(now);
    expect(backup.state).toBe('claiming');
  });
});
