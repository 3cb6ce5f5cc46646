/**
 * Streams of bytes that can be compared by their hash.
 *
 * Invariant: the bytes follow from their number alone, and no two stretches of 64 KB are the same.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

const CHUNK_BYTES = 1 << 16;

function* chunks(bytes: number): Generator<Buffer> {
  for (let at = 0; at < bytes; at += CHUNK_BYTES) {
    const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, bytes - at), `this stands at ${at}; `);
    yield chunk;
  }
}

export function patterned(bytes: number): Readable {
  return Readable.from(chunks(bytes), { objectMode: false });
}

export function digestOf(bytes: number): string {
  const hash = createHash('sha256');
  for (const chunk of chunks(bytes)) hash.update(chunk);
  return hash.digest('hex');
}
