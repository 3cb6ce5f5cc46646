/**
 * Compressing what travels or is kept in bulk (snapshots, saved states, blocks of a disk), off the epoch loop.
 *
 * Invariant: what comes from a peer is never decompressed to more than the size it was announced with.
 */
import { promisify } from 'node:util';
import zlib from 'node:zlib';

/**
 * The library makes its output in pieces of this size, and comes back to the event loop for each: one piece for all, or
 * a busy replica, which looks at its events once an epoch, is kept waiting many times.
 */
const inOnePiece = (size: number): { chunkSize: number } => ({ chunkSize: Math.max(1024, size) });

/** The first byte says how the rest is compressed. */
const PLAIN = 0;
const ZSTD = 1;
const DEFLATE = 2;
const LEVEL = 1;

/** Some runtimes lack zstd (it is experimental in Node 24): deflate does as well. */
const hasZstd = typeof zlib.zstdCompress === 'function';
const zstdCompress = hasZstd ? promisify(zlib.zstdCompress) : null;
const zstdDecompress = hasZstd ? promisify(zlib.zstdDecompress) : null;
const deflate = promisify(zlib.deflate);
const inflate = promisify(zlib.inflate);

export async function compress(bytes: Uint8Array): Promise<Uint8Array> {
  const packed = zstdCompress
    ? await zstdCompress(bytes, {
        params: { [zlib.constants.ZSTD_c_compressionLevel]: LEVEL },
        ...inOnePiece(bytes.length),
      })
    : await deflate(bytes, { level: LEVEL, ...inOnePiece(bytes.length) });
  const chunk = new Uint8Array(1 + packed.length);
  chunk[0] = zstdCompress ? ZSTD : DEFLATE;
  chunk.set(packed, 1);
  return chunk;
}

/** Packed as `compress` does it, but as they are: for a way that is faster than the compressor. */
export function plain(bytes: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(1 + bytes.length);
  chunk[0] = PLAIN;
  chunk.set(bytes, 1);
  return chunk;
}

/** @throws {Error} when the bytes are damaged, or are more than `size`. */
export async function decompress(chunk: Uint8Array, size: number): Promise<Uint8Array> {
  const packed = chunk.subarray(1);
  if (chunk[0] === PLAIN) {
    if (packed.length > size) throw new Error(`${packed.length} bytes where at most ${size} were announced`);
    return packed;
  }
  const limits = { maxOutputLength: size, ...inOnePiece(size) };
  if (chunk[0] === DEFLATE) return inflate(packed, limits);
  if (chunk[0] === ZSTD && zstdDecompress) return zstdDecompress(packed, limits);
  throw new Error(`it is compressed in a way this runtime does not know (${chunk[0]})`);
}
