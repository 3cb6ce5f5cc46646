/**
 * The table of measurements: one row for each VM and step of time, in steps of three lengths.
 *
 * Invariant: what is older than its step's age is deleted in the transaction that adds newer rows, so the table is
 * bounded by the number of VMs: some 3,000 rows each.
 */
import type Database from 'better-sqlite3';
import type { SeriesValues } from '../../preload/contract/metrics.ts';

/** How long a step of each length is kept, in milliseconds. A little longer than the range that shows it. */
export const KEPT_MS = { 1000: 11 * 60_000, 10_000: 2 * 3_600_000, 60_000: 26 * 3_600_000 } as const;
export type StepMs = keyof typeof KEPT_MS;
export const STEPS_MS = [1000, 10_000, 60_000] as const satisfies readonly StepMs[];

export interface MetricRow {
  readonly vm: string;
  readonly stepMs: StepMs;
  /** When the step began; milliseconds since 1970, UTC, a multiple of `stepMs`. */
  readonly at: number;
  readonly mean: SeriesValues;
  /** Null where only one value was measured. */
  readonly peak: SeriesValues | null;
}

export class MetricTable {
  readonly #database: Database.Database;

  constructor(database: Database.Database) {
    this.#database = database;
  }

  /** Adds rows, and drops what is too old at `now`. All of it or nothing. */
  add(rows: readonly MetricRow[], now: number): void {
    const insert = this.#database.prepare(
      'INSERT OR REPLACE INTO metric (vm_id, step_ms, at, mean, peak) VALUES (?, ?, ?, ?, ?)',
    );
    const drop = this.#database.prepare('DELETE FROM metric WHERE vm_id = ? AND step_ms = ? AND at < ?');
    const vms = new Set(rows.map(({ vm }) => vm));
    this.#database.transaction(() => {
      for (const { vm, stepMs, at, mean, peak } of rows) {
        insert.run(vm, stepMs, at, JSON.stringify(mean), peak && JSON.stringify(peak));
      }
      for (const vm of vms) for (const stepMs of STEPS_MS) drop.run(vm, stepMs, now - KEPT_MS[stepMs]);
    })();
  }

  /** When the last second of this VM ended that was measured, in milliseconds since 1970, UTC; null: never. */
  lastAt(vm: string): number | null {
    const [stepMs] = STEPS_MS;
    const at = this.#database
      .prepare<[string, number], number | null>('SELECT max(at) FROM metric WHERE vm_id = ? AND step_ms = ?')
      .pluck()
      .get(vm, stepMs);
    return at === null || at === undefined ? null : at + stepMs;
  }

  /** The steps that begin in [from, to), oldest first. */
  read(vm: string, stepMs: StepMs, from: number, to: number): MetricRow[] {
    return this.#database
      .prepare<[string, number, number, number], { at: number; mean: string; peak: string | null }>(
        'SELECT at, mean, peak FROM metric WHERE vm_id = ? AND step_ms = ? AND at >= ? AND at < ? ORDER BY at',
      )
      .all(vm, stepMs, from, to)
      .map(({ at, mean, peak }) => ({
        vm,
        stepMs,
        at,
        mean: JSON.parse(mean) as SeriesValues,
        peak: peak === null ? null : (JSON.parse(peak) as SeriesValues),
      }));
  }
}
