/**
 * A campaign's figures: percentiles of what each failure cost, by kind of fault, victim and point.
 *
 * Invariant: every number is one that was measured (nearest rank); nothing is averaged or interpolated.
 */
import type { Failure } from './results.ts';

export interface Percentiles {
  readonly n: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly worst: number;
}

/** Null where nothing was measured. */
export function percentiles(values: readonly number[]): Percentiles | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.ceil(sorted.length * share) - 1] ?? 0);
  return { n: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), worst: at(1) };
}

export const PHASES = ['detectMs', 'drainMs', 'arbitrateMs', 'liveMs'] as const;

export interface GroupFigures {
  readonly name: string;
  readonly n: number;
  /** After how many of them the guest was powered on anew. */
  readonly ended: number;
  readonly silenceMs: { readonly [observer: string]: Percentiles | null };
  readonly protectedMs: Percentiles | null;
  readonly stunMs: Percentiles | null;
  readonly phases: { readonly [P in (typeof PHASES)[number]]: Percentiles | null };
}

/** Kind of fault and victim. */
export function kindOf({ fault, victim }: Failure): string {
  if (fault === 'cut') return 'cut channel';
  if (fault === 'host') return 'kill host';
  if (fault === 'gateway') return victim === null ? 'kill gateway' : `kill gateway and ${victim}`;
  if (fault === 'hang') return `hang ${victim}`;
  return fault === 'random' ? `kill ${victim}, any moment` : `kill ${victim}, named point`;
}

/** In the order in which they first come. */
export function groupBy(failures: readonly Failure[], key: (failure: Failure) => string): GroupFigures[] {
  const groups = Map.groupBy(failures, key);
  return [...groups].map(([name, list]) => groupFigures(name, list));
}

function groupFigures(name: string, list: readonly Failure[]): GroupFigures {
  const lived = list.filter(({ outcome }) => outcome === 'lived');
  const observers = new Set(lived.flatMap(({ silenceMs }) => Object.keys(silenceMs)));
  const failovers = list.flatMap(({ failover }) => failover ?? []);
  const phase = (of: (typeof PHASES)[number]): Percentiles | null => percentiles(failovers.map((one) => one[of]));
  return {
    name,
    n: list.length,
    ended: list.length - lived.length,
    silenceMs: Object.fromEntries(
      [...observers].map((observer) => [
        observer,
        percentiles(lived.flatMap(({ silenceMs }) => silenceMs[observer] ?? [])),
      ]),
    ),
    protectedMs: percentiles(list.map(({ protectedMs }) => protectedMs)),
    stunMs: percentiles(list.flatMap(({ stunMs }) => stunMs ?? [])),
    phases: {
      detectMs: phase('detectMs'),
      drainMs: phase('drainMs'),
      arbitrateMs: phase('arbitrateMs'),
      liveMs: phase('liveMs'),
    },
  };
}

export function words(figures: Percentiles | null): string {
  return figures ? `${figures.p50} / ${figures.p90} / ${figures.p99} / ${figures.worst}` : '–';
}
