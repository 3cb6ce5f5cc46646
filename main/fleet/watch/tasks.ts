/**
 * Tasks that run: begun, told about as they go on, and kept with their outcome.
 *
 * Invariant: a task ends exactly once, and what is told of it is what the table has, with how far it is besides.
 */
import {
  CommandError,
  type NamedVm,
  type TaskKind,
  type TaskOutcome,
  type TaskRecord,
} from '../../../preload/contract/contract.ts';
import { TASK_TITLES } from '../../../preload/contract/task-titles.ts';
import type { TaskRow, TaskTable } from '../../store/tasks.ts';

/** Less progress than this is not worth telling. */
const PROGRESS_STEP = 0.01;

/** How far a task is. */
export interface TaskProgress {
  /** 0 to 1; null where nobody can tell. */
  readonly progress: number | null;
  /** In words. */
  readonly phase: string | null;
}

/** Hears how far the work is, 0 to 1; throws where it was cancelled. */
export type Advance = (fraction: number) => void;

interface Work {
  readonly controller: AbortController;
  readonly done: Promise<unknown>;
}

const UNKNOWN: TaskProgress = { progress: null, phase: null };

export class TaskDesk {
  readonly #table: TaskTable;
  readonly #running = new Map<number, TaskRecord>();
  readonly #listeners = new Set<(task: TaskRecord) => void>();
  /** What can be cancelled, by the task's id. */
  readonly #works = new Map<number, Work>();

  constructor(table: TaskTable) {
    this.#table = table;
    table.interrupt(Date.now());
  }

  begin(kind: TaskKind, vm: NamedVm, by: TaskRecord['by'], at: TaskProgress = UNKNOWN): TaskRecord {
    const task = { ...asRecord(this.#table.begin({ vm, kind, by, startedAt: Date.now() })), ...at };
    this.#running.set(task.id, task);
    this.#tell(task);
    return task;
  }

  /** Nothing happens when the task has ended already. */
  progress(id: number, at: TaskProgress): void {
    const task = this.#running.get(id);
    if (!task) return;
    const step = Math.abs((at.progress ?? 0) - (task.progress ?? 0));
    if (at.phase === task.phase && step < PROGRESS_STEP) return;
    const changed = { ...task, ...at };
    this.#running.set(id, changed);
    this.#tell(changed);
  }

  end(id: number, outcome: TaskOutcome, error: string | null = null): void {
    const task = this.#running.get(id);
    if (!task) return;
    const endedAt = Date.now();
    this.#table.end(id, endedAt, outcome, error);
    this.#running.delete(id);
    const progress = outcome === 'done' ? 1 : task.progress;
    this.#tell({ ...task, endedAt, outcome, error, progress, phase: null });
  }

  /** Carries out work as a task. Rejects as the work does. */
  async during<T>(kind: TaskKind, vm: NamedVm, work: () => Promise<T>): Promise<T> {
    const { id } = this.begin(kind, vm, 'user');
    try {
      const result = await work();
      this.end(id, 'done');
      return result;
    } catch (error) {
      this.end(id, 'failed', error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  /**
   * The same for work that tells how far it is, and can be cancelled there: it leaves nothing behind then.
   * @throws {CommandError} `failed` when it was cancelled.
   */
  async cancellable<T>(kind: TaskKind, vm: NamedVm, work: (advance: Advance) => Promise<T>): Promise<T> {
    const { id } = this.begin(kind, vm, 'user', { progress: 0, phase: null });
    const controller = new AbortController();
    const { signal } = controller;
    const advance: Advance = (progress) => {
      signal.throwIfAborted();
      this.progress(id, { progress, phase: null });
    };
    const done = work(advance);
    this.#works.set(id, { controller, done });
    try {
      const result = await done;
      this.end(id, 'done');
      return result;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.end(id, signal.aborted ? 'cancelled' : 'failed', signal.aborted ? null : message);
      throw signal.aborted ? new CommandError('failed', 'It was cancelled, and left nothing behind.') : error;
    } finally {
      this.#works.delete(id);
    }
  }

  /** @throws {CommandError} `refused` when it has ended, or cannot be cancelled. */
  async cancel(id: number): Promise<void> {
    const work = this.#works.get(id);
    if (!work) {
      const words = this.#running.has(id) ? 'cannot be cancelled' : 'does not run (any more)';
      throw new CommandError('refused', `Task ${id} ${words}. "lockstep tasks" lists those that do.`);
    }
    work.controller.abort();
    await Promise.allSettled([work.done]);
  }

  /** Cancels all that can be, and waits until it is. */
  async cancelAll(): Promise<void> {
    await Promise.allSettled([...this.#works.keys()].map((id) => this.cancel(id)));
  }

  /** What runs for a VM (by its id), oldest first. */
  running(vm: string): TaskRecord[] {
    return [...this.#running.values()].filter((task) => task.vm.id === vm);
  }

  /** Of all VMs or of one (by its id), newest first; running ones are never left out for ended ones. */
  list(query: { readonly vm?: string | undefined; readonly limit: number }): TaskRecord[] {
    return this.#table.list(query).map((row) => this.#running.get(row.id) ?? asRecord(row));
  }

  /** Calls the listener with every task that changes, until the returned function is called. */
  follow(listener: (task: TaskRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The host is closing: what still runs is given up. */
  close(): void {
    for (const id of this.#running.keys()) this.end(id, 'cancelled');
    this.#listeners.clear();
  }

  #tell(task: TaskRecord): void {
    for (const listener of this.#listeners) listener(task);
  }
}

function asRecord(row: TaskRow): TaskRecord {
  return { ...row, title: TASK_TITLES[row.kind] ?? row.kind, progress: row.outcome === 'done' ? 1 : null, phase: null };
}
