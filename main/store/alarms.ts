/**
 * The table of alarms: what somebody should look at, when it began, when it ended, and when it was acknowledged.
 *
 * Invariant: a VM has at most one active alarm of each definition; raised again while it is active, it counts on.
 */
import type Database from 'better-sqlite3';
import type { AlarmSeverity, NamedVm } from '../../preload/contract/contract.ts';

export interface AlarmRow {
  readonly id: number;
  readonly vm: NamedVm;
  readonly definition: string;
  readonly severity: AlarmSeverity;
  readonly message: string;
  readonly raisedAt: number;
  readonly lastAt: number;
  readonly count: number;
  readonly clearedAt: number | null;
  readonly acknowledgedAt: number | null;
}

interface Row {
  readonly id: number;
  readonly vm_id: string;
  readonly vm_name: string;
  readonly definition: string;
  readonly severity: AlarmSeverity;
  readonly message: string;
  readonly raised_at: number;
  readonly last_at: number;
  readonly count: number;
  readonly cleared_at: number | null;
  readonly acknowledged_at: number | null;
}

const COLUMNS =
  'id, vm_id, vm_name, definition, severity, message, raised_at, last_at, count, cleared_at, acknowledged_at';

export class AlarmTable {
  readonly #database: Database.Database;

  constructor(database: Database.Database) {
    this.#database = database;
  }

  /** A new alarm, or the active one of its kind counted on. */
  raise(alarm: Pick<AlarmRow, 'vm' | 'definition' | 'severity' | 'message'>, at: number): AlarmRow {
    const { vm, definition, severity, message } = alarm;
    const kept = this.#database
      .prepare<[string, string, string, string, string, number, number], Row>(
        `INSERT INTO alarm (vm_id, vm_name, definition, severity, message, raised_at, last_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (vm_id, definition) WHERE cleared_at IS NULL DO UPDATE SET
           vm_name = excluded.vm_name, severity = excluded.severity, message = excluded.message,
           last_at = excluded.last_at, count = count + 1
         RETURNING ${COLUMNS}`,
      )
      .get(vm.id, vm.name, definition, severity, message, at, at);
    return row(kept as Row);
  }

  /** @returns the alarm, or null when there is no such active one. */
  clear(id: number, at: number): AlarmRow | null {
    const kept = this.#database
      .prepare<[number, number], Row>(
        `UPDATE alarm SET cleared_at = ? WHERE id = ? AND cleared_at IS NULL RETURNING ${COLUMNS}`,
      )
      .get(at, id);
    return kept ? row(kept) : null;
  }

  acknowledge(id: number, at: number): AlarmRow | null {
    const kept = this.#database
      .prepare<[number, number], Row>(
        `UPDATE alarm SET acknowledged_at = COALESCE(acknowledged_at, ?) WHERE id = ? RETURNING ${COLUMNS}`,
      )
      .get(at, id);
    return kept ? row(kept) : null;
  }

  find(id: number): AlarmRow | null {
    const kept = this.#database.prepare<[number], Row>(`SELECT ${COLUMNS} FROM alarm WHERE id = ?`).get(id);
    return kept ? row(kept) : null;
  }

  active(): AlarmRow[] {
    return this.#database
      .prepare<[], Row>(`SELECT ${COLUMNS} FROM alarm WHERE cleared_at IS NULL ORDER BY id DESC`)
      .all()
      .map(row);
  }

  /** Of all VMs or of one, also cleared ones, newest first. */
  list(query: { readonly vm?: string | undefined; readonly limit: number }): AlarmRow[] {
    const vm = query.vm ?? null;
    return this.#database
      .prepare<[string | null, string | null, number], Row>(
        `SELECT ${COLUMNS} FROM alarm WHERE (? IS NULL OR vm_id = ?) ORDER BY id DESC LIMIT ?`,
      )
      .all(vm, vm, query.limit)
      .map(row);
  }
}

function row(kept: Row): AlarmRow {
  const { vm_id, vm_name, raised_at, last_at, cleared_at, acknowledged_at, ...same } = kept;
  const times = { raisedAt: raised_at, lastAt: last_at, clearedAt: cleared_at, acknowledgedAt: acknowledged_at };
  return { ...same, ...times, vm: { id: vm_id, name: vm_name } };
}
