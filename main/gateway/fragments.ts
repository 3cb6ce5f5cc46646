/**
 * Fragments of IPv4 packets (RFC 791, section 3.2): put together when they come, made where a packet is too long.
 *
 * Invariants: at most PACKETS_MAX packets are in the making, of at most 64 KiB each; one that is not complete in time,
 * whose fragments overlap, or whose end is in doubt, is dropped (overlaps are an attack: RFC 5722 says so for IPv6).
 */
import { IPV4_HEADER_BYTES, IPV4_PACKET_BYTES_MAX, type Ipv4Packet } from './wire/ipv4.ts';

export const PACKETS_MAX = 16;
/** How long the fragments of a packet are waited for, in milliseconds. */
export const REASSEMBLY_MS = 5000;
/** A packet of 64 KiB over the smallest link (576 bytes) comes in less than 120 pieces. */
const PIECES_MAX = 128;

interface Making {
  readonly startedAt: number;
  readonly pieces: Ipv4Packet[];
  bytes: number;
  /** The payload's length, known when the last fragment came. */
  length: number | null;
}

export class Reassembly {
  readonly #making = new Map<string, Making>();
  #dropped = 0;

  /** Packets that never became whole. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @returns the whole packet, when this was its last missing piece or it was whole to begin with. */
  add(packet: Ipv4Packet, nowMs: number): Ipv4Packet | null {
    if (!packet.moreFragments && packet.fragmentOffset === 0) return packet;
    this.#expire(nowMs);
    const key = `${packet.source} ${packet.destination} ${packet.protocol} ${packet.identification}`;
    const making = this.#making.get(key) ?? this.#begin(key, nowMs);
    if (!insert(making, packet)) {
      this.#making.delete(key);
      this.#dropped += 1;
      return null;
    }
    if (making.length === null || making.bytes < making.length) return null;
    this.#making.delete(key);
    return whole(making.pieces, making.length);
  }

  #begin(key: string, nowMs: number): Making {
    if (this.#making.size >= PACKETS_MAX) {
      const [oldest] = this.#making.keys();
      if (oldest !== undefined) this.#making.delete(oldest);
      this.#dropped += 1;
    }
    const making: Making = { startedAt: nowMs, pieces: [], bytes: 0, length: null };
    this.#making.set(key, making);
    return making;
  }

  #expire(nowMs: number): void {
    for (const [key, { startedAt }] of this.#making) {
      if (nowMs - startedAt <= REASSEMBLY_MS) break;
      this.#making.delete(key);
      this.#dropped += 1;
    }
  }
}

/** @returns false when the piece does not fit to the others. */
function insert(making: Making, piece: Ipv4Packet): boolean {
  const { fragmentOffset: start, moreFragments, payload } = piece;
  const end = start + payload.length;
  if (payload.length === 0 || (moreFragments && payload.length % 8 !== 0)) return false;
  if (making.pieces.length >= PIECES_MAX) return false;
  if (!moreFragments) {
    if (making.length !== null) return false;
    making.length = end;
  }
  const overlaps = making.pieces.some((other) => {
    const otherEnd = other.fragmentOffset + other.payload.length;
    return start < otherEnd && other.fragmentOffset < end;
  });
  const beyond = making.pieces.some(
    (other) => other.fragmentOffset + other.payload.length > (making.length ?? Infinity),
  );
  if (overlaps || beyond || end > (making.length ?? Infinity)) return false;
  // A copy: the frame it came in may be a view of a large buffer, which must not live on for a few bytes.
  making.pieces.push({ ...piece, payload: piece.payload.slice() });
  making.bytes += payload.length;
  return true;
}

function whole(pieces: readonly Ipv4Packet[], length: number): Ipv4Packet | null {
  const first = pieces.find(({ fragmentOffset }) => fragmentOffset === 0);
  if (!first || length > IPV4_PACKET_BYTES_MAX - IPV4_HEADER_BYTES) return null;
  const payload = new Uint8Array(length);
  for (const piece of pieces) payload.set(piece.payload, piece.fragmentOffset);
  return { ...first, moreFragments: false, fragmentOffset: 0, payload };
}

/** The packet itself where it fits into `mtu` bytes, else its fragments. */
export function fragment(packet: Ipv4Packet, mtu: number): Ipv4Packet[] {
  if (IPV4_HEADER_BYTES + packet.payload.length <= mtu) return [packet];
  const bytes = (mtu - IPV4_HEADER_BYTES) & ~7;
  const fragments: Ipv4Packet[] = [];
  for (let at = 0; at < packet.payload.length; at += bytes) {
    const payload = packet.payload.subarray(at, at + bytes);
    fragments.push({ ...packet, fragmentOffset: at, moreFragments: at + bytes < packet.payload.length, payload });
  }
  return fragments;
}
