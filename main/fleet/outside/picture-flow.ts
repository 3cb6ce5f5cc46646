/**
 * Which pictures one watcher of a screen gets: no more than it can show.
 *
 * Invariants: what it is sent adds up: after a picture that was left out, the next one is a whole one. Of a watcher
 * that says what it has shown, at most `AHEAD_MAX` pictures are under way, so that what it shows is never old, however
 * slow it is; a page that is not drawn costs nothing.
 */
/** Pictures are left out while this much is unsent, in bytes. */
const UNSENT_MAX = 4 << 20;
const AHEAD_MAX = 3;

/** The door of a watcher, as far as room for pictures goes. */
interface PictureDoor {
  /** Bytes that the watcher has not taken. */
  unsentBytes(): number;
}

export class PictureFlow {
  readonly #door: PictureDoor;
  readonly #send: (message: Uint8Array) => void;
  readonly #refresh: () => void;
  #missed = false;
  #asked = false;
  /** Sent, and not shown yet; counts once the watcher has said that it counts too. */
  #ahead = 0;
  #counts = false;

  /** `refresh` asks for a whole picture. */
  constructor(door: PictureDoor, send: (message: Uint8Array) => void, refresh: () => void) {
    this.#door = door;
    this.#send = send;
    this.#refresh = refresh;
  }

  show(message: Uint8Array, full: boolean): void {
    if (this.#room() && (full || !this.#missed)) {
      this.#missed = false;
      this.#asked = false;
      this.#ahead += 1;
      this.#send(message);
      return;
    }
    this.#missed = true;
    if (full) this.#asked = false;
    this.#askIfMissed();
  }

  /** The watcher has shown so many more. */
  seen(pictures: number): void {
    this.#counts = true;
    this.#ahead = Math.max(0, this.#ahead - pictures);
    this.#askIfMissed();
  }

  #askIfMissed(): void {
    if (!this.#missed || this.#asked || !this.#room()) return;
    this.#asked = true;
    this.#refresh();
  }

  #room(): boolean {
    return this.#door.unsentBytes() <= UNSENT_MAX && (!this.#counts || this.#ahead < AHEAD_MAX);
  }
}
