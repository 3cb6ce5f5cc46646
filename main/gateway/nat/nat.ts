/**
 * The built-in way out of a network: the gateway as its router, with the services it offers and the NAT behind it.
 *
 * Invariant: this file joins the parts; what crosses between them are whole packets and datagrams with addresses as the
 * guest sees them.
 */
import { DnsServer, type Resolve } from '../dns.ts';
import { ForwardTable, type Forward, type ForwardListener } from '../forwards.ts';
import { Router, type RouterCounters } from '../router.ts';
import type { Station, Stations } from '../stations.ts';
import type { Reach } from '../subnet.ts';
import type { ConnectionCounts, TransportFactory } from '../transport-layer.ts';
import { PROTOCOL } from '../wire/ipv4.ts';
import type { MacAddress } from '../wire/ethernet.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import { UdpNat } from './udp.ts';

/** How often idle flows are looked for, in milliseconds. */
const SWEEP_MS = 1000;

export interface NatParts {
  readonly reach: Reach;
  readonly mac: MacAddress;
  readonly domain: string;
  readonly mtu: number;
  readonly stations: Stations;
  readonly resolve: Resolve;
  /** Null where the network carries no TCP. */
  readonly tcp: TransportFactory | null;
  /** Puts a frame onto the network. */
  output(frame: Uint8Array): boolean;
  writable(guest: Ipv4Address): boolean;
  refused(forward: Forward): void;
  now(): number;
  wallMs(): number;
}

/** What stands in for TCP where there is none. */
const NO_TCP: ForwardListener = { listen: () => Promise.reject(new Error('this gateway carries no TCP')) };

export class Nat {
  readonly forwards: ForwardTable;
  readonly #parts: NatParts;
  readonly #router: Router;
  readonly #udp: UdpNat;
  readonly #tcp: ReturnType<TransportFactory> | null;
  readonly #dns: DnsServer;
  #sweptAt = 0;

  constructor(parts: NatParts) {
    const { reach, mtu, stations, domain } = parts;
    const now = (): number => parts.now();
    this.#parts = parts;
    this.#dns = new DnsServer(stations, reach.subnet, domain, parts.resolve);
    this.#udp = new UdpNat({
      reach,
      now,
      send: (datagram) => this.#router.sendUdp(datagram),
      unreachable: (datagram, what) => this.#router.unreachable(datagram, what, now()),
    });
    const tcp =
      parts.tcp?.({
        reach,
        mtu,
        send: (packet) => this.#router.send(PROTOCOL.tcp, packet),
        writable: (guest) => parts.writable(guest),
      }) ?? null;
    this.#tcp = tcp;
    this.#router = new Router({
      ...parts,
      subnet: reach.subnet,
      dns: this.#dns,
      udp: (datagram, nowMs) => this.#udp.send(datagram, nowMs),
      answersForward: (datagram, nowMs) => this.#udp.answerForward(datagram, nowMs),
      tcp: tcp && ((packet, nowMs) => tcp.receive(packet, nowMs)),
    });
    this.forwards = new ForwardTable({
      listeners: { udp: this.#udp, tcp: tcp ?? NO_TCP },
      guest: (vm) => stations.get(vm)?.address ?? null,
      refused: (forward) => parts.refused(forward),
    });
  }

  get counters(): Readonly<RouterCounters> {
    return this.#router.counters;
  }

  /** A frame that the switch delivered to the gateway's port. */
  receive(frame: Uint8Array): void {
    this.#router.receive(frame, this.#parts.now());
  }

  tick(nowMs: number): void {
    this.#tcp?.tick(nowMs);
    if (nowMs - this.#sweptAt < SWEEP_MS) return;
    this.#sweptAt = nowMs;
    this.#udp.tick(nowMs);
  }

  ready(guest: Ipv4Address): void {
    this.#tcp?.ready?.(guest, this.#parts.now());
  }

  wentLive(guest: Ipv4Address): void {
    this.#tcp?.wentLive?.(guest, this.#parts.now());
  }

  hasLease(mac: MacAddress): boolean {
    return this.#router.dhcp.hasLease(mac);
  }

  connections(guest: Ipv4Address): { readonly tcp: ConnectionCounts; readonly udp: ConnectionCounts } {
    const none = { open: 0, total: 0 };
    return { tcp: this.#tcp?.connections?.(guest) ?? none, udp: this.#udp.connections(guest) };
  }

  /** Datagrams and questions that were dropped, and packets whose fragments never came together. */
  get dropped(): number {
    return this.#udp.dropped + this.#dns.refused + this.#router.incomplete;
  }

  forget(station: Station): void {
    this.#router.forget(station.mac);
    if (station.address === null) return;
    this.#tcp?.forget?.(station.address);
    this.#udp.forget(station.address);
  }

  close(): void {
    this.forwards.close();
    this.#tcp?.close?.();
    this.#udp.close();
  }
}
