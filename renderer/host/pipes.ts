/**
 * The two pipes a page can stand on: the preload bridge of the desktop window, or a WebSocket to the page's own origin.
 *
 * Invariant: both carry the same messages (preload/contract/messages.ts), and nothing above this file knows which one
 * it is.
 */
import type { LockstepBridge } from '../../preload/bridge.ts';
import type { Connect } from './bridge.ts';

declare global {
  interface Window {
    readonly lockstep?: LockstepBridge;
  }
}

/** The host closes a socket with this code when it does not know the session. */
const SESSION_REFUSED = 4401;
const SOCKET_PATH = '/socket';

export function connectToHost(): Connect {
  const preload = window.lockstep;
  return preload ? throughPreload(preload) : throughSocket(socketAddress(window.location));
}

export function socketAddress(page: { readonly protocol: string; readonly host: string }): string {
  return `${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}${SOCKET_PATH}`;
}

function throughPreload(preload: LockstepBridge): Connect {
  return (events) => {
    const stop = preload.onMessage((message) => events.message(message));
    queueMicrotask(() => events.open());
    return { send: (message) => preload.send(message), close: stop };
  };
}

function throughSocket(address: string): Connect {
  return (events) => {
    const socket = new WebSocket(address);
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('open', () => events.open());
    socket.addEventListener('message', (event: MessageEvent<string | ArrayBuffer>) => {
      events.message(typeof event.data === 'string' ? event.data : new Uint8Array(event.data));
    });
    socket.addEventListener('close', (event) => events.closed(event.code === SESSION_REFUSED));
    return {
      send: (message) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(message as string | Uint8Array<ArrayBuffer>);
      },
      close: () => socket.close(),
    };
  };
}
