/**
 * What a transport protocol is to the network: TCP plugs in here.
 *
 * Invariant: time comes in as a number of milliseconds that never goes back; packets are whole (fragments have been put
 * together) and come from a guest that may use their source address.
 */
import type { ForwardListener } from './forwards.ts';
import type { Reach } from './subnet.ts';
import type { Ipv4Address } from './wire/ipv4.ts';

export interface TransportPacket {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly payload: Uint8Array;
}

export interface TransportLayer {
  receive(packet: TransportPacket, nowMs: number): void;
  /** Called every TICK_MS or so. */
  tick(nowMs: number): void;
  /** After `writable` was false for this guest: there is room again. */
  ready?(guest: Ipv4Address, nowMs: number): void;
  /** Another replica of this guest is live: what was on its way may be lost, and is best sent again at once. */
  wentLive?(guest: Ipv4Address, nowMs: number): void;
  /** The guest is gone: its connections are cut. */
  forget?(guest: Ipv4Address): void;
  connections?(guest: Ipv4Address): ConnectionCounts;
  close?(): void;
}

export interface ConnectionCounts {
  readonly open: number;
  /** Since the guest was attached. */
  readonly total: number;
}

/** What the network gives to a transport. */
export interface TransportHost {
  readonly reach: Reach;
  /** The longest IP packet towards a guest, in bytes. */
  readonly mtu: number;
  /** False when the packet was dropped because the guest's queue is full or nobody has this address. */
  send(packet: TransportPacket): boolean;
  /** Whether the guest's queue has room. */
  writable(guest: Ipv4Address): boolean;
}

export type TransportFactory = (host: TransportHost) => TransportLayer & ForwardListener;
