/**
 * Blocks of a pcapng file (IETF draft-ietf-opsawg-pcapng), little endian: what Wireshark and tshark read.
 *
 * Invariant: every block is a multiple of four bytes long and begins and ends with its length.
 */
const LINKTYPE_ETHERNET = 1;
const NANOSECONDS = 9;

/** The direction as seen from the captured interface. */
export type Direction = 'in' | 'out';

function padded(length: number): number {
  return (length + 3) & ~3;
}

function block(type: number, body: Uint8Array): Uint8Array {
  const length = 12 + body.length;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, length, true);
  bytes.set(body, 8);
  view.setUint32(length - 4, length, true);
  return bytes;
}

function option(code: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + padded(value.length));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, code, true);
  view.setUint16(2, value.length, true);
  bytes.set(value, 4);
  return bytes;
}

const END_OF_OPTIONS = new Uint8Array(4);

/** Begins a file. */
export function sectionHeader(application: string): Uint8Array {
  const fixed = Buffer.alloc(16);
  fixed.writeUInt32LE(0x1a2b3c4d, 0);
  fixed.writeUInt16LE(1, 4);
  // The section's length is not known beforehand.
  fixed.fill(0xff, 8);
  return block(0x0a0d0d0a, Buffer.concat([fixed, option(4, Buffer.from(application)), END_OF_OPTIONS]));
}

/** The one interface of the file. `snapLength` is the longest frame that is kept whole, in bytes. */
export function interfaceDescription(name: string, snapLength: number): Uint8Array {
  const fixed = Buffer.alloc(8);
  fixed.writeUInt16LE(LINKTYPE_ETHERNET, 0);
  fixed.writeUInt32LE(snapLength, 4);
  const options = [option(2, Buffer.from(name)), option(9, Uint8Array.of(NANOSECONDS)), END_OF_OPTIONS];
  return block(1, Buffer.concat([fixed, ...options]));
}

/** `timeNs` is nanoseconds since 1970. */
export function enhancedPacket(frame: Uint8Array, timeNs: bigint, direction: Direction): Uint8Array {
  const body = Buffer.alloc(20 + padded(frame.length) + 12);
  body.writeUInt32LE(Number(timeNs >> 32n), 4);
  body.writeUInt32LE(Number(timeNs & 0xffffffffn), 8);
  body.writeUInt32LE(frame.length, 12);
  body.writeUInt32LE(frame.length, 16);
  body.set(frame, 20);
  const optionsAt = 20 + padded(frame.length);
  // epb_flags: bits 0 and 1 are the direction.
  body.writeUInt16LE(2, optionsAt);
  body.writeUInt16LE(4, optionsAt + 2);
  body.writeUInt32LE(direction === 'in' ? 1 : 2, optionsAt + 4);
  return block(6, body);
}

/** Ends a file: how many frames were seen, and how many of them are missing. */
export function interfaceStatistics(timeNs: bigint, seen: number, dropped: number): Uint8Array {
  const fixed = Buffer.alloc(12);
  fixed.writeUInt32LE(Number(timeNs >> 32n), 4);
  fixed.writeUInt32LE(Number(timeNs & 0xffffffffn), 8);
  const counter = (value: number): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    return bytes;
  };
  const options = [option(4, counter(seen)), option(5, counter(dropped)), END_OF_OPTIONS];
  return block(5, Buffer.concat([fixed, ...options]));
}
