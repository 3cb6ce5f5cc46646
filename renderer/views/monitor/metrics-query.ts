/**
 * What was measured of a VM over a time, as charts want it: asked of the host once, then only for what is new.
 *
 * Invariants: the grid is regular and ends with the newest step; what the host does not know is null; a step that was
 * not over when it was asked for is asked for again.
 */
import { useEffect, useMemo, useRef, useState } from 'react';
import { RANGES, type MetricsHistory, type MetricsRange, type SeriesName } from '../../../preload/contract/metrics.ts';
import { usePage, useServices } from '../../services.ts';
import { errorWords } from '../../text/host-words.ts';

/** Longer steps are looked at while they grow, in milliseconds. */
const EVERY_MAX_MS = 10_000;

/** What was known, with what is new; both of the same range. */
export function mergeHistory(before: MetricsHistory, after: MetricsHistory): MetricsHistory {
  const { stepMs, spanMs } = RANGES[after.range];
  const points = spanMs / stepMs;
  const from = after.from + after.points * stepMs - spanMs;
  const names = new Set([...Object.keys(before.series), ...Object.keys(after.series)]) as Set<SeriesName>;
  const line = (name: SeriesName, which: 'mean' | 'peak') => {
    const values: (number | null)[] = Array.from({ length: points }, () => null);
    for (const part of [before, after]) {
      for (let index = 0; index < part.points; index++) {
        const at = (part.from - from) / stepMs + index;
        if (at >= 0 && at < points) values[at] = part.series[name]?.[which][index] ?? null;
      }
    }
    return values;
  };
  const series = Object.fromEntries(
    [...names].map((name) => [name, { mean: line(name, 'mean'), peak: line(name, 'peak') }]),
  );
  return { range: after.range, from, stepMs, points, series };
}

/** Some steps before the newest one, which was not over: a late measurement stands for those before it, too. */
export function resumeAt({ from, stepMs, points }: MetricsHistory): number {
  return Math.max(0, from + (points - 4) * stepMs);
}

export interface MetricsAnswer {
  /** Null before the first answer. */
  readonly history: MetricsHistory | null;
  /** When each step began. */
  readonly at: readonly number[];
  readonly failure: string | null;
}

export function useMetricsHistory(vm: string, range: MetricsRange): MetricsAnswer {
  const { bridge } = useServices();
  const open = usePage((state) => state.phase === 'open');
  const [history, setHistory] = useState<MetricsHistory | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const known = useRef<MetricsHistory | null>(null);
  useEffect(() => {
    if (!open) return;
    let current = true;
    let asking = false;
    // A lost connection may have been another host's beginning: all of it is asked for again.
    known.current = null;
    const ask = async () => {
      if (asking) return;
      asking = true;
      try {
        const before = known.current;
        const answer = await bridge.call('metrics.history', { vm, range, ...(before && { since: resumeAt(before) }) });
        if (!current) return;
        known.current = before ? mergeHistory(before, answer) : answer;
        setHistory(known.current);
        setFailure(null);
      } catch (error) {
        if (current) setFailure(errorWords(error));
      } finally {
        asking = false;
      }
    };
    void ask();
    const timer = setInterval(() => void (document.hidden || ask()), Math.min(RANGES[range].stepMs, EVERY_MAX_MS));
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [bridge, vm, range, open]);
  const shown = history?.range === range ? history : null;
  const at = useMemo(
    () => Array.from({ length: shown?.points ?? 0 }, (_, index) => (shown?.from ?? 0) + index * (shown?.stepMs ?? 0)),
    [shown],
  );
  return { history: shown, at, failure };
}
