/**
 * One VM's measurements on their way to the database: seconds, and the longer steps that they make up.
 *
 * Invariants: pure; a step is complete when the clock has passed its end, whether or not anything was measured in it;
 * each measurement counts once in every length of step; a mean and a peak are of what was measured, so a hole in the
 * seconds is no zero in the minute.
 */
import type { SeriesName, SeriesValues } from '../../../preload/contract/metrics.ts';
import { STEPS_MS, type MetricRow, type StepMs } from '../../store/metrics.ts';

/** A sample that comes late stands for the seconds that it is late, so many at most. */
const LATE_SECONDS_MAX = 3;
const SECOND_MS = 1000;
/** Enough for people, and shorter in the database. */
const DIGITS = 5;

interface Sum {
  total: number;
  count: number;
  peak: number;
}

class Step {
  readonly at: number;
  readonly #sums = new Map<SeriesName, Sum>();

  constructor(at: number) {
    this.at = at;
  }

  add(values: SeriesValues): void {
    for (const [name, value] of Object.entries(values) as [SeriesName, number][]) {
      const sum = this.#sums.get(name) ?? { total: 0, count: 0, peak: Number.NEGATIVE_INFINITY };
      this.#sums.set(name, { total: sum.total + value, count: sum.count + 1, peak: Math.max(sum.peak, value) });
    }
  }

  row(vm: string, stepMs: StepMs): MetricRow {
    const each = (of: (sum: Sum) => number): SeriesValues =>
      Object.fromEntries([...this.#sums].map(([name, sum]) => [name, Number(of(sum).toPrecision(DIGITS))]));
    const mean = each(({ total, count }) => total / count);
    return { vm, stepMs, at: this.at, mean, peak: stepMs === SECOND_MS ? null : each(({ peak }) => peak) };
  }
}

export class SampleLine {
  readonly #vm: string;
  /** The steps that have begun and not ended, one of each length at most. */
  readonly #open = new Map<StepMs, Step>();
  #complete: MetricRow[] = [];
  #lastSecond = Number.NEGATIVE_INFINITY;

  constructor(vm: string) {
    this.#vm = vm;
  }

  /** A measurement. Time may go back (the computer's clock was set): what was measured then begins anew. */
  add(now: number, values: SeriesValues): void {
    const second = Math.floor(now / SECOND_MS) * SECOND_MS;
    const missed = (second - this.#lastSecond) / SECOND_MS - 1;
    const late = missed > 0 && missed < LATE_SECONDS_MAX ? missed : 0;
    for (let at = second - late * SECOND_MS; at <= second; at += SECOND_MS) {
      for (const stepMs of STEPS_MS) this.#step(stepMs, at).add(values);
    }
    this.#lastSecond = second;
  }

  #step(stepMs: StepMs, at: number): Step {
    const begin = Math.floor(at / stepMs) * stepMs;
    const open = this.#open.get(stepMs);
    if (open?.at === begin) return open;
    if (open) this.#complete.push(open.row(this.#vm, stepMs));
    const step = new Step(begin);
    this.#open.set(stepMs, step);
    return step;
  }

  /** Takes the complete steps: those of a second only when a longer one is complete too, unless `all` are wanted. */
  take(now: number, all = false): MetricRow[] {
    for (const [stepMs, step] of this.#open) {
      if (!all && now < step.at + stepMs) continue;
      this.#complete.push(step.row(this.#vm, stepMs));
      this.#open.delete(stepMs);
    }
    if (!all && this.#complete.every(({ stepMs }) => stepMs === SECOND_MS)) return [];
    return this.#complete.splice(0);
  }

  /** What the database does not have yet, the open steps as far as they are. */
  waiting(stepMs: StepMs): MetricRow[] {
    const open = this.#open.get(stepMs);
    const complete = this.#complete.filter((row) => row.stepMs === stepMs);
    return open ? [...complete, open.row(this.#vm, stepMs)] : complete;
  }
}
