/**
 * DHCP messages (RFC 2131) and their options (RFC 2132).
 *
 * Invariant: options lie within the message; one that comes in parts is put together (RFC 3396), so a parsed message
 * holds no more bytes than it came with. The fields `sname` and `file` are neither read nor written.
 */
import { readMac, writeMac, type MacAddress } from './ethernet.ts';
import type { Ipv4Address } from './ipv4.ts';
import { viewOf } from './view.ts';

export const DHCP_SERVER_PORT = 67;
export const DHCP_CLIENT_PORT = 68;
const OPTIONS_AT = 240;
const COOKIE = 0x63825363;
/** What BOOTP relays and old clients expect at least (RFC 1542, section 2.1). */
const MESSAGE_BYTES_MIN = 300;
const OPTION_BYTES_MAX = 255;
const PAD = 0;
const END = 255;

export const DHCP_TYPE = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const;

export const DHCP_OPTION = {
  subnetMask: 1,
  router: 3,
  domainNameServer: 6,
  hostName: 12,
  domainName: 15,
  mtu: 26,
  broadcast: 28,
  ntpServer: 42,
  requestedAddress: 50,
  leaseTime: 51,
  messageType: 53,
  serverIdentifier: 54,
  message: 56,
  renewalTime: 58,
  rebindingTime: 59,
  clientIdentifier: 61,
} as const;

export interface DhcpMessage {
  /** 1 from a client, 2 from a server. */
  readonly operation: 1 | 2;
  readonly transaction: number;
  readonly seconds: number;
  /** The client cannot receive unicast yet. */
  readonly broadcast: boolean;
  readonly clientAddress: Ipv4Address;
  readonly yourAddress: Ipv4Address;
  readonly serverAddress: Ipv4Address;
  readonly relayAddress: Ipv4Address;
  readonly clientMac: MacAddress;
  readonly options: ReadonlyMap<number, Uint8Array>;
}

export function parseDhcp(bytes: Uint8Array): DhcpMessage | null {
  if (bytes.length < OPTIONS_AT) return null;
  const view = viewOf(bytes);
  const operation = view.getUint8(0);
  const ethernet = view.getUint8(1) === 1 && view.getUint8(2) === 6;
  if ((operation !== 1 && operation !== 2) || !ethernet || view.getUint32(236) !== COOKIE) return null;
  const options = parseOptions(bytes.subarray(OPTIONS_AT));
  if (!options) return null;
  return {
    operation,
    transaction: view.getUint32(4),
    seconds: view.getUint16(8),
    broadcast: (view.getUint16(10) & 0x8000) !== 0,
    clientAddress: view.getUint32(12),
    yourAddress: view.getUint32(16),
    serverAddress: view.getUint32(20),
    relayAddress: view.getUint32(24),
    clientMac: readMac(view, 28),
    options,
  };
}

function parseOptions(bytes: Uint8Array): Map<number, Uint8Array> | null {
  const parts = new Map<number, Uint8Array[]>();
  let at = 0;
  while (at < bytes.length) {
    const code = bytes[at] ?? END;
    at += 1;
    if (code === END) break;
    if (code === PAD) continue;
    const length = bytes[at];
    if (length === undefined || at + 1 + length > bytes.length) return null;
    const value = bytes.subarray(at + 1, at + 1 + length);
    const before = parts.get(code);
    if (before) before.push(value);
    else parts.set(code, [value]);
    at += 1 + length;
  }
  return new Map([...parts].map(([code, values]) => [code, joined(values)]));
}

function joined(values: readonly Uint8Array[]): Uint8Array {
  const [first] = values;
  if (first && values.length === 1) return first;
  const whole = new Uint8Array(values.reduce((sum, value) => sum + value.length, 0));
  let at = 0;
  for (const value of values) {
    whole.set(value, at);
    at += value.length;
  }
  return whole;
}

export function serializeDhcp(message: DhcpMessage): Uint8Array {
  const options = [...message.options].flatMap(([code, value]) => serializeOption(code, value));
  const bytes = new Uint8Array(Math.max(MESSAGE_BYTES_MIN, OPTIONS_AT + options.length + 1));
  const view = viewOf(bytes);
  view.setUint8(0, message.operation);
  view.setUint8(1, 1);
  view.setUint8(2, 6);
  view.setUint32(4, message.transaction);
  view.setUint16(8, message.seconds);
  view.setUint16(10, message.broadcast ? 0x8000 : 0);
  view.setUint32(12, message.clientAddress);
  view.setUint32(16, message.yourAddress);
  view.setUint32(20, message.serverAddress);
  view.setUint32(24, message.relayAddress);
  writeMac(view, 28, message.clientMac);
  view.setUint32(236, COOKIE);
  bytes.set(options, OPTIONS_AT);
  bytes[OPTIONS_AT + options.length] = END;
  return bytes;
}

/** A value beyond 255 bytes takes several options of the same code. */
function serializeOption(code: number, value: Uint8Array): number[] {
  const bytes: number[] = [];
  let at = 0;
  do {
    const part = value.subarray(at, at + OPTION_BYTES_MAX);
    bytes.push(code, part.length, ...part);
    at += OPTION_BYTES_MAX;
  } while (at < value.length);
  return bytes;
}
