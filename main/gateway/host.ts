/**
 * A gateway on this host: with its clocks, its resolver and its sockets.
 *
 * Invariant: this is the gateway as its process runs it; the fuzzer runs the same.
 */
import { Gateway } from './gateway.ts';
import type { FromGateway } from './messages.ts';
import { tcpCounters } from './nat/tcp-types.ts';
import { Tcp } from './nat/tcp.ts';
import { hostResolver } from './nat/resolver.ts';

/** How often `tick` wants to be called: TCP's shortest timers are tens of milliseconds. */
export const TICK_MS = 20;

export function hostGateway(send: (message: FromGateway) => void): Gateway {
  const now = (): number => performance.now();
  return new Gateway({
    resolve: hostResolver(),
    tcp: (host) => new Tcp({ host, now, counters: tcpCounters(), limited: () => {} }),
    send,
    now,
    wallMs: () => performance.timeOrigin + performance.now(),
    soon: (callback) => void setImmediate(callback),
  });
}
