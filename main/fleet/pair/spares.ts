/**
 * A warm spare: a replica process that has started, has loaded the emulator, and waits for a role, so that a power-on
 * or a new backup does not wait for that: a tenth of a second where a process of this host has compiled the sources and
 * the emulator before (process-folder.ts), two seconds where none has.
 *
 * Invariant: at most one spare; it is made when there is nothing more urgent to compute.
 */
import type { Processes } from './processes.ts';
import { Replica } from './replica.ts';

/** After a spare was taken the next one waits this long: its start must not slow what the first was taken for. */
const REFILL_DELAY_MS = 5000;
/** While a secondary is on its way; `refill` says when it has arrived. */
const REFILL_DELAY_STARTING_MS = 60_000;
/** And then: a guest that boots, or has just been taken over, has both processors until it is settled. */
const REFILL_DELAY_ARRIVED_MS = 3000;

export class Spares {
  readonly #processes: Processes;
  #spare: Replica | null = null;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(processes: Processes) {
    this.#processes = processes;
    this.#refill(0);
  }

  /** A replica without a role; started already where possible. `secondary`: `refill` follows when it has started. */
  take(secondary = false): Replica {
    const spare = this.#spare;
    this.#spare = null;
    this.#refill(secondary ? REFILL_DELAY_STARTING_MS : REFILL_DELAY_MS);
    return spare?.alive ? spare : new Replica(this.#processes.fork());
  }

  /** The secondary for which the spare was taken has arrived: there is nothing more urgent soon. */
  refill(): void {
    if (!this.#spare) this.#refill(REFILL_DELAY_ARRIVED_MS);
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#spare?.kill();
    this.#spare = null;
  }

  #refill(delayMs: number): void {
    if (this.#closed) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#spare ??= new Replica(this.#processes.fork());
    }, delayMs);
    this.#timer.unref();
  }
}
