/**
 * Messages over a message port (Electron's MessagePortMain, or node:worker_threads' MessagePort in tests).
 *
 * Invariant: the same as every transport's. A port tells nothing about pressure, so `unsentBytes` counts what this
 * side has posted and the other has not yet confirmed; confirmations travel on the same port.
 */
import { MESSAGE_BYTES_MAX, type Transport } from './transport.ts';

/** What the two kinds of port have in common, seen from here. */
export interface PortLike {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  start(): void;
  close(): void;
}

/** How many received bytes are confirmed together, at most. */
const CONFIRM_BYTES = 1 << 16;
/** Below this many unconfirmed bytes the link counts as drained. */
const DRAINED_BYTES = 1 << 18;

export function portTransport(port: PortLike): Transport {
  return new PortTransport(port);
}

class PortTransport implements Transport {
  readonly #port: PortLike;
  readonly #waiting: Uint8Array[] = [];
  readonly #drains: (() => void)[] = [];
  #onMessage: ((message: Uint8Array) => void) | null = null;
  #onClose: ((why: string) => void) | null = null;
  #closed: string | null = null;
  #paused = false;
  #unsent = 0;
  #unconfirmed = 0;

  constructor(port: PortLike) {
    this.#port = port;
    port.on('message', (received) => this.#receive(received));
    port.on('close', () => this.#end('the link was closed'));
    port.start();
  }

  send(message: Uint8Array): void {
    if (this.#closed !== null) return;
    this.#unsent += message.length;
    this.#port.postMessage(message);
  }

  unsentBytes(): number {
    return this.#unsent;
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#drains.push(resolve);
      this.#settle();
    });
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    this.#deliver();
  }

  onMessage(listener: (message: Uint8Array) => void): void {
    this.#onMessage = listener;
    this.#deliver();
  }

  onClose(listener: (why: string) => void): void {
    this.#onClose = listener;
    if (this.#closed !== null) listener(this.#closed);
  }

  close(): void {
    this.#end('closed by this side');
  }

  #receive(received: unknown): void {
    // Electron wraps the message in an event; node:worker_threads hands it over as it is.
    const message = isWrapped(received) ? received.data : received;
    if (typeof message === 'number') {
      this.#unsent = Math.max(0, this.#unsent - message);
      this.#settle();
    } else if (message instanceof Uint8Array && message.length <= MESSAGE_BYTES_MAX) {
      this.#waiting.push(message);
      this.#deliver();
    } else {
      this.#end('the peer sent something that is no message');
    }
  }

  #deliver(): void {
    while (this.#onMessage && !this.#paused && this.#closed === null) {
      const message = this.#waiting.shift();
      if (!message) return;
      this.#unconfirmed += message.length;
      if (this.#unconfirmed >= CONFIRM_BYTES || this.#waiting.length === 0) {
        this.#port.postMessage(this.#unconfirmed);
        this.#unconfirmed = 0;
      }
      this.#onMessage(message);
    }
  }

  #settle(): void {
    if (this.#closed === null && this.#unsent > DRAINED_BYTES) return;
    for (const resolve of this.#drains.splice(0)) resolve();
  }

  #end(why: string): void {
    if (this.#closed !== null) return;
    this.#closed = why;
    this.#port.close();
    this.#settle();
    this.#onClose?.(why);
  }
}

function isWrapped(received: unknown): received is { data: unknown } {
  return typeof received === 'object' && received !== null && !(received instanceof Uint8Array) && 'data' in received;
}
