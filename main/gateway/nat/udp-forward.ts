/**
 * One UDP port of the host that leads to a port of a guest.
 *
 * Invariants: every peer outside is one address and port to the guest, the same for as long as it is not silent for
 * PEER_IDLE_MS, and no two peers are the same; peers are bounded, the one silent longest gives way. Peers on the host
 * itself, and such that the guest could not answer (IPv6, its own network), appear as the gateway.
 */
import dgram from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Forward, ForwardTarget } from '../forwards.ts';
import { contains, isUnicast } from '../subnet.ts';
import { parseAddress, type Ipv4Address } from '../wire/ipv4.ts';
import type { Datagram, UdpHost } from './datagram.ts';

const PEERS_MAX = 1024;
const PEER_IDLE_MS = 120_000;
/** What the kernel has not taken yet; more is dropped. */
const UNSENT_BYTES_MAX = 1 << 20;
/** Where a port for a peer whose own is taken is sought (RFC 6335: dynamic ports). */
const PORT_FIRST = 49_152;
const PORTS = 0xffff - PORT_FIRST + 1;

interface Peer {
  /** As outside. */
  readonly address: string;
  readonly port: number;
  /** As the guest sees it. */
  readonly seenAddress: Ipv4Address;
  readonly seenPort: number;
  usedAt: number;
}

export class UdpForward {
  readonly #forward: Forward;
  readonly #target: ForwardTarget;
  readonly #host: UdpHost;
  readonly #socket: dgram.Socket;
  /** By their address outside, the one silent longest first. */
  readonly #peers = new Map<string, Peer>();
  readonly #seen = new Map<string, Peer>();
  #nextPort = 0;

  /** @throws {Error} (rejects) with the operating system's `code` when it cannot listen. */
  static listen(forward: Forward, target: ForwardTarget, host: UdpHost): Promise<UdpForward> {
    // `::` is for IPv6 alone: who wants both protocols says so with two forwards.
    const socket = isIPv6(forward.hostAddress)
      ? dgram.createSocket({ type: 'udp6', ipv6Only: true })
      : dgram.createSocket('udp4');
    return new Promise((resolve, reject) => {
      socket.once('error', (error) => {
        socket.close();
        reject(error);
      });
      socket.bind({ port: forward.hostPort, address: forward.hostAddress, exclusive: true }, () => {
        socket.removeAllListeners('error');
        resolve(new UdpForward(forward, target, host, socket));
      });
    });
  }

  constructor(forward: Forward, target: ForwardTarget, host: UdpHost, socket: dgram.Socket) {
    this.#forward = forward;
    this.#target = target;
    this.#host = host;
    this.#socket = socket;
    // A peer that closed its port: others go on.
    socket.on('error', () => {});
    socket.on('message', (payload, { address, port }) => this.#receive(payload, address, port));
  }

  /** Sends the guest's datagram to the peer it is for. False when it is for none of this forward's. */
  answer(datagram: Datagram, nowMs: number): boolean {
    if (datagram.sourcePort !== this.#forward.guestPort || datagram.source !== this.#target.guest()) return false;
    const peer = this.#seen.get(`${datagram.destination}:${datagram.destinationPort}`);
    if (!peer) return false;
    this.#touch(peer, nowMs);
    if (this.#socket.getSendQueueSize() > UNSENT_BYTES_MAX) return true;
    this.#socket.send(datagram.payload.slice(), peer.port, peer.address, () => {});
    return true;
  }

  tick(nowMs: number): void {
    for (const peer of this.#peers.values()) {
      if (nowMs - peer.usedAt <= PEER_IDLE_MS) break;
      this.#forget(peer);
    }
  }

  close(): void {
    this.#socket.close();
    this.#peers.clear();
    this.#seen.clear();
  }

  #receive(payload: Uint8Array, address: string, port: number): void {
    const guest = this.#target.guest();
    if (guest === null) {
      this.#target.refused();
      return;
    }
    const peer = this.#peers.get(`${address} ${port}`) ?? this.#meet(address, port);
    this.#touch(peer, this.#host.now());
    this.#host.send({
      source: peer.seenAddress,
      sourcePort: peer.seenPort,
      destination: guest,
      destinationPort: this.#forward.guestPort,
      payload,
    });
  }

  #meet(address: string, port: number): Peer {
    if (this.#peers.size >= PEERS_MAX) {
      const [oldest] = this.#peers.values();
      if (oldest) this.#forget(oldest);
    }
    const { subnet } = this.#host.reach;
    const own = parseAddress(address);
    const asItIs = own !== null && isUnicast(own) && !contains(subnet, own);
    const seenAddress = asItIs ? own : subnet.gateway;
    let seenPort = port;
    // Fewer peers than ports: a free one is found.
    while (this.#seen.has(`${seenAddress}:${seenPort}`)) {
      seenPort = PORT_FIRST + this.#nextPort;
      this.#nextPort = (this.#nextPort + 1) % PORTS;
    }
    const peer: Peer = { address, port, seenAddress, seenPort, usedAt: 0 };
    this.#seen.set(`${seenAddress}:${seenPort}`, peer);
    return peer;
  }

  #touch(peer: Peer, nowMs: number): void {
    const key = `${peer.address} ${peer.port}`;
    peer.usedAt = nowMs;
    this.#peers.delete(key);
    this.#peers.set(key, peer);
  }

  #forget(peer: Peer): void {
    this.#peers.delete(`${peer.address} ${peer.port}`);
    this.#seen.delete(`${peer.seenAddress}:${peer.seenPort}`);
  }
}
