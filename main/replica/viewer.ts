/**
 * Takes pictures of the screen for whoever looks: as often as the guest's display is refreshed, and for no more than
 * half of the time.
 *
 * Invariant: pictures pass the output gate like every output; looking changes nothing the guest can observe.
 */
import { encodeScreen } from '../../preload/contract/screen.ts';
import type { Machine } from '../machine/machine.ts';

/** A little less than the machine's refresh of sixty a second, so that none is missed. */
const PICTURE_INTERVAL_MS = 15;

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
  readonly #clock: () => number;
  /** No picture before. */
  #nextAt = 0;

  /** `clock` measures what a picture takes of this thread, in milliseconds. */
  constructor(
    machine: Pick<Machine, 'screen'>,
    show: (view: View, nowMs: number) => void,
    clock: () => number = threadMs,
  ) {
    this.#machine = machine;
    this.#show = show;
    this.#clock = clock;
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
  wantPicture(): void {
    this.#fullWanted = true;
  }

  /** To be called after every epoch and now and then. */
  look(nowMs: number): void {
    if (!this.#watching && !this.#fullWanted) return;
    if (!this.#fullWanted && nowMs < this.#nextAt) return;
    const begun = this.#clock();
    const update = this.#machine.screen(this.#fullWanted);
    this.#fullWanted = false;
    if (update) this.#show({ full: update.full, data: encodeScreen(update) }, nowMs);
    const took = this.#clock() - begun;
    this.#nextAt = nowMs + Math.max(PICTURE_INTERVAL_MS, 2 * took);
  }
}

/** Not the time on the wall: a busy computer's other work is not taken from the guest by the picture. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
