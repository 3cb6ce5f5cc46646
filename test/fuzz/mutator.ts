/**
 * Frames that a hostile guest might send: honest ones, cut, joined, and with wrong numbers in them.
 *
 * Invariant: the same seed gives the same frames, up to what was learned of connections. Most keep their sender's
 * address and get right checksums again, else the first check of the first layer would refuse them all.
 */
import { serializeArp } from '../../main/gateway/wire/arp.ts';
import { internetChecksum, pseudoHeaderSum } from '../../main/gateway/wire/checksum.ts';
import { serializeDhcp } from '../../main/gateway/wire/dhcp.ts';
import { serializeDns } from '../../main/gateway/wire/dns.ts';
import { BROADCAST_MAC, ETHER_TYPE, serializeEthernet } from '../../main/gateway/wire/ethernet.ts';
import { serializeIcmp } from '../../main/gateway/wire/icmp.ts';
import { type Ipv4Address, parseIpv4, PROTOCOL, serializeIpv4 } from '../../main/gateway/wire/ipv4.ts';
import { FLAG, parseTcp, type TcpSegment, TCP_HEADER_BYTES, writeTcp } from '../../main/gateway/wire/tcp.ts';
import { serializeUdp } from '../../main/gateway/wire/udp.ts';
import { GATEWAY_MAC } from '../../main/gateway/network.ts';
import { address, dnsQuery, mac, OUTSIDE } from '../support/addresses.ts';
import { changed, Random } from './random.ts';

export interface FuzzGuest {
  readonly mac: string;
  readonly address: string;
}

const GATEWAY = address('10.77.0.1');
const ETHERNET_BYTES = 14;
/** Frames that fit connections: the newest. */
const FITTING_MAX = 64;

export class Mutator {
  readonly #random: Random;
  readonly #guests: readonly FuzzGuest[];
  readonly #honest: readonly (readonly Uint8Array[])[];
  /** What fits the connections of each guest as they are. */
  readonly #fitting: Uint8Array[][];

  constructor(seed: number, guests: readonly FuzzGuest[]) {
    this.#random = new Random(seed);
    this.#guests = guests;
    this.#honest = guests.map((guest) => [...answered(guest), ...unanswered(guest)]);
    this.#fitting = guests.map(() => []);
  }

