/**
 * A queue from whose beginning is taken in constant time on average, however long it is: an array's own `shift` moves
 * all that is left.
 *
 * Invariant: what is pushed comes out in the same order, each once; what was taken is not held on to.
 */

/**
 * Places of taken items are given back when there are more of them than of items, so that each copied item was paid for
 * by a taken one; and not before there are so many, or a short queue would be copied at every turn.
 */
const TAKEN_MIN = 64;

export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #taken = 0;

  get length(): number {
    return this.#items.length - this.#taken;
  }

  /** The oldest item; undefined where there is none. */
  get first(): T | undefined {
    return this.#items[this.#taken];
  }

  /** The item with so many before it; undefined where there is none. `index` is at least 0. */
  at(index: number): T | undefined {
    return this.#items[this.#taken + index];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Takes the oldest item; undefined where there is none. */
  shift(): T | undefined {
    if (this.#taken === this.#items.length) return undefined;
    const item = this.#items[this.#taken];
    this.#items[this.#taken] = undefined;
    this.#taken += 1;
    if (this.#taken > TAKEN_MIN && this.#taken * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#taken);
      this.#taken = 0;
    }
    return item;
  }

  /** Forgets all items. */
  clear(): void {
    this.#items = [];
    this.#taken = 0;
  }
}
