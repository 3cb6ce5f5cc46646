/**
 * The table of automatic checkpoints: of each VM the newest one.
 *
 * Invariant: a row is there exactly while the files that it names may be relied on: written before it, removed after
 * it. The next one takes the place of the former in one step, so at every moment there is one of the two.
 */
import type Database from 'better-sqlite3';
import type { SavedState, VmConfig } from './vms.ts';

export interface CheckpointRecord {
  readonly id: string;
  readonly vm: string;
  /** The snapshot from which the VM went on then. */
  readonly parent: string | null;
  /** Milliseconds since 1970, UTC. */
  readonly takenAt: number;
  /** For so long the guest stood still. */
  readonly stunMs: number;
  readonly config: VmConfig;
  readonly state: SavedState;
  /** The frozen hard disk; null where there is none. */
  readonly disk: string | null;
}

interface Row {
  readonly id: string;
  readonly vm_id: string;
  readonly parent: string | null;
  readonly taken_at: number;
  readonly stun_ms: number;
  readonly config: string;
  readonly state: string;
  readonly disk: string | null;
}

export class CheckpointTable {
  readonly #database: Database.Database;
  /** It is asked at every change of a VM. */
  readonly #find: Database.Statement<[string], Row>;

  constructor(database: Database.Database) {
    this.#database = database;
    this.#find = database.prepare<[string], Row>('SELECT * FROM checkpoint WHERE vm_id = ?');
  }

  find(vm: string): CheckpointRecord | null {
    const row = this.#find.get(vm);
    if (!row) return null;
    const { id, vm_id, parent, taken_at, stun_ms, disk } = row;
    const config = JSON.parse(row.config) as VmConfig;
    const state = JSON.parse(row.state) as SavedState;
    return { id, vm: vm_id, parent, takenAt: taken_at, stunMs: stun_ms, config, state, disk };
  }

  /** In the place of the former. @throws when the VM is gone. */
  put({ id, vm, parent, takenAt, stunMs, config, state, disk }: CheckpointRecord): void {
    this.#database
      .prepare(
        `INSERT OR REPLACE INTO checkpoint (id, vm_id, parent, taken_at, stun_ms, config, state, disk)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(id, vm, parent, takenAt, stunMs, JSON.stringify(config), JSON.stringify(state), disk);
  }
}
