/**
 * Addresses and names of the web door: which reach only this computer, and which count as one client.
 *
 * Invariant: only an address counts as loopback, never a name that looks like one.
 */
import net from 'node:net';

/** An IPv4 client of a socket that listens on IPv6. */
const MAPPED = /^::ffff:(?=\d+\.)/i;
/** Of an IPv6 address these groups are a network's; its user has all addresses in it. */
const NETWORK_GROUPS = 4;
const GROUPS = 8;

/** True for addresses, and the one name, that only this computer can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (net.isIPv4(host) && host.startsWith('127.'));
}

/** Who a client is, for limits: its IPv4 address, or the network (/64) of its IPv6 address. */
export function clientOf(remoteAddress: string | undefined): string {
  const address = (remoteAddress ?? '').replace(MAPPED, '').replace(/%.*$/, '');
  if (!net.isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const [before, after] = [head, tail ?? ''].map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = tail === undefined ? 0 : GROUPS - (before?.length ?? 0) - (after?.length ?? 0);
  const groups = [...(before ?? []), ...Array.from({ length: zeros }, () => '0'), ...(after ?? [])];
  return `${groups.slice(0, NETWORK_GROUPS).join(':')}::/64`;
}

/** The host of a `Host` header, without its port. */
export function hostName(header: string): string {
  const name = header.startsWith('[') ? header.slice(1, header.indexOf(']')) : (header.split(':')[0] ?? '');
  return name.toLowerCase();
}
