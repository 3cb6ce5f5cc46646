/**
 * The outside end of a VM's screen: passes display messages on to whoever looks.
 *
 * Invariant: a watcher's first message is a full one. A replica takes pictures only while somebody watches.
 */
import type { ToReplica } from '../../replica/messages.ts';

/** How long one picture may take to come, in milliseconds: a starting VM answers when its machine is built. */
const PICTURE_TIMEOUT_MS = 10_000;

interface Watcher {
  readonly show: (message: Uint8Array, full: boolean) => void;
  begun: boolean;
}

export class ScreenHub {
  readonly #send: (message: ToReplica) => void;
  readonly #watchers = new Set<Watcher>();
  readonly #waiting = new Set<(message: Uint8Array | null) => void>();

  /** `send` reaches the present primary, where there is one. */
  constructor(send: (message: ToReplica) => void) {
    this.#send = send;
  }

  /** A display message of the primary. */
  receive(full: boolean, message: Uint8Array): void {
    if (full) {
      for (const resolve of this.#waiting) resolve(message);
      this.#waiting.clear();
    }
    for (const watcher of this.#watchers) {
      if (!watcher.begun && !full) continue;
      watcher.begun = true;
      watcher.show(message, full);
    }
  }

  /** Until the returned function is called. */
  watch(show: (message: Uint8Array, full: boolean) => void): () => void {
    const watcher: Watcher = { show, begun: false };
    this.#watchers.add(watcher);
    this.#send(this.#watchers.size === 1 ? { type: 'watch', watching: true } : { type: 'picture' });
    return () => {
      if (this.#watchers.delete(watcher) && this.#watchers.size === 0) this.#send({ type: 'watch', watching: false });
    };
  }

  /** A whole picture for all watchers: one of them has missed some. */
  refresh(): void {
    this.#send({ type: 'picture' });
  }

  /** One whole picture; null when none came in time or the VM was powered off. */
  picture(): Promise<Uint8Array | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(null), PICTURE_TIMEOUT_MS);
      const done = (message: Uint8Array | null): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve(message);
      };
      this.#waiting.add(done);
      this.#send({ type: 'picture' });
    });
  }

  /** There is a new primary: it must know who looks. */
  resume(): void {
    if (this.#watchers.size > 0) this.#send({ type: 'watch', watching: true });
    if (this.#waiting.size > 0) this.#send({ type: 'picture' });
  }

  /** The VM was powered off; `blank` is shown to those who still look. */
  reset(blank: Uint8Array): void {
    for (const resolve of this.#waiting) resolve(null);
    this.#waiting.clear();
    for (const watcher of this.#watchers) {
      watcher.show(blank, true);
      watcher.begun = false;
    }
  }
}
