/**
 * Reads an export, record after record.
 *
 * Invariants: memory is bounded by a record; no chunk is larger than it says, none lies outside its part or over
 * another; whoever has got the last chunk without an error has got exactly what was written, and nothing stands behind
 * it.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { HostFile, type DiskFile } from '../disk/device.ts';
import {
  checkRecord,
  decodeEnd,
  decodeHead,
  decodeRecord,
  END_BYTES,
  ExportError,
  HEAD_BYTES,
  RECORD_HEAD_BYTES,
  type End,
  type RecordHead,
} from './layout.ts';
import { decodeManifest, type Manifest } from './manifest.ts';

const unzstd = typeof zlib.zstdDecompress === 'function' ? promisify(zlib.zstdDecompress) : null;
const inflate = promisify(zlib.inflate);
const CUT_OFF = 'it is cut off: copy it again';

export interface Chunk {
  /** Which part. */
  readonly part: number;
  /** Where in the part, in bytes. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** The share of the file that has been read, 0 to 1. */
  readonly share: number;
}

interface Record {
  readonly head: RecordHead;
  readonly payload: Buffer;
}

export class ExportReader {
  readonly manifest: Manifest;
  readonly end: End;
  readonly #file: DiskFile;
  readonly #fileBytes: number;
  readonly #hash = createHash('sha256');
  #at = 0;
  #records = 0;

  private constructor(file: DiskFile, fileBytes: number, end: End, first: Buffer, manifest: Record) {
    this.#file = file;
    this.#fileBytes = fileBytes;
    this.end = end;
    this.#took(first);
    this.manifest = decodeManifest(manifest.payload);
  }

  /**
   * Looks at beginning and end. @throws {ExportError} naming the file and what is wrong; as node:fs does, where the
   * file cannot be opened.
   */
  static async open(path: string): Promise<ExportReader> {
    const file = await HostFile.open(path, 'r');
    try {
      return await named(path, () => ExportReader.#begin(file));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  static async #begin(file: DiskFile): Promise<ExportReader> {
    const fileBytes = await file.size();
    const head = await readAt(file, 0, Math.min(HEAD_BYTES, fileBytes));
    decodeHead(head);
    const endAt = fileBytes - RECORD_HEAD_BYTES - END_BYTES;
    if (endAt < HEAD_BYTES + RECORD_HEAD_BYTES) throw new ExportError(CUT_OFF);
    const end = await recordAt(file, endAt, fileBytes).catch(() => null);
    if (end?.head.kind !== 'end') throw new ExportError('it is cut off or damaged: its end is not there');
    const manifest = await recordAt(file, HEAD_BYTES, endAt);
    if (manifest.head.kind !== 'manifest' || manifest.head.index !== 0) {
      throw new ExportError('its description is not where it belongs');
    }
    const first = await readAt(file, 0, HEAD_BYTES + RECORD_HEAD_BYTES + manifest.payload.length);
    return new ExportReader(file, fileBytes, decodeEnd(end.payload), first, manifest);
  }

  /** All data, in order, once. @throws {ExportError} at the first thing that is wrong. */
  async *chunks(): AsyncGenerator<Chunk> {
    const place = { part: 0, offset: 0 };
    let dataBytes = 0;
    for (;;) {
      const record = await named(this.#file.path, () => this.#next(place, dataBytes));
      if (!record) return;
      const { part, offset, bytes } = record.head;
      dataBytes += bytes;
      place.part = part;
      place.offset = offset + bytes;
      const data = await named(this.#file.path, () => unpacked(record));
      yield { part, offset, bytes: data, share: this.#at / this.#fileBytes };
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** The next data record; null when the end was reached as it should be. */
  async #next(after: { part: number; offset: number }, dataBytes: number): Promise<Record | null> {
    const record = await recordAt(this.#file, this.#at, this.#fileBytes);
    const { kind, index, part, offset, bytes } = record.head;
    if (index !== this.#records) throw new ExportError('a record is missing or stands at the wrong place');
    if (kind === 'end') {
      this.#checkEnd(record, dataBytes);
      return null;
    }
    const { parts } = this.manifest;
    const inside = kind === 'data' && part < parts.length && offset + bytes <= (parts[part]?.bytes ?? 0);
    const behind = part > after.part || (part === after.part && offset >= after.offset);
    if (!inside || !behind) throw new ExportError('a record lies outside its part, or over another');
    if (dataBytes + bytes > this.end.dataBytes) throw new ExportError('it holds more than it says');
    const head = await readAt(this.#file, this.#at, RECORD_HEAD_BYTES);
    this.#took(head, record.payload);
    return record;
  }

  #checkEnd({ payload }: Record, dataBytes: number): void {
    const { records, digest, dataBytes: said } = decodeEnd(payload);
    const last = this.#at + RECORD_HEAD_BYTES + END_BYTES === this.#fileBytes;
    const whole = records === this.#records && said === dataBytes && this.#hash.digest().equals(digest);
    if (!last || !whole) throw new ExportError('it is damaged: the checksum of all of it is wrong');
  }

  #took(...pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      this.#hash.update(piece);
      this.#at += piece.length;
    }
    this.#records += 1;
  }
}

/** A whole record that is what was written, all of it before `end`. @throws {ExportError} */
async function recordAt(file: DiskFile, at: number, end: number): Promise<Record> {
  if (at + RECORD_HEAD_BYTES > end) throw new ExportError(CUT_OFF);
  const bytes = await readAt(file, at, RECORD_HEAD_BYTES);
  const head = decodeRecord(bytes);
  if (at + RECORD_HEAD_BYTES + head.stored > end) throw new ExportError(CUT_OFF);
  const payload = await readAt(file, at + RECORD_HEAD_BYTES, head.stored);
  checkRecord(bytes, payload);
  return { head, payload };
}

async function readAt(file: DiskFile, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  if ((await file.read(bytes, at)) < length) throw new ExportError(CUT_OFF);
  return bytes;
}

/** Never more than the record said: a chunk that unpacks to more is refused before it is there. */
async function unpacked({ head, payload }: Record): Promise<Uint8Array> {
  if (head.encoding === 'plain') return payload;
  const unpack = head.encoding === 'zstd' ? unzstd : inflate;
  if (!unpack) throw new ExportError('it is compressed in a way that this runtime does not know');
  const data = await unpack(payload, { maxOutputLength: head.bytes }).catch(() => null);
  if (data?.length !== head.bytes) throw new ExportError('a record does not unpack to what it says');
  return data;
}

async function named<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ExportError)) throw error;
    throw new ExportError(`"${path}" cannot be imported: ${error.message}.`);
  }
}
