/**
 * The leases: who may run which VM, in an SQLite file in the datastore, which is the pair's shared storage.
 *
 * Invariant (see ft/arbiter.ts): a lease's generation only ever rises, by one committed transaction each, so of all
 * that claim the same generation exactly one wins. Every process opens the file itself: nobody is asked on the way.
 *
 * A VM has up to two hard disk images, where its replicas have separate ones. Which of them is true moves with the
 * lease, in the same transaction: it is the holder's.
 */
import path from 'node:path';
import Database from 'better-sqlite3';
import { assert } from '../ft/assert.ts';
import type { Arbiter, ClaimResult } from '../ft/arbiter.ts';

const FILE = 'leases.db';
/** How long one try waits for another process's transaction, in milliseconds; afterwards it counts as unreachable. */
const BUSY_TIMEOUT_MS = 250;

/** `A`: the file that the user gave. `B`: the copy in the datastore. */
export type DiskSlot = 'A' | 'B';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS lease (
    vm         TEXT PRIMARY KEY,
    generation INTEGER NOT NULL CHECK (generation > 0),
    holder     TEXT NOT NULL,
    claimed_at INTEGER NOT NULL,
    disk_slot  TEXT NOT NULL DEFAULT 'A' CHECK (disk_slot IN ('A', 'B'))
  ) STRICT`;
/** Files that are older than separate disks lack the last column. */
const HAS_SLOT = "SELECT count(*) FROM pragma_table_info('lease') WHERE name = 'disk_slot'";
const ADD_SLOT = "ALTER TABLE lease ADD COLUMN disk_slot TEXT NOT NULL DEFAULT 'A' CHECK (disk_slot IN ('A', 'B'))";

interface LeaseRow {
  readonly generation: number;
  readonly holder: string;
}

function open(folder: string, fileMustExist = false): Database.Database {
  const database = new Database(path.join(folder, FILE), { timeout: BUSY_TIMEOUT_MS, fileMustExist });
  try {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.exec(SCHEMA);
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function migrate(database: Database.Database): void {
  const current = database.prepare(HAS_SLOT).pluck();
  if (current.get() === 1) return;
  // Another process may do the same at this moment.
  const add = database.transaction(() => {
    if (current.get() === 0) database.exec(ADD_SLOT);
  });
  add.immediate();
}

function withLeases<T>(folder: string, work: (database: Database.Database) => T): T {
  const database = open(folder);
  try {
    return work(database);
  } finally {
    database.close();
  }
}

/**
 * Makes a new generation for a VM that is being powered on; whoever still holds an older one has lost it, and can no
 * longer change which disk is true.
 * @returns the new generation, at least 1.
 */
export function beginGeneration(folder: string, vm: string, holder: string): number {
  return withLeases(folder, (database) =>
    database
      .transaction(() => {
        const row = database
          .prepare<[string, string, number], LeaseRow>(
            `INSERT INTO lease (vm, generation, holder, claimed_at) VALUES (?, 1, ?, ?)
             ON CONFLICT (vm) DO UPDATE SET generation = generation + 1, holder = excluded.holder,
               claimed_at = excluded.claimed_at
             RETURNING generation, holder`,
          )
          .get(vm, holder, Date.now());
        assert(row !== undefined, 'the lease that was written is there');
        return row.generation;
      })
      .immediate(),
  );
}

/** Which disk of the VM is true; `A` for a VM that was never powered on. */
export function diskSlot(folder: string, vm: string): DiskSlot {
  return withLeases(folder, (database) => {
    const slot = database.prepare<[string], DiskSlot>('SELECT disk_slot FROM lease WHERE vm = ?').pluck().get(vm);
    return slot ?? 'A';
  });
}

/** From now on this disk is true: to be said where both are equal and nobody uses them, in the last generation. */
export function chooseSlot(folder: string, vm: string, generation: number, slot: DiskSlot): void {
  withLeases(folder, (database) =>
    database.prepare('UPDATE lease SET disk_slot = ? WHERE vm = ? AND generation = ?').run(slot, vm, generation),
  );
}

/** Removes the lease of a VM that is deleted. */
export function forgetLease(folder: string, vm: string): void {
  withLeases(folder, (database) => database.prepare('DELETE FROM lease WHERE vm = ?').run(vm));
}

/**
 * The test-and-set as a replica uses it. The file is opened at once, so that a claim costs one transaction. It is
 * never made here: a replica's lease was there before it, so a storage without it is the wrong one, or not mounted.
 */
export class LeaseArbiter implements Arbiter {
  readonly #folder: string;
  readonly #vm: string;
  readonly #holder: string;
  readonly #slot: DiskSlot;
  #database: Database.Database | null = null;

  /** `slot` is the disk that the holder uses. */
  constructor(folder: string, vm: string, holder: string, slot: DiskSlot = 'A') {
    this.#folder = folder;
    this.#vm = vm;
    this.#holder = holder;
    this.#slot = slot;
    try {
      this.#database = open(folder, true);
    } catch {
      // The storage may be away for now: a claim tries again and then says why.
    }
  }

  claim(generation: number): Promise<ClaimResult> {
    try {
      this.#database ??= open(this.#folder, true);
      return Promise.resolve(this.#testAndSet(this.#database, generation));
    } catch (error) {
      this.#database?.close();
      this.#database = null;
      return Promise.resolve({ outcome: 'unreachable', reason: (error as Error).message });
    }
  }

  #testAndSet(database: Database.Database, generation: number): ClaimResult {
    return database
      .transaction((): ClaimResult => {
        const { changes } = database
          .prepare(
            `UPDATE lease SET generation = ?, holder = ?, disk_slot = ?, claimed_at = ?
             WHERE vm = ? AND generation = ?`,
          )
          .run(generation + 1, this.#holder, this.#slot, Date.now(), this.#vm, generation);
        if (changes === 1) return { outcome: 'won' };
        const row = database
          .prepare<[string], LeaseRow>('SELECT generation, holder FROM lease WHERE vm = ?')
          .get(this.#vm);
        // The answer to an earlier try may have been lost: what this replica has won it has won.
        if (row?.generation === generation + 1 && row.holder === this.#holder) return { outcome: 'won' };
        if (!row) throw new Error(`${this.#folder} holds no lease of this VM`);
        return { outcome: 'lost', holder: row.holder, generation: row.generation };
      })
      .immediate();
  }
}
