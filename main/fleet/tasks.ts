/**
 * Tasks that run: begun, told about as they go on, and kept with their outcome.
 *
 * Invariant: a task ends exactly once, and what is told of it is what the table has, with how far it is besides.
 */
import type { NamedVm, TaskKind, TaskOutcome, TaskRecord } from '../../preload/contract.ts';
import type { TaskRow, TaskTable } from '../store/tasks.ts';

/** VMware's words where it has some. */
const TITLES: { readonly [K in TaskKind]: string } = {
  'power.on': 'Power on virtual machine',
  'power.off': 'Power off virtual machine',
  'power.reset': 'Reset virtual machine',
  'power.pause': 'Pause virtual machine',
  'power.unpause': 'Resume virtual machine',
  'power.suspend': 'Suspend virtual machine',
  'snapshot.take': 'Create virtual machine snapshot',
  'snapshot.revert': 'Revert to snapshot',
  'snapshot.delete': 'Remove snapshot',
  'ft.on': 'Turn On Fault Tolerance',
  'ft.off': 'Turn Off Fault Tolerance',
  'ft.suspend': 'Suspend Fault Tolerance',
  'ft.resume': 'Resume Fault Tolerance',
  'ft.testFailover': 'Test Failover',
  'ft.testRestartSecondary': 'Test Restart Secondary',
  'ft.migrate': 'Migrate Secondary',
  'ft.startSecondary': 'Start Secondary VM',
  record: 'Record virtual machine',
  'disk.create': 'Create virtual disk',
  'disk.check': 'Check virtual disk',
  'disk.compact': 'Compact virtual disk',
  'disk.resize': 'Extend virtual disk',
  'disk.import': 'Import virtual disk',
  'disk.export': 'Export virtual disk',
};

/** Less progress than this is not worth telling. */
const PROGRESS_STEP = 0.01;

/** How far a task is. */
export interface TaskProgress {
  /** 0 to 1; null where nobody can tell. */
  readonly progress: number | null;
  /** In words. */
  readonly phase: string | null;
}

const UNKNOWN: TaskProgress = { progress: null, phase: null };

export class TaskDesk {
  readonly #table: TaskTable;
  readonly #running = new Map<number, TaskRecord>();
  readonly #listeners = new Set<(task: TaskRecord) => void>();

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
  return { ...row, title: TITLES[row.kind] ?? row.kind, progress: row.outcome === 'done' ? 1 : null, phase: null };
}
