/**
 * The addresses that a network's DHCP server gives: each VM its own, for as long as it is on that network.
 *
 * Invariant: no two VMs of a network have the same address; the gateway's is nobody's.
 */
import { isGuestAddress, parseSubnet, type Subnet } from '../../gateway/subnet.ts';
import { formatAddress, parseAddress } from '../../gateway/wire/ipv4.ts';

/** Addresses below this one in a network are left to people, where there is room. */
const FIRST_GUEST = 10;

/** @throws {RangeError} that says what is wrong with the subnet. */
export function subnetOf(text: string): Subnet {
  const subnet = parseSubnet(text);
  if ('error' in subnet) throw new RangeError(`${subnet.error}.`);
  return subnet;
}

/**
 * An address that nobody has: the one wanted where that is free.
 * @throws {RangeError} when the network is full.
 */
export function freeAddress(subnetText: string, taken: ReadonlySet<string>, wanted: string | null): string {
  const subnet = subnetOf(subnetText);
  const fits = (address: number): boolean => isGuestAddress(subnet, address) && !taken.has(formatAddress(address));
  const kept = wanted === null ? null : parseAddress(wanted);
  if (kept !== null && fits(kept)) return formatAddress(kept);
  for (const first of [subnet.network + FIRST_GUEST, subnet.gateway + 1]) {
    for (let address = first; address < subnet.broadcast; address += 1) {
      if (fits(address)) return formatAddress(address);
    }
  }
  throw new RangeError(`The network ${subnetText} is full: put the VM on another one ("network create").`);
}
