/**
 * ICMP (RFC 792): type, code, four bytes whose meaning depends on them, and data.
 *
 * Invariant: a message with a wrong checksum is none.
 */
import { internetChecksum } from './checksum.ts';
import { viewOf } from './view.ts';

const ICMP_HEADER_BYTES = 8;
export const ICMP_TYPE = { echoReply: 0, unreachable: 3, echoRequest: 8, timeExceeded: 11 } as const;
/** Codes of `ICMP_TYPE.unreachable` (RFC 1812, section 5.2.7.1). */
export const UNREACHABLE = { host: 1, protocol: 2, port: 3, prohibited: 13 } as const;

export interface IcmpMessage {
  readonly type: number;
  readonly code: number;
  /** Bytes 4 to 7; for an echo its identifier and sequence number. */
  readonly rest: number;
  readonly payload: Uint8Array;
}

export function parseIcmp(bytes: Uint8Array): IcmpMessage | null {
  if (bytes.length < ICMP_HEADER_BYTES || internetChecksum(bytes) !== 0) return null;
  const view = viewOf(bytes);
  return {
    type: view.getUint8(0),
    code: view.getUint8(1),
    rest: view.getUint32(4),
    payload: bytes.subarray(ICMP_HEADER_BYTES),
  };
}

export function serializeIcmp(message: IcmpMessage): Uint8Array {
  const bytes = new Uint8Array(ICMP_HEADER_BYTES + message.payload.length);
  const view = viewOf(bytes);
  view.setUint8(0, message.type);
  view.setUint8(1, message.code);
  view.setUint32(4, message.rest);
  bytes.set(message.payload, ICMP_HEADER_BYTES);
  view.setUint16(2, internetChecksum(bytes));
  return bytes;
}
