/**
 * IPv4 (RFC 791): addresses, and packets without their meaning.
 *
 * Invariant: `parseIpv4` accepts a packet only with a correct header checksum and lengths that lie within its bytes;
 * it copies nothing, the payload is a view. Options are skipped when read and never written.
 */
import { internetChecksum } from './checksum.ts';

/** An address as an unsigned 32-bit number: 10.77.0.1 is 0x0a4d0001. */
export type Ipv4Address = number;

export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17 } as const;

export const IPV4_HEADER_BYTES = 20;
export const IPV4_PACKET_BYTES_MAX = 0xffff;
/** 255.255.255.255: everyone on this link. */
export const BROADCAST_ADDRESS: Ipv4Address = 0xffffffff;
/** 0.0.0.0: no address yet. */
export const NO_ADDRESS: Ipv4Address = 0;

export interface Ipv4Packet {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly protocol: number;
  readonly ttl: number;
  /** Identifies the fragments of one packet; 0 to 65535. */
  readonly identification: number;
  readonly dontFragment: boolean;
  readonly moreFragments: boolean;
  /** Where the payload stands in the whole packet's payload, in bytes; a multiple of 8. */
  readonly fragmentOffset: number;
  readonly payload: Uint8Array;
}

/** @returns null when the text is not four decimal numbers up to 255 with dots between them. */
export function parseAddress(text: string): Ipv4Address | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return null;
  const parts = match.slice(1).map(Number);
  if (parts.some((part) => part > 255)) return null;
  return parts.reduce((address, part) => address * 256 + part, 0);
}

export function formatAddress(address: Ipv4Address): string {
  return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255].join('.');
}

/** @returns null for what is not a whole, correct packet. Bytes behind it (Ethernet's padding) are ignored. */
export function parseIpv4(bytes: Uint8Array): Ipv4Packet | null {
  if (bytes.length < IPV4_HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = view.getUint8(0);
  const headerBytes = (first & 0xf) * 4;
  const length = view.getUint16(2);
  if (first >> 4 !== 4 || headerBytes < IPV4_HEADER_BYTES) return null;
  if (length < headerBytes || length > bytes.length) return null;
  if (internetChecksum(bytes.subarray(0, headerBytes)) !== 0) return null;
  const fragment = view.getUint16(6);
  const fragmentOffset = (fragment & 0x1fff) * 8;
  // A fragment that would end beyond the longest packet is the "ping of death".
  if (fragmentOffset + length > IPV4_PACKET_BYTES_MAX) return null;
  return {
    source: view.getUint32(12),
    destination: view.getUint32(16),
    protocol: view.getUint8(9),
    ttl: view.getUint8(8),
    identification: view.getUint16(4),
    dontFragment: (fragment & 0x4000) !== 0,
    moreFragments: (fragment & 0x2000) !== 0,
    fragmentOffset,
    payload: bytes.subarray(headerBytes, length),
  };
}

/** @throws {RangeError} when the packet would be longer than IPv4 allows: the caller's error. */
export function serializeIpv4(packet: Ipv4Packet): Uint8Array {
  const length = IPV4_HEADER_BYTES + packet.payload.length;
  if (length > IPV4_PACKET_BYTES_MAX) throw new RangeError(`an IPv4 packet cannot have ${length} bytes`);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  const flags = (packet.dontFragment ? 0x4000 : 0) | (packet.moreFragments ? 0x2000 : 0);
  view.setUint8(0, 0x45);
  view.setUint16(2, length);
  view.setUint16(4, packet.identification);
  view.setUint16(6, flags | (packet.fragmentOffset >> 3));
  view.setUint8(8, packet.ttl);
  view.setUint8(9, packet.protocol);
  view.setUint32(12, packet.source);
  view.setUint32(16, packet.destination);
  view.setUint16(10, internetChecksum(bytes.subarray(0, IPV4_HEADER_BYTES)));
  bytes.set(packet.payload, IPV4_HEADER_BYTES);
  return bytes;
}
