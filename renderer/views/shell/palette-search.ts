/**
 * What the command palette finds.
 *
 * Invariants: pure; all words of what was typed fit somewhere, each as letters in their order; what fits better comes
 * first, and what fits equally well comes in the order it was given.
 */

/** Points for a letter that begins a word, or follows the letter before it. */
const WORD_START = 8;
const CONTIGUOUS = 5;
const WHOLE_WORD = 12;

/**
 * How well `word` fits `text` as a subsequence, higher is better; null where it does not. Both in lower case. The best
 * of the places at which it can begin counts.
 */
export function fit(word: string, text: string): number | null {
  const first = word[0];
  if (first === undefined) return 0;
  let best: number | null = null;
  for (let start = text.indexOf(first); start >= 0; start = text.indexOf(first, start + 1)) {
    const score = fitFrom(word, text, start);
    if (score !== null && (best === null || score > best)) best = score;
  }
  return best;
}

function fitFrom(word: string, text: string, start: number): number | null {
  let score = 0;
  let last = start - 1;
  for (const letter of word) {
    const at = text.indexOf(letter, last + 1);
    if (at < 0) return null;
    if (at === 0 || /[^\p{L}\p{N}]/u.test(text[at - 1] ?? '')) score += WORD_START;
    if (at === last + 1 && at !== start) score += CONTIGUOUS;
    score -= Math.min(3, at - last - 1);
    last = at;
  }
  const whole = last - start + 1 === word.length && !/[\p{L}\p{N}]/u.test(text[last + 1] ?? '');
  return whole ? score + WHOLE_WORD : score;
}

export interface Found<T> {
  readonly item: T;
  readonly score: number;
}

/** The best, best first; all, in their order, where nothing was typed. `handicap` is taken from an item's points. */
export function search<T>(
  items: readonly T[],
  typed: string,
  textOf: (item: T) => string,
  limit: number,
  handicap: (item: T) => number = () => 0,
): T[] {
  const words = typed.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return items.slice(0, limit);
  const found: Found<T>[] = [];
  for (const item of items) {
    const text = textOf(item).toLowerCase();
    let score = 0;
    const all = words.every((word) => {
      const points = fit(word, text);
      // A word whose letters are strewn all over is none.
      if (points === null || points < 0) return false;
      score += points;
      return true;
    });
    if (all) found.push({ item, score: score - text.length / 100 - handicap(item) });
  }
  return found
    .toSorted((a, b) => b.score - a.score)
    .slice(0, limit)
    .map(({ item }) => item);
}
