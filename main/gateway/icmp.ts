/**
 * The gateway's part in ICMP: it answers echo requests to itself, and says why a packet went nowhere.
 *
 * Invariants: no error is sent about an error, a broadcast or a fragment (RFC 1122, section 3.2.2); errors are limited
 * to ERRORS_PER_SECOND. A ping to the outside is answered with "administratively prohibited": a process without
 * privileges cannot send one, and an answer of our own would be a lie.
 */
import type { Subnet } from './subnet.ts';
import { ICMP_TYPE, parseIcmp, serializeIcmp, UNREACHABLE } from './wire/icmp.ts';
import { IPV4_HEADER_BYTES, PROTOCOL, serializeIpv4, type Ipv4Address, type Ipv4Packet } from './wire/ipv4.ts';

const ERRORS_PER_SECOND = 100;
/** Of the packet that an error is about: its header and the first eight bytes behind it. */
const QUOTED_BYTES = IPV4_HEADER_BYTES + 8;

export interface IcmpError {
  readonly type: number;
  readonly code: number;
}
export const PORT_UNREACHABLE: IcmpError = { type: ICMP_TYPE.unreachable, code: UNREACHABLE.port };
export const PROTOCOL_UNREACHABLE: IcmpError = { type: ICMP_TYPE.unreachable, code: UNREACHABLE.protocol };
export const HOST_UNREACHABLE: IcmpError = { type: ICMP_TYPE.unreachable, code: UNREACHABLE.host };
export const PROHIBITED: IcmpError = { type: ICMP_TYPE.unreachable, code: UNREACHABLE.prohibited };
export const TIME_EXCEEDED: IcmpError = { type: ICMP_TYPE.timeExceeded, code: 0 };

/** An ICMP message on its way: the payload of an IPv4 packet. */
export interface IcmpReply {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly payload: Uint8Array;
}

export class IcmpService {
  readonly #subnet: Subnet;
  #allowance = ERRORS_PER_SECOND;
  #allowanceAt = 0;

  constructor(subnet: Subnet) {
    this.#subnet = subnet;
  }

  /** The answer to an ICMP packet that came to the gateway, or was to be routed. */
  answer(packet: Ipv4Packet, nowMs: number): IcmpReply | null {
    const message = parseIcmp(packet.payload);
    if (message?.type !== ICMP_TYPE.echoRequest) return null;
    if (packet.destination !== this.#subnet.gateway) return this.error(packet, PROHIBITED, nowMs);
    const payload = serializeIcmp({ ...message, type: ICMP_TYPE.echoReply, code: 0 });
    return { source: packet.destination, destination: packet.source, payload };
  }

  /** Tells the sender of `packet` that it did not arrive; null where that must not be said, or not so often. */
  error(packet: Ipv4Packet, error: IcmpError, nowMs: number): IcmpReply | null {
    if (packet.destination === this.#subnet.broadcast || packet.destination >>> 28 >= 14) return null;
    if (packet.protocol === PROTOCOL.icmp && parseIcmp(packet.payload)?.type !== ICMP_TYPE.echoRequest) return null;
    if (!this.#allowed(nowMs)) return null;
    const quoted = serializeIpv4(packet).subarray(0, QUOTED_BYTES);
    const payload = serializeIcmp({ ...error, rest: 0, payload: quoted });
    return { source: this.#subnet.gateway, destination: packet.source, payload };
  }

  #allowed(nowMs: number): boolean {
    const gained = ((nowMs - this.#allowanceAt) / 1000) * ERRORS_PER_SECOND;
    this.#allowance = Math.min(ERRORS_PER_SECOND, this.#allowance + Math.max(0, gained));
    this.#allowanceAt = nowMs;
    if (this.#allowance < 1) return false;
    this.#allowance -= 1;
    return true;
  }
}
