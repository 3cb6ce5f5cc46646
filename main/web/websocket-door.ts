/**
 * A door over a WebSocket: the browser's and the command line's.
 *
 * Invariant: a message beyond the limit closes the socket before it is read whole (by the WebSocket library's own
 * limit).
 */
import type { WebSocket } from 'ws';
import type { Fleet } from '../fleet/fleet.ts';
import { Session } from '../fleet/session.ts';

/** Closed because of what the client sent. */
const POLICY_VIOLATION = 1008;
/** A closing frame has room for 123 bytes: RFC 6455, section 5.5. */
const REASON_BYTES_MAX = 123;

export function openDoor(fleet: Fleet, socket: WebSocket): void {
  const session = new Session(fleet, {
    send: (message) => socket.send(message),
    unsentBytes: () => socket.bufferedAmount,
    refuse: (why) => socket.close(POLICY_VIOLATION, reason(why)),
    pause: (paused) => (paused ? socket.pause() : socket.resume()),
  });
  socket.on('message', (data, isBinary) => {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
    session.receive(isBinary ? bytes : bytes.toString('utf8'));
  });
  socket.on('close', () => session.close());
  socket.on('error', () => socket.terminate());
}

/** As many whole characters as fit: what cannot be read is quoted in it, and may be anything. */
function reason(why: string): Buffer {
  const bytes = Buffer.alloc(REASON_BYTES_MAX);
  return bytes.subarray(0, new TextEncoder().encodeInto(why, bytes).written);
}
