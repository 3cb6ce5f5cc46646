/**
 * What happened and what is going on: events, tasks and alarms, as the contract has them.
 *
 * Invariants: ids rise from 1, never come again, and order what they name; what is kept is bounded
 * (main/store/retention.ts), so a gap at the beginning is history that was given up. Events of the audit trail (kinds
 * `audit.*`) are numbered with the others and listed only where they are asked for by their kind.
 */
import * as v from 'valibot';

/* ------------------------------------------------------------------ events -------------------------------------- */

export const SEVERITIES = ['info', 'warning', 'error'] as const;
export type Severity = (typeof SEVERITIES)[number];
export const EVENTS_LIMIT_MAX = 10_000;
export const TASKS_LIMIT_MAX = 1000;
export const ALARMS_LIMIT_MAX = 1000;
const SEARCH_LENGTH_MAX = 200;

/** A VM by what it was called then: history outlives the VM. */
export interface NamedVm {
  readonly id: string;
  readonly name: string;
}

export interface EventRecord {
  /** Rises. */
  readonly id: number;
  /** Milliseconds since 1970, UTC. */
  readonly at: number;
  readonly vm: NamedVm | null;
  /** A dotted word that programs can match: `ft.protected`, `power.on`, … */
  readonly kind: string;
  readonly severity: Severity;
  readonly message: string;
  readonly data: { readonly [key: string]: unknown };
}

const Id = v.pipe(v.number('an id is a number'), v.integer('an id is a whole number'), v.minValue(0));
const limit = (most: number, unless: number) =>
  v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most)), unless);

/** Which events; all of it holds at once. */
const eventFilter = {
  /** The kind itself, and all below it: `ft` also means `ft.protected`. */
  kind: v.optional(v.pipe(v.string(), v.regex(/^\w+(\.\w+)*$/, 'a kind is a word such as ft or ft.failover'))),
  severity: v.optional(v.picklist(SEVERITIES, `the severities are: ${SEVERITIES.join(', ')}`)),
  /** What the message, the kind or the VM's name contains; ASCII letters of either case. */
  text: v.optional(v.pipe(v.string(), v.maxLength(SEARCH_LENGTH_MAX, `at most ${SEARCH_LENGTH_MAX} characters`))),
};

/** Oldest first: the first `limit` after `since`, or without `since` the newest `limit` (before `before`). */
export const eventPage = {
  ...eventFilter,
  /** Only events with a greater id. */
  since: v.optional(Id),
  /** Only events with a lesser id. */
  before: v.optional(Id),
  limit: limit(EVENTS_LIMIT_MAX, 1000),
};

/* ------------------------------------------------------------------ tasks --------------------------------------- */

const TASK_KINDS = [
  'power.on',
  'power.off',
  'power.reset',
  'power.pause',
  'power.unpause',
  'power.suspend',
  'snapshot.take',
  'snapshot.revert',
  'snapshot.delete',
  'checkpoint.take',
  'checkpoint.resume',
  'ft.on',
  'ft.off',
  'ft.suspend',
  'ft.resume',
  'ft.testFailover',
  'ft.testRestartSecondary',
  'ft.migrate',
  'ft.startSecondary',
  'record',
  'disk.create',
  'disk.check',
  'disk.compact',
  'disk.resize',
  'disk.import',
  'disk.export',
  'vm.clone',
  'vm.export',
  'vm.import',
  'power.shutdown',
  'media.folder',
] as const;
export type TaskKind = (typeof TASK_KINDS)[number];
/** `interrupted`: the host ended while the task ran; what became of it nobody saw. */
export type TaskOutcome = 'done' | 'failed' | 'cancelled' | 'interrupted';

export interface TaskRecord {
  readonly id: number;
  /** Of a task about a disk file: without an id, by the file's name. */
  readonly vm: NamedVm;
  readonly kind: TaskKind;
  /** What it is, for people. */
  readonly title: string;
  /** A command, or Lockstep itself (a secondary is started again after a failure). */
  readonly by: 'user' | 'system';
  /** Milliseconds since 1970, UTC. */
  readonly startedAt: number;
  /** Null while it runs. Of an interrupted task: when the next host found it. */
  readonly endedAt: number | null;
  /** 0 to 1; null where nobody can tell. */
  readonly progress: number | null;
  /** What is being done at this moment, for people. */
  readonly phase: string | null;
  /** Null while it runs. */
  readonly outcome: TaskOutcome | null;
  /** Why it failed. */
  readonly error: string | null;
}

export const taskPage = { limit: limit(TASKS_LIMIT_MAX, 100) };

/* ------------------------------------------------------------------ alarms -------------------------------------- */

export type AlarmSeverity = Exclude<Severity, 'info'>;

export interface AlarmRecord {
  readonly id: number;
  readonly vm: NamedVm;
  /** A word that programs can match: `ft.needSecondary`, … */
  readonly definition: string;
  /** The alarm's name, for people. */
  readonly name: string;
  readonly severity: AlarmSeverity;
  /**
   * `condition`: it clears itself when what it is about has ended. `event`: it is about something that has happened,
   * and stays until it is acknowledged.
   */
  readonly about: 'condition' | 'event';
  readonly message: string;
  /** When it was raised, and (where that happened again before anybody had cleared it) the last time. */
  readonly raisedAt: number;
  readonly lastAt: number;
  readonly count: number;
  /** Null while it is active. */
  readonly clearedAt: number | null;
  readonly acknowledgedAt: number | null;
}

/** A VM's active alarms, in short. */
export interface AlarmSummary {
  readonly active: number;
  /** Those of them that nobody has acknowledged. */
  readonly unacknowledged: number;
  /** Of those that nobody has acknowledged; null where there is none. */
  readonly worst: AlarmSeverity | null;
}

export const alarmPage = {
  /** Also those that were cleared. */
  all: v.optional(v.boolean(), false),
  limit: limit(ALARMS_LIMIT_MAX, 100),
};

/** One alarm, or all active ones (of a VM where one is named). */
export const alarmChoice = { id: v.optional(Id), all: v.optional(v.boolean(), false) };
