/**
 * Inputs on their way to the guest: numbered, and kept until the primary says that they can no longer be lost.
 *
 * Invariants: every input reaches the machine exactly once and in order, also across a failover: a new primary says
 * which it has (`resume`), and gets the others again. At most one floppy's contents wait, since they are large.
 */
import type { OutsideInput, ToReplica } from '../../replica/messages.ts';

/** More uncommitted inputs than this are refused: the guest does not take them. In bytes. */
export const INPUT_BYTES_MAX = 1 << 20;
/** An input takes at least this much. */
const INPUT_BYTES_MIN = 16;

interface Kept {
  readonly sequence: number;
  readonly input: OutsideInput;
  readonly bytes: number;
}

export class InputLine {
  #kept: Kept[] = [];
  #bytes = 0;
  #sequence = 0;
  readonly #room: (() => void)[] = [];

  /** Numbers the input and keeps it. @returns the message for the primary, or null when too much is waiting. */
  push(input: OutsideInput): ToReplica | null {
    if (isFloppy(input) && this.#kept.some((kept) => isFloppy(kept.input))) return null;
    const bytes = INPUT_BYTES_MIN + (input.device === 'serial' ? input.data.length : 0);
    if (this.#bytes + bytes > INPUT_BYTES_MAX) return null;
    this.#sequence += 1;
    this.#kept.push({ sequence: this.#sequence, input, bytes });
    this.#bytes += bytes;
    return { type: 'input', sequence: this.#sequence, input };
  }

  /** The primary says: this one, and all before it, can no longer be lost. */
  committed(sequence: number): void {
    while (this.#kept[0] && this.#kept[0].sequence <= sequence) this.#bytes -= this.#kept.shift()?.bytes ?? 0;
    if (this.#bytes < INPUT_BYTES_MAX / 2) for (const resolve of this.#room.splice(0)) resolve();
  }

  /** What a new primary, whose state includes `sequence` and all before it, must be given again. */
  resume(sequence: number): ToReplica[] {
    this.committed(sequence);
    return this.#kept.map((kept) => ({ type: 'input', sequence: kept.sequence, input: kept.input }));
  }

  /** Resolves when there is room again. */
  room(): Promise<void> {
    return this.#bytes < INPUT_BYTES_MAX / 2 ? Promise.resolve() : new Promise((resolve) => this.#room.push(resolve));
  }

  /** The VM was powered off: what the guest did not take is gone. */
  reset(): void {
    this.#kept = [];
    this.#bytes = 0;
    this.#sequence = 0;
    for (const resolve of this.#room.splice(0)) resolve();
  }
}

/** A whole image travels in such an input; it is bounded by being the only one. */
function isFloppy(input: OutsideInput): boolean {
  return input.device === 'medium' && input.change.drive === 'fda' && input.change.medium !== null;
}
