/**
 * What the host says in English, in the page's language: tasks, alarms, guests, events, errors.
 *
 * Invariant: what has no name here is shown as the host says it.
 */
import type { AlarmRecord, EventRecord, TaskRecord } from '../../preload/contract/contract.ts';
import type { EventKind } from '../../preload/contract/event-kinds.ts';
import { translator } from './host-phrases.ts';
import { eventsTold, hostPhrases, language, texts } from './index.ts';

const translate = language === 'en' ? (sentence: string) => sentence : translator(hostPhrases, texts.rules);

/** A sentence of the host. */
export const hostWords: (sentence: string) => string = translate;

/** What an error says. */
export function errorWords(error: unknown): string {
  return translate(error instanceof Error ? error.message : String(error));
}

export function eventWords({ kind, data, message }: Pick<EventRecord, 'kind' | 'data' | 'message'>): string {
  return eventsTold?.[kind as EventKind]?.(data, translate) ?? translate(message);
}

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
