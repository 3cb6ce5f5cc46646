/**
 * Takes pictures of the screen for whoever looks, no more often than a person can see.
 *
 * Invariant: pictures pass the output gate like every output; looking changes nothing the guest can observe.
 */
import { encodeScreen } from '../../preload/screen.ts';
import type { Machine } from '../machine/machine.ts';

/** At most 30 pictures a second. */
const FRAME_INTERVAL_MS = 33;

/** An encoded display message. */
export interface View {
  readonly full: boolean;
  readonly data: Uint8Array;
}

export class Viewer {
  readonly #machine: Pick<Machine, 'screen'>;
  readonly #show: (view: View, nowMs: number) => void;
  #watching = false;
  #fullWanted = false;
  #shownAt = 0;

  constructor(machine: Pick<Machine, 'screen'>, show: (view: View, nowMs: number) => void) {
    this.#machine = machine;
    this.#show = show;
  }

  get watching(): boolean {
    return this.#watching;
  }

  /** Whoever begins to look gets a whole picture first. */
  watch(watching: boolean): void {
    this.#watching = watching;
    if (watching) this.#fullWanted = true;
  }

  /** A whole picture, once, whether or not somebody watches. */
  wantFrame(): void {
    this.#fullWanted = true;
  }

  /** To be called after every epoch and now and then. */
  look(nowMs: number): void {
    if (!this.#watching && !this.#fullWanted) return;
    if (!this.#fullWanted && nowMs - this.#shownAt < FRAME_INTERVAL_MS) return;
    const update = this.#machine.screen(this.#fullWanted);
    this.#fullWanted = false;
    this.#shownAt = nowMs;
    if (update) this.#show({ full: update.full, data: encodeScreen(update) }, nowMs);
  }
}
