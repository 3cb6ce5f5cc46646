/**
 * The addresses of a virtual network, and what they are for.
 *
 * Invariant: the first address is the gateway's, the last the broadcast; all between them are for guests. The gateway's
 * address is the router, the DNS and NTP server, and, on every other port, the host's loopback.
 */
import { formatAddress, parseAddress, type Ipv4Address } from './wire/ipv4.ts';

export interface Subnet {
  /** The address with all host bits zero. */
  readonly network: Ipv4Address;
  readonly mask: Ipv4Address;
  readonly prefix: number;
  readonly gateway: Ipv4Address;
  readonly broadcast: Ipv4Address;
}

/** `10.77.0.0/24`; from /8, to leave the rest of the world, to /29, to leave five guests. Errors name the remedy. */
export function parseSubnet(text: string): Subnet | { readonly error: string } {
  const match = /^([\d.]+)\/(\d{1,2})$/.exec(text);
  const address = match ? parseAddress(match[1] ?? '') : null;
  if (!match || address === null) return { error: `${text} is no subnet: write it like 10.77.0.0/24` };
  const prefix = Number(match[2]);
  if (prefix < 8 || prefix > 29) return { error: `${text}: the prefix of a subnet is from /8 to /29` };
  const mask = (0xffffffff << (32 - prefix)) >>> 0;
  const network = (address & mask) >>> 0;
  const broadcast = (network | ~mask) >>> 0;
  if (network !== address)
    return { error: `${text}: the address has host bits, write ${formatAddress(network)}/${prefix}` };
  if (!isUnicast(network + 1)) return { error: `${text} is not for hosts: take one of 10.0.0.0/8 or 192.168.0.0/16` };
  return { network, mask, prefix, gateway: network + 1, broadcast };
}

export function contains(subnet: Subnet, address: Ipv4Address): boolean {
  return (address & subnet.mask) >>> 0 === subnet.network;
}

/** May this address be a guest's? */
export function isGuestAddress(subnet: Subnet, address: Ipv4Address): boolean {
  return contains(subnet, address) && address > subnet.gateway && address < subnet.broadcast;
}

/** An address of one host that can be beyond a router: not this host (0/8, 127/8), multicast, reserved or broadcast. */
export function isUnicast(address: Ipv4Address): boolean {
  const first = address >>> 24;
  return first !== 0 && first !== 127 && first < 224;
}

/** What the guests may reach through the built-in NAT, for UDP and TCP alike. */
export interface Reach {
  readonly subnet: Subnet;
  /** Whether the gateway's address stands for the host's loopback. */
  readonly hostLoopback: boolean;
}

/** Where a guest's packet to `destination` goes on the host; null when it goes nowhere. */
export function hostDestination(reach: Reach, destination: Ipv4Address): string | null {
  if (destination === reach.subnet.gateway) return reach.hostLoopback ? '127.0.0.1' : null;
  if (contains(reach.subnet, destination) || !isUnicast(destination)) return null;
  return formatAddress(destination);
}
