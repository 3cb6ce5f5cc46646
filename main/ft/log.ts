/**
 * The log: one binary layout, the same on the logging channel and in a recording.
 *
 *     offset  0      1        5       11         15
 *            kind | length | epoch | checksum | payload (length bytes)
 *             u8     u32      u48      u32
 *
 * Numbers are little endian. The checksum (CRC-32) covers kind, length, epoch and payload. `epoch` says to which epoch
 * boundary the entry belongs: a head decides that epoch; all other entries apply before it.
 *
 * Invariants: decode(encode(x)) is x; the decoder refuses cut-off entries, bad checksums, unknown kinds and absurd
 * lengths before it allocates. That heads on a channel have consecutive epochs is checked by their receiver
 * (backup.ts). The rule for changes: any change of layout or meaning raises LOG_VERSION, and peers refuse another
 * version in `hello`.
 */
import { ByteReader, ByteWriter, DecodeError, type Checksum } from './bytes.ts';
import {
  ENTRY_BYTES_MAX,
  HASH_LENGTH_MAX,
  HEAD_ADVANCE_US_MAX,
  HEAD_INPUTS_MAX,
  HEAD_RATE_MAX,
  HEAD_SLICES_MAX,
} from './constants.ts';
import { isReference, type HashRegion, type LoggedHead, type LoggedInput } from './entry.ts';
import { assert, unreachable } from './assert.ts';

/** What a peer is: said first, by both sides. */
export interface Hello {
  readonly kind: 'hello';
  readonly epoch: number;
  readonly version: number;
  readonly role: 'primary' | 'backup';
}

/** The primary decides an epoch. */
export interface HeadEntry {
  readonly kind: 'head';
  readonly epoch: number;
  readonly head: LoggedHead;
}

export type Control =
  /** From here on the primary's outputs wait for acknowledgements, so the backup may go live after `generation`. */
  | { readonly type: 'protect'; readonly generation: number }
  /** Fault Tolerance was turned off: the backup's work is done. */
  | { readonly type: 'end' }
  | { readonly type: 'powerOff' }
  /** The machine executes nothing from this boundary on, until `unpause`. */
  | { readonly type: 'pause' }
  | { readonly type: 'unpause' };

/** Something happens to the pair at this epoch boundary. */
export interface ControlEntry {
  readonly kind: 'control';
  readonly epoch: number;
  readonly control: Control;
}

/** The hash of a part of the state before this epoch. */
export interface HashEntry {
  readonly kind: 'hash';
  readonly epoch: number;
  readonly region: HashRegion;
  /** Hexadecimal, lower case. */
  readonly hash: string;
}

/** Sign of life, acknowledgement and progress in one; `epoch` is the next one the sender executes. */
export interface HeartbeatEntry {
  readonly kind: 'heartbeat';
  readonly epoch: number;
  /** All heads below this epoch have arrived at the sender: the acknowledgement that the Output Rule waits for. */
  readonly received: number;
  /** A backup that has received `protect` and so may go live; a primary says false. */
  readonly mayGoLive: boolean;
}

/** All outputs before (epoch, index) have left and were confirmed by their receivers. */
export interface ReleasedEntry {
  readonly kind: 'released';
  readonly epoch: number;
  readonly index: number;
}

/** A snapshot of the state before this epoch follows in chunks. */
export interface SnapshotEntry {
  readonly kind: 'snapshot';
  readonly epoch: number;
  /** In bytes, uncompressed. */
  readonly descriptionBytes: number;
  readonly pagesBytes: number;
  /** The newest outside input that the state includes. */
  readonly lastInput: number;
}

/** The next part of the snapshot, compressed: first the description's bytes, then the pages'. */
export interface ChunkEntry {
  readonly kind: 'chunk';
  readonly epoch: number;
  /** In bytes, before compression. */
  readonly size: number;
  readonly data: Uint8Array;
}

/**
 * A message of those who make two disks equal before the snapshot; what it holds is theirs (main/replica). It belongs
 * to no epoch.
 */
export interface SyncEntry {
  readonly kind: 'sync';
  readonly epoch: number;
  readonly data: Uint8Array;
}

export type Entry =
  | Hello
  | HeadEntry
  | ControlEntry
  | HashEntry
  | HeartbeatEntry
  | ReleasedEntry
  | SnapshotEntry
  | ChunkEntry
  | SyncEntry;

export const HEADER_BYTES = 15;
const CHECKED_HEADER_BYTES = 11;
const EPOCH_HIGH = 2 ** 32;

