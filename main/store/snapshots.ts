/**
 * The table of snapshots: a tree for each VM.
 *
 * Invariants: a row is there exactly while the files that it names may be relied on: written before it, removed after
 * it. A snapshot's parent is one of the same VM. The VM's current snapshot changes in the same transaction.
 */
import type Database from 'better-sqlite3';
import type { SavedState, VmConfig } from './vms.ts';

export interface SnapshotRecord {
  readonly id: string;
  readonly vm: string;
  readonly parent: string | null;
  readonly name: string;
  readonly note: string;
  /** Milliseconds since 1970, UTC. */
  readonly takenAt: number;
  readonly config: VmConfig;
  /** Null where it was taken while the VM was off. */
  readonly state: SavedState | null;
  /** The frozen hard disk; null where there is none. */
  readonly disk: string | null;
}

interface Row {
  readonly id: string;
  readonly vm_id: string;
  readonly parent: string | null;
  readonly name: string;
  readonly note: string;
  readonly taken_at: number;
  readonly config: string;
  readonly state: string | null;
  readonly disk: string | null;
}

const COLUMNS = 'id, vm_id, parent, name, note, taken_at, config, state, disk';

export class SnapshotTable {
  readonly #database: Database.Database;

  constructor(database: Database.Database) {
    this.#database = database;
  }

  /** Oldest first. */
  list(vm: string): SnapshotRecord[] {
    return this.#database
      .prepare<[string], Row>(`SELECT ${COLUMNS} FROM snapshot WHERE vm_id = ? ORDER BY taken_at, rowid`)
      .all(vm)
      .map(record);
  }

  /** By id, or by name whatever its case. */
  find(vm: string, idOrName: string): SnapshotRecord | null {
    const row = this.#database
      .prepare<[string, string, string, string], Row>(
        `SELECT ${COLUMNS} FROM snapshot WHERE vm_id = ? AND (id = ? OR name = ?) ORDER BY id = ? DESC LIMIT 1`,
      )
      .get(vm, idOrName, idOrName, idOrName);
    return row ? record(row) : null;
  }

  /** The picture of its screen, PNG; null where there was none. */
  thumbnail(id: string): Uint8Array | null {
    const blob = this.#database
      .prepare<[string], Uint8Array | null>('SELECT thumbnail FROM snapshot WHERE id = ?')
      .pluck()
      .get(id);
    return blob ?? null;
  }

  /** The VM goes on from it. @throws when the VM has one of this name, or is gone. */
  insert(snapshot: SnapshotRecord, thumbnail: Uint8Array | null): void {
    const { id, vm, parent, name, note, takenAt, config, state, disk } = snapshot;
    const insert = this.#database.prepare(
      `INSERT INTO snapshot (id, vm_id, parent, name, note, taken_at, config, state, disk, thumbnail)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#database
      .transaction(() => {
        const json = state && JSON.stringify(state);
        insert.run(id, vm, parent, name, note, takenAt, JSON.stringify(config), json, disk, thumbnail);
        this.#database.prepare('UPDATE vm SET current_snapshot = ? WHERE id = ?').run(id, vm);
      })
      .immediate();
  }

  /** Its children become its parent's. */
  delete({ id, vm, parent }: Pick<SnapshotRecord, 'id' | 'vm' | 'parent'>): void {
    this.#database
      .transaction(() => {
        this.#database.prepare('UPDATE snapshot SET parent = ? WHERE parent = ?').run(parent, id);
        this.#database.prepare('UPDATE checkpoint SET parent = ? WHERE parent = ?').run(parent, id);
        this.#database
          .prepare('UPDATE vm SET current_snapshot = ? WHERE id = ? AND current_snapshot = ?')
          .run(parent, vm, id);
        this.#database.prepare('DELETE FROM snapshot WHERE id = ?').run(id);
      })
      .immediate();
  }
}

function record(row: Row): SnapshotRecord {
  return {
    id: row.id,
    vm: row.vm_id,
    parent: row.parent,
    name: row.name,
    note: row.note,
    takenAt: row.taken_at,
    config: JSON.parse(row.config) as VmConfig,
    state: row.state === null ? null : (JSON.parse(row.state) as SavedState),
    disk: row.disk,
  };
}
