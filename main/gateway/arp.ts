/**
 * The gateway's part in ARP: it answers for its own address and learns who has which. And the announcement of a guest
 * that went live somewhere else.
 *
 * Invariants: the address of an attached VM is bound to its MAC address whatever anybody says; what is learned besides
 * is bounded.
 */
import { contains, type Subnet } from './subnet.ts';
import type { Stations } from './stations.ts';
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

/** Addresses learned, apart from those of the configuration. */
export const NEIGHBOURS_MAX = 256;

export class Neighbours {
  readonly #stations: Stations;
  readonly #subnet: Subnet;
  readonly #mac: MacAddress;
  readonly #learned = new Map<Ipv4Address, MacAddress>();

  constructor(stations: Stations, subnet: Subnet, mac: MacAddress) {
    this.#stations = stations;
    this.#subnet = subnet;
    this.#mac = mac;
  }

  /** The reply to an ARP frame, as a frame; null where none is due. */
  answer(frame: EthernetFrame): Uint8Array | null {
    const packet = parseArp(frame.payload);
    if (!packet || packet.senderMac !== frame.source) return null;
    this.learn(packet.senderAddress, packet.senderMac);
    if (packet.operation !== ARP_OPERATION.request || packet.targetAddress !== this.#subnet.gateway) return null;
    const reply = {
      operation: ARP_OPERATION.reply,
      senderMac: this.#mac,
      senderAddress: this.#subnet.gateway,
      targetMac: packet.senderMac,
      targetAddress: packet.senderAddress,
    };
    const payload = serializeArp(reply);
    return serializeEthernet({ destination: packet.senderMac, source: this.#mac, type: ETHER_TYPE.arp, payload });
  }

  /** May whoever has this MAC address send packets from this address? */
  mayUse(address: Ipv4Address, mac: MacAddress): boolean {
    if (!contains(this.#subnet, address)) return false;
    if (address === this.#subnet.gateway || address === this.#subnet.broadcast) return false;
    const owner = this.#stations.byAddress(address);
    return !owner || owner.mac === mac;
  }

  learn(address: Ipv4Address, mac: MacAddress): void {
    if (!this.mayUse(address, mac) || this.#stations.byAddress(address)) return;
    this.#learned.delete(address);
    if (this.#learned.size >= NEIGHBOURS_MAX) {
      const [oldest] = this.#learned.keys();
      if (oldest !== undefined) this.#learned.delete(oldest);
    }
    this.#learned.set(address, mac);
  }

  macOf(address: Ipv4Address): MacAddress | null {
    return this.#stations.byAddress(address)?.mac ?? this.#learned.get(address) ?? null;
  }

  /** The VM with this MAC address is gone. */
  forget(mac: MacAddress): void {
    for (const [address, owner] of this.#learned) if (owner === mac) this.#learned.delete(address);
  }
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
