/**
 * A door over a WebSocket: the browser's and the command line's.
 *
 * Invariants: a message beyond the limit closes the socket before it is read whole (by the WebSocket library's own
 * limit); a browser that has not answered for a minute is gone (who is on this computer closes its end when it dies).
 */
import type { WebSocket } from 'ws';
import type { Caller } from '../fleet/watch/audit.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { Session } from '../fleet/session.ts';

/** Closed because of what the client sent. */
const POLICY_VIOLATION = 1008;
/** A closing frame has room for 123 bytes: RFC 6455, section 5.5. */
const REASON_BYTES_MAX = 123;
const PING_MS = 30_000;

export function openDoor(fleet: Fleet, caller: Caller, socket: WebSocket): void {
  let paused = false;
  let alive = true;
  const session = new Session(fleet, {
    caller,
    send: (message) => socket.send(message),
    unsentBytes: () => socket.bufferedAmount,
    refuse: (why) => socket.close(POLICY_VIOLATION, reason(why)),
    pause: (wanted) => {
      paused = wanted;
      alive = true;
      if (paused) socket.pause();
      else socket.resume();
    },
  });
  socket.on('message', (data, isBinary) => {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
    session.receive(isBinary ? bytes : bytes.toString('utf8'));
  });
  socket.on('pong', () => (alive = true));
  const pings = setInterval(() => {
    if (caller.door !== 'browser') return;
    // Who is not read from cannot be heard to answer.
    if (!alive && !paused) {
      socket.terminate();
      return;
    }
    alive = false;
    socket.ping();
  }, PING_MS).unref();
  socket.on('close', () => {
    clearInterval(pings);
    session.close();
  });
  socket.on('error', () => socket.terminate());
}

/** As many whole characters as fit: what cannot be read is quoted in it, and may be anything. */
function reason(why: string): Buffer {
  const bytes = Buffer.alloc(REASON_BYTES_MAX);
  return bytes.subarray(0, new TextEncoder().encodeInto(why, bytes).written);
}
