/**
 * ARP for IPv4 over Ethernet (RFC 826), and RARP (RFC 903), which has the same layout.
 *
 * Invariant: only this pairing of protocols is accepted; bytes behind the packet (Ethernet's padding) are ignored.
 */
import { ETHER_TYPE, readMac, writeMac, type MacAddress } from './ethernet.ts';
import type { Ipv4Address } from './ipv4.ts';
import { viewOf } from './view.ts';

const ARP_BYTES = 28;
/** The two of RARP stand in frames of type `ETHER_TYPE.rarp`. */
export const ARP_OPERATION = { request: 1, reply: 2, reverseRequest: 3, reverseReply: 4 } as const;
type ArpOperation = (typeof ARP_OPERATION)[keyof typeof ARP_OPERATION];

export interface ArpPacket {
  readonly operation: ArpOperation;
  readonly senderMac: MacAddress;
  readonly senderAddress: Ipv4Address;
  readonly targetMac: MacAddress;
  readonly targetAddress: Ipv4Address;
}

export function parseArp(bytes: Uint8Array): ArpPacket | null {
  if (bytes.length < ARP_BYTES) return null;
  const view = viewOf(bytes);
  const ethernet = view.getUint16(0) === 1 && view.getUint8(4) === 6;
  const ipv4 = view.getUint16(2) === ETHER_TYPE.ipv4 && view.getUint8(5) === 4;
  const operation = view.getUint16(6);
  if (!ethernet || !ipv4 || operation < ARP_OPERATION.request || operation > ARP_OPERATION.reverseReply) return null;
  return {
    operation: operation as ArpOperation,
    senderMac: readMac(view, 8),
    senderAddress: view.getUint32(14),
    targetMac: readMac(view, 18),
    targetAddress: view.getUint32(24),
  };
}

export function serializeArp(packet: ArpPacket): Uint8Array {
  const bytes = new Uint8Array(ARP_BYTES);
  const view = viewOf(bytes);
  view.setUint16(0, 1);
  view.setUint16(2, ETHER_TYPE.ipv4);
  view.setUint8(4, 6);
  view.setUint8(5, 4);
  view.setUint16(6, packet.operation);
  writeMac(view, 8, packet.senderMac);
  view.setUint32(14, packet.senderAddress);
  writeMac(view, 18, packet.targetMac);
  view.setUint32(24, packet.targetAddress);
  return bytes;
}
