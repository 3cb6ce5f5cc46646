/**
 * A link that can be made to fail on purpose: slow, or cut for a while.
 *
 * Invariant: what is sent is never lost and never changes its order, as over TCP: a cut link holds everything until
 * it is healed, or until somebody gives up and closes it. What is held counts as unsent, so that flow control sees
 * it.
 */
import type { Transport } from './transport.ts';

/** `delay`: each message leaves `ms` milliseconds later. `cut`: nothing leaves. `none`: healthy. */
export type LinkFault =
  | { readonly kind: 'none' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'delay'; readonly ms: number };

const HEALTHY: LinkFault = { kind: 'none' };

export class FaultyTransport implements Transport {
  readonly #inner: Transport;
  #fault: LinkFault = HEALTHY;
  #held: { readonly message: Uint8Array; readonly dueAt: number }[] = [];
  #heldBytes = 0;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  /** From now on. Healing lets everything go that is held, in order. */
  setFault(fault: LinkFault): void {
    this.#fault = fault;
    this.#flush();
  }

  send(message: Uint8Array): void {
    if (this.#closed) return;
    if (this.#fault.kind === 'none' && this.#held.length === 0) {
      this.#inner.send(message);
      return;
    }
    const delayMs = this.#fault.kind === 'delay' ? this.#fault.ms : 0;
    this.#held.push({ message, dueAt: performance.now() + delayMs });
    this.#heldBytes += message.length;
    this.#flush();
  }

  unsentBytes(): number {
    return this.#heldBytes + this.#inner.unsentBytes();
  }

  drained(): Promise<void> {
    return this.#inner.drained();
  }

  pause(paused: boolean): void {
    this.#inner.pause(paused);
  }

  onMessage(listener: (message: Uint8Array) => void): void {
    this.#inner.onMessage(listener);
  }

  onClose(listener: (why: string) => void): void {
    this.#inner.onClose((why) => {
      this.#drop();
      listener(why);
    });
  }

  close(): void {
    this.#drop();
    // A cut link cannot tell the other side that it was closed.
    if (this.#fault.kind !== 'cut') this.#inner.close();
  }

  #drop(): void {
    this.#closed = true;
    this.#held = [];
    this.#heldBytes = 0;
    if (this.#timer) clearTimeout(this.#timer);
  }

  #flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#fault.kind === 'cut') return;
    const now = performance.now();
    const healthy = this.#fault.kind === 'none';
    let first = this.#held[0];
    while (first && (healthy || first.dueAt <= now)) {
      this.#held.shift();
      this.#heldBytes -= first.message.length;
      this.#inner.send(first.message);
      first = this.#held[0];
    }
    if (first) this.#timer = setTimeout(() => this.#flush(), Math.max(1, first.dueAt - now));
  }
}
