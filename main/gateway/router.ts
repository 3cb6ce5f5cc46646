/**
 * The gateway as a host on its network: it answers ARP, DHCP, DNS, NTP and pings, and routes what is for elsewhere to
 * the NAT.
 *
 * Invariants: a packet counts only when its source address is that of the VM which sent its frame; what cannot be
 * delivered is counted, and where the rules allow it the sender is told.
 */
import { answerArp } from './arp.ts';
import { DhcpServer } from './dhcp.ts';
import type { DnsServer } from './dns.ts';
import { fragment, Reassembly } from './fragments.ts';
import {
  HOST_UNREACHABLE,
  IcmpService,
  PORT_UNREACHABLE,
  PROHIBITED,
  PROTOCOL_UNREACHABLE,
  TIME_EXCEEDED,
  type IcmpError,
} from './icmp.ts';
import type { Datagram } from './nat/datagram.ts';
import { answerNtp } from './ntp.ts';
import type { Stations } from './stations.ts';
import { contains, isUnicast, type Subnet } from './subnet.ts';
import type { TransportPacket } from './transport-layer.ts';
import { DHCP_CLIENT_PORT, DHCP_SERVER_PORT, parseDhcp, serializeDhcp } from './wire/dhcp.ts';
import { DNS_PORT, parseDns } from './wire/dns.ts';
import { BROADCAST_MAC, ETHER_TYPE, parseEthernet, serializeEthernet, type EthernetFrame } from './wire/ethernet.ts';
import type { MacAddress } from './wire/ethernet.ts';
import { BROADCAST_ADDRESS, NO_ADDRESS, parseIpv4, PROTOCOL, serializeIpv4, type Ipv4Packet } from './wire/ipv4.ts';
import { NTP_PORT, parseNtp } from './wire/ntp.ts';
import { parseUdp, serializeUdp } from './wire/udp.ts';

/** RFC 1700's recommendation. */
const TTL = 64;

export interface RouterParts {
  readonly subnet: Subnet;
  readonly mac: MacAddress;
  readonly domain: string;
  readonly mtu: number;
  readonly stations: Stations;
  readonly dns: DnsServer;
  /** Puts a frame onto the network. */
  output(frame: Uint8Array): boolean;
  /** A datagram that none of the gateway's services takes. False when nothing outside has its address. */
  udp(datagram: Datagram, nowMs: number): boolean;
  /** Whether a datagram answers one that came in by a forward; it is on its way then. */
  answersForward(datagram: Datagram, nowMs: number): boolean;
  /** Null where the network carries no TCP. */
  readonly tcp: ((packet: TransportPacket, nowMs: number) => void) | null;
  /** The host's clock, milliseconds since 1970. */
  wallMs(): number;
}

export interface RouterCounters {
  malformed: number;
  /** Packets from an address that is not their sender's. */
  spoofed: number;
  /** Packets to an address of the network that nobody has, or whose guest's queue was full. */
  undelivered: number;
}

export class Router {
  readonly #parts: RouterParts;
  readonly #reassembly = new Reassembly();
  readonly #icmp: IcmpService;
  readonly dhcp: DhcpServer;
  readonly counters: RouterCounters = { malformed: 0, spoofed: 0, undelivered: 0 };
  #identification = 0;

  constructor(parts: RouterParts) {
    this.#parts = parts;
    this.#icmp = new IcmpService(parts.subnet);
    this.dhcp = new DhcpServer(parts.stations, parts);
  }

  /** Packets whose fragments never came together. */
  get incomplete(): number {
    return this.#reassembly.dropped;
  }

