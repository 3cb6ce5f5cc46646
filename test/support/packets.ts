/**
 * Random protocol messages for property tests and the fuzzer: each codec with an arbitrary of what it can carry.
 *
 * Invariant: what is drawn here is valid, so that a round trip must give it back.
 */
import fc from 'fast-check';
import { parseArp, serializeArp, type ArpPacket } from '../../main/gateway/wire/arp.ts';
import { parseDhcp, serializeDhcp, type DhcpMessage } from '../../main/gateway/wire/dhcp.ts';
import { parseDns, serializeDns, type DnsMessage } from '../../main/gateway/wire/dns.ts';
import { parseEthernet, serializeEthernet, type EthernetFrame } from '../../main/gateway/wire/ethernet.ts';
import { parseIcmp, serializeIcmp, type IcmpMessage } from '../../main/gateway/wire/icmp.ts';
import { parseIpv4, serializeIpv4, type Ipv4Packet } from '../../main/gateway/wire/ipv4.ts';
import { parseNtp, serializeNtp, type NtpPacket } from '../../main/gateway/wire/ntp.ts';
import { parseUdp, serializeUdp, type UdpDatagram } from '../../main/gateway/wire/udp.ts';

/** One protocol: what it carries, and the pair that must be each other's inverse. */
export interface Codec {
  readonly name: string;
  readonly message: fc.Arbitrary<unknown>;
  readonly serialize: (message: never) => Uint8Array;
  readonly parse: (bytes: Uint8Array) => unknown;
}

const bits = (count: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** count - 1 });
const anyAddress = bits(32);
const anyMac = fc.tuple(bits(16), bits(32)).map(([high, low]) => high * 2 ** 32 + low);
/** Without the group bit. */
const hostMac = anyMac.map((value) => value - (Math.floor(value / 2 ** 40) & 1) * 2 ** 40);
const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });

const ethernet: fc.Arbitrary<EthernetFrame> = fc.record({
  destination: anyMac,
  source: hostMac,
  type: bits(16),
  payload: bytes(200),
});
const arp: fc.Arbitrary<ArpPacket> = fc.record({
  operation: fc.constantFrom(1, 2, 3, 4),
  senderMac: anyMac,
  senderAddress: anyAddress,
  targetMac: anyMac,
  targetAddress: anyAddress,
});
const ipv4: fc.Arbitrary<Ipv4Packet> = fc.record({
  source: anyAddress,
  destination: anyAddress,
  protocol: bits(8),
  ttl: bits(8),
  identification: bits(16),
  dontFragment: fc.boolean(),
  moreFragments: fc.boolean(),
  fragmentOffset: fc.integer({ min: 0, max: 8000 }).map((value) => value * 8),
  payload: bytes(200),
});
const icmp: fc.Arbitrary<IcmpMessage> = fc.record({
  type: bits(8),
  code: bits(8),
  rest: bits(32),
  payload: bytes(100),
});
const udp: fc.Arbitrary<UdpDatagram> = fc.record({
  sourcePort: bits(16),
  destinationPort: bits(16),
  payload: bytes(200),
});
const dhcp: fc.Arbitrary<DhcpMessage> = fc.record({
  operation: fc.constantFrom(1, 2),
  transaction: bits(32),
  seconds: bits(16),
  broadcast: fc.boolean(),
  clientAddress: anyAddress,
  yourAddress: anyAddress,
  serverAddress: anyAddress,
  relayAddress: anyAddress,
  clientMac: anyMac,
  options: fc
    .array(fc.tuple(fc.integer({ min: 1, max: 254 }), bytes(600)), { maxLength: 6 })
    .map((all) => new Map(all)),
});
const label = fc.uint8Array({ minLength: 1, maxLength: 20 }).map((all) => String.fromCharCode(...all));
const question = fc.record({ name: fc.array(label, { maxLength: 6 }), type: bits(16), class: bits(16) });
const record = fc.record({
  name: fc.array(fc.constantFrom('a', 'b', 'example', 'com'), { maxLength: 4 }),
  type: bits(16),
  class: bits(16),
  ttl: bits(32),
  data: bytes(40),
});
const records = fc.array(record, { maxLength: 3 });
const dns: fc.Arbitrary<DnsMessage> = fc.record({
  id: bits(16),
  response: fc.boolean(),
  opcode: bits(4),
  authoritative: fc.boolean(),
  truncated: fc.boolean(),
  recursionDesired: fc.boolean(),
  recursionAvailable: fc.boolean(),
  code: bits(4),
  questions: fc.array(question, { maxLength: 3 }),
  answers: records,
  authorities: records,
  additionals: records,
});
const bits64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const ntp: fc.Arbitrary<NtpPacket> = fc.record({
  leap: bits(2),
  version: bits(3),
  mode: bits(3),
  stratum: bits(8),
  poll: bits(8),
  precision: fc.integer({ min: -128, max: 127 }),
  rootDelay: bits(32),
  rootDispersion: bits(32),
  reference: bits(32),
  referenceTime: bits64,
  originTime: bits64,
  receiveTime: bits64,
  transmitTime: bits64,
});

const SOURCE = 0x0a4d000a;
const DESTINATION = 0x0a4d0001;

export const CODECS: readonly Codec[] = [
  { name: 'Ethernet', message: ethernet, serialize: serializeEthernet, parse: parseEthernet },
  { name: 'ARP', message: arp, serialize: serializeArp, parse: parseArp },
  { name: 'IPv4', message: ipv4, serialize: serializeIpv4, parse: parseIpv4 },
  { name: 'ICMP', message: icmp, serialize: serializeIcmp, parse: parseIcmp },
  {
    name: 'UDP',
    message: udp,
    serialize: (datagram) => serializeUdp(datagram, SOURCE, DESTINATION),
    parse: (all) => parseUdp(all, SOURCE, DESTINATION),
  },
  { name: 'DHCP', message: dhcp, serialize: serializeDhcp, parse: parseDhcp },
  { name: 'DNS', message: dns, serialize: serializeDns, parse: parseDns },
  { name: 'NTP', message: ntp, serialize: serializeNtp, parse: parseNtp },
];
