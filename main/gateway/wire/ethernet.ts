/**
 * Ethernet II frames without their checksum, and MAC addresses.
 *
 * Invariant: a parsed frame's payload is a view of the bytes given, which lie within FRAME_BYTES_MAX.
 */
import { viewOf } from './view.ts';

/** A MAC address as an unsigned 48-bit number: a key of maps, compared with `===`. */
export type MacAddress = number;

const ETHERNET_HEADER_BYTES = 14;
/** The longest frame anybody may send: an IPv4 packet of 64 KiB, and one VLAN tag. */
export const FRAME_BYTES_MAX = 0xffff + ETHERNET_HEADER_BYTES + 4;
export const BROADCAST_MAC: MacAddress = 0xffffffffffff;
export const NO_MAC: MacAddress = 0;

export const ETHER_TYPE = { ipv4: 0x0800, arp: 0x0806, rarp: 0x8035, ipv6: 0x86dd } as const;

export interface EthernetFrame {
  readonly destination: MacAddress;
  readonly source: MacAddress;
  readonly type: number;
  readonly payload: Uint8Array;
}

/** Six two-digit hexadecimal numbers with colons or dashes. @returns null for anything else. */
export function parseMac(text: string): MacAddress | null {
  if (!/^[0-9a-f]{2}(?<separator>[:-])(?:[0-9a-f]{2}\k<separator>){4}[0-9a-f]{2}$/i.test(text)) return null;
  return Number.parseInt(text.replaceAll(/[:-]/g, ''), 16);
}

export function formatMac(mac: MacAddress): string {
  const digits = mac.toString(16).padStart(12, '0');
  return (digits.match(/../g) ?? []).join(':');
}

/** The group bit: broadcast or multicast. */
export function isGroup(mac: MacAddress): boolean {
  return (Math.floor(mac / 2 ** 40) & 1) === 1;
}

export function readMac(view: DataView, at: number): MacAddress {
  return view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2);
}

export function writeMac(view: DataView, at: number, mac: MacAddress): void {
  view.setUint16(at, Math.floor(mac / 2 ** 32));
  view.setUint32(at + 2, mac % 2 ** 32);
}

/** @returns null for a frame that is too short, too long, or comes from a group address. */
export function parseEthernet(bytes: Uint8Array): EthernetFrame | null {
  if (bytes.length < ETHERNET_HEADER_BYTES || bytes.length > FRAME_BYTES_MAX) return null;
  const view = viewOf(bytes);
  const source = readMac(view, 6);
  if (isGroup(source)) return null;
  return {
    destination: readMac(view, 0),
    source,
    type: view.getUint16(12),
    payload: bytes.subarray(ETHERNET_HEADER_BYTES),
  };
}

export function serializeEthernet(frame: EthernetFrame): Uint8Array {
  const bytes = new Uint8Array(ETHERNET_HEADER_BYTES + frame.payload.length);
  const view = viewOf(bytes);
  writeMac(view, 0, frame.destination);
  writeMac(view, 6, frame.source);
  view.setUint16(12, frame.type);
  bytes.set(frame.payload, ETHERNET_HEADER_BYTES);
  return bytes;
}
