/**
 * Which of the recent tasks are shown.
 *
 * Invariant: pure; what is searched is what the page shows, in its language.
 */
import type { TaskOutcome, TaskRecord } from '../../../preload/contract/contract.ts';
import { hostWords, taskPhase, taskTitle } from '../../text/host-words.ts';

export interface TaskFilter {
  readonly text: string;
  /** Null: however it ended, or not yet. */
  readonly outcome: TaskOutcome | 'running' | null;
}

export const ALL_TASKS: TaskFilter = { text: '', outcome: null };

export function filterTasks(tasks: readonly TaskRecord[], { text, outcome }: TaskFilter): readonly TaskRecord[] {
  const words = text.trim().toLowerCase();
  if (words === '' && outcome === null) return tasks;
  return tasks.filter((task) => {
    if (outcome !== null && (task.outcome ?? 'running') !== outcome) return false;
    const shown = [
      taskTitle(task),
      task.vm.name,
      taskPhase(task) ?? '',
      task.error === null ? '' : hostWords(task.error),
    ];
    return shown.some((part) => part.toLowerCase().includes(words));
  });
}
