/**
 * UDP (RFC 768). The checksum covers the addresses of the IPv4 packet, so both directions need them.
 *
 * Invariant: a checksum is always written, and one that is there must be right; 0 means that the sender made none.
 */
import { internetChecksum, pseudoHeaderSum } from './checksum.ts';
import { PROTOCOL, type Ipv4Address } from './ipv4.ts';
import { viewOf } from './view.ts';

const UDP_HEADER_BYTES = 8;
/** The longest payload that fits into an IPv4 packet. */
const UDP_PAYLOAD_BYTES_MAX = 0xffff - 20 - UDP_HEADER_BYTES;

export interface UdpDatagram {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

export function parseUdp(bytes: Uint8Array, source: Ipv4Address, destination: Ipv4Address): UdpDatagram | null {
  if (bytes.length < UDP_HEADER_BYTES) return null;
  const view = viewOf(bytes);
  const length = view.getUint16(4);
  if (length < UDP_HEADER_BYTES || length > bytes.length) return null;
  const whole = bytes.subarray(0, length);
  const initial = pseudoHeaderSum(source, destination, PROTOCOL.udp, length);
  if (view.getUint16(6) !== 0 && internetChecksum(whole, initial) !== 0) return null;
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    payload: whole.subarray(UDP_HEADER_BYTES),
  };
}

/** @throws {RangeError} when the payload is longer than UDP_PAYLOAD_BYTES_MAX: the caller's error. */
export function serializeUdp(datagram: UdpDatagram, source: Ipv4Address, destination: Ipv4Address): Uint8Array {
  const { payload } = datagram;
  if (payload.length > UDP_PAYLOAD_BYTES_MAX) throw new RangeError(`a datagram cannot carry ${payload.length} bytes`);
  const bytes = new Uint8Array(UDP_HEADER_BYTES + payload.length);
  const view = viewOf(bytes);
  view.setUint16(0, datagram.sourcePort);
  view.setUint16(2, datagram.destinationPort);
  view.setUint16(4, bytes.length);
  bytes.set(payload, UDP_HEADER_BYTES);
  const sum = internetChecksum(bytes, pseudoHeaderSum(source, destination, PROTOCOL.udp, bytes.length));
  // 0 would say that there is no checksum; in one's complement 0xffff is the same number.
  view.setUint16(6, sum === 0 ? 0xffff : sum);
  return bytes;
}
