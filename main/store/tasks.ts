/**
 * The table of tasks: what was begun, and what became of it.
 *
 * Invariant: a task is on the disk before its work begins and its outcome before anybody is told; one without an
 * outcome when a host starts was interrupted, and is shown so.
 */
import type Database from 'better-sqlite3';
import type { NamedVm, TaskKind, TaskOutcome } from '../../preload/contract/contract.ts';

/** What of a task is kept; how far a running one is its host alone knows. */
export interface TaskRow {
  readonly id: number;
  readonly vm: NamedVm;
  readonly kind: TaskKind;
  readonly by: 'user' | 'system';
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly outcome: TaskOutcome | null;
  readonly error: string | null;
}

interface Row {
  readonly id: number;
  readonly vm_id: string;
  readonly vm_name: string;
  readonly kind: TaskKind;
  readonly by: 'user' | 'system';
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly outcome: TaskOutcome | null;
  readonly error: string | null;
}

const COLUMNS = 'id, vm_id, vm_name, kind, by, started_at, ended_at, outcome, error';

export class TaskTable {
  readonly #database: Database.Database;

  constructor(database: Database.Database) {
    this.#database = database;
  }

  begin(task: Pick<TaskRow, 'vm' | 'kind' | 'by' | 'startedAt'>): TaskRow {
    const { vm, kind, by, startedAt } = task;
    const { lastInsertRowid } = this.#database
      .prepare('INSERT INTO task (vm_id, vm_name, kind, by, started_at) VALUES (?, ?, ?, ?, ?)')
      .run(vm.id, vm.name, kind, by, startedAt);
    const id = Number(lastInsertRowid);
    return { id, vm: { id: vm.id, name: vm.name }, kind, by, startedAt, endedAt: null, outcome: null, error: null };
  }

  end(id: number, at: number, outcome: TaskOutcome, error: string | null): void {
    this.#database
      .prepare('UPDATE task SET ended_at = ?, outcome = ?, error = ? WHERE id = ? AND outcome IS NULL')
      .run(at, outcome, error, id);
  }

  /** Those that a former host left running. @returns how many there were. */
  interrupt(at: number): number {
    return this.#database.prepare("UPDATE task SET ended_at = ?, outcome = 'interrupted' WHERE outcome IS NULL").run(at)
      .changes;
  }

  /** Of all VMs or of one: all that run, then the newest of the others, `limit` at most; newest first. */
  list(query: { readonly vm?: string | undefined; readonly limit: number }): TaskRow[] {
    const vm = query.vm ?? null;
    return this.#database
      .prepare<[string | null, string | null, number], Row>(
        `SELECT ${COLUMNS} FROM (
           SELECT ${COLUMNS} FROM task WHERE (? IS NULL OR vm_id = ?) ORDER BY outcome IS NOT NULL, id DESC LIMIT ?
         ) ORDER BY id DESC`,
      )
      .all(vm, vm, query.limit)
      .map(row);
  }
}

function row({ id, vm_id, vm_name, kind, by, started_at, ended_at, outcome, error }: Row): TaskRow {
  const vm = { id: vm_id, name: vm_name };
  return { id, vm, kind, by, startedAt: started_at, endedAt: ended_at, outcome, error };
}