/** Their places stand in the log: new ones come last. One that is missing here cannot be written, by its type. */
const KINDS = ['hello', 'head', 'control', 'hash', 'heartbeat', 'released', 'snapshot', 'chunk', 'sync'] as const;
const DEVICES = ['serial', 'keyboard', 'mouse', 'nic', 'disk', 'diskRead', 'medium'] as const;
const CONTROLS = ['protect', 'end', 'powerOff', 'pause', 'unpause'] as const;
const ROLES = ['primary', 'backup'] as const;
const REGIONS = ['cpu', 'full', 'devices', 'pages'] as const;
const FLAGS = [false, true] as const;

/** Whether the message is a `sync` entry: they come alone. */
export function isSync(message: Uint8Array): boolean {
  return entryKind(message) === 'sync';
}

/** What the first entry of the message is, without reading it; null where it is nothing that is known. */
export function entryKind(message: Uint8Array): Entry['kind'] | null {
  return KINDS[(message[0] ?? 0) - 1] ?? null;
}

/** The entry as bytes, a fresh array. */
export function encodeEntry(entry: Entry, checksum: Checksum): Uint8Array {
  const payload = new ByteWriter();
  writePayload(payload, entry);
  const length = payload.length;
  if (length > ENTRY_BYTES_MAX)
    throw new DecodeError(`a log entry has at most ${ENTRY_BYTES_MAX} bytes, not ${length}`);
  const bytes = new Uint8Array(HEADER_BYTES + length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, KINDS.indexOf(entry.kind) + 1);
  view.setUint32(1, length, true);
  view.setUint32(5, entry.epoch % EPOCH_HIGH, true);
  view.setUint16(9, Math.floor(entry.epoch / EPOCH_HIGH), true);
  bytes.set(payload.done(), HEADER_BYTES);
  const crc = checksum(bytes.subarray(HEADER_BYTES), checksum(bytes.subarray(0, CHECKED_HEADER_BYTES)));
  view.setUint32(CHECKED_HEADER_BYTES, crc, true);
  return bytes;
}

/**
 * The entry at the start of `bytes`, and its length in bytes; null when `bytes` ends before the entry does.
 * @throws {DecodeError} when the bytes cannot be an entry.
 */
