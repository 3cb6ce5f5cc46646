/**
 * Which clusters of the file ("units") are in use.
 *
 * Invariant: a unit is given to one user at a time; the file's reserved beginning to nobody. One byte of memory a unit.
 */
import { assert } from '../../ft/assert.ts';

export class Units {
  readonly reserved: number;
  #used: Uint8Array;
  #end: number;
  #free = 0;
  #cursor: number;

  /** A file of this many units, none of them in use but the reserved ones. */
  constructor(reserved: number, end: number) {
    this.reserved = reserved;
    this.#end = Math.max(reserved, end);
    this.#used = new Uint8Array(this.#end + 1024);
    this.#used.fill(1, 0, reserved);
    this.#free = this.#end - reserved;
    this.#cursor = reserved;
  }

  /** The units that the file spans. */
  get end(): number {
    return this.#end;
  }

  /** Those of them that nobody uses. */
  get free(): number {
    return this.#free;
  }

  /** Takes a certain unit. @returns false where somebody has it, or there is none. */
  take(unit: number): boolean {
    if (unit < this.reserved || unit >= this.#end || this.#used[unit] === 1) return false;
    this.#used[unit] = 1;
    this.#free -= 1;
    return true;
  }

  release(unit: number): void {
    const inUse = unit >= this.reserved && unit < this.#end && this.#used[unit] === 1;
    assert(inUse, 'a unit that is given back was in use');
    this.#used[unit] = 0;
    this.#free += 1;
  }

  /** The next free unit after the last one that was given; the file grows where there is none. */
  allocate(): number {
    if (this.#free === 0) return this.#grow(1);
    let unit = this.#used.indexOf(0, this.#cursor);
    if (unit < 0 || unit >= this.#end) unit = this.#used.indexOf(0, this.reserved);
    const taken = this.take(unit);
    assert(taken, 'where units are free one is found');
    this.#cursor = unit + 1;
    return unit;
  }

  /** The first of `count` free units in a row. */
  allocateRun(count: number): number {
    let first = this.#used.indexOf(0, this.reserved);
    while (first >= 0 && first + count <= this.#end) {
      const taken = this.#used.subarray(0, first + count).indexOf(1, first);
      if (taken < 0) {
        for (let unit = first; unit < first + count; unit += 1) this.take(unit);
        return first;
      }
      first = this.#used.indexOf(0, taken);
    }
    return this.#grow(count);
  }

  #grow(count: number): number {
    const first = this.#end;
    this.#end += count;
    if (this.#end >= this.#used.length) {
      const larger = new Uint8Array(this.#end * 2);
      larger.set(this.#used);
      this.#used = larger;
    }
    this.#used.fill(1, first, this.#end);
    this.#cursor = this.#end;
    return first;
  }
}
