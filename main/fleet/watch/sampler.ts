/**
 * Measures every running VM once a second, keeps what it measured, and answers for it.
 *
 * Invariants: the database is written to every ten seconds, in one transaction, so a host that is killed loses ten
 * seconds of charts at most and a disk is not kept busy by them; an answer has the steps that are not written yet.
 */
import {
  RANGES,
  seriesValues,
  type MetricsHistory,
  type MetricsRange,
  type SeriesName,
  type VmMetrics,
} from '../../../preload/contract/metrics.ts';
import { isDatabaseFull } from '../../store/full.ts';
import type { MetricRow, MetricTable } from '../../store/metrics.ts';
import { SampleLine } from './sample-line.ts';

const SECOND_MS = 1000;
/** A sample may come so late, in milliseconds. */
const LATE_MS = 2500;

/** What is measured. */
export interface Sampled {
  readonly id: string;
  readonly power: string;
  metrics(): VmMetrics;
}

export class Sampler {
  readonly #table: MetricTable;
  readonly #vms: () => readonly Sampled[];
  readonly #lines = new Map<string, SampleLine>();
  #timer: NodeJS.Timeout;

  constructor(table: MetricTable, vms: () => readonly Sampled[]) {
    this.#table = table;
    this.#vms = vms;
    this.#timer = this.#next();
  }

  /** In the middle of the next second, so that a timer that is a little early or late misses none. */
  #next(): NodeJS.Timeout {
    const wait = SECOND_MS * 1.5 - (Date.now() % SECOND_MS);
    return setTimeout(() => {
      this.#timer = this.#next();
      this.sample(Date.now());
    }, wait).unref();
  }

  /** Measures those that run; writes what is complete. */
  sample(now: number): void {
    const vms = this.#vms();
    const known = new Set(vms.map(({ id }) => id));
    for (const id of this.#lines.keys()) if (!known.has(id)) this.#lines.delete(id);
    for (const vm of vms) {
      if (vm.power !== 'on' && vm.power !== 'paused') continue;
      const line = this.#lines.get(vm.id) ?? new SampleLine(vm.id);
      this.#lines.set(vm.id, line);
      line.add(now, seriesValues(vm.metrics()));
    }
    this.#write(now, false);
  }

  /** The newest step is the last that was measured, or that can no longer be: nobody is told that now is unknown. */
  history(vm: string, range: MetricsRange, since: number | undefined, now = Date.now()): MetricsHistory {
    const { spanMs, stepMs } = RANGES[range];
    const floor = (at: number): number => Math.floor(at / stepMs) * stepMs;
    const asked = floor(since ?? 0);
    const waiting = this.#lines.get(vm)?.waiting(stepMs) ?? [];
    const kept = this.#table.read(vm, stepMs, Math.max(asked, floor(now - spanMs - LATE_MS)), floor(now) + stepMs);
    const rows = [...kept, ...waiting];
    const to = Math.max(floor(now - LATE_MS), ...rows.map(({ at }) => at + stepMs));
    const from = Math.min(to, Math.max(to - spanMs, asked));
    const points = (to - from) / stepMs;
    return { range, from, stepMs, points, series: onGrid(rows, from, stepMs, points) };
  }

  /** Writes also what is not complete. */
  close(): void {
    clearTimeout(this.#timer);
    const known = new Set(this.#vms().map(({ id }) => id));
    for (const id of this.#lines.keys()) if (!known.has(id)) this.#lines.delete(id);
    this.#write(Date.now(), true);
  }

  #write(now: number, all: boolean): void {
    const rows = [...this.#lines.values()].flatMap((line) => line.take(now, all));
    if (rows.length === 0) return;
    try {
      this.#table.add(rows, now);
    } catch (error) {
      // Charts may have holes: nothing else is to wait for room.
      if (!isDatabaseFull(error)) throw error;
    }
  }
}

function onGrid(rows: readonly MetricRow[], from: number, stepMs: number, points: number): MetricsHistory['series'] {
  const series: { [name: string]: { mean: (number | null)[]; peak: (number | null)[] } } = {};
  const nothing = (): (number | null)[] => Array.from({ length: points }, () => null);
  for (const { at, mean, peak } of rows) {
    const index = (at - from) / stepMs;
    if (index < 0 || index >= points) continue;
    for (const [name, value] of Object.entries(mean) as [SeriesName, number][]) {
      const line = (series[name] ??= { mean: nothing(), peak: nothing() });
      line.mean[index] = value;
      line.peak[index] = peak?.[name] ?? value;
    }
  }
  return series;
}
