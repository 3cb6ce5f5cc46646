// A log that is damaged, and a backup that is not what it should be: nobody goes live on a guess.

import zlib from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  HASH_BLOCK_PAGES,
  HASH_INTERVAL_EPOCHS,
  LOG_VERSION,
  SLICE_INTERVAL_MS,
  SLICE_PAGES,
} from '../../main/ft/constants.ts';
import { decodeMessage, encodeEntry, type Entry } from '../../main/ft/log.ts';
import { ToyPair } from '../support/toy-pair.ts';
import type { ToyReplica } from '../support/toy-replica.ts';

/** Lets `change` have its way with the nth entry of a kind that comes to one side. */
function tamperWith(pair: ToyPair, side: 'primary' | 'backup', kind: Entry['kind'], nth: number, change: Change): void {
  pair.tampers();
  let countdown = nth;
  pair.channel[side].tamper = (message) => {
    const [entry] = decodeMessage(message, zlib.crc32);
    if (entry?.kind !== kind || --countdown !== 0) return message;
    return change(message, entry);
  };
}
type Change = (message: Uint8Array, entry: Entry) => Uint8Array | null;

const flipped: Change = (message) => message.map((byte, at) => (at === message.length - 1 ? byte ^ 0x10 : byte));
const truncated: Change = (message) => message.subarray(0, -1);
const lost: Change = () => null;
const twice: Change = (message) => new Uint8Array(Buffer.concat([message, message]));
const fromTheFuture: Change = (_message, entry) => encodeEntry({ ...entry, epoch: entry.epoch + 1 }, zlib.crc32);

function haltOf(pair: ToyPair, replica: ToyReplica): unknown {
  const [halted, ...more] = pair.reported(replica, 'halted');
  expect(more).toEqual([]);
  return halted;
}

describe('a backup halts as corruptLog, and the primary goes on alone, when a head', () => {
  test.each([
    ['has a flipped bit', flipped, 'bad checksum'],
    ['is cut off', truncated, 'ends inside a log entry'],
    ['is lost', lost, 'a head of epoch 55 arrived where 54 was due'],
    ['comes twice', twice, 'a head of epoch 54 arrived where 55 was due'],
    ['is of another epoch', fromTheFuture, 'a head of epoch 55 arrived where 54 was due'],
  ])('%s', (_what, change, why) => {
    const { pair, primary, backup } = ToyPair.protectedPair();
    pair.runUntil(() => backup.machine.epoch === 50);
    tamperWith(pair, 'backup', 'head', 54 - primary.machine.epoch + 1, change);
    pair.run(100);
    const due = new RegExp(why.replaceAll(/5[45]/g, '\\d+'));
    expect(haltOf(pair, backup)).toEqual({ type: 'halted', cause: 'corruptLog', why: expect.stringMatching(due) });
    expect(primary.state).toBe('alone');
    pair.expectCorrect();
  });
});

test('a backup with a damaged log does not take over when its primary dies at that moment', () => {
  const { pair, primary, backup } = ToyPair.protectedPair();
  tamperWith(pair, 'backup', 'head', 1, flipped);
  pair.run(1);
  primary.die();
  pair.run(2000);
  expect([backup.state, pair.lease.generation]).toEqual(['halted', 1]);
  pair.expectCorrect();
});

test('a backup without the last head before `protect` does not take itself for one that may go live', () => {
  const isNext = (entry: Entry): boolean => entry.kind === 'control' && entry.control.type === 'protect';
  let gaps = 0;
  for (let nth = 1; nth <= 12; nth += 1) {
    const pair = new ToyPair();
    pair.confirms = false;
    pair.run(10);
    const backup = pair.startBackup();
    pair.runUntil(() => backup.state === 'replaying');
    const came: Entry[] = [];
    pair.tampers();
    pair.channel.backup.tamper = (message) => {
      // The primary dies right after it: no other head tells of the gap.
      if (came.some(isNext)) return null;
      came.push(...decodeMessage(message, zlib.crc32));
      return came.filter(({ kind }) => kind === 'head').length === nth && came.at(-1)?.kind === 'head' ? null : message;
    };
    pair.confirms = true;
    pair.run(nth);
    for (let ms = 0; ms < 10 && !came.some(isNext); ms += 1) pair.run(1);
    pair.primary.die();
    const heads = came.slice(0, came.findIndex(isNext)).filter(({ kind }) => kind === 'head');
    pair.run(2000);
    pair.expectCorrect();
    if (heads.length !== nth) continue;
    gaps += 1;
    expect(pair.reported(backup, 'halted')).toEqual([expect.objectContaining({ cause: 'corruptLog' })]);
  }
  expect(gaps).toBeGreaterThan(0);
});

test('a message whose second entry is damaged does not count as received in part', () => {
  const { pair, backup } = ToyPair.protectedPair();
  let acknowledged = 0;
  let damagedAt = Number.POSITIVE_INFINITY;
  pair.addChecker({
    violations: [],
    sent: ({ name }, entry) => {
      if (name === backup.name && entry.kind === 'heartbeat') acknowledged = Math.max(acknowledged, entry.received);
    },
  });
  tamperWith(pair, 'backup', 'head', 10, (message, entry) => {
    damagedAt = entry.epoch;
    return new Uint8Array(Buffer.concat([message, flipped(message, entry) ?? message]));
  });
  pair.run(100);
  expect(haltOf(pair, backup)).toMatchObject({ cause: 'corruptLog' });
  expect(acknowledged).toBe(damagedAt);
  pair.expectCorrect();
});