  /** A frame that the switch delivered to the gateway's port. */
  receive(bytes: Uint8Array, nowMs: number): void {
    const frame = parseEthernet(bytes);
    if (!frame || (frame.destination !== this.#parts.mac && frame.destination !== BROADCAST_MAC)) return;
    if (frame.type === ETHER_TYPE.arp) {
      const reply = answerArp(frame, this.#parts.subnet, this.#parts.mac);
      if (reply) this.#parts.output(reply);
    } else if (frame.type === ETHER_TYPE.ipv4) {
      this.#ipv4(frame, nowMs);
    }
  }

  /** From the outside, or the gateway itself, to a guest. False when it was dropped. */
  send(protocol: number, packet: TransportPacket): boolean {
    const station = this.#parts.stations.byAddress(packet.destination);
    return station !== undefined && this.#emit(protocol, packet, station.mac, protocol === PROTOCOL.tcp);
  }

  sendUdp(datagram: Datagram): boolean {
    const { source, destination } = datagram;
    return this.send(PROTOCOL.udp, { source, destination, payload: serializeUdp(datagram, source, destination) });
  }

  /** Tells the guest that its datagram did not arrive. */
  unreachable(datagram: Omit<Datagram, 'payload'>, what: 'port' | 'host', nowMs: number): void {
    const { source, destination } = datagram;
    const payload = serializeUdp({ ...datagram, payload: new Uint8Array() }, source, destination);
    const packet = whole(PROTOCOL.udp, { source, destination, payload }, 0);
    this.#refuse(packet, what === 'port' ? PORT_UNREACHABLE : HOST_UNREACHABLE, nowMs);
  }

  forget(mac: MacAddress): void {
    this.dhcp.forget(mac);
  }

  #ipv4(frame: EthernetFrame, nowMs: number): void {
    const packet = parseIpv4(frame.payload);
    if (!packet) {
      this.counters.malformed += 1;
      return;
    }
    // Only who asks for an address may have none.
    if (packet.source === NO_ADDRESS) {
      if (packet.protocol === PROTOCOL.udp) this.#dhcp(packet, frame.source);
      return;
    }
    if (this.#parts.stations.byAddress(packet.source)?.mac !== frame.source) {
      this.counters.spoofed += 1;
      return;
    }
    const complete = this.#reassembly.add(packet, nowMs);
    if (complete) this.#dispatch(complete, frame.source, nowMs);
  }

  #dispatch(packet: Ipv4Packet, mac: MacAddress, nowMs: number): void {
    const { subnet } = this.#parts;
    const { destination } = packet;
    const toGateway = destination === subnet.gateway;
    if (destination === BROADCAST_ADDRESS || destination === subnet.broadcast) {
      if (packet.protocol === PROTOCOL.udp) this.#dhcp(packet, mac);
      return;
    }
    // Guests reach each other through the switch, not through the gateway.
    if (!toGateway && (contains(subnet, destination) || !isUnicast(destination))) {
      this.counters.undelivered += 1;
      return;
    }
    if (!toGateway && packet.ttl <= 1) return this.#refuse(packet, TIME_EXCEEDED, nowMs);
    if (packet.protocol === PROTOCOL.udp) return this.#udp(packet, mac, nowMs);
    if (packet.protocol === PROTOCOL.tcp && this.#parts.tcp) return this.#parts.tcp(packet, nowMs);
    if (packet.protocol === PROTOCOL.icmp) {
      const reply = this.#icmp.answer(packet, nowMs);
      if (reply) this.send(PROTOCOL.icmp, reply);
      return;
    }
    this.#refuse(packet, PROTOCOL_UNREACHABLE, nowMs);
  }

  #udp(packet: Ipv4Packet, mac: MacAddress, nowMs: number): void {
    const { source, destination } = packet;
    const udp = parseUdp(packet.payload, source, destination);
    if (!udp) {
      this.counters.malformed += 1;
      return;
    }
    const datagram: Datagram = { source, destination, ...udp };
    if (this.#parts.answersForward(datagram, nowMs)) return;
    if (destination === this.#parts.subnet.gateway) {
      if (udp.destinationPort === DHCP_SERVER_PORT) return this.#dhcp(packet, mac);
      if (udp.destinationPort === DNS_PORT) return this.#dns(datagram);
      if (udp.destinationPort === NTP_PORT) return this.#ntp(datagram);
    }
    if (this.#parts.udp(datagram, nowMs)) return;
    this.#refuse(packet, destination === this.#parts.subnet.gateway ? PORT_UNREACHABLE : PROHIBITED, nowMs);
  }

  #dhcp(packet: Ipv4Packet, mac: MacAddress): void {
    const udp = parseUdp(packet.payload, packet.source, packet.destination);
    if (udp?.destinationPort !== DHCP_SERVER_PORT) return;
    const message = parseDhcp(udp.payload);
    if (!message) {
      this.counters.malformed += 1;
      return;
    }
    const reply = this.dhcp.answer(message, mac);
    if (!reply) return;
    const address = reply.yourAddress !== NO_ADDRESS ? reply.yourAddress : reply.clientAddress;
    const broadcast = reply.broadcast || address === NO_ADDRESS;
    const destination = broadcast ? BROADCAST_ADDRESS : address;
    const answer = {
      sourcePort: DHCP_SERVER_PORT,
      destinationPort: DHCP_CLIENT_PORT,
      payload: serializeDhcp(reply),
    };
    const source = this.#parts.subnet.gateway;
    const payload = serializeUdp(answer, source, destination);
    // Broadcast as an IP packet only: its frame is for the one who asked.
    this.#emit(PROTOCOL.udp, { source, destination, payload }, mac, false);
  }

  #dns(datagram: Datagram): void {
    const query = parseDns(datagram.payload);
    if (!query) {
      this.counters.malformed += 1;
      return;
    }
    this.#parts.dns.answer(query, datagram.source, (payload) => this.sendUdp(reversed(datagram, payload)));
  }

  #ntp(datagram: Datagram): void {
    const question = parseNtp(datagram.payload);
    const answer = question && answerNtp(question, this.#parts.wallMs());
    if (answer) this.sendUdp(reversed(datagram, answer));
  }

  #refuse(packet: Ipv4Packet, error: IcmpError, nowMs: number): void {
    const reply = this.#icmp.error(packet, error, nowMs);
    if (reply) this.send(PROTOCOL.icmp, reply);
  }

  #emit(protocol: number, packet: TransportPacket, destination: MacAddress, dontFragment: boolean): boolean {
    this.#identification = (this.#identification + 1) & 0xffff;
    const { mac: source, mtu } = this.#parts;
    const complete = { ...whole(protocol, packet, this.#identification), dontFragment };
    const pieces = dontFragment ? [complete] : fragment(complete, mtu);
    const sent = pieces.every((piece) =>
      this.#parts.output(
        serializeEthernet({ destination, source, type: ETHER_TYPE.ipv4, payload: serializeIpv4(piece) }),
      ),
    );
    if (!sent) this.counters.undelivered += 1;
    return sent;
  }
}

function whole(protocol: number, packet: TransportPacket, identification: number): Ipv4Packet {
  return {
    ...packet,
    protocol,
    ttl: TTL,
    identification,
    dontFragment: false,
    moreFragments: false,
    fragmentOffset: 0,
  };
}

function reversed(datagram: Datagram, payload: Uint8Array): Datagram {
  return {
    source: datagram.destination,
    sourcePort: datagram.destinationPort,
    destination: datagram.source,
    destinationPort: datagram.sourcePort,
    payload,
  };
}
