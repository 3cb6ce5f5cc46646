/**
 * NTP and SNTP, version 3 and 4 (RFC 5905, section 7.3): the 48 bytes of the header; extensions are ignored.
 *
 * Invariant: timestamps are kept as they are on the wire, 32 bits of seconds since 1900 and 32 bits of fraction.
 */
import { viewOf } from './view.ts';

export const NTP_PORT = 123;
const NTP_BYTES = 48;
export const NTP_MODE = { client: 3, server: 4 } as const;
/** From 1900 to 1970. */
const UNIX_EPOCH_SECONDS = 2_208_988_800;

export interface NtpPacket {
  readonly leap: number;
  readonly version: number;
  readonly mode: number;
  readonly stratum: number;
  readonly poll: number;
  /** Power of two of seconds, signed. */
  readonly precision: number;
  readonly rootDelay: number;
  readonly rootDispersion: number;
  readonly reference: number;
  readonly referenceTime: bigint;
  readonly originTime: bigint;
  readonly receiveTime: bigint;
  readonly transmitTime: bigint;
}

/** Milliseconds since 1970 as a timestamp of NTP; it wraps in 2036, as the format says. */
export function ntpTime(wallMs: number): bigint {
  const seconds = Math.floor(wallMs / 1000);
  const fraction = Math.floor(((wallMs - seconds * 1000) / 1000) * 2 ** 32);
  return (BigInt((seconds + UNIX_EPOCH_SECONDS) % 2 ** 32) << 32n) | BigInt(fraction);
}

export function parseNtp(bytes: Uint8Array): NtpPacket | null {
  if (bytes.length < NTP_BYTES) return null;
  const view = viewOf(bytes);
  const first = view.getUint8(0);
  return {
    leap: first >> 6,
    version: (first >> 3) & 7,
    mode: first & 7,
    stratum: view.getUint8(1),
    poll: view.getUint8(2),
    precision: view.getInt8(3),
    rootDelay: view.getUint32(4),
    rootDispersion: view.getUint32(8),
    reference: view.getUint32(12),
    referenceTime: view.getBigUint64(16),
    originTime: view.getBigUint64(24),
    receiveTime: view.getBigUint64(32),
    transmitTime: view.getBigUint64(40),
  };
}

export function serializeNtp(packet: NtpPacket): Uint8Array {
  const bytes = new Uint8Array(NTP_BYTES);
  const view = viewOf(bytes);
  view.setUint8(0, (packet.leap << 6) | (packet.version << 3) | packet.mode);
  view.setUint8(1, packet.stratum);
  view.setUint8(2, packet.poll);
  view.setInt8(3, packet.precision);
  view.setUint32(4, packet.rootDelay);
  view.setUint32(8, packet.rootDispersion);
  view.setUint32(12, packet.reference);
  view.setBigUint64(16, packet.referenceTime);
  view.setBigUint64(24, packet.originTime);
  view.setBigUint64(32, packet.receiveTime);
  view.setBigUint64(40, packet.transmitTime);
  return bytes;
}
