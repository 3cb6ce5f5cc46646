/**
 * What was typed into a form and not sent yet, kept in this tab: a reload or a lost host loses nothing.
 *
 * Invariant: a draft is gone once its form was sent or cancelled; it is never taken for another form.
 */
import { useEffect } from 'react';

const PREFIX = 'lockstep.draft.';

/** The draft over `fresh`; only fields that `fresh` has, of the same type. */
export function readDraft<T extends object>(form: string, fresh: T): T {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(PREFIX + form) ?? 'null');
    if (kept === null || typeof kept !== 'object') return fresh;
    const given = kept as { readonly [key: string]: unknown };
    const known = Object.entries(fresh).map(([key, value]) =>
      typeof given[key] === typeof value ? [key, given[key]] : [key, value],
    );
    return Object.fromEntries(known) as T;
  } catch {
    return fresh; // storage is switched off in this browser, or holds something else
  }
}

/** Keeps the draft as it changes; null: there is nothing to keep yet. @returns what forgets it. */
export function useDraft(form: string, typed: object | null): () => void {
  const text = typed && JSON.stringify(typed);
  useEffect(() => {
    if (text === null) return;
    try {
      sessionStorage.setItem(PREFIX + form, text);
    } catch {
      // It then lasts as long as the page.
    }
  }, [form, text]);
  return () => {
    try {
      sessionStorage.removeItem(PREFIX + form);
    } catch {
      // There was none.
    }
  };
}
