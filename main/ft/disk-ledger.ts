/**
 * The primary's book of block requests: which go at once and which wait in the output gate, which completions may
 * travel as references, and which writes wait for the backup (Scales et al., 2010, sections 4.1 and 4.2).
 *
 * Invariants:
 * - Requests to one place of a drive are issued in the order of the guest, also where only some of them wait.
 * - A read travels as a reference only if the backup reads the same bytes by itself. On a shared disk: every write to
 *   its range that came before it was complete when it was asked for, and none that comes after it is carried out
 *   before the backup has executed the head that completes it. On separate disks: its range is equal on both.
 * - Nothing waits for a read that is still pending: such a read travels with its data instead. So a write waits for
 *   the backup's progress alone, and the backup's progress never for a write.
 */
import type { Checksum } from './bytes.ts';
import type { Head, Input, LoggedHead, LoggedInput } from './entry.ts';
import type { BlockRequest, CompletionOf, DiskModes } from './environment.ts';
import { overlaps, RangeSet } from './ranges.ts';

interface Read<R> {
  readonly request: R;
  /** The backup may read something else. */
  withData: boolean;
  /** The epoch whose head completes it, as a reference; null while it is pending. */
  completedIn: number | null;
}

export class DiskLedger<R extends BlockRequest> {
  readonly #completionOf: CompletionOf;
  readonly #checksum: Checksum;
  /** Requests that wait in the gate. */
  readonly #held = new Map<number, R>();
  /** Writes that no head has completed. */
  readonly #writes = new Map<number, R>();
  readonly #reads = new Map<number, Read<R>>();
  readonly #unequal = new RangeSet();
  #modes: DiskModes | null = null;
  #referencing = false;

  constructor(completionOf: CompletionOf, checksum: Checksum) {
    this.#completionOf = completionOf;
    this.#checksum = checksum;
  }

  /** A backup has the state of this moment, in which no request is pending, and equal disks where it has its own. */
  begin(modes: DiskModes): void {
    this.#modes = modes;
    this.#writes.clear();
    this.#unequal.clear();
  }

  /** From here on reads may travel as references: before, a write would wait for a backup that is far behind. */
  protect(): void {
    this.#referencing = this.#modes?.diskReads === 'backup';
  }

  /** There is no backup any more. */
  end(): void {
    this.#modes = null;
    this.#referencing = false;
    this.#reads.clear();
  }

  /** Nothing was written to the one disk and not to the other. */
  get disksEqual(): boolean {
    return this.#unequal.empty;
  }

  /** The guest has made a request. True where it is to be issued at once, false where it is to wait in the gate. */
  asked(request: R): boolean {
    const { id } = request;
    if (request.operation === 'read') {
      const behind = [...this.#held.values()].some((other) => other.operation === 'write' && overlaps(other, request));
      if (this.#referencing) {
        const withData = this.#separate ? false : this.#meetsWrite(request);
        this.#reads.set(id, { request, withData, completedIn: null });
      }
      if (behind) this.#held.set(id, request);
      return !behind;
    }
    if (this.#modes && request.operation === 'write') this.#written(request);
    if (this.#separate) return true;
    this.#held.set(id, request);
    return false;
  }

  /** Whether a request that waits in the gate may leave it, as far as the backup's reads are concerned. */
  mayLeave(request: R): boolean {
    if (request.operation !== 'write') return true;
    return ![...this.#reads.values()].some((read) => read.completedIn !== null && overlaps(read.request, request));
  }

  /** It has left the gate. */
  left(request: R): void {
    this.#held.delete(request.id);
  }

  /** The head as it travels to the backup; the same object where nothing is left out. */
  logged(head: Head, epoch: number): LoggedHead {
    let changed = false;
    const inputs = head.inputs.map((input) => {
      const logged = this.#logged(input, epoch);
      changed ||= logged !== input;
      return logged;
    });
    return changed ? { ...head, inputs } : head;
  }

  /** The backup has executed all epochs below `epoch`. */
  executed(epoch: number): void {
    for (const [id, { completedIn }] of this.#reads) {
      if (completedIn !== null && completedIn < epoch) this.#reads.delete(id);
    }
  }

  get #separate(): boolean {
    return this.#modes?.diskMode === 'separate';
  }

  #meetsWrite(request: R): boolean {
    return [...this.#writes.values()].some((write) => overlaps(write, request));
  }

  #written(request: R): void {
    this.#writes.set(request.id, request);
    if (this.#separate) return;
    for (const read of this.#reads.values()) {
      if (read.completedIn === null && overlaps(read.request, request)) read.withData = true;
    }
  }

  #logged(input: Input, epoch: number): LoggedInput {
    if (input.device !== 'disk') return input;
    const completion = this.#completionOf(input);
    if (!completion) return input;
    const { id, ok } = completion;
    const write = this.#writes.get(id);
    if (write) {
      this.#writes.delete(id);
      if (ok) this.#unequal.remove(write);
      else if (this.#separate) this.#unequal.add(write);
    }
    const read = this.#reads.get(id);
    if (!read) return input;
    if (!ok || read.withData || this.#unequal.touches(read.request)) {
      this.#reads.delete(id);
      return input;
    }
    // On separate disks no write can meet the backup's read: its own come after it, in the order of the guest.
    if (this.#separate) this.#reads.delete(id);
    else read.completedIn = epoch;
    return { device: 'diskRead', id, length: input.data.length, checksum: this.#checksum(input.data) };
  }
}
