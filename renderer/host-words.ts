/**
 * What the host names in English, in the page's language: tasks, alarms, guests.
 *
 * Invariant: what has no name here is shown as the host says it.
 */
import type { AlarmRecord, TaskRecord } from '../preload/contract.ts';
import { texts } from './text/index.ts';

export function taskTitle({ kind, title }: Pick<TaskRecord, 'kind' | 'title'>): string {
  return (texts.views.taskTitles as { readonly [kind: string]: string })[kind] ?? title;
}

/** What the task is at; null where it says nothing. */
export function taskPhase({ phase }: Pick<TaskRecord, 'phase'>): string | null {
  return phase === null ? null : ((texts.views.taskPhases as { readonly [phase: string]: string })[phase] ?? phase);
}

export function alarmName({ definition, name }: Pick<AlarmRecord, 'definition' | 'name'>): string {
  return texts.views.alarmNames[definition] ?? name;
}

export function guestName(guest: string): string {
  return (texts.views.guests as { readonly [guest: string]: string })[guest] ?? guest;
}
