/**
 * The time of the host for guests that ask by SNTP (RFC 5905).
 *
 * Invariant: stratum 10, so that a guest that also asks a better clock prefers that one. The host's own error is
 * not known here.
 */
import { NTP_MODE, ntpTime, serializeNtp, type NtpPacket } from './wire/ntp.ts';

const STRATUM = 10;
/** Log2 of the clock's precision in seconds: about a millisecond. */
const PRECISION = -10;
/** "LOCL": an uncalibrated local clock. */
const REFERENCE = 0x4c4f434c;

/** `wallMs` is the host's clock, milliseconds since 1970. @returns null where the packet is no question. */
export function answerNtp(packet: NtpPacket, wallMs: number): Uint8Array | null {
  if (packet.mode !== NTP_MODE.client || packet.version < 1 || packet.version > 4) return null;
  const now = ntpTime(wallMs);
  return serializeNtp({
    leap: 0,
    version: packet.version,
    mode: NTP_MODE.server,
    stratum: STRATUM,
    poll: packet.poll,
    precision: PRECISION,
    rootDelay: 0,
    rootDispersion: 0,
    reference: REFERENCE,
    referenceTime: now,
    originTime: packet.transmitTime,
    receiveTime: now,
    transmitTime: now,
  });
}