export function decodeEntry(bytes: Uint8Array, checksum: Checksum): { entry: Entry; length: number } | null {
  if (bytes.length < HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = KINDS[view.getUint8(0) - 1];
  if (!kind) throw new DecodeError(`unknown log entry kind ${view.getUint8(0)}`);
  const payloadBytes = view.getUint32(1, true);
  if (payloadBytes > ENTRY_BYTES_MAX) throw new DecodeError(`a log entry of ${payloadBytes} bytes is absurd`);
  const length = HEADER_BYTES + payloadBytes;
  if (bytes.length < length) return null;
  const payload = bytes.subarray(HEADER_BYTES, length);
  const crc = checksum(payload, checksum(bytes.subarray(0, CHECKED_HEADER_BYTES)));
  if (crc !== view.getUint32(CHECKED_HEADER_BYTES, true))
    throw new DecodeError(`log entry (${kind}) has a bad checksum`);
  const epoch = view.getUint16(9, true) * EPOCH_HIGH + view.getUint32(5, true);
  const reader = new ByteReader(payload);
  const entry = readPayload(reader, kind, epoch);
  reader.end(`log entry (${kind})`);
  return { entry, length };
}

/**
 * All entries of one message, which holds whole entries only.
 * @throws {DecodeError} when the message ends inside an entry, or an entry is damaged.
 */
export function decodeMessage(bytes: Uint8Array, checksum: Checksum): Entry[] {
  const entries: Entry[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const decoded = decodeEntry(rest, checksum);
    if (!decoded) throw new DecodeError(`message ends inside a log entry, ${rest.length} bytes are left`);
    entries.push(decoded.entry);
    rest = rest.subarray(decoded.length);
  }
  return entries;
}

function writePayload(out: ByteWriter, entry: Entry): void {
  switch (entry.kind) {
    case 'hello':
      out.u32(entry.version).u8(ROLES.indexOf(entry.role));
      return;
    case 'head':
      writeHead(out, entry.head);
      return;
    case 'control':
      out.u8(CONTROLS.indexOf(entry.control.type));
      if (entry.control.type === 'protect') out.varint(entry.control.generation);
      return;
    case 'hash':
      writeRegion(out, entry.region);
      out.sized(bytesOfHex(entry.hash));
      return;
    case 'heartbeat':
      out.varint(entry.received).u8(entry.mayGoLive ? 1 : 0);
      return;
    case 'released':
      out.varint(entry.index);
      return;
    case 'snapshot':
      out.varint(entry.descriptionBytes).varint(entry.pagesBytes).varint(entry.lastInput);
      return;
    case 'chunk':
      out.varint(entry.size).raw(entry.data);
      return;
    case 'sync':
      out.raw(entry.data);
      return;
    default:
      unreachable(entry);
  }
}

function readPayload(from: ByteReader, kind: (typeof KINDS)[number], epoch: number): Entry {
  switch (kind) {
    case 'hello':
      return { kind, epoch, version: from.u32('version'), role: oneOf(from, 'role', ROLES) };
    case 'head':
      return { kind, epoch, head: readHead(from) };
    case 'control':
      return { kind, epoch, control: readControl(from) };
    case 'hash': {
      const region = readRegion(from);
      return { kind, epoch, region, hash: hexOfBytes(from.sized('hash', HASH_LENGTH_MAX / 2)) };
    }
    case 'heartbeat':
      return { kind, epoch, received: from.varint('received'), mayGoLive: oneOf(from, 'may go live', FLAGS) };
    case 'released':
      return { kind, epoch, index: from.varint('index') };
    case 'snapshot':
      return {
        kind,
        epoch,
        descriptionBytes: from.varint('description bytes'),
        pagesBytes: from.varint('pages bytes'),
        lastInput: from.varint('last input'),
      };
    case 'chunk':
      return { kind, epoch, size: from.varint('chunk size'), data: from.raw(from.remaining, 'chunk') };
    case 'sync':
      return { kind, epoch, data: from.raw(from.remaining, 'sync') };
    default:
      return unreachable(kind);
  }
}

function writeRegion(out: ByteWriter, region: HashRegion): void {
  if (typeof region === 'string') out.u8(REGIONS.indexOf(region));
  else out.u8(REGIONS.indexOf('pages')).varint(region.first).varint(region.end);
}

function readRegion(from: ByteReader): HashRegion {
  const region = oneOf(from, 'hash region', REGIONS);
  return region === 'pages' ? { first: from.varint('first page'), end: from.varint('end of pages') } : region;
}

function readControl(from: ByteReader): Control {
  const type = oneOf(from, 'control', CONTROLS);
  return type === 'protect' ? { type, generation: from.varint('generation') } : { type };
}

function writeHead(out: ByteWriter, head: LoggedHead): void {
  out.varint(head.advanceUs).varint(head.rate).varint(head.slices).varint(head.inputs.length);
  for (const input of head.inputs) {
    out.u8(DEVICES.indexOf(input.device));
    if (isReference(input)) out.varint(input.id).varint(input.length).u32(input.checksum);
    else out.varint(input.sequence).sized(input.data);
  }
}

function readHead(from: ByteReader): LoggedHead {
  const advanceUs = within(from.varint('advance'), 'advance', 0, HEAD_ADVANCE_US_MAX);
  const rate = within(from.varint('rate'), 'rate', 1, HEAD_RATE_MAX);
  const slices = within(from.varint('slices'), 'slices', 0, HEAD_SLICES_MAX);
  const count = from.varint('input count');
  if (count > HEAD_INPUTS_MAX) throw new DecodeError(`a head has at most ${HEAD_INPUTS_MAX} inputs, not ${count}`);
  const inputs: LoggedInput[] = [];
  for (let i = 0; i < count; i++) inputs.push(readInput(from));
  return { advanceUs, rate, slices, inputs };
}

function readInput(from: ByteReader): LoggedInput {
  const device = oneOf(from, 'input device', DEVICES);
  if (device === 'diskRead') {
    const id = from.varint('disk request');
    return { device, id, length: from.varint('length of what was read'), checksum: from.u32('checksum') };
  }
  return { device, sequence: from.varint('input sequence'), data: from.sized('input', ENTRY_BYTES_MAX) };
}

/** @throws {DecodeError} when no machine executes a head with such a number. */
function within(value: number, field: string, least: number, most: number): number {
  if (value >= least && value <= most) return value;
  throw new DecodeError(`a head's ${field} is from ${least} to ${most}, not ${value}`);
}

/** One byte that chooses among the values. @throws {DecodeError} when it chooses none. */
function oneOf<T>(from: ByteReader, field: string, values: readonly T[]): T {
  const chosen = from.u8(field);
  const value = values[chosen];
  if (value === undefined) throw new DecodeError(`unknown ${field} ${chosen}`);
  return value;
}

/** Hashes are hexadecimal digits, an even number of them; on the channel two make a byte. */
function bytesOfHex(hex: string): Uint8Array {
  assert(hex.length % 2 === 0, 'a hash has whole bytes');
  return Uint8Array.from({ length: hex.length / 2 }, (_, at) => Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16));
}

function hexOfBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
