/**
 * What a replica and the gateway say to each other over their link, as bytes (little endian).
 *
 * Invariants: a decoder accepts exactly what an encoder makes and returns null for all else; data are views, bounded
 * by LINK_FRAME_BYTES_MAX on both sides.
 */

/** The longest Ethernet frame a link carries, in bytes: an IPv4 packet of 64 KiB, its header, and one VLAN tag. */
export const LINK_FRAME_BYTES_MAX = 0xffff + 14 + 4;

export type ToGatewayFrame =
  /** A frame of the guest that has passed the output gate, with its position in the guest's life. */
  | { readonly kind: 'frame'; readonly epoch: number; readonly index: number; readonly data: Uint8Array }
  /** The sender is the primary of this generation from now on: frames to the guest go to it. */
  | { readonly kind: 'live'; readonly generation: number };

export type ToReplicaFrame =
  /** For the guest. */
  | { readonly kind: 'frame'; readonly data: Uint8Array }
  /** The frame at this position and all before it have arrived. */
  | { readonly kind: 'confirm'; readonly epoch: number; readonly index: number };

const FRAME = 1;
const LIVE = 2;
const CONFIRM = 3;
const POSITION_BYTES = 13;
const LIVE_BYTES = 9;

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** A kind, an epoch as a double (exact up to 2^53), and an index of 32 bits; room for data behind it. */
function positioned(kind: number, epoch: number, index: number, dataBytes: number): Uint8Array {
  if (!isCount(epoch) || !isCount(index) || index > 0xffffffff) throw new RangeError(`no position: ${epoch}, ${index}`);
  const bytes = new Uint8Array(POSITION_BYTES + dataBytes);
  bytes[0] = kind;
  view(bytes).setFloat64(1, epoch, true);
  view(bytes).setUint32(9, index, true);
  return bytes;
}

function position(bytes: Uint8Array): { epoch: number; index: number } | null {
  const epoch = view(bytes).getFloat64(1, true);
  return isCount(epoch) && !Object.is(epoch, -0) ? { epoch, index: view(bytes).getUint32(9, true) } : null;
}

function checkLength(data: Uint8Array): void {
  if (data.length > LINK_FRAME_BYTES_MAX) throw new RangeError(`a frame cannot have ${data.length} bytes`);
}

/** @throws {RangeError} for a frame that is too long or a number that is no count: the caller's error. */
export function encodeToGateway(message: ToGatewayFrame): Uint8Array {
  if (message.kind === 'live') {
    if (!isCount(message.generation)) throw new RangeError(`no generation: ${message.generation}`);
    const bytes = new Uint8Array(LIVE_BYTES);
    bytes[0] = LIVE;
    view(bytes).setFloat64(1, message.generation, true);
    return bytes;
  }
  checkLength(message.data);
  const bytes = positioned(FRAME, message.epoch, message.index, message.data.length);
  bytes.set(message.data, POSITION_BYTES);
  return bytes;
}

export function decodeToGateway(bytes: Uint8Array): ToGatewayFrame | null {
  if (bytes[0] === LIVE && bytes.length === LIVE_BYTES) {
    const generation = view(bytes).getFloat64(1, true);
    return isCount(generation) && !Object.is(generation, -0) ? { kind: 'live', generation } : null;
  }
  if (bytes[0] !== FRAME || bytes.length < POSITION_BYTES || bytes.length > POSITION_BYTES + LINK_FRAME_BYTES_MAX) {
    return null;
  }
  const at = position(bytes);
  return at && { kind: 'frame', ...at, data: bytes.subarray(POSITION_BYTES) };
}

/** @throws {RangeError} as `encodeToGateway`. */
export function encodeToReplica(message: ToReplicaFrame): Uint8Array {
  if (message.kind === 'confirm') return positioned(CONFIRM, message.epoch, message.index, 0);
  checkLength(message.data);
  const bytes = new Uint8Array(1 + message.data.length);
  bytes[0] = FRAME;
  bytes.set(message.data, 1);
  return bytes;
}

export function decodeToReplica(bytes: Uint8Array): ToReplicaFrame | null {
  if (bytes[0] === FRAME) {
    return bytes.length <= 1 + LINK_FRAME_BYTES_MAX ? { kind: 'frame', data: bytes.subarray(1) } : null;
  }
  if (bytes[0] !== CONFIRM || bytes.length !== POSITION_BYTES) return null;
  const at = position(bytes);
  return at && { kind: 'confirm', ...at };
}
