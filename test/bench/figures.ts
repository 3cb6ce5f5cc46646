/**
 * What the benchmark measures: samples, and what is said of them.
 *
 * Invariant: every number printed is one that was measured, or a ratio of two of the same round; nothing is smoothed.
 */

/** The samples of one figure, in the order of the rounds. */
export type Samples = readonly number[];

/** NaN without samples. */
export function median(samples: Samples): number {
  return percentile(samples, 0.5);
}

/** The nearest rank. NaN without samples. */
export function percentile(samples: Samples, share: number): number {
  const sorted = samples.filter((sample) => !Number.isNaN(sample)).toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** Round by round; rounds that have only one of the two are left out. */
export function ratios(above: Samples, below: Samples): Samples {
  return above.slice(0, below.length).map((value, round) => value / (below[round] ?? Number.NaN));
}

/** Three significant digits; a dash for what was not measured. */
export function digits(value: number): string {
  if (Number.isNaN(value)) return '–';
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

/** The median, and from where to where the samples went. */
export function spread(samples: Samples): string {
  const known = samples.filter((sample) => !Number.isNaN(sample));
  if (known.length === 0) return '–';
  if (known.length === 1) return digits(median(known));
  return `${digits(median(known))} (${digits(Math.min(...known))}–${digits(Math.max(...known))})`;
}

/** Figures by name, collected over the rounds. */
export class Collected {
  readonly #samples = new Map<string, number[]>();

  add(name: string, sample: number): void {
    const samples = this.#samples.get(name);
    if (samples) samples.push(sample);
    else this.#samples.set(name, [sample]);
  }

  of(name: string): Samples {
    return this.#samples.get(name) ?? [];
  }

  /** All of them, for JSON. */
  all(): { readonly [name: string]: Samples } {
    return Object.fromEntries(this.#samples);
  }
}
