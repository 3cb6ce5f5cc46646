/**
 * Who is on a virtual network: the VMs that are attached, found by name, address or MAC address.
 *
 * Invariant: no two have the same MAC address or the same address; a name belongs to whoever had it first.
 */
import { BROADCAST_MAC, isGroup, NO_MAC, type MacAddress } from './wire/ethernet.ts';
import { formatAddress, type Ipv4Address } from './wire/ipv4.ts';

export interface Station {
  readonly vm: string;
  /** As people call it. */
  readonly name: string;
  readonly mac: MacAddress;
  /** The one DHCP gives it; null on a network with an uplink, where somebody else does. */
  readonly address: Ipv4Address | null;
}

/** A VM's name as a label of DNS (RFC 1123): lower case letters, digits, dashes within. Empty when nothing is left. */
export function hostLabel(name: string): string {
  const dashed = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return dashed.slice(0, 63).replaceAll(/^-|-$/g, '');
}

export class Stations {
  readonly #byVm = new Map<string, Station>();
  readonly #byMac = new Map<MacAddress, Station>();
  readonly #byAddress = new Map<Ipv4Address, Station>();

  /** @returns what is wrong with it and what to do, or null when it was added. */
  add(station: Station): string | null {
    const { vm, name, mac, address } = station;
    if (isGroup(mac) || mac === NO_MAC || mac === BROADCAST_MAC)
      return `${name}: its MAC address is not one of a single host`;
    const twin = this.#byMac.get(mac);
    if (twin) return `${name} has the MAC address of ${twin.name}: give one of them another`;
    const other = address === null ? undefined : this.#byAddress.get(address);
    if (other && address !== null)
      return `${name}: ${formatAddress(address)} belongs to ${other.name}, choose another address`;
    this.#byVm.set(vm, station);
    this.#byMac.set(mac, station);
    if (address !== null) this.#byAddress.set(address, station);
    return null;
  }

  remove(vm: string): void {
    const station = this.#byVm.get(vm);
    if (!station) return;
    this.#byVm.delete(vm);
    this.#byMac.delete(station.mac);
    if (station.address !== null) this.#byAddress.delete(station.address);
  }

  get(vm: string): Station | undefined {
    return this.#byVm.get(vm);
  }

  byMac(mac: MacAddress): Station | undefined {
    return this.#byMac.get(mac);
  }

  byAddress(address: Ipv4Address): Station | undefined {
    return this.#byAddress.get(address);
  }

  byLabel(label: string): Station | undefined {
    const wanted = label.toLowerCase();
    return [...this.#byVm.values()].find(({ name }) => hostLabel(name) === wanted);
  }
}
