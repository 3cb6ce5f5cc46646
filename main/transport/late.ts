/**
 * A link whose other end is yet to come: the side that waits for it may use its own already.
 *
 * Invariant: what was sent before the other end came arrives before what was sent afterwards; a link that was closed
 * before stays closed, and the end that comes later is closed as well.
 */
import type { Transport } from './transport.ts';

export class LateTransport implements Transport {
  readonly #givenUp: () => void;
  readonly #settled = Promise.withResolvers<void>();
  #inner: Transport | null = null;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #paused = false;
  #onMessage: ((message: Uint8Array) => void) | null = null;
  #onClose: ((why: string) => void) | null = null;
  #why: string | null = null;

  /** `givenUp` is called when the link is closed before the other end has come: nobody waits for it any more. */
  constructor(givenUp: () => void) {
    this.#givenUp = givenUp;
  }

  /** The other end has come. */
  attach(inner: Transport): void {
    if (this.#why !== null) {
      inner.close();
      return;
    }
    this.#inner = inner;
    for (const message of this.#waiting) inner.send(message);
    this.#waiting = [];
    this.#waitingBytes = 0;
    inner.onClose((why) => this.#closed(why));
    if (this.#onMessage) inner.onMessage(this.#onMessage);
    if (this.#paused) inner.pause(true);
    this.#settled.resolve();
  }

  send(message: Uint8Array): void {
    if (this.#inner) return this.#inner.send(message);
    if (this.#why !== null) return;
    this.#waiting.push(message);
    this.#waitingBytes += message.length;
  }

  unsentBytes(): number {
    return this.#inner?.unsentBytes() ?? this.#waitingBytes;
  }

  async drained(): Promise<void> {
    await this.#settled.promise;
    await this.#inner?.drained();
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    this.#inner?.pause(paused);
  }

  onMessage(listener: (message: Uint8Array) => void): void {
    this.#onMessage = listener;
    this.#inner?.onMessage(listener);
  }

  onClose(listener: (why: string) => void): void {
    this.#onClose = listener;
    if (this.#why !== null) listener(this.#why);
  }

  close(): void {
    if (this.#inner) return this.#inner.close();
    this.#closed('closed by this side');
    return this.#givenUp();
  }

  #closed(why: string): void {
    if (this.#why !== null) return;
    this.#why = why;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#settled.resolve();
    this.#onClose?.(why);
  }
}
