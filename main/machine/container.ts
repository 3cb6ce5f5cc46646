/**
 * The format of a snapshot's description (docs/formats/snapshot.md): one JSON text and numbered binary sections, under
 * a checksum.
 *
 *   offset  bytes
 *   0       8      magic "LOCKSNAP"
 *   8       4      version; a reader takes its own only: a snapshot lives as long as the build that made it
 *   12      4      CRC-32 of all that follows
 *   16      4      CRC-32 of the pages that belong to it, which travel apart
 *   20      4      length of the JSON text
 *   24      4      number of sections
 *   28      4 each lengths of the sections
 *   …              JSON text, UTF-8; then the sections, back to back
 *
 * All numbers are little-endian and unsigned. Invariant: decoding allocates nothing whose size was not first held
 * against a limit and against the bytes at hand.
 */
import { crc32 } from 'node:zlib';
import { SnapshotError } from './errors.ts';
import { NO_ROOM, type Room } from './room.ts';

const MAGIC = 'LOCKSNAP';
const VERSION = 3;
const HEADER_BYTES = 28;
const CHECKED_FROM = 16;
export const DESCRIPTION_BYTES_MAX = 536_870_912;
const JSON_BYTES_MAX = 67_108_864;
const SECTIONS_MAX = 65_536;

export interface Container {
  readonly json: unknown;
  readonly sections: readonly Uint8Array[];
  /** CRC-32 of the snapshot's pages. */
  readonly pagesChecksum: number;
}

/** A container whose checksums are missing. */
export interface Layout {
  readonly bytes: Buffer;
  /** The sections, as they are in it. */
  readonly sections: readonly Uint8Array[];
}

/** Copies everything into one array, in the room. */
export function layOutContainer(
  { json, sections }: Omit<Container, 'pagesChecksum'>,
  room: Pick<Room, 'take'> = NO_ROOM,
): Layout {
  const text = Buffer.from(JSON.stringify(json), 'utf8');
  const tableEnd = HEADER_BYTES + sections.length * 4;
  const total = sections.reduce((sum, section) => sum + section.length, tableEnd + text.length);
  const bytes = room.take(total);
  bytes.write(MAGIC, 0, 'latin1');
  bytes.writeUInt32LE(VERSION, 8);
  bytes.writeUInt32LE(text.length, 20);
  bytes.writeUInt32LE(sections.length, 24);
  sections.forEach((section, index) => bytes.writeUInt32LE(section.length, HEADER_BYTES + index * 4));
  let at = tableEnd + text.copy(bytes, tableEnd);
  const copies = sections.map((section) => {
    bytes.set(section, at);
    at += section.length;
    return bytes.subarray(at - section.length, at);
  });
  return { bytes, sections: copies };
}

/** Adds the checksums. */
export function sealContainer({ bytes }: Layout, pagesChecksum: number): Uint8Array {
  bytes.writeUInt32LE(pagesChecksum, 16);
  bytes.writeUInt32LE(crc32(bytes.subarray(CHECKED_FROM)), 12);
  return bytes;
}

export function encodeContainer({ pagesChecksum, ...parts }: Container): Uint8Array {
  return sealContainer(layOutContainer(parts), pagesChecksum);
}

/** The sections are views of `description`. @throws {SnapshotError} that says what is wrong with it. */
export function decodeContainer(description: Uint8Array): Container {
  const bytes = Buffer.from(description.buffer, description.byteOffset, description.byteLength);
  if (bytes.length < HEADER_BYTES) throw new SnapshotError(`a snapshot has more than ${bytes.length} bytes`);
  if (bytes.length > DESCRIPTION_BYTES_MAX) throw new SnapshotError(`a snapshot of ${bytes.length} bytes is too long`);
  if (bytes.toString('latin1', 0, 8) !== MAGIC) throw new SnapshotError('this is not a snapshot');
  const version = bytes.readUInt32LE(8);
  if (version !== VERSION) throw new SnapshotError(`the snapshot has format ${version}, this program reads ${VERSION}`);
  const textLength = bytes.readUInt32LE(20);
  const count = bytes.readUInt32LE(24);
  if (textLength > JSON_BYTES_MAX) throw new SnapshotError(`the snapshot's text of ${textLength} bytes is too long`);
  if (count > SECTIONS_MAX) throw new SnapshotError(`the snapshot claims ${count} sections`);
  const tableEnd = HEADER_BYTES + count * 4;
  if (tableEnd + textLength > bytes.length) throw new SnapshotError('the snapshot is cut off');
  let at = tableEnd + textLength;
  const sections: Uint8Array[] = [];
  for (let index = 0; index < count; index += 1) {
    const length = bytes.readUInt32LE(HEADER_BYTES + index * 4);
    if (at + length > bytes.length) throw new SnapshotError('the snapshot is cut off');
    sections.push(bytes.subarray(at, at + length));
    at += length;
  }
  if (at !== bytes.length) throw new SnapshotError(`the snapshot has ${bytes.length - at} bytes too many`);
  if (crc32(bytes.subarray(CHECKED_FROM)) !== bytes.readUInt32LE(12)) {
    throw new SnapshotError('the snapshot is damaged: its checksum does not match');
  }
  try {
    const json = JSON.parse(bytes.toString('utf8', tableEnd, tableEnd + textLength)) as unknown;
    return { json, sections, pagesChecksum: bytes.readUInt32LE(16) };
  } catch (error) {
    throw new SnapshotError('the snapshot has no readable text', { cause: error });
  }
}
