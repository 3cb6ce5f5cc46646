/**
 * How much history is kept: events, ended tasks, cleared alarms and failovers, by number and by age.
 *
 * Invariants: only the oldest go, a few at a time, so that nothing waits for it; what still runs or is still active
 * stays, and so do the newest, however old; ids never come again (AUTOINCREMENT).
 */
import type Database from 'better-sqlite3';

export interface RetentionLimits {
  readonly events: number;
  readonly tasks: number;
  readonly alarms: number;
  readonly failovers: number;
  readonly days: number;
}

const RETENTION: RetentionLimits = {
  events: 100_000,
  tasks: 10_000,
  alarms: 10_000,
  failovers: 10_000,
  days: 90,
};
/** However old they are: a VM that nobody touched for a year still says what happened last. */
const NEWEST_KEPT = 100;
/** Rows that one step deletes at most from each table. */
const BATCH = 500;
const DAY_MS = 86_400_000;

/** What is over, and when it was. */
const TABLES = [
  { table: 'event', limit: 'events', over: 'TRUE', at: 'at' },
  { table: 'task', limit: 'tasks', over: 'outcome IS NOT NULL', at: 'ended_at' },
  { table: 'alarm', limit: 'alarms', over: 'cleared_at IS NOT NULL', at: 'cleared_at' },
  { table: 'failover', limit: 'failovers', over: 'TRUE', at: 'at' },
] as const;

/**
 * One small step. @returns how many rows went; 0 when nothing is left to trim.
 *
 * Looks at the oldest rows alone, since ids rise with time; a row from a clock that ran ahead may keep those behind it
 * past their age, never past their number.
 */
export function trim(database: Database.Database, now: number, limits = RETENTION, newestKept = NEWEST_KEPT): number {
  let gone = 0;
  for (const { table, limit, over, at } of TABLES) {
    /** The id of the last row that `count` newer ones have outlived. */
    const outlivedBy = (count: number): number =>
      database
        .prepare<[number], number>(`SELECT id FROM ${table} WHERE ${over} ORDER BY id DESC LIMIT 1 OFFSET ?`)
        .pluck()
        .get(count) ?? 0;
    gone += database
      .prepare<[number, number, number, number]>(
        `DELETE FROM ${table} WHERE id IN (
           SELECT id FROM (SELECT id, ${at} AS ended FROM ${table} WHERE ${over} ORDER BY id LIMIT ?)
           WHERE id <= ? OR (id <= ? AND ended < ?)
         )`,
      )
      .run(BATCH, outlivedBy(limits[limit]), outlivedBy(newestKept), now - limits.days * DAY_MS).changes;
  }
  return gone;
}
