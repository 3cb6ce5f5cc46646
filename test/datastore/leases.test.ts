// The leases: a test-and-set in a file, between real processes.

import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { beginGeneration, chooseSlot, diskSlot, forgetLease, LeaseArbiter } from '../../main/datastore/leases.ts';
import type { ClaimResult } from '../../main/ft/arbiter.ts';
import { nextMessage, startChild } from '../support/children.ts';
import { temporaryFolder } from '../support/folder.ts';

test('of two processes that claim the same generation at once exactly one wins, in each of 20 rounds', async () => {
  const folder = temporaryFolder();
  const holders = ['replica 1', 'replica 2'] as const;
  const children = holders.map((holder) => startChild('./claimer.ts', import.meta.url, [folder, holder]));
  await Promise.all(children.map((child) => nextMessage(child)));
  const winners: string[] = [];
  for (let round = 0; round < 20; round++) {
    beginGeneration(folder, `vm ${round}`, 'the host');
    const answers = Promise.all(children.map((child) => nextMessage<ClaimResult>(child)));
    for (const child of children) child.send(`vm ${round}`);
    const results = await answers;

    const won = results.findIndex(({ outcome }) => outcome === 'won');
    const winner = holders[won] ?? 'nobody';
    winners.push(winner);
    expect(results[won]).toEqual({ outcome: 'won' });
    expect(results[1 - won]).toEqual({ outcome: 'lost', holder: winner, generation: 2 });
  }
  expect(winners).toHaveLength(20);
});

describe('a claim', () => {
  test('moves the lease on by one; asked again, because the answer was lost, the winner is told again', async () => {
    const folder = temporaryFolder();
    const generation = beginGeneration(folder, 'vm', 'the host');
    const arbiter = new LeaseArbiter(folder, 'vm', 'a');
    expect(await arbiter.claim(generation)).toEqual({ outcome: 'won' });
    expect(await arbiter.claim(generation)).toEqual({ outcome: 'won' });
    expect(await new LeaseArbiter(folder, 'vm', 'b').claim(generation)).toMatchObject({ outcome: 'lost', holder: 'a' });
    expect(await arbiter.claim(generation + 1)).toEqual({ outcome: 'won' });
    expect(await arbiter.claim(generation)).toMatchObject({ outcome: 'lost', generation: generation + 2 });
  });

  test('from before the VM was powered on again is lost', async () => {
    const folder = temporaryFolder();
    beginGeneration(folder, 'vm', 'first host');
    const old = new LeaseArbiter(folder, 'vm', 'old replica');
    expect(beginGeneration(folder, 'vm', 'second host')).toBe(2);
    expect(await old.claim(1)).toEqual({ outcome: 'lost', holder: 'second host', generation: 2 });
  });

  test('concerns one VM only', async () => {
    const folder = temporaryFolder();
    beginGeneration(folder, 'one', 'host');
    beginGeneration(folder, 'two', 'host');
    expect(await new LeaseArbiter(folder, 'one', 'a').claim(1)).toEqual({ outcome: 'won' });
    expect(await new LeaseArbiter(folder, 'two', 'b').claim(1)).toEqual({ outcome: 'won' });
  });

  test('after the VM was deleted and made anew starts from the first generation', async () => {
    const folder = temporaryFolder();
    beginGeneration(folder, 'vm', 'host');
    beginGeneration(folder, 'vm', 'host');
    forgetLease(folder, 'vm');
    expect(beginGeneration(folder, 'vm', 'host')).toBe(1);
  });
});

