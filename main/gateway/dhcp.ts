/**
 * The DHCP server (RFC 2131): every VM has one address, which its configuration gives it.
 *
 * Invariant: it keeps nothing but what the guests have accepted; there is no pool, so it cannot run out, and a VM gets
 * the same address for ever.
 */
import type { Station, Stations } from './stations.ts';
import { hostLabel } from './stations.ts';
import type { Subnet } from './subnet.ts';
import { DHCP_OPTION, DHCP_TYPE, type DhcpMessage } from './wire/dhcp.ts';
import type { MacAddress } from './wire/ethernet.ts';
import { NO_ADDRESS, type Ipv4Address } from './wire/ipv4.ts';

/** Half a day: a guest asks again after a quarter of a day. In seconds. */
const ETHERNET_MTU = 1500;
export const LEASE_SECONDS = 43_200;

export interface DhcpSettings {
  readonly subnet: Subnet;
  readonly domain: string;
  readonly mtu: number;
}

export class DhcpServer {
  readonly #stations: Stations;
  readonly #settings: DhcpSettings;
  readonly #acknowledged = new Set<MacAddress>();
  #declined = 0;

  constructor(stations: Stations, settings: DhcpSettings) {
    this.#stations = stations;
    this.#settings = settings;
  }

  /** How often a guest said that somebody else uses its address. */
  get declined(): number {
    return this.#declined;
  }

  /** Whether the guest has taken its address by DHCP. */
  hasLease(mac: MacAddress): boolean {
    return this.#acknowledged.has(mac);
  }

  forget(mac: MacAddress): void {
    this.#acknowledged.delete(mac);
  }

  /** `mac` is whom the frame came from. @returns null where no answer is due. */
  answer(message: DhcpMessage, mac: MacAddress): DhcpMessage | null {
    const station = this.#stations.byMac(mac);
    const type = message.options.get(DHCP_OPTION.messageType)?.[0];
    if (message.operation !== 1 || message.clientMac !== mac || !station || station.address === null) return null;
    switch (type) {
      case DHCP_TYPE.discover:
        return this.#reply(message, DHCP_TYPE.offer, station, station.address);
      case DHCP_TYPE.request:
        return this.#request(message, station, station.address);
      case DHCP_TYPE.inform:
        return this.#reply(message, DHCP_TYPE.ack, station, NO_ADDRESS);
      case DHCP_TYPE.decline:
        this.#declined += 1;
        this.#acknowledged.delete(mac);
        return null;
      case DHCP_TYPE.release:
        this.#acknowledged.delete(mac);
        return null;
      default:
        return null;
    }
  }

  /** RFC 2131, section 4.3.2: selecting, after a restart, renewing. */
  #request(message: DhcpMessage, station: Station, address: Ipv4Address): DhcpMessage | null {
    const server = addressOption(message, DHCP_OPTION.serverIdentifier);
    // It chose another server's offer.
    if (server !== null && server !== this.#settings.subnet.gateway) return null;
    const wanted = addressOption(message, DHCP_OPTION.requestedAddress) ?? message.clientAddress;
    if (wanted !== address) return this.#reply(message, DHCP_TYPE.nak, station, NO_ADDRESS);
    this.#acknowledged.add(station.mac);
    return this.#reply(message, DHCP_TYPE.ack, station, address);
  }

  #reply(message: DhcpMessage, type: number, station: Station, yourAddress: Ipv4Address): DhcpMessage {
    const nak = type === DHCP_TYPE.nak;
    const options = new Map<number, Uint8Array>([
      [DHCP_OPTION.messageType, Uint8Array.of(type)],
      [DHCP_OPTION.serverIdentifier, number32(this.#settings.subnet.gateway)],
    ]);
    if (nak) options.set(DHCP_OPTION.message, Buffer.from('this address is not yours'));
    else this.#describe(options, station, yourAddress !== NO_ADDRESS);
    // RFC 6842: a server says back which client it means.
    const client = message.options.get(DHCP_OPTION.clientIdentifier);
    if (client) options.set(DHCP_OPTION.clientIdentifier, client);
    return {
      operation: 2,
      transaction: message.transaction,
      seconds: 0,
      // A client whose address is refused cannot be reached at it.
      broadcast: message.broadcast || nak,
      clientAddress: nak ? NO_ADDRESS : message.clientAddress,
      yourAddress,
      serverAddress: NO_ADDRESS,
      relayAddress: NO_ADDRESS,
      clientMac: message.clientMac,
      options,
    };
  }

  #describe(options: Map<number, Uint8Array>, station: Station, leased: boolean): void {
    const { subnet, domain, mtu } = this.#settings;
    const gateway = number32(subnet.gateway);
    options.set(DHCP_OPTION.subnetMask, number32(subnet.mask));
    options.set(DHCP_OPTION.router, gateway);
    options.set(DHCP_OPTION.domainNameServer, gateway);
    options.set(DHCP_OPTION.broadcast, number32(subnet.broadcast));
    options.set(DHCP_OPTION.ntpServer, gateway);
    options.set(DHCP_OPTION.domainName, Buffer.from(domain));
    // A card that takes longer packets says so itself; another one must not be told to send them.
    if (mtu <= ETHERNET_MTU) options.set(DHCP_OPTION.mtu, Uint8Array.of(mtu >> 8, mtu & 0xff));
    const label = hostLabel(station.name);
    if (label !== '') options.set(DHCP_OPTION.hostName, Buffer.from(label));
    if (!leased) return;
    options.set(DHCP_OPTION.leaseTime, number32(LEASE_SECONDS));
    options.set(DHCP_OPTION.renewalTime, number32(LEASE_SECONDS / 2));
    options.set(DHCP_OPTION.rebindingTime, number32((LEASE_SECONDS / 8) * 7));
  }
}

function number32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

function addressOption(message: DhcpMessage, code: number): Ipv4Address | null {
  const value = message.options.get(code);
  if (value?.length !== 4) return null;
  return value.reduce((address, byte) => address * 256 + byte, 0);
}
