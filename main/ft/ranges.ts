/**
 * Ranges of bytes on drives: whether two operations meet, and a set of places.
 *
 * Invariant: a set never forgets a place that was added and not removed; past RANGES_MAX pieces it remembers more than
 * was added, never less.
 */

/** A part of a drive, in bytes. */
export interface DiskRange {
  readonly drive: string;
  readonly offset: number;
  readonly length: number;
}

/** Past so many pieces of one drive they are joined into one. */
export const RANGES_MAX = 256;

/** Whether the two have a byte in common. */
export function overlaps(a: DiskRange, b: DiskRange): boolean {
  const end = Math.min(a.offset + a.length, b.offset + b.length);
  return a.drive === b.drive && Math.max(a.offset, b.offset) < end;
}

export class RangeSet {
  #ranges: DiskRange[] = [];

  get empty(): boolean {
    return this.#ranges.length === 0;
  }

  /** Whether any byte of the range is in the set. */
  touches(range: DiskRange): boolean {
    return this.#ranges.some((known) => overlaps(known, range));
  }

  add({ drive, offset, length }: DiskRange): void {
    if (length === 0) return;
    this.remove({ drive, offset, length });
    this.#ranges.push({ drive, offset, length });
    const same = this.#ranges.filter((range) => range.drive === drive);
    if (same.length <= RANGES_MAX) return;
    const first = Math.min(...same.map((range) => range.offset));
    const end = Math.max(...same.map((range) => range.offset + range.length));
    const others = this.#ranges.filter((range) => range.drive !== drive);
    this.#ranges = [...others, { drive, offset: first, length: end - first }];
  }

  remove(range: DiskRange): void {
    this.#ranges = this.#ranges.flatMap((known) => (overlaps(known, range) ? without(known, range) : [known]));
  }

  clear(): void {
    this.#ranges = [];
  }
}

/** What is left of `known`. */
function without(known: DiskRange, { offset, length }: DiskRange): DiskRange[] {
  const end = known.offset + known.length;
  const { drive } = known;
  return [
    { drive, offset: known.offset, length: offset - known.offset },
    { drive, offset: offset + length, length: end - offset - length },
  ].filter((piece) => piece.length > 0);
}
