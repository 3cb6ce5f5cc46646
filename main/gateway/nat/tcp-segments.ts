/**
 * Segments as packets: the bytes of a stream are copied once, from the send buffer to where the segment stands.
 *
 * Invariant: a packet is never written to again by us, whoever gets it may keep it. It may share its memory's block
 * with its neighbours.
 */
import type { SendBuffer } from '../tcp/send-buffer.ts';
import type { TransportPacket } from '../transport-layer.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import { FLAG, TCP_HEADER_BYTES, type TcpHeader, type TcpSegment, tcpHeaderBytes, writeTcp } from '../wire/tcp.ts';

const BLOCK_BYTES = 1 << 16;
/** Longer segments get memory of their own. */
const SHARED_BYTES_MAX = BLOCK_BYTES / 4;

export class SegmentWriter {
  #block = new Uint8Array(0);
  #used = 0;

  /** `length` bytes of `data` from `position` on, behind the header. */
  segment(
    header: Readonly<TcpHeader>,
    data: { readonly from: SendBuffer; readonly position: number; readonly length: number } | null,
    source: Ipv4Address,
    destination: Ipv4Address,
  ): TransportPacket {
    const start = tcpHeaderBytes(header);
    const payload = this.#allocate(start + (data?.length ?? 0));
    if (data && data.length > 0) data.from.copy(payload, start, data.position, data.length);
    writeTcp(payload, header, source, destination);
    return { source, destination, payload };
  }

  #allocate(bytes: number): Uint8Array {
    if (bytes > SHARED_BYTES_MAX) return new Uint8Array(bytes);
    if (this.#used + bytes > this.#block.length) {
      this.#block = new Uint8Array(BLOCK_BYTES);
      this.#used = 0;
    }
    this.#used += bytes;
    return this.#block.subarray(this.#used - bytes, this.#used);
  }
}

/**
 * What answers a segment that belongs to no connection (RFC 9293, section 3.10.7.1); null when nothing may: resets are
 * not answered.
 */
export function resetFor(segment: TcpSegment): TcpHeader | null {
  const { flags } = segment;
  if (flags & FLAG.rst) return null;
  const acknowledges = (flags & FLAG.ack) !== 0;
  const length = segment.payload.length + (flags & FLAG.syn ? 1 : 0) + (flags & FLAG.fin ? 1 : 0);
  return {
    sourcePort: segment.destinationPort,
    destinationPort: segment.sourcePort,
    sequence: acknowledges ? segment.acknowledgment : 0,
    acknowledgment: acknowledges ? 0 : (segment.sequence + length) >>> 0,
    flags: acknowledges ? FLAG.rst : FLAG.rst | FLAG.ack,
    window: 0,
    mss: null,
    windowScale: null,
  };
}

/** The longest payload of a segment that fits into an IP packet of `mtu` bytes. */
export function mssFor(mtu: number): number {
  return mtu - 20 - TCP_HEADER_BYTES;
}
