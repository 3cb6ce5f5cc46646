/**
 * A guest's side of an Ethernet link, made of the gateway's own codecs: enough of a host to ask for an address, ping,
 * and send datagrams. Where it ends is up to the test: a switch, a socket, a replica's link.
 *
 * Invariant: it keeps every frame it got, and never answers but to ARP requests for its own address.
 */
import { expect } from 'vitest';
import { ARP_OPERATION, parseArp, serializeArp } from '../../main/gateway/wire/arp.ts';
import {
  DHCP_CLIENT_PORT,
  DHCP_OPTION,
  DHCP_SERVER_PORT,
  DHCP_TYPE,
  parseDhcp,
  serializeDhcp,
  type DhcpMessage,
} from '../../main/gateway/wire/dhcp.ts';
import { DNS_PORT, parseDns, serializeDns, type DnsMessage } from '../../main/gateway/wire/dns.ts';
import {
  BROADCAST_MAC,
  ETHER_TYPE,
  NO_MAC,
  parseEthernet,
  serializeEthernet,
  type EthernetFrame,
  type MacAddress,
} from '../../main/gateway/wire/ethernet.ts';
import { parseIcmp, serializeIcmp, type IcmpMessage } from '../../main/gateway/wire/icmp.ts';
import {
  BROADCAST_ADDRESS,
  NO_ADDRESS,
  parseIpv4,
  PROTOCOL,
  serializeIpv4,
  type Ipv4Address,
  type Ipv4Packet,
} from '../../main/gateway/wire/ipv4.ts';
import { parseUdp, serializeUdp, type UdpDatagram } from '../../main/gateway/wire/udp.ts';
import { dnsQuery } from './addresses.ts';
import { eventually } from './eventually.ts';

export class GuestNic {
  readonly mac: MacAddress;
  address: Ipv4Address;
  /** Everything that came, oldest first. */
  readonly frames: EthernetFrame[] = [];
  router: MacAddress | null = null;
  readonly #output: (frame: Uint8Array) => void;

  constructor(ownMac: MacAddress, ownAddress: Ipv4Address, output: (frame: Uint8Array) => void) {
    this.mac = ownMac;
    this.address = ownAddress;
    this.#output = output;
  }

  receive(bytes: Uint8Array): void {
    const frame = parseEthernet(bytes.slice());
    if (!frame) throw new Error('the other side sent something that is no frame');
    this.frames.push(frame);
    const arp = frame.type === ETHER_TYPE.arp ? parseArp(frame.payload) : null;
    if (arp?.operation !== ARP_OPERATION.request || arp.targetAddress !== this.address) return;
    const reply = { ...arp, operation: ARP_OPERATION.reply, senderMac: this.mac, senderAddress: this.address };
    const payload = serializeArp({ ...reply, targetMac: arp.senderMac, targetAddress: arp.senderAddress });
    this.sendFrame({ destination: arp.senderMac, type: ETHER_TYPE.arp, payload });
  }

  sendFrame(frame: Omit<EthernetFrame, 'source'>): void {
    this.#output(serializeEthernet({ ...frame, source: this.mac }));
  }

  /** To the router, or to everyone where the destination says so. */
  sendPacket(
    packet: Partial<Ipv4Packet> & Pick<Ipv4Packet, 'destination' | 'protocol' | 'payload'>,
    to?: MacAddress,
  ): void {
    const whole: Ipv4Packet = {
      source: this.address,
      ttl: 64,
      identification: 1,
      dontFragment: false,
      moreFragments: false,
      fragmentOffset: 0,
      ...packet,
    };
    const destination =
      to ?? (packet.destination === BROADCAST_ADDRESS ? BROADCAST_MAC : (this.router ?? BROADCAST_MAC));
    this.sendFrame({ destination, type: ETHER_TYPE.ipv4, payload: serializeIpv4(whole) });
  }

  sendUdp(destination: Ipv4Address, sourcePort: number, destinationPort: number, text: string | Uint8Array): void {
    const payload = typeof text === 'string' ? Buffer.from(text) : text;
    const udp = serializeUdp({ sourcePort, destinationPort, payload }, this.address, destination);
    this.sendPacket({ destination, protocol: PROTOCOL.udp, payload: udp });
  }

  packets(protocol: number): Ipv4Packet[] {
    return this.frames.flatMap(({ type, payload }) => {
      const packet = type === ETHER_TYPE.ipv4 ? parseIpv4(payload) : null;
      return packet?.protocol === protocol ? [packet] : [];
    });
  }

  datagrams(): (UdpDatagram & { readonly source: Ipv4Address; readonly destination: Ipv4Address })[] {
    return this.packets(PROTOCOL.udp).flatMap(({ source, destination, payload }) => {
      const datagram = parseUdp(payload, source, destination);
      return datagram ? [{ ...datagram, source, destination }] : [];
    });
  }

