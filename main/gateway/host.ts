/**
 * A gateway on this host: with its clocks, its resolver and its sockets.
 *
 * Invariant: this is the gateway as its process runs it; the fuzzer runs the same.
 */
import { Gateway } from './gateway.ts';
import type { FromGateway } from './messages.ts';
import { hostResolver } from './nat/resolver.ts';
import { Tcp } from './nat/tcp.ts';
import { tcpCounters } from './nat/tcp-types.ts';
import { formatAddress } from './wire/ipv4.ts';

/** How often `tick` wants to be called: TCP's shortest timers are tens of milliseconds. */
export const TICK_MS = 20;

export function hostGateway(send: (message: FromGateway) => void): Gateway {
  return new Gateway({
    resolve: hostResolver(),
    tcp: (host) =>
      new Tcp({
        host,
        now: () => performance.now(),
        counters: tcpCounters(),
        limited: (guest, connections) => {
          send({ type: 'event', event: { kind: 'tcpLimited', guest: formatAddress(guest), connections } });
        },
      }),
    send,
    now: () => performance.now(),
    wallMs: () => performance.timeOrigin + performance.now(),
    soon: (callback) => void setImmediate(callback),
  });
}
