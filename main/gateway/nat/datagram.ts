/**
 * What the UDP side of the NAT and the rest of the network hand to each other.
 *
 * Invariant: addresses are as the guest sees them; the gateway's stands for the host.
 */
import type { Reach } from '../subnet.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';

export interface Datagram {
  readonly source: Ipv4Address;
  readonly sourcePort: number;
  readonly destination: Ipv4Address;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

export interface UdpHost {
  readonly reach: Reach;
  /** Milliseconds that never go back. */
  now(): number;
  /** To a guest. False when it was dropped. */
  send(datagram: Datagram): boolean;
  /** Tells a guest that its datagram did not arrive. */
  unreachable(datagram: Omit<Datagram, 'payload'>, what: 'port' | 'host'): void;
}
