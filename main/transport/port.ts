/**
 * Messages over a message port (Electron's MessagePortMain, or node:worker_threads' MessagePort in tests).
 *
 * Invariant: the same as every transport's. A port tells nothing about pressure, so `unsentBytes` counts what this side has
 * posted and the other has not yet confirmed; confirmations travel on the same port.
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

/** How many received bytes are confirmed together. */
const CONFIRM_BYTES = 1 << 16;
const DRAINED_BYTES = 1 << 18;

export function portTransport(port: PortLike): Transport {
  let onMessage: ((message: Uint8Array) => void) | null = null;
  let onClose: ((why: string) => void) | null = null;
  let why: string | null = null;
  let paused = false;
  let unsent = 0;
  let unconfirmed = 0;
  const waiting: Uint8Array[] = [];
  const drains: (() => void)[] = [];

  const settle = (): void => {
    if (why !== null || unsent <= DRAINED_BYTES) for (const resolve of drains.splice(0)) resolve();
  };
  const closed = (reason: string): void => {
    if (why !== null) return;
    why = reason;
    port.close();
    settle();
    onClose?.(reason);
  };
  const deliver = (): void => {
    while (onMessage && !paused && why === null) {
      const message = waiting.shift();
      if (!message) return;
      unconfirmed += message.length;
      if (unconfirmed >= CONFIRM_BYTES || waiting.length === 0) {
        port.postMessage(unconfirmed);
        unconfirmed = 0;
      }
      onMessage(message);
    }
  };
  port.on('message', (received) => {
    // Electron wraps the message in an event; node:worker_threads hands it over as it is.
    const message = isWrapped(received) ? received.data : received;
    if (typeof message === 'number') {
      unsent = Math.max(0, unsent - message);
      settle();
    } else if (message instanceof Uint8Array && message.length <= MESSAGE_BYTES_MAX) {
      waiting.push(message);
      deliver();
    } else {
      closed('the peer sent something that is no message');
    }
  });
  port.on('close', () => closed('the link was closed'));
  port.start();

  return {
    send(message) {
      if (why !== null) return;
      unsent += message.length;
      port.postMessage(message);
    },
    unsentBytes: () => unsent,
    drained: () => (why !== null || unsent <= DRAINED_BYTES ? Promise.resolve() : new Promise((r) => drains.push(r))),
    pause(now) {
      paused = now;
      deliver();
    },
    onMessage(listener) {
      onMessage = listener;
      deliver();
    },
    onClose(listener) {
      onClose = listener;
      if (why !== null) listener(why);
    },
    close: () => closed('closed by this side'),
  };
}

function isWrapped(received: unknown): received is { data: unknown } {
  return typeof received === 'object' && received !== null && !(received instanceof Uint8Array) && 'data' in received;
}