describe('which disk is true', () => {
  test('moves with the lease, and stays where it is at a power-on', async () => {
    const folder = temporaryFolder();
    expect(diskSlot(folder, 'vm')).toBe('A');
    const generation = beginGeneration(folder, 'vm', 'the host');
    expect(await new LeaseArbiter(folder, 'vm', 'backup', 'B').claim(generation)).toEqual({ outcome: 'won' });
    expect(diskSlot(folder, 'vm')).toBe('B');
    expect(await new LeaseArbiter(folder, 'vm', 'former primary', 'A').claim(generation)).toMatchObject({
      outcome: 'lost',
    });
    expect(diskSlot(folder, 'vm')).toBe('B');
    beginGeneration(folder, 'vm', 'the host');
    expect(diskSlot(folder, 'vm')).toBe('B');
  });

  test('is chosen only in the generation in which both were found equal', () => {
    const folder = temporaryFolder();
    const generation = beginGeneration(folder, 'vm', 'the host');
    chooseSlot(folder, 'vm', generation, 'B');
    expect(diskSlot(folder, 'vm')).toBe('B');
    beginGeneration(folder, 'vm', 'the host');
    chooseSlot(folder, 'vm', generation, 'A');
    expect(diskSlot(folder, 'vm')).toBe('B');
  });

  test('is the file of the user in a leases.db from before there were two, whoever opens it first', async () => {
    for (const first of ['the host', 'a replica']) {
      const folder = temporaryFolder();
      const old = new Database(path.join(folder, 'leases.db'));
      old.exec(`CREATE TABLE lease (vm TEXT PRIMARY KEY, generation INTEGER NOT NULL CHECK (generation > 0),
                  holder TEXT NOT NULL, claimed_at INTEGER NOT NULL) STRICT;
                INSERT INTO lease VALUES ('vm', 7, 'somebody', 1)`);
      old.close();
      if (first === 'a replica') {
        expect(await new LeaseArbiter(folder, 'vm', 'replica', 'B').claim(7)).toEqual({ outcome: 'won' });
        expect(diskSlot(folder, 'vm')).toBe('B');
      } else {
        expect(diskSlot(folder, 'vm')).toBe('A');
        expect(beginGeneration(folder, 'vm', 'the host')).toBe(8);
      }
    }
  });
});

describe('storage that does not answer', () => {
  test('because the folder is missing is unreachable, and answers when the folder is there', async () => {
    const folder = path.join(temporaryFolder(), 'datastore');
    const arbiter = new LeaseArbiter(folder, 'vm', 'a');
    expect(await arbiter.claim(1)).toEqual({ outcome: 'unreachable', reason: expect.any(String) });

    mkdirSync(folder);
    beginGeneration(folder, 'vm', 'host');
    expect(await arbiter.claim(1)).toEqual({ outcome: 'won' });
  });

  test('because its place is empty, as where a share is not mounted, is unreachable: nothing is lost', async () => {
    const folder = path.join(temporaryFolder(), 'datastore');
    mkdirSync(folder);
    const arbiter = new LeaseArbiter(folder, 'vm', 'a');
    expect(await arbiter.claim(1)).toMatchObject({ outcome: 'unreachable' });
    expect(existsSync(path.join(folder, 'leases.db'))).toBe(false);
  });

  test('because another file system is in its place, with leases of other VMs, is unreachable', async () => {
    const folder = path.join(temporaryFolder(), 'datastore');
    mkdirSync(folder);
    beginGeneration(folder, 'another vm', 'host');
    expect(await new LeaseArbiter(folder, 'vm', 'a').claim(1)).toMatchObject({ outcome: 'unreachable' });
  });

  test('because the file is damaged is unreachable, until it is put right', async () => {
    const folder = temporaryFolder();
    beginGeneration(folder, 'vm', 'host');
    const file = path.join(folder, 'leases.db');
    renameSync(file, `${file}.good`);
    writeFileSync(file, 'this is no database, whatever its name says. '.repeat(100));
    const arbiter = new LeaseArbiter(folder, 'vm', 'a');
    expect(await arbiter.claim(1)).toMatchObject({ outcome: 'unreachable' });

    renameSync(`${file}.good`, file);
    expect(await arbiter.claim(1)).toEqual({ outcome: 'won' });
  });

  test('because another process holds it for too long is unreachable, and answers afterwards', async () => {
    const folder = temporaryFolder();
    beginGeneration(folder, 'vm', 'host');
    const arbiter = new LeaseArbiter(folder, 'vm', 'a');
    const other = new Database(path.join(folder, 'leases.db'));
    onTestFinished(() => void other.close());
    other.exec('BEGIN IMMEDIATE');
    expect(await arbiter.claim(1)).toEqual({ outcome: 'unreachable', reason: 'database is locked' });

    other.exec('ROLLBACK');
    expect(await arbiter.claim(1)).toEqual({ outcome: 'won' });
  });
});
