/**
 * The audit trail: which command came through which door, as events `audit.*`; and who came in or was refused, as
 * events `door.*`.
 *
 * Invariants: every command that changes something is written down with its door, its session and its outcome, or is
 * refused because there are too many to write down; what is typed is never written down; what strangers can cause is
 * written a bounded number of times a minute, with how often it was left out.
 */
import { randomBytes } from 'node:crypto';
import { CommandError, type CommandName, type NamedVm, type Severity } from '../../../preload/contract/contract.ts';
import type { EventKind } from '../../../preload/contract/event-kinds.ts';
import type { EventTable } from '../../store/events.ts';

export type DoorName = 'window' | 'browser' | 'command line';

/** Whoever speaks through a door. */
export interface Caller {
  readonly door: DoorName;
  /** The same for all that one login, window or connection does. */
  readonly session: string;
}

/** Somebody new at a door. */
export function newCaller(door: DoorName): Caller {
  return { door, session: randomBytes(4).toString('hex') };
}

/** Commands that change nothing. `disk.check` is none of them: it may repair, and it is a task either way. */
const QUERIES: ReadonlySet<string> = new Set<CommandName>([
  'host.show',
  'vm.list',
  'vm.show',
  'folder.list',
  'network.list',
  'forward.list',
  'ft.status',
  'ft.wait',
  'console.text',
  'console.screenshot',
  'event.list',
  'task.list',
  'alarm.list',
  'metrics',
  'metrics.history',
  'failover.list',
  'snapshot.list',
  'snapshot.thumbnail',
  'disk.info',
]);
/** What is typed may be a password: that somebody typed is written down, at most once a minute. */
const TYPING: ReadonlySet<string> = new Set<CommandName>(['console.type', 'console.key']);

const MINUTE_MS = 60_000;
/** Through one door, at once, and for every second. */
const COMMANDS_BURST = 500;
const COMMANDS_PER_SECOND = 20;
/** What strangers cause, of each kind, for every minute. */
const NOTES_PER_MINUTE = 20;
/** Arguments beyond this are left out, in characters. */
const ARGUMENTS_MAX = 2000;
/** Consoles that were typed to and are remembered. */
const TYPED_MAX = 1024;

interface Window {
  startedAt: number;
  count: number;
  left: number;
}

export class Audit {
  readonly #events: EventTable;
  readonly #now: () => number;
  readonly #perSecond: number;
  readonly #buckets = new Map<DoorName, { full: number; at: number }>();
  readonly #windows = new Map<string, Window>();
  readonly #typed = new Map<string, number>();

  /** `now` is in milliseconds, `perSecond` the commands of one door. */
  constructor(events: EventTable, now: () => number = Date.now, perSecond = COMMANDS_PER_SECOND) {
    this.#events = events;
    this.#now = now;
    this.#perSecond = perSecond;
  }

  /**
   * Carries out a command and writes down what became of it.
   * @throws {CommandError} what `work` throws, or `refused` when there are too many commands.
   */
  async during<T>(caller: Caller, command: string, args: unknown, vm: NamedVm | null, work: () => Promise<T>) {
    if (QUERIES.has(command)) return work();
    if (TYPING.has(command)) {
      if (vm) this.typed(caller, vm);
      return work();
    }
    this.#takeTurn(caller.door);
    try {
      const result = await work();
      this.#command(caller, command, args, vm, null);
      return result;
    } catch (error) {
      this.#command(caller, command, args, vm, error as Error);
      throw error;
    }
  }

  /** Somebody uses a guest's keyboard, mouse or serial port. */
  typed({ door, session }: Caller, vm: NamedVm): void {
    const key = `${session} ${vm.id}`;
    const now = this.#now();
    if (now - (this.#typed.get(key) ?? Number.NEGATIVE_INFINITY) < MINUTE_MS) return;
    this.#typed.delete(key);
    this.#typed.set(key, now);
    const [oldest] = this.#typed.keys();
    if (this.#typed.size > TYPED_MAX && oldest !== undefined) this.#typed.delete(oldest);
    const message = `Console input through the ${door} (session ${session}).`;
    this.#events.add({ vm, kind: 'audit.console', severity: 'info', message, data: { door, session } });
  }

  /** Something at a door that is no command: a login, a refusal. */
  note(
    kind: Extract<EventKind, `door.${string}`>,
    severity: Severity,
    message: string,
    data: { readonly [key: string]: unknown },
  ): void {
    const window = this.#windowOf(kind);
    window.count += 1;
    if (window.count > NOTES_PER_MINUTE) {
      window.left += 1;
      return;
    }
    const { left } = window;
    window.left = 0;
    const words = left === 0 ? message : `${message} (${left} more like it were left out.)`;
    this.#events.add({ vm: null, kind, severity, message: words, data: left === 0 ? data : { ...data, left } });
  }

  #windowOf(kind: string): Window {
    const now = this.#now();
    const present = this.#windows.get(kind);
    if (present && now - present.startedAt < MINUTE_MS) return present;
    const fresh = { startedAt: now, count: 0, left: present?.left ?? 0 };
    this.#windows.set(kind, fresh);
    return fresh;
  }

  #takeTurn(door: DoorName): void {
    const now = this.#now();
    const { full, at } = this.#buckets.get(door) ?? { full: COMMANDS_BURST, at: now };
    const left = Math.min(COMMANDS_BURST, full + (Math.max(0, now - at) / 1000) * this.#perSecond);
    this.#buckets.set(door, { full: Math.max(0, left - 1), at: now });
    if (left < 1) {
      throw new CommandError('refused', `Too many commands come through the ${door}: wait a second, then try again.`);
    }
  }

  #command(caller: Caller, command: string, args: unknown, vm: NamedVm | null, error: Error | null): void {
    const { door, session } = caller;
    const code = error === null ? null : error instanceof CommandError ? error.code : 'failed';
    const outcome = code ?? 'done';
    const given = code === 'usage' || JSON.stringify(args ?? null).length > ARGUMENTS_MAX ? null : args;
    const end = error === null ? 'done' : `${outcome}: ${error.message}`;
    const message = `${command} through the ${door} (session ${session}): ${end}`;
    const data = { door, session, command, args: given, outcome };
    try {
      this.#events.add({ vm, kind: 'audit.command', severity: 'info', message, data });
    } catch {
      // The command was the last one: its host is closed, and so is the table.
    }
  }
}