  icmp(): (IcmpMessage & { readonly source: Ipv4Address })[] {
    return this.packets(PROTOCOL.icmp).flatMap(({ source, payload }) => {
      const message = parseIcmp(payload);
      return message ? [{ ...message, source }] : [];
    });
  }

  /** Asks who has an address. @returns its MAC address. */
  async arp(target: Ipv4Address): Promise<MacAddress> {
    const request = { operation: ARP_OPERATION.request, senderMac: this.mac, senderAddress: this.address };
    const payload = serializeArp({ ...request, targetMac: NO_MAC, targetAddress: target });
    this.sendFrame({ destination: BROADCAST_MAC, type: ETHER_TYPE.arp, payload });
    return eventually(() => {
      const replies = this.frames.map(({ type, payload: bytes }) => (type === ETHER_TYPE.arp ? parseArp(bytes) : null));
      const reply = replies.find((arp) => arp?.operation === ARP_OPERATION.reply && arp.senderAddress === target);
      if (!reply) throw new Error('nobody answered the ARP request');
      return reply.senderMac;
    });
  }

  ping(destination: Ipv4Address, sequence: number, text = 'ping'): void {
    const payload = serializeIcmp({ type: 8, code: 0, rest: (0x1234 << 16) | sequence, payload: Buffer.from(text) });
    this.sendPacket({ destination, protocol: PROTOCOL.icmp, payload });
  }

  sendDhcp(type: number, options: readonly (readonly [number, Uint8Array])[] = [], clientAddress = NO_ADDRESS): void {
    const message: DhcpMessage = {
      operation: 1,
      transaction: 0xabcd1234,
      seconds: 0,
      broadcast: false,
      clientAddress,
      yourAddress: NO_ADDRESS,
      serverAddress: NO_ADDRESS,
      relayAddress: NO_ADDRESS,
      clientMac: this.mac,
      options: new Map([[DHCP_OPTION.messageType, Uint8Array.of(type)], ...options]),
    };
    const datagram = {
      sourcePort: DHCP_CLIENT_PORT,
      destinationPort: DHCP_SERVER_PORT,
      payload: serializeDhcp(message),
    };
    const payload = serializeUdp(datagram, clientAddress, BROADCAST_ADDRESS);
    this.sendPacket({ source: clientAddress, destination: BROADCAST_ADDRESS, protocol: PROTOCOL.udp, payload });
  }

  dhcpAnswers(type: number): DhcpMessage[] {
    return this.datagrams().flatMap(({ destinationPort, payload }) => {
      const message = destinationPort === DHCP_CLIENT_PORT ? parseDhcp(payload) : null;
      return message?.options.get(DHCP_OPTION.messageType)?.[0] === type ? [message] : [];
    });
  }

  /** The whole handshake; afterwards it has its address and knows its router. @returns the acknowledgement. */
  async dhcp(): Promise<DhcpMessage> {
    this.sendDhcp(DHCP_TYPE.discover);
    const offer = await eventually(() => first(this.dhcpAnswers(DHCP_TYPE.offer)));
    const server = offer.options.get(DHCP_OPTION.serverIdentifier) ?? new Uint8Array();
    const wanted = Buffer.alloc(4);
    wanted.writeUInt32BE(offer.yourAddress);
    this.sendDhcp(DHCP_TYPE.request, [
      [DHCP_OPTION.requestedAddress, wanted],
      [DHCP_OPTION.serverIdentifier, server],
    ]);
    const acknowledgement = await eventually(() => first(this.dhcpAnswers(DHCP_TYPE.ack)));
    this.address = acknowledgement.yourAddress;
    const routerAddress = Buffer.from(acknowledgement.options.get(DHCP_OPTION.router) ?? []).readUInt32BE(0);
    this.router = await this.arp(routerAddress);
    return acknowledgement;
  }

  /** Asks a DNS server. @returns its answer. */
  async query(server: Ipv4Address, name: string, type: number): Promise<DnsMessage> {
    const id = this.frames.length + 1;
    const port = 20_000 + id;
    const question = { name: name.split('.'), type, class: 1 };
    this.sendUdp(server, port, DNS_PORT, serializeDns(dnsQuery(id, question)));
    return eventually(() => {
      const answers = this.datagrams().filter(({ destinationPort }) => destinationPort === port);
      const message = parseDns(first(answers).payload);
      expect(message?.id).toBe(id);
      return message as DnsMessage;
    });
  }
}

function first<T>(list: readonly T[]): T {
  const [one] = list;
  if (one === undefined) throw new Error('nothing came');
  return one;
}
