/**
 * Raises, clears and acknowledges alarms, from what happens (events) and from how VMs are (states).
 *
 * Invariants: a VM has at most one active alarm of each definition; an alarm is in the table before anybody is told.
 */
import {
  CommandError,
  type AlarmRecord,
  type AlarmSummary,
  type EventRecord,
  type NamedVm,
} from '../../../preload/contract/contract.ts';
import type { AlarmRow, AlarmTable } from '../../store/alarms.ts';
import type { EventTable } from '../../store/events.ts';
import { ALARMS, type AlarmDefinition, type AlarmSubject } from './alarms.ts';

const BY_ID = new Map(ALARMS.map((definition) => [definition.id, definition]));

export class AlarmDesk {
  readonly #table: AlarmTable;
  readonly #events: EventTable;
  /** By VM and definition. */
  readonly #active = new Map<string, Map<string, AlarmRow>>();
  /** Since when `while` says the opposite of what the alarm is, by VM and definition; only for slow alarms. */
  readonly #turnedAt = new Map<string, number>();
  readonly #listeners = new Set<(alarm: AlarmRecord) => void>();

  constructor(table: AlarmTable, events: EventTable) {
    this.#table = table;
    this.#events = events;
    for (const row of table.active()) this.#keep(row);
  }

  /** A VM may have changed. `now` in milliseconds since 1970. */
  look(vm: NamedVm & AlarmSubject, now = Date.now()): void {
    for (const definition of ALARMS) {
      const active = this.#active.get(vm.id)?.get(definition.id);
      const words = definition.while?.(vm) ?? null;
      if (!active) {
        if (words !== null && this.#steady(vm, definition, true, now)) this.#raise(definition, vm, words, now);
        else if (words === null) this.#steady(vm, definition, false, now);
      } else if (definition.until) {
        if (definition.until(vm)) this.#clear(active, now);
      } else if (definition.while) {
        if (words === null && this.#steady(vm, definition, true, now)) this.#clear(active, now);
        else if (words !== null) this.#steady(vm, definition, false, now);
      }
    }
  }

  /** Something happened. */
  heard(event: EventRecord): void {
    const { vm } = event;
    if (!vm) return;
    if (event.kind === 'vm.deleted') return this.#forget(vm, event.at);
    for (const definition of ALARMS) {
      if (definition.raisedBy?.(event)) this.#raise(definition, vm, event.message, event.at);
      const active = definition.clearedBy?.(event) ? this.#active.get(vm.id)?.get(definition.id) : undefined;
      if (active) this.#clear(active, event.at);
    }
  }

  /**
   * Somebody has seen it: an alarm about an event is over by that, one about a condition stays until it ends.
   * @throws {CommandError} `notFound` when there is no such alarm, `usage` when the choice makes no sense.
   */
  acknowledge(choice: { readonly id?: number | undefined; readonly all: boolean; readonly vm?: NamedVm | undefined }) {
    if ((choice.id === undefined) !== choice.all) {
      throw new CommandError('usage', 'Say which alarm: its id, or all of them (--all).');
    }
    const seen = this.#chosen(choice).filter(({ acknowledgedAt }) => acknowledgedAt === null);
    return seen.map((row) => this.#acknowledge(row, Date.now()));
  }

  /** Of the VM with this id. */
  summary(vm: string): AlarmSummary {
    const rows = [...(this.#active.get(vm)?.values() ?? [])];
    const open = rows.filter(({ acknowledgedAt }) => acknowledgedAt === null);
    const worst = open.some(({ severity }) => severity === 'error') ? 'error' : open.length > 0 ? 'warning' : null;
    return { active: rows.length, unacknowledged: open.length, worst };
  }

  /** Active ones of all VMs or of one (by its id), or also cleared ones; newest first. */
  list(query: { readonly vm?: string | undefined; readonly all: boolean; readonly limit: number }): AlarmRecord[] {
    if (query.all) return this.#table.list(query).map(asRecord);
    const rows = [...this.#active].flatMap(([id, rows]) => ((query.vm ?? id) === id ? [...rows.values()] : []));
    return rows
      .toSorted((a, b) => b.id - a.id)
      .slice(0, query.limit)
      .map(asRecord);
  }

  /** Calls the listener with every alarm that changes, until the returned function is called. */
  follow(listener: (alarm: AlarmRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#listeners.clear();
  }

  #chosen({ id, vm }: { readonly id?: number | undefined; readonly vm?: NamedVm | undefined }): AlarmRow[] {
    if (id === undefined) {
      return [...this.#active].flatMap(([of, rows]) => ((vm?.id ?? of) === of ? [...rows.values()] : []));
    }
    const row = this.#table.find(id);
    if (!row || (vm && row.vm.id !== vm.id)) {
      throw new CommandError('notFound', `There is no alarm ${id}. "lockstep alarms" shows those there are.`);
    }
    return [row];
  }

  #acknowledge(row: AlarmRow, now: number): AlarmRecord {
    const seen = this.#table.acknowledge(row.id, now) ?? row;
    const over = seen.clearedAt === null && BY_ID.get(row.definition)?.about !== 'condition';
    const kept = (over ? this.#table.clear(row.id, now) : null) ?? seen;
    if (kept.clearedAt === null) this.#keep(kept);
    else this.#active.get(kept.vm.id)?.delete(kept.definition);
    const record = this.#tell(kept);
    this.#events.add({
      vm: kept.vm,
      kind: 'alarm.acknowledged',
      severity: 'info',
      message: `The alarm "${record.name}" was acknowledged.`,
      data: { alarm: record.id, definition: record.definition },
    });
    return record;
  }

  /** True once the alarm's other state has lasted long enough; `turned` says whether it is that state now. */
  #steady(vm: NamedVm, { id, steadyMs }: AlarmDefinition, turned: boolean, now: number): boolean {
    if (steadyMs === undefined) return turned;
    const key = `${vm.id} ${id}`;
    if (!turned) {
      this.#turnedAt.delete(key);
      return false;
    }
    const since = this.#turnedAt.get(key) ?? now;
    this.#turnedAt.set(key, since);
    if (now - since < steadyMs) return false;
    this.#turnedAt.delete(key);
    return true;
  }

  #raise({ id, severity }: AlarmDefinition, vm: NamedVm, message: string, now: number): void {
    const row = this.#table.raise({ vm, definition: id, severity, message }, now);
    this.#keep(row);
    this.#tell(row);
  }

  #clear(active: AlarmRow, now: number): void {
    const row = this.#table.clear(active.id, now);
    this.#active.get(active.vm.id)?.delete(active.definition);
    if (row) this.#tell(row);
  }

  #forget(vm: NamedVm, now: number): void {
    for (const row of this.#active.get(vm.id)?.values() ?? []) this.#clear(row, now);
    this.#active.delete(vm.id);
    for (const { id } of ALARMS) this.#turnedAt.delete(`${vm.id} ${id}`);
  }

  #keep(row: AlarmRow): void {
    const rows = this.#active.get(row.vm.id) ?? new Map<string, AlarmRow>();
    this.#active.set(row.vm.id, rows.set(row.definition, row));
  }

  #tell(row: AlarmRow): AlarmRecord {
    const record = asRecord(row);
    for (const listener of this.#listeners) listener(record);
    return record;
  }
}

function asRecord(row: AlarmRow): AlarmRecord {
  const definition = BY_ID.get(row.definition);
  return { ...row, name: definition?.name ?? row.definition, about: definition?.about ?? 'event' };
}
