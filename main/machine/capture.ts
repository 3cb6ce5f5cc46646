/**
 * A machine's state as it was copied at one epoch boundary, on its way to a snapshot.
 *
 * Invariant: the copy is complete when the machine goes on: what is left (checksums, the full hash) reads nothing but
 * the copy. All that takes time is left, since the guest stands still for the copy alone.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { type Layout, sealContainer } from './container.ts';
import { hashBytes } from './hash.ts';
import type { Capture, Snapshot, UnhashedCapture } from './machine.ts';
import { hashedPages, type Pages } from './pages.ts';
import type { Pieces } from './pieces.ts';

/** Read at a time: about a millisecond of SHA-256. */
const PIECE_BYTES = 1 << 20;

export interface Copied {
  readonly layout: Layout;
  readonly pages: Pages;
  /** What the hash of a machine's devices is taken over (`Anatomy.hash`): copies. */
  readonly hashed: readonly Uint8Array[];
}

export function captureOf({ layout, pages, hashed }: Copied): Capture {
  return {
    descriptionBytes: layout.bytes.length,
    pagesBytes: pages.bytes.length,
    *seal(): Pieces<Snapshot> {
      let checksum = 0;
      for (const piece of piecesOf(pages.bytes)) {
        checksum = crc32(piece, checksum);
        yield;
      }
      return { description: sealContainer(layout, checksum), pages: pages.bytes };
    },
    *hash(): Pieces<string> {
      const hash = createHash('sha256');
      for (const part of hashedPages(pages)) {
        if (typeof part === 'string') hash.update(part);
        else {
          for (const piece of piecesOf(part)) {
            hash.update(piece);
            yield;
          }
        }
      }
      hash.update(hashBytes(hashed));
      return hash.digest('hex');
    },
  };
}

/** A capture whose receiver has the pages: they had this checksum. */
export function captureAsBuilt(layout: Layout, checksum: number): UnhashedCapture {
  return {
    descriptionBytes: layout.bytes.length,
    pagesBytes: 0,
    *seal(): Pieces<Snapshot> {
      yield;
      return { description: sealContainer(layout, checksum), pages: new Uint8Array() };
    },
  };
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}
