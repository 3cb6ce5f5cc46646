/**
 * Simulated time: what is to happen, and when. Times are in milliseconds.
 *
 * Invariant: events happen in the order of their times, and those of one time in the order in which they were planned.
 */

interface Planned {
  readonly at: number;
  readonly order: number;
  readonly act: () => void;
}

export class Timeline {
  /** A binary heap. */
  readonly #heap: Planned[] = [];
  #now = 0;
  #order = 0;

  get now(): number {
    return this.#now;
  }

  /** Plans something; what lies in the past happens at once, but not before this returns. */
  at(time: number, act: () => void): void {
    this.#push({ at: Math.max(time, this.#now), order: this.#order++, act });
  }

  after(ms: number, act: () => void): void {
    this.at(this.#now + ms, act);
  }

  /** Lets everything happen up to `end`, or until `done` says so after some event. */
  run(end: number, done: () => boolean = () => false): void {
    for (;;) {
      const next = this.#heap[0];
      if (!next || next.at > end) break;
      this.#pop();
      this.#now = next.at;
      next.act();
      if (done()) return;
    }
    this.#now = Math.max(this.#now, end);
  }

  #push(planned: Planned): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!earlier(planned, heap[parent] as Planned)) break;
      heap[at] = heap[parent] as Planned;
      at = parent;
    }
    heap[at] = planned;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Planned;
    const { length } = heap;
    if (length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= length) break;
      if (child + 1 < length && earlier(heap[child + 1] as Planned, heap[child] as Planned)) child += 1;
      if (!earlier(heap[child] as Planned, last)) break;
      heap[at] = heap[child] as Planned;
      at = child;
    }
    heap[at] = last;
  }
}

function earlier(a: Planned, b: Planned): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
