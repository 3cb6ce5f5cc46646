/**
 * Writes an export, record after record.
 *
 * Invariants: memory is bounded by a chunk; parts come in order and each from its beginning to its end; what was
 * written before `end` has returned is no export.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import type { DiskFile } from '../disk/device.ts';
import {
  encodeEnd,
  encodeHead,
  encodeRecord,
  END_BYTES,
  RECORD_HEAD_BYTES,
  type Encoding,
  type RecordHead,
} from './layout.ts';
import { encodeManifest, type Manifest } from './manifest.ts';

/** Some runtimes lack zstd (it is experimental in Node 24): deflate does as well. */
const zstd = typeof zlib.zstdCompress === 'function' ? promisify(zlib.zstdCompress) : null;
const deflate = promisify(zlib.deflate);

export class ExportWriter {
  readonly #file: DiskFile;
  readonly #hash = createHash('sha256');
  #at = 0;
  #records = 0;
  #dataBytes = 0;

  /** `file` is new, and closed by its owner. */
  constructor(file: DiskFile) {
    this.#file = file;
  }

  /** How large it is by now, in bytes. */
  get bytes(): number {
    return this.#at;
  }

  /** Rejects as the file does. @throws {ExportError} when the description is too long. */
  async begin(manifest: Manifest): Promise<void> {
    const bytes = encodeManifest(manifest);
    await this.#write(encodeHead());
    await this.#record({ kind: 'manifest', encoding: 'plain', part: 0, offset: 0, bytes: bytes.length }, bytes);
  }

  /** Data of a part: at most `CHUNK_BYTES`, behind all that came before. */
  async data(part: number, offset: number, bytes: Uint8Array): Promise<void> {
    const { encoding, stored } = await packed(bytes);
    this.#dataBytes += bytes.length;
    await this.#record({ kind: 'data', encoding, part, offset, bytes: bytes.length }, stored);
  }

  /** Completes it, on the disk for good. */
  async end(): Promise<void> {
    const digest = this.#hash.copy().digest();
    const end = encodeEnd({ dataBytes: this.#dataBytes, records: this.#records, digest });
    await this.#record({ kind: 'end', encoding: 'plain', part: 0, offset: 0, bytes: END_BYTES }, end);
    await this.#file.sync();
  }

  async #record(head: Omit<RecordHead, 'index' | 'stored'>, payload: Uint8Array): Promise<void> {
    const record = { ...head, index: this.#records, stored: payload.length };
    const bytes = Buffer.allocUnsafe(RECORD_HEAD_BYTES + payload.length);
    encodeRecord(record, payload).copy(bytes);
    bytes.set(payload, RECORD_HEAD_BYTES);
    this.#records += 1;
    await this.#write(bytes);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    await this.#file.write(bytes, this.#at);
    this.#at += bytes.length;
  }
}

async function packed(bytes: Uint8Array): Promise<{ encoding: Encoding; stored: Uint8Array }> {
  const stored = zstd ? await zstd(bytes) : await deflate(bytes);
  if (stored.length >= bytes.length) return { encoding: 'plain', stored: bytes };
  return { encoding: zstd ? 'zstd' : 'deflate', stored };
}
