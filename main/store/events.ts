/**
 * The table of events: what happened, for ever in order.
 *
 * Invariants: an event is on the disk before anybody is told of it, and its id is greater than all before it, also
 * after a crash; where the disk is full it is told all the same, and written as soon as there is room. The audit trail
 * (kinds `audit.*`) is among them and is listed only where it is asked for by its kind.
 */
import type Database from 'better-sqlite3';
import type { EventRecord, Severity } from '../../preload/contract/contract.ts';
import type { EventKind } from '../../preload/contract/event-kinds.ts';
import { isDatabaseFull } from './full.ts';

/** So many events wait for room at most: then the oldest are lost. */
const WAITING_MAX = 1000;

/** Kinds are the contract's, except in tests of the table itself. */
export interface NewEvent<Kind extends string = EventKind> {
  readonly vm: { readonly id: string; readonly name: string } | null;
  readonly kind: Kind;
  readonly severity: Severity;
  readonly message: string;
  /** All that the sentence names. */
  readonly data?: { readonly [key: string]: unknown };
}

/** Each part narrows; what is left out does not. */
export interface EventQuery {
  /** Its id. */
  readonly vm?: string | undefined;
  readonly since?: number | undefined;
  readonly before?: number | undefined;
  /** The kind itself and all below it. */
  readonly kind?: string | undefined;
  readonly severity?: Severity | undefined;
  /** Part of the message, the kind or the VM's name. */
  readonly text?: string | undefined;
  readonly limit: number;
}

/** The event belongs to the audit trail: what follows from the command has events of its own. */
export function isAudit(kind: string): boolean {
  return kind.startsWith('audit.');
}

type Parameters = { readonly [name: string]: string | number };

interface Row {
  readonly id: number;
  readonly at: number;
  readonly vm_id: string | null;
  readonly vm_name: string | null;
  readonly kind: string;
  readonly severity: Severity;
  readonly message: string;
  readonly data: string;
}

export class EventTable<Kind extends string = EventKind> {
  readonly #database: Database.Database;
  readonly #listeners = new Set<(event: EventRecord) => void>();
  /** There was no room for these, oldest first. */
  readonly #waiting: EventRecord[] = [];

  constructor(database: Database.Database) {
    this.#database = database;
  }

  /** Keeps the event, then tells the listeners. */
  add(event: NewEvent<Kind>): EventRecord {
    const { vm, kind, severity, message, data = {} } = event;
    const wish = { at: Date.now(), vm: vm && { id: vm.id, name: vm.name }, kind, severity, message, data };
    const kept = { ...wish, id: this.#keep(wish) };
    for (const listener of this.#listeners) listener(kept);
    return kept;
  }

  /** @returns its id. */
  #keep(event: Omit<EventRecord, 'id'>): number {
    try {
      for (let [first] = this.#waiting; first; [first] = this.#waiting) {
        this.#insert(first, first.id);
        this.#waiting.shift();
      }
      return this.#insert(event, null);
    } catch (error) {
      if (!isDatabaseFull(error)) throw error;
    }
    const last = this.#database.prepare<[], number>("SELECT seq FROM sqlite_sequence WHERE name = 'event'").pluck();
    const id = (this.#waiting.at(-1)?.id ?? last.get() ?? 0) + 1;
    this.#waiting.push({ ...event, id });
    if (this.#waiting.length > WAITING_MAX) this.#waiting.shift();
    return id;
  }

  #insert({ at, vm, kind, severity, message, data }: Omit<EventRecord, 'id'>, id: number | null): number {
    return Number(
      this.#database
        .prepare(
          'INSERT INTO event (id, at, vm_id, vm_name, kind, severity, message, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        )
        .run(id, at, vm?.id ?? null, vm?.name ?? null, kind, severity, message, JSON.stringify(data)).lastInsertRowid,
    );
  }

  /**
   * Events of all VMs or of one that the filter lets through, oldest first: the first `limit` after `since`, or without
   * `since` the newest `limit` before `before`. Goes along the ids, so a page costs what it skips: 12 ms at most for
   * 100,000 events of which none matches (measured), which is why there is no index for words.
   */
  list(query: EventQuery): EventRecord[] {
    const newest = query.since === undefined;
    const rows = this.#database
      .prepare<[Parameters], Row>(
        `SELECT id, at, vm_id, vm_name, kind, severity, message, data FROM event WHERE ${conditions(query)}
         ORDER BY id ${newest ? 'DESC' : 'ASC'} LIMIT $limit`,
      )
      .all(parameters(query));
    const kept = (newest ? rows.toReversed() : rows).map(record);
    if (this.#waiting.length === 0) return kept;
    const all = [...kept, ...this.#waiting.filter((event) => matches(event, query))];
    return newest ? all.slice(-query.limit) : all.slice(0, query.limit);
  }

  /** Calls the listener with every event from now on, until the returned function is called. */
  follow(listener: (event: EventRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function record(row: Row): EventRecord {
  return {
    id: row.id,
    at: row.at,
    vm: row.vm_id !== null && row.vm_name !== null ? { id: row.vm_id, name: row.vm_name } : null,
    kind: row.kind,
    severity: row.severity,
    message: row.message,
    data: JSON.parse(row.data) as { [key: string]: unknown },
  };
}

/** As `conditions`, of one that is not in the table yet. */
function matches({ id, vm, kind, severity, message }: EventRecord, query: EventQuery): boolean {
  const asked = query.kind;
  const named = asked === undefined ? !isAudit(kind) : kind === asked || kind.startsWith(`${asked}.`);
  const words = [message, kind, vm?.name ?? ''].join('\n').toLowerCase();
  return (
    named &&
    id > (query.since ?? 0) &&
    (query.before === undefined || id < query.before) &&
    (query.vm === undefined || vm?.id === query.vm) &&
    (query.severity === undefined || severity === query.severity) &&
    (query.text === undefined || words.includes(query.text.toLowerCase()))
  );
}

/** Only what is asked, so that SQLite can choose its index. */
function conditions(query: EventQuery): string {
  return [
    'id > $since',
    ...(query.before === undefined ? [] : ['id < $before']),
    ...(query.vm === undefined ? [] : ['vm_id = $vm']),
    ...(query.severity === undefined ? [] : ['severity = $severity']),
    ...(query.kind === undefined
      ? ["substr(kind, 1, 6) <> 'audit.'"]
      : ["(kind = $kind OR substr(kind, 1, length($kind) + 1) = $kind || '.')"]),
    ...(query.text === undefined
      ? []
      : ["(message LIKE $text ESCAPE '\\' OR kind LIKE $text ESCAPE '\\' OR vm_name LIKE $text ESCAPE '\\')"]),
  ].join(' AND ');
}

function parameters({ text, since, limit, ...query }: EventQuery): Parameters {
  const named = Object.entries(query).filter((entry): entry is [string, string | number] => entry[1] !== undefined);
  const pattern = text === undefined ? {} : { text: `%${text.replaceAll(/[\\%_]/g, '\\$&')}%` };
  return { ...Object.fromEntries(named), ...pattern, since: since ?? 0, limit };
}
