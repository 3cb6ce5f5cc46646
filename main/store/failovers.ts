/**
 * The table of failovers: how long each took, phase by phase.
 *
 * Invariant: a failover is kept as soon as its secondary went live; what comes later (its first output, Protected
 * again) is filled in.
 */
import type Database from 'better-sqlite3';
import type { FailoverRecord } from '../../preload/contract/contract.ts';

interface Row {
  readonly id: number;
  readonly vm_id: string;
  readonly vm_name: string;
  readonly at: number;
  readonly generation: number;
  readonly from_pid: number;
  readonly to_pid: number;
  readonly requested: number;
  readonly reason: string;
  readonly detect_ms: number;
  readonly drain_ms: number;
  readonly arbitrate_ms: number;
  readonly live_ms: number;
  readonly first_output_ms: number | null;
  readonly protected_ms: number | null;
}

const COLUMNS =
  'vm_id, vm_name, at, generation, from_pid, to_pid, requested, reason, ' +
  'detect_ms, drain_ms, arbitrate_ms, live_ms, first_output_ms, protected_ms';

export class FailoverTable {
  readonly #database: Database.Database;

  constructor(database: Database.Database) {
    this.#database = database;
  }

  /** @returns its id. */
  add({ vm, ...one }: Omit<FailoverRecord, 'id'>): number {
    const { lastInsertRowid } = this.#database
      .prepare(`INSERT INTO failover (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
      .run(
        vm.id,
        vm.name,
        one.at,
        one.generation,
        one.fromPid,
        one.toPid,
        one.requested ? 1 : 0,
        one.reason,
        one.detectMs,
        one.drainMs,
        one.arbitrateMs,
        one.liveMs,
        one.firstOutputMs,
        one.protectedMs,
      );
    return Number(lastInsertRowid);
  }

  /** What became known of it later. */
  fill(id: number, later: Pick<FailoverRecord, 'liveMs' | 'firstOutputMs' | 'protectedMs'>): void {
    this.#database
      .prepare('UPDATE failover SET live_ms = ?, first_output_ms = ?, protected_ms = ? WHERE id = ?')
      .run(later.liveMs, later.firstOutputMs, later.protectedMs, id);
  }

  /** Of all VMs or of one, the newest first. */
  list(query: { readonly vm?: string | undefined; readonly limit: number }): FailoverRecord[] {
    const vm = query.vm ?? null;
    return this.#database
      .prepare<[string | null, string | null, number], Row>(
        `SELECT id, ${COLUMNS} FROM failover WHERE (? IS NULL OR vm_id = ?) ORDER BY id DESC LIMIT ?`,
      )
      .all(vm, vm, query.limit)
      .map(record);
  }
}

function record(row: Row): FailoverRecord {
  return {
    id: row.id,
    vm: { id: row.vm_id, name: row.vm_name },
    at: row.at,
    generation: row.generation,
    fromPid: row.from_pid,
    toPid: row.to_pid,
    requested: row.requested === 1,
    reason: row.reason,
    detectMs: row.detect_ms,
    drainMs: row.drain_ms,
    arbitrateMs: row.arbitrate_ms,
    liveMs: row.live_ms,
    firstOutputMs: row.first_output_ms,
    protectedMs: row.protected_ms,
  };
}