test('a primary that cannot read what its backup says goes on without it', () => {
  const { pair, primary, backup } = ToyPair.protectedPair();
  tamperWith(pair, 'primary', 'heartbeat', 5, flipped);
  pair.run(200);
  expect([primary.state, backup.state]).toEqual(['alone', 'halted']);
  expect(pair.reported(primary, 'backupLost')[0]?.why).toMatch('the backup sent something that cannot be read');
  pair.expectCorrect();
});

test('a backup that says what only a primary says is none', () => {
  const { pair, primary } = ToyPair.protectedPair();
  pair.channel.backup.send(encodeEntry({ kind: 'released', epoch: 1, index: 0 }, zlib.crc32));
  pair.run(50);
  expect(primary.state).toBe('alone');
  expect(pair.reported(primary, 'backupLost')[0]?.why).toMatch('a backup does not send "released"');
  pair.expectCorrect();
});

describe('a backup whose state differs', () => {
  test('is found out by the next hash, and the primary goes on alone', () => {
    const { pair, primary, backup } = ToyPair.protectedPair({ machine: { outputs: () => 0 } });
    pair.epochMs = 0.25;
    pair.run(10);
    pair.tampers();
    backup.machine.diverge();
    pair.runUntil(() => backup.state === 'halted');
    expect(haltOf(pair, backup)).toMatchObject({
      cause: 'divergence',
      why: expect.stringContaining('the CPU state at epoch 2500 differs'),
    });
    expect(backup.machine.epoch).toBe(HASH_INTERVAL_EPOCHS);
    pair.runUntil(() => primary.state === 'alone');
    expect(pair.lease.holder).toBe(primary.name);
    pair.expectCorrect();
  });

  test('in one bit of its memory is found within one round, and the place is named', () => {
    const { pair, primary, backup } = ToyPair.protectedPair({ machine: { outputs: () => 0, pages: 10_000 } });
    pair.run(10);
    pair.tampers();
    const page = backup.machine.corrupt();
    // One slice for the devices, and one for every 256 pages.
    pair.runUntil(() => backup.state === 'halted', (Math.ceil(10_000 / SLICE_PAGES) + 2) * SLICE_INTERVAL_MS);
    const block = Math.floor(page / HASH_BLOCK_PAGES) * HASH_BLOCK_PAGES;
    const why = expect.stringContaining(`memory in pages ${block} to ${block + HASH_BLOCK_PAGES - 1} at epoch`);
    expect(haltOf(pair, backup)).toMatchObject({ cause: 'divergence', why });
    pair.runUntil(() => primary.state === 'alone');
    pair.expectCorrect();
  });

  test('does not go live either when the hash is among the last things that it received', () => {
    const { pair, primary, backup } = ToyPair.protectedPair({ machine: { outputs: () => 0 } });
    pair.epochMs = 0.25;
    pair.runUntil(() => primary.machine.epoch > HASH_INTERVAL_EPOCHS - 20);
    pair.tampers();
    backup.machine.diverge();
    pair.backupEpochsPerMs = 0;
    pair.runUntil(() => primary.machine.epoch > HASH_INTERVAL_EPOCHS + 20);
    primary.die();
    pair.run(5);
    pair.backupEpochsPerMs = 1;
    pair.run(500);
    expect(haltOf(pair, backup)).toMatchObject({ cause: 'divergence' });
    expect(pair.lease.generation).toBe(1);
  });

  test('is what a pair never has by itself', () => {
    const { pair, primary, backup } = ToyPair.protectedPair({ machine: { disk: true } });
    pair.epochMs = 0.25;
    for (let i = 0; i < 20; i++) {
      pair.type(`line ${i}`);
      pair.run(50);
    }
    expect(backup.machine.epoch).toBeGreaterThan(HASH_INTERVAL_EPOCHS);
    primary.primary.powerOff();
    pair.run(20);
    expect(backup.machine.hash('full')).toBe(primary.machine.hash('full'));
    pair.expectCorrect();
  });
});

describe('a peer of another log version is refused', () => {
  const hello = (role: 'primary' | 'backup'): Uint8Array =>
    encodeEntry({ kind: 'hello', epoch: 0, version: LOG_VERSION + 1, role }, zlib.crc32);

  test('by the backup, before it restores anything', () => {
    const pair = new ToyPair();
    pair.run(10);
    const backup = pair.startBackup();
    pair.channel.backup.arriving.unshift({ at: pair.now, message: hello('primary') });
    pair.run(100);
    expect(haltOf(pair, backup)).toMatchObject({
      cause: 'corruptLog',
      why: `the log cannot be read: the primary speaks log version ${LOG_VERSION + 1}, this backup ${LOG_VERSION}`,
    });
    expect([pair.primary.state, backup.machine.epoch]).toEqual(['alone', 0]);
    pair.expectCorrect();
  });

  test('by the primary, which goes on alone', () => {
    const pair = new ToyPair();
    pair.run(10);
    const backup = pair.startBackup();
    pair.channel.primary.arriving.splice(0, 1, { at: pair.now + 5, message: hello('backup') });
    pair.run(100);
    expect([pair.primary.state, backup.state]).toEqual(['alone', 'halted']);
    expect(pair.reported(pair.primary, 'backupLost')[0]?.why).toBe(
      `the backup speaks log version ${LOG_VERSION + 1}, this primary ${LOG_VERSION}`,
    );
    pair.expectCorrect();
  });
});
