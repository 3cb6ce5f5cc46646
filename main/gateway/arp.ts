/**
 * The gateway's part in ARP: it answers for its own address. And the announcement of a guest that went live somewhere
 * else.
 *
 * Invariant: an address belongs to the VM whose configuration gives it, whatever anybody says; nothing is learned, so
 * nothing can be poisoned.
 */
import type { Subnet } from './subnet.ts';
import { ARP_OPERATION, parseArp, serializeArp } from './wire/arp.ts';
import {
  BROADCAST_MAC,
  ETHER_TYPE,
  NO_MAC,
  serializeEthernet,
  type EthernetFrame,
  type MacAddress,
} from './wire/ethernet.ts';
import { NO_ADDRESS, type Ipv4Address } from './wire/ipv4.ts';

/** The reply to an ARP frame that asks for the gateway, as a frame; null where none is due. `mac` is the gateway's. */
export function answerArp(frame: EthernetFrame, subnet: Subnet, mac: MacAddress): Uint8Array | null {
  const packet = parseArp(frame.payload);
  if (!packet || packet.senderMac !== frame.source) return null;
  if (packet.operation !== ARP_OPERATION.request || packet.targetAddress !== subnet.gateway) return null;
  const reply = {
    operation: ARP_OPERATION.reply,
    senderMac: mac,
    senderAddress: subnet.gateway,
    targetMac: packet.senderMac,
    targetAddress: packet.senderAddress,
  };
  const payload = serializeArp(reply);
  return serializeEthernet({ destination: packet.senderMac, source: mac, type: ETHER_TYPE.arp, payload });
}

/**
 * Says to everyone where `mac` is now (Scales et al., 2010, section 2.3): an ARP announcement (RFC 5227, section 2.3)
 * where the address is known, else a RARP request, which VMware and QEMU send.
 */
export function announcement(mac: MacAddress, address: Ipv4Address | null): Uint8Array {
  const packet =
    address === null
      ? {
          operation: ARP_OPERATION.reverseRequest,
          senderMac: mac,
          senderAddress: NO_ADDRESS,
          targetMac: mac,
          targetAddress: NO_ADDRESS,
        }
      : {
          operation: ARP_OPERATION.request,
          senderMac: mac,
          senderAddress: address,
          targetMac: NO_MAC,
          targetAddress: address,
        };
  const type = address === null ? ETHER_TYPE.rarp : ETHER_TYPE.arp;
  return serializeEthernet({ destination: BROADCAST_MAC, source: mac, type, payload: serializeArp(packet) });
}
