/**
 * TCP segments (RFC 9293, section 3.1): the header with the options that a handshake needs, and the bytes behind it.
 *
 * Invariant: `parseTcp` accepts a segment only with a correct checksum and lengths that lie within its bytes; it
 * copies nothing, the payload is a view. Options other than the maximum segment size and the window scale are skipped
 * when read and never written: selective acknowledgements and timestamps are thereby refused.
 */
import { internetChecksum, pseudoHeaderSum } from './checksum.ts';
import { type Ipv4Address, PROTOCOL } from './ipv4.ts';

export const TCP_HEADER_BYTES = 20;

export const FLAG = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 } as const;

/** RFC 7323, section 2.3: a greater shift is to be read as this. */
const WINDOW_SCALE_MAX = 14;

const OPTION = { end: 0, nothing: 1, mss: 2, windowScale: 3 } as const;
const MSS_OPTION_BYTES = 4;
/** Three bytes, and one before them that keeps the header a multiple of four. */
const WINDOW_SCALE_OPTION_BYTES = 4;

/** Not readonly: a connection fills the same one in for every segment. */
export interface TcpHeader {
  sourcePort: number;
  destinationPort: number;
  /** Unsigned 32 bits, as the next. */
  sequence: number;
  acknowledgment: number;
  /** A sum of `FLAG`s. */
  flags: number;
  /** As it stands on the wire: 16 bits, not scaled. */
  window: number;
  /** In bytes; null where the option is missing. Read and written with SYN only, as the next. */
  mss: number | null;
  /** The shift, 0 to 14. */
  windowScale: number | null;
}

export interface TcpSegment extends Readonly<TcpHeader> {
  readonly payload: Uint8Array;
}

/** @returns null for anything that is not a whole, correct segment between these addresses. */
export function parseTcp(bytes: Uint8Array, source: Ipv4Address, destination: Ipv4Address): TcpSegment | null {
  if (bytes.length < TCP_HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = (view.getUint8(12) >> 4) * 4;
  if (headerBytes < TCP_HEADER_BYTES || headerBytes > bytes.length) return null;
  if (internetChecksum(bytes, pseudoHeaderSum(source, destination, PROTOCOL.tcp, bytes.length)) !== 0) return null;
  const flags = view.getUint8(13) & 0x3f;
  const segment = {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    sequence: view.getUint32(4),
    acknowledgment: view.getUint32(8),
    flags,
    window: view.getUint16(14),
    mss: null,
    windowScale: null,
    payload: bytes.subarray(headerBytes),
  };
  if ((flags & FLAG.syn) === 0) return segment;
  return readOptions(bytes, headerBytes, segment) ? segment : null;
}

type Options = Pick<TcpHeader, 'mss' | 'windowScale'>;

/** @returns false when an option's length is wrong. */
function readOptions(bytes: Uint8Array, end: number, into: Options): boolean {
  let at = TCP_HEADER_BYTES;
  while (at < end) {
    const kind = bytes[at] ?? 0;
    if (kind === OPTION.end) return true;
    if (kind === OPTION.nothing) {
      at += 1;
      continue;
    }
    const length = at + 1 < end ? (bytes[at + 1] ?? 0) : 0;
    if (length < 2 || at + length > end) return false;
    if (kind === OPTION.mss) {
      if (length !== 4) return false;
      into.mss = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    } else if (kind === OPTION.windowScale) {
      if (length !== 3) return false;
      into.windowScale = Math.min(bytes[at + 2] ?? 0, WINDOW_SCALE_MAX);
    }
    at += length;
  }
  return true;
}

/** How many bytes the header takes with its options. */
export function tcpHeaderBytes({ flags, mss, windowScale }: Readonly<TcpHeader>): number {
  if ((flags & FLAG.syn) === 0) return TCP_HEADER_BYTES;
  return (
    TCP_HEADER_BYTES + (mss === null ? 0 : MSS_OPTION_BYTES) + (windowScale === null ? 0 : WINDOW_SCALE_OPTION_BYTES)
  );
}

/**
 * Writes the header and the checksum into the bytes of a whole segment, whose payload stands in its place already:
 * `tcpHeaderBytes` from the start.
 */
export function writeTcp(
  bytes: Uint8Array,
  header: Readonly<TcpHeader>,
  source: Ipv4Address,
  destination: Ipv4Address,
): void {
  const headerBytes = tcpHeaderBytes(header);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint16(0, header.sourcePort);
  view.setUint16(2, header.destinationPort);
  view.setUint32(4, header.sequence);
  view.setUint32(8, header.acknowledgment);
  view.setUint8(12, (headerBytes / 4) << 4);
  view.setUint8(13, header.flags);
  view.setUint16(14, header.window);
  view.setUint32(16, 0);
  if (headerBytes > TCP_HEADER_BYTES) writeOptions(view, header);
  view.setUint16(16, internetChecksum(bytes, pseudoHeaderSum(source, destination, PROTOCOL.tcp, bytes.length)));
}

function writeOptions(view: DataView, { mss, windowScale }: Options): void {
  let at = TCP_HEADER_BYTES;
  if (mss !== null) {
    view.setUint16(at, (OPTION.mss << 8) | MSS_OPTION_BYTES);
    view.setUint16(at + 2, mss);
    at += MSS_OPTION_BYTES;
  }
  if (windowScale !== null)
    view.setUint32(at, (OPTION.nothing << 24) | (OPTION.windowScale << 16) | 0x300 | windowScale);
}

export function serializeTcp(segment: TcpSegment, source: Ipv4Address, destination: Ipv4Address): Uint8Array {
  const headerBytes = tcpHeaderBytes(segment);
  const bytes = new Uint8Array(headerBytes + segment.payload.length);
  bytes.set(segment.payload, headerBytes);
  writeTcp(bytes, segment, source, destination);
  return bytes;
}