  /** The guest got this frame: what it may answer to a segment is changed from now on as well. */
  heard(guest: number, frame: Uint8Array): void {
    const packet = parseIpv4(frame.subarray(ETHERNET_BYTES));
    if (frame.length < ETHERNET_BYTES || packet?.protocol !== PROTOCOL.tcp) return;
    const segment = parseTcp(packet.payload, packet.source, packet.destination);
    const fitting = this.#fitting[guest];
    if (!segment || !fitting || (segment.flags & FLAG.rst) !== 0) return;
    fitting.push(...answers(this.#guests[guest] as FuzzGuest, packet.source, segment));
    if (fitting.length > FITTING_MAX) fitting.splice(0, fitting.length - FITTING_MAX);
  }

  /** Frames that get one answer each. */
  honest(guest: number): readonly Uint8Array[] {
    return answered(this.#guests[guest] as FuzzGuest);
  }

  /** A frame, and which guest sends it. */
  next(): readonly [Uint8Array, number] {
    const random = this.#random;
    const guest = random.below(this.#guests.length);
    const all = this.#honest[guest] ?? [];
    const fitting = this.#fitting[guest] ?? [];
    const base = random.pick(fitting.length > 0 && random.below(3) === 0 ? fitting : all);
    let frame: Uint8Array = base.slice();
    for (let times = random.below(5); times > 0; times--) frame = changed(frame, random, all);
    if (random.below(10) > 0) frame.set(base.subarray(6, Math.min(12, frame.length)), Math.min(6, frame.length));
    if (random.below(4) > 0) correct(frame);
    return [frame, guest];
  }
}

/** Makes the checksums right of whatever looks like IPv4, and like what it says it carries. */
function correct(frame: Uint8Array): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < 34 || view.getUint16(12) !== ETHER_TYPE.ipv4) return;
  const headerBytes = ((frame[14] ?? 0) & 0xf) * 4;
  if (headerBytes < 20 || 14 + headerBytes > frame.length) return;
  const end = 14 + Math.min(view.getUint16(16), frame.length - 14);
  view.setUint16(24, 0);
  view.setUint16(24, internetChecksum(frame.subarray(14, 14 + headerBytes)));
  const at = 14 + headerBytes;
  const field = { 1: 2, 6: 16, 17: 6 }[frame[23] ?? 0];
  if (field === undefined || at + field + 2 > end) return;
  const pseudo =
    frame[23] === 1 ? 0 : pseudoHeaderSum(view.getUint32(26), view.getUint32(30), frame[23] ?? 0, end - at);
  view.setUint16(at + field, 0);
  view.setUint16(at + field, internetChecksum(frame.subarray(at, end), pseudo));
}

interface Packet {
  readonly destination: number;
  readonly protocol: number;
  readonly payload: Uint8Array;
  readonly fragmentOffset?: number;
  readonly moreFragments?: boolean;
}

function ipv4(guest: FuzzGuest, packet: Packet, to = GATEWAY_MAC): Uint8Array {
  const source = address(guest.address);
  const fixed = { source, ttl: 64, identification: 1, dontFragment: false, moreFragments: false, fragmentOffset: 0 };
  const payload = serializeIpv4({ ...fixed, ...packet });
  return serializeEthernet({ destination: to, source: mac(guest.mac), type: ETHER_TYPE.ipv4, payload });
}

function udp(guest: FuzzGuest, destination: number, port: number, payload: Uint8Array): Uint8Array {
  const datagram = { sourcePort: port === 67 ? 68 : 5000, destinationPort: port, payload };
  const bytes = serializeUdp(datagram, address(guest.address), destination);
  return ipv4(guest, { destination, protocol: 17, payload: bytes });
}

function answered(guest: FuzzGuest): readonly Uint8Array[] {
  const arp = { operation: 1, senderMac: mac(guest.mac), senderAddress: address(guest.address), targetMac: 0 } as const;
  const ping = serializeIcmp({ type: 8, code: 0, rest: 1, payload: Buffer.from('ping') });
  const question = (type: number): Uint8Array =>
    serializeDns(dnsQuery(1, { name: ['guest-2', 'lockstep', 'internal'], type, class: 1 }));
  const ntp = new Uint8Array(48);
  ntp[0] = 0x23;
  return [
    serializeEthernet({
      destination: BROADCAST_MAC,
      source: mac(guest.mac),
      type: ETHER_TYPE.arp,
      payload: serializeArp({ ...arp, targetAddress: GATEWAY }),
    }),
    ipv4(guest, { destination: GATEWAY, protocol: 1, payload: ping }),
    ipv4(guest, { destination: OUTSIDE, protocol: 1, payload: ping }),
    udp(guest, GATEWAY, 53, question(1)),
    udp(guest, GATEWAY, 53, question(28)),
    udp(
      guest,
      GATEWAY,
      53,
      serializeDns(dnsQuery(1, { name: '11.0.77.10.in-addr.arpa'.split('.'), type: 12, class: 1 })),
    ),
    udp(guest, GATEWAY, 123, ntp),
    udp(guest, GATEWAY, 67, dhcp(guest, 1)),
    udp(guest, GATEWAY, 67, dhcp(guest, 3)),
  ];
}

function dhcp(guest: FuzzGuest, type: number): Uint8Array {
  const none = { clientAddress: 0, yourAddress: 0, serverAddress: 0, relayAddress: 0 };
  const options = new Map([
    [53, Uint8Array.of(type)],
    [50, Uint8Array.of(10, 77, 0, 11)],
    [61, Uint8Array.of(1, 2, 3)],
    [55, Uint8Array.of(1, 3, 6, 15)],
  ]);
  const fixed = { operation: 1, transaction: 1, seconds: 0, broadcast: false, clientMac: mac(guest.mac) } as const;
  return serializeDhcp({ ...fixed, ...none, options });
}

/** An acknowledgement, bytes, and an end, as the other side of the segment's connection would send them. */
function answers(guest: FuzzGuest, destination: Ipv4Address, segment: TcpSegment): readonly Uint8Array[] {
  const { flags, sequence, payload } = segment;
  const length = payload.length + (flags & FLAG.syn ? 1 : 0) + (flags & FLAG.fin ? 1 : 0);
  const common = {
    sourcePort: segment.destinationPort,
    destinationPort: segment.sourcePort,
    sequence: segment.acknowledgment,
    acknowledgment: (sequence + length) >>> 0,
    window: 0x2000,
    mss: null,
    windowScale: null,
  };
  const answer = (kind: number, bytes: number): Uint8Array => {
    const whole = new Uint8Array(TCP_HEADER_BYTES + bytes).fill(0x61, TCP_HEADER_BYTES);
    writeTcp(whole, { ...common, flags: kind }, address(guest.address), destination);
    return ipv4(guest, { destination, protocol: PROTOCOL.tcp, payload: whole });
  };
  return [
    answer(FLAG.ack, 0),
    answer(FLAG.ack | FLAG.psh, 100),
    answer(FLAG.ack, 1400),
    answer(FLAG.ack | FLAG.fin, 0),
  ];
}

function tcp(guest: FuzzGuest, destination: number, flags: number): Uint8Array {
  const segment = Buffer.alloc(40);
  segment.writeUInt16BE(1234, 0);
  segment.writeUInt16BE(80, 2);
  segment.writeUInt32BE(1000, 4);
  segment[12] = 0x70;
  segment[13] = flags;
  segment.writeUInt16BE(0xffff, 14);
  // Options: MSS 1460, window scale 7.
  segment.set([2, 4, 5, 0xb4, 3, 3, 7, 0], 20);
  const pseudo = pseudoHeaderSum(address(guest.address), destination, 6, segment.length);
  segment.writeUInt16BE(internetChecksum(segment, pseudo), 16);
  return ipv4(guest, { destination, protocol: 6, payload: segment });
}

function unanswered(guest: FuzzGuest): readonly Uint8Array[] {
  const piece = new Uint8Array(64);
  const source = mac(guest.mac);
  return [
    udp(guest, GATEWAY, 9, Buffer.from('to the host')),
    udp(guest, OUTSIDE, 9, Buffer.from('to the outside')),
    udp(guest, GATEWAY, 53, serializeDns(dnsQuery(7, { name: ['www', 'example'], type: 1, class: 1 }))),
    ipv4(guest, { destination: GATEWAY, protocol: 17, payload: piece, moreFragments: true }),
    ipv4(guest, { destination: GATEWAY, protocol: 17, payload: piece, fragmentOffset: 64 }),
    ...[2, 16, 17, 4, 24].flatMap((flags) => [tcp(guest, GATEWAY, flags), tcp(guest, OUTSIDE, flags)]),
    serializeEthernet({ destination: 0x333300000001, source, type: ETHER_TYPE.ipv6, payload: new Uint8Array(60) }),
    serializeEthernet({ destination: BROADCAST_MAC, source, type: 0x8100, payload: new Uint8Array(60) }),
  ];
}
