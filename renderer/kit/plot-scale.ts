/**
 * What a plot needs to know of numbers: a round top, ticks, how a line is told in words.
 *
 * Invariant: pure; the scale begins at zero and its top is a round number that no value exceeds.
 */

/** The least of 1, 2, 2.5, 5 times a power of ten that is not below the value. */
export function roundTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 2.5, 5].find((step) => step * power >= value) ?? 10) * power;
}

/** From 0 to `end` in steps of 1, 2 or 5 times a power of ten: `most` steps at most. */
export function ticks(end: number, most: number): number[] {
  if (end <= 0) return [0];
  const rough = end / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((one) => one * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, index) =>
    Number((index * step).toPrecision(12)),
  );
}

type Values = readonly (number | null)[];

export function highest(lines: readonly Values[], floor: number): number {
  let top = floor;
  for (const values of lines) for (const value of values) if (value !== null && value > top) top = value;
  return top;
}

/** "Lag: Primary 12 ms, at most 40 ms; …" for those who do not see the line. */
export function describe(
  label: string,
  lines: readonly { readonly label: string; readonly values: Values }[],
  format: (value: number) => string,
): string {
  const words = lines.map(({ label: name, values }) => {
    const known = values.filter((value) => value !== null);
    const last = values.at(-1) ?? null;
    const what = lines.length > 1 ? `${name} ` : '';
    if (known.length === 0) return `${what}no data`;
    return `${what}${last === null ? 'unknown now' : `now ${format(last)}`}, at most ${format(highest([known], 0))}`;
  });
  return `${label}: ${words.join('; ')}`;
}
