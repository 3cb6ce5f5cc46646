/**
 * Tasks whose end nobody waits for: those that follow the state of a pair, or a recording.
 *
 * Invariants: while a running VM with Fault Tolerance is without a secondary that protects it, exactly one task is
 * about getting one: the user's, where there is one, else Lockstep's own; what a state or an event has ended is ended
 * here, and nothing else is.
 */
import type {
  EventRecord,
  FtStatus,
  NamedVm,
  PowerState,
  StartProgress,
  TaskKind,
} from '../../../preload/contract/contract.ts';
import type { TaskDesk, TaskProgress } from './tasks.ts';

/** What is looked at of a VM. */
export interface Watched extends NamedVm {
  readonly power: PowerState;
  readonly ft: Pick<FtStatus, 'status' | 'secondary' | 'starting'>;
}

/** They end when the pair is Protected … */
const UNTIL_PROTECTED: readonly TaskKind[] = ['ft.on', 'ft.resume', 'ft.startSecondary'];
/** … and these are ended by who began them, when it is so with another process. */
const UNTIL_REPLACED: readonly TaskKind[] = ['ft.testFailover', 'ft.testRestartSecondary', 'ft.migrate'];
const UNTIL_ALONE: readonly TaskKind[] = ['ft.off', 'ft.suspend'];

/** The words of each phase, and which part of the whole it is. */
const PHASES: { readonly [P in StartProgress['phase']]: { words: string; from: number; to: number } } = {
  building: { words: 'Building the secondary', from: 0.05, to: 0.05 },
  synchronising: { words: 'Synchronising the disk', from: 0.1, to: 0.5 },
  copying: { words: 'Copying the state', from: 0.5, to: 0.85 },
  catchingUp: { words: 'Catching up with the primary', from: 0.9, to: 0.9 },
};

/** How far the way to Protected is. */
function startProgress({ status, starting }: Watched['ft']): TaskProgress {
  if (status === 'protected') return { progress: 1, phase: null };
  if (!starting) return { progress: 0, phase: 'Waiting to start a secondary' };
  const { words, from, to } = PHASES[starting.phase];
  return { progress: from + (to - from) * starting.copied, phase: words };
}

export class TaskWatch {
  readonly #tasks: TaskDesk;

  constructor(tasks: TaskDesk) {
    this.#tasks = tasks;
  }

  /** A VM may have changed. */
  look(vm: Watched): void {
    const { status, secondary } = vm.ft;
    const running = this.#tasks.running(vm.id);
    const protecting = running.filter(({ kind }) => UNTIL_PROTECTED.includes(kind) || UNTIL_REPLACED.includes(kind));
    const underWay = status === 'starting' || status === 'needSecondary';
    if (underWay && protecting.length === 0 && (vm.power === 'on' || vm.power === 'paused')) {
      this.#tasks.begin('ft.startSecondary', { id: vm.id, name: vm.name }, 'system', startProgress(vm.ft));
    }
    for (const { id, kind } of protecting) {
      if (underWay) this.#tasks.progress(id, startProgress(vm.ft));
      else if (UNTIL_PROTECTED.includes(kind)) this.#tasks.end(id, status === 'protected' ? 'done' : 'cancelled');
    }
    if (secondary) return;
    for (const { id, kind } of running) if (UNTIL_ALONE.includes(kind)) this.#tasks.end(id, 'done');
  }

  /** Something happened. */
  heard({ kind, vm, message }: EventRecord): void {
    if (!vm) return;
    const end = (kinds: readonly TaskKind[], outcome: 'done' | 'failed'): void => {
      for (const task of this.#tasks.running(vm.id)) {
        if (kinds.includes(task.kind)) this.#tasks.end(task.id, outcome, outcome === 'failed' ? message : null);
      }
    };
    if (kind === 'record.started') this.#tasks.begin('record', vm, 'user', { progress: null, phase: message });
    else if (kind === 'record.stopped') end(['record'], 'done');
    else if (kind === 'record.failed') end(['record'], 'failed');
    // It is tried again, for as long as it takes: that is Lockstep's own task.
    else if (kind === 'ft.startFailed') end(['ft.on', 'ft.resume'], 'failed');
  }
}
