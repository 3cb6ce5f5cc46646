/**
 * Addresses from texts, and a question of DNS: what tests and the fuzzer write often.
 *
 * Invariant: a text that is no address is the test's error and throws.
 */
import type { DnsMessage } from '../../main/gateway/wire/dns.ts';
import { parseMac, type MacAddress } from '../../main/gateway/wire/ethernet.ts';
import { parseAddress, type Ipv4Address } from '../../main/gateway/wire/ipv4.ts';

export function address(text: string): Ipv4Address {
  const parsed = parseAddress(text);
  if (parsed === null) throw new Error(`no address: ${text}`);
  return parsed;
}

export function mac(text: string): MacAddress {
  const parsed = parseMac(text);
  if (parsed === null) throw new Error(`no MAC address: ${text}`);
  return parsed;
}

/** An address that is no VM's and no gateway's. */
export const OUTSIDE = address('203.0.113.9');

export function dnsQuery(id: number, question: DnsMessage['questions'][number]): DnsMessage {
  return {
    id,
    response: false,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: false,
    code: 0,
    questions: [question],
    answers: [],
    authorities: [],
    additionals: [],
  };
}
