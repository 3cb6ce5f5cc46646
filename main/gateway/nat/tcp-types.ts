/**
 * What the gateway and the TCP layer say to each other.
 *
 * Invariant: plain data; counters only grow.
 */
import type { TcpState } from '../tcp/connection.ts';
import type { TransportHost } from '../transport-layer.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';

export interface TcpCounters {
  segmentsFromGuests: number;
  segmentsToGuests: number;
  bytesFromGuests: number;
  bytesToGuests: number;
  /** Segments that were no segments, or had a wrong checksum: dropped. */
  malformed: number;
  /** Segments to addresses that nobody can have: dropped. */
  misdirected: number;
  /** Segments to guests that were sent again. */
  resent: number;
  /** Connections that were opened by guests, and through forwards. */
  openedByGuests: number;
  openedByForwards: number;
  /** Connections that came to nothing because the other side refused or did not answer. */
  refusedByHosts: number;
  refusedByGuests: number;
  /** Connections that ended with a reset or in silence. */
  broken: number;
  /** Connections that were refused because there were too many. */
  limited: number;
}

export function tcpCounters(): TcpCounters {
  return {
    segmentsFromGuests: 0,
    segmentsToGuests: 0,
    bytesFromGuests: 0,
    bytesToGuests: 0,
    malformed: 0,
    misdirected: 0,
    resent: 0,
    openedByGuests: 0,
    openedByForwards: 0,
    refusedByHosts: 0,
    refusedByGuests: 0,
    broken: 0,
    limited: 0,
  };
}

export interface TcpLimits {
  /** Connections of one guest, and of all. */
  readonly connectionsPerGuestMax: number;
  readonly connectionsMax: number;
  /** Bytes kept for one connection in one direction, at most; and for all of them together. */
  readonly bufferBytesMax: number;
  readonly buffersBytesMax: number;
}

export const TCP_LIMITS: TcpLimits = {
  connectionsPerGuestMax: 4096,
  connectionsMax: 8192,
  bufferBytesMax: 1 << 20,
  buffersBytesMax: 1 << 28,
};

export interface TcpOptions {
  readonly host: TransportHost;
  /** Milliseconds on the same clock as the `nowMs` of the calls; never goes back. */
  readonly now: () => number;
  readonly counters: TcpCounters;
  /** A guest has as many connections as it may; said once, until it has clearly fewer. */
  readonly limited: (guest: Ipv4Address, connections: number) => void;
  readonly limits?: TcpLimits;
}

/** A connection as the user sees it. */
export interface TcpConnectionInfo {
  readonly guest: Ipv4Address;
  readonly guestPort: number;
  readonly remote: Ipv4Address;
  readonly remotePort: number;
  /** The forward that it came through; null for one that the guest opened. */
  readonly forward: string | null;
  readonly state: TcpState;
  readonly sinceMs: number;
  readonly bytesFromGuest: number;
  readonly bytesToGuest: number;
  /** Bytes that wait in either direction. */
  readonly buffered: number;
  /** Smoothed, in milliseconds; null before it was measured. */
  readonly roundTripMs: number | null;
}
