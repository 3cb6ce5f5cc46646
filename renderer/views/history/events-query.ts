/**
 * The events a filter lets through: asked of the host page by page, with what happens meanwhile.
 *
 * Invariants: shown newest first, each once; the page never holds more history than the user has asked for; what comes
 * in live passes the same filter that the host applies (main/store/events.ts).
 */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { EventRecord, Severity } from '../../../preload/contract/contract.ts';
import { usePage, useServices } from '../../services.ts';

export interface EventFilter {
  readonly text: string;
  readonly severity: Severity | null;
  /** All kinds that begin with this word. */
  readonly kind: string | null;
}

export const NO_FILTER: EventFilter = { text: '', severity: null, kind: null };
/** Events that one page asks for. */
export const EVENTS_PAGE = 200;
/** Typing is waited for before the host is asked, in milliseconds. */
const TYPING_MS = 180;

/** As the command `event.list` takes it. */
export function filterArgs({ text, severity, kind }: EventFilter, vm: string | null) {
  const words = text.trim();
  return { ...(vm && { vm }), ...(words && { text: words }), ...(severity && { severity }), ...(kind && { kind }) };
}

/** What the host's own filter would say. */
export function passes({ text, severity, kind }: EventFilter, vm: string | null, event: EventRecord): boolean {
  if (vm !== null && event.vm?.id !== vm) return false;
  if (severity !== null && event.severity !== severity) return false;
  if (kind !== null && event.kind !== kind && !event.kind.startsWith(`${kind}.`)) return false;
  const words = text.trim().toLowerCase();
  return [event.message, event.kind, event.vm?.name ?? ''].some((part) => part.toLowerCase().includes(words));
}

/** Newest first, each once. */
export function mergeEvents(fetched: readonly EventRecord[], live: readonly EventRecord[]): EventRecord[] {
  const byId = new Map([...fetched, ...live].map((event) => [event.id, event]));
  return [...byId.values()].toSorted((a, b) => b.id - a.id);
}

export interface EventQuery {
  readonly events: readonly EventRecord[];
  readonly state: 'loading' | 'ready' | 'failed';
  /** There may be older ones. */
  readonly more: boolean;
  readonly loadOlder: () => void;
}

interface Fetched {
  /** Oldest first, as the host gives them. */
  readonly events: readonly EventRecord[];
  readonly state: EventQuery['state'];
  readonly more: boolean;
}

const LOADING: Fetched = { events: [], state: 'loading', more: false };

export function useEventQuery(filter: EventFilter, vm: string | null): EventQuery {
  const { bridge } = useServices();
  const open = usePage((state) => state.phase === 'open');
  const live = usePage((state) => state.events);
  const [fetched, setFetched] = useState<Fetched>(LOADING);
  const question = useRef(0);
  const first = useRef(true);

  const ask = useCallback(
    (before: EventRecord | undefined, kept: readonly EventRecord[]) => {
      const mine = ++question.current;
      const page = { ...filterArgs(filter, vm), limit: EVENTS_PAGE, ...(before && { before: before.id }) };
      bridge.call('event.list', page).then(
        (events) => {
          if (mine !== question.current) return;
          setFetched({ events: [...events, ...kept], state: 'ready', more: events.length === EVENTS_PAGE });
        },
        () => {
          if (mine === question.current) setFetched((now) => ({ ...now, state: 'failed' }));
        },
      );
    },
    [bridge, filter, vm],
  );

  useEffect(() => {
    if (!open) return;
    setFetched((now) => ({ ...now, state: 'loading' }));
    const timer = setTimeout(() => ask(undefined, []), first.current ? 0 : TYPING_MS);
    first.current = false;
    return () => clearTimeout(timer);
  }, [ask, open]);

  const events = useMemo(() => {
    // What is older than the fetched pages would leave gaps between.
    const from = fetched.events[0]?.id ?? (fetched.more ? Number.POSITIVE_INFINITY : 0);
    const fresh = live.filter((event) => event.id >= from && passes(filter, vm, event));
    return mergeEvents(
      fetched.events.filter((event) => passes(filter, vm, event)),
      fresh,
    );
  }, [fetched, live, filter, vm]);
  const loadOlder = () => ask(fetched.events[0], fetched.events);
  return { events, state: fetched.state, more: fetched.more, loadOlder };
}
