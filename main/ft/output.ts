/**
 * The Output Rule (Scales et al., 2010, section 2.2), both halves of it.
 *
 * The gate, in the primary. Invariant: while it is closed, an output of epoch e leaves only after the backup has
 * acknowledged the head of epoch e, and outputs leave in the order in which the guest made them.
 *
 * The backlog, in the backup. Invariant: it holds exactly those outputs that the backup has made and that are not
 * known to have left; re-emitting them at go-live, in order, to receivers that drop positions they have seen makes
 * the outputs of the two lives one continuation.
 */
import { assert } from './assert.ts';
import { Fifo } from './fifo.ts';

/** Where in the machine's life an output stands: the epoch that made it, and its number within that epoch, from 0. */
export interface Position {
  readonly epoch: number;
  readonly index: number;
}

/** Negative when `a` comes first, zero when they are the same place. */
export function comparePositions(a: Position, b: Position): number {
  return a.epoch - b.epoch || a.index - b.index;
}

interface Held<T> {
  readonly epoch: number;
  readonly item: T;
  readonly bytes: number;
  readonly heldAt: number;
}

/** The percentiles are taken over so many of the newest output delays at most, and over none that is older. */
const DELAYS_KEPT = 512;
const DELAYS_MS = 10_000;

export class OutputGate<T> {
  readonly #queue = new Fifo<Held<T>>();
  /** Of what was held last, also when it has left. */
  #newest = 0;
  #closed = false;
  #blocked = false;
  #acknowledged = 0;
  #bytes = 0;
  readonly #delays: { readonly at: number; readonly delayMs: number }[] = [];
  #delayNext = 0;

  /** Bytes and outputs waiting. */
  get heldBytes(): number {
    return this.#bytes;
  }

  get heldCount(): number {
    return this.#queue.length;
  }

  /** The Output Rule applies from here on; heads below `acknowledged` have been received by the backup. */
  close(acknowledged: number): void {
    this.#closed = true;
    this.#acknowledged = acknowledged;
  }

  /** Nobody may hear anything until it is known who goes on: no acknowledgement opens a blocked gate. */
  block(): void {
    this.#blocked = true;
  }

  /** There is no backup to wait for: everything may leave at once. */
  open(): void {
    this.#closed = false;
    this.#blocked = false;
  }

  /** All heads below `epoch` have been received by the backup. */
  acknowledge(epoch: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, epoch);
  }

  /** Takes in something that the machine did in `epoch`; `bytes` is its size for the limit. */
  hold(epoch: number, item: T, bytes: number, nowMs: number): void {
    assert(this.#newest <= epoch, 'outputs are held in order');
    this.#newest = epoch;
    this.#queue.push({ epoch, item, bytes, heldAt: nowMs });
    this.#bytes += bytes;
  }

  /** What may leave now, in order; not beyond an item that must not for a reason of its own. */
  take(nowMs: number, mayLeave: (item: T) => boolean = () => true): T[] {
    const leaving: T[] = [];
    for (let held = this.#queue.first; held; held = this.#queue.first) {
      if (this.#blocked || (this.#closed && held.epoch >= this.#acknowledged)) break;
      if (!mayLeave(held.item)) break;
      leaving.push(held.item);
      this.#bytes -= held.bytes;
      this.#queue.shift();
      if (this.#closed) this.#noteDelay(nowMs, nowMs - held.heldAt);
    }
    return leaving;
  }

  /** How long outputs waited for their acknowledgement of late, in milliseconds; null where none did. */
  delays(nowMs: number): { p50: number; p99: number } | null {
    const late = this.#delays.filter(({ at }) => nowMs - at <= DELAYS_MS);
    if (late.length === 0) return null;
    const sorted = late.map(({ delayMs }) => delayMs).toSorted((a, b) => a - b);
    const at = (fraction: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? 0;
    return { p50: at(0.5), p99: at(0.99) };
  }

  #noteDelay(at: number, delayMs: number): void {
    this.#delays[this.#delayNext] = { at, delayMs };
    this.#delayNext = (this.#delayNext + 1) % DELAYS_KEPT;
  }
}

/** An output with its place. */
export interface Positioned<T> extends Position {
  readonly output: T;
}

export class OutputBacklog<T> {
  #kept: Positioned<T>[] = [];

  get count(): number {
    return this.#kept.length;
  }

  keep(output: Positioned<T>): void {
    const last = this.#kept.at(-1);
    assert(!last || comparePositions(last, output) < 0, 'outputs are kept in order');
    this.#kept.push(output);
  }

  /** Everything before `position` has left and was confirmed. */
  released(position: Position): void {
    const still = this.#kept.findIndex((kept) => comparePositions(kept, position) >= 0);
    this.#kept = still < 0 ? [] : this.#kept.slice(still);
  }

  /** What may not have left, in order: to be re-emitted at go-live. */
  rest(): readonly Positioned<T>[] {
    return this.#kept;
  }
}
