/**
 * Linear memory as the pages that are not all zero.
 *
 * Invariant: `restorePages(capturePages(m))` makes any memory of m's size equal to m. Scanning and copying are most of
 * a clone's pause, so blocks of pages are compared with zeros at once, with the machine's own memory comparison, and
 * the copy goes to memory that is ready.
 */
import { Buffer } from 'node:buffer';
import type { Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { HASH_BLOCK_PAGES } from '../ft/constants.ts';
import type { PageRange } from '../ft/entry.ts';
import { SnapshotError } from './errors.ts';
import type { Pieces } from './pieces.ts';
import { NO_ROOM, type Room } from './room.ts';

export const PAGE_BYTES = 4096;
const BLOCK_PAGES = 16;
const BLOCK_BYTES = PAGE_BYTES * BLOCK_PAGES;
/** Every 256th byte is looked at first. */
const SAMPLE_WORDS = 64;
const ZEROS = Buffer.alloc(BLOCK_BYTES);
/** Looked at in one piece of work: 8 MiB. */
const MEASURED_PAGES = 2048;

/** A run of non-zero pages: first page, and the page after the last. */
type Run = readonly [first: number, end: number];

export interface Pages {
  /** One bit a page, lowest bit first; 1 where the page is not all zero. */
  readonly bitmap: Uint8Array;
  /** Those pages, back to back. */
  readonly bytes: Uint8Array;
}

/** A view of the whole of linear memory. */
function bytesOf(memory: ArrayBuffer): Buffer {
  return Buffer.from(memory);
}

/** Sees most pages that hold something at a glance, without a call into native code. */
function looksFilled(words: Uint32Array, page: number): boolean {
  const start = (page * PAGE_BYTES) / 4;
  for (let at = start; at < start + PAGE_BYTES / 4; at += SAMPLE_WORDS) if (words[at] !== 0) return true;
  return false;
}

function isZero(bytes: Buffer, start: number, length: number): boolean {
  return bytes.compare(ZEROS, 0, length, start, start + length) === 0;
}

/** Those among the pages from `from` to before `to`, which are multiples of a block. */
function nonZeroRuns(bytes: Buffer, from = 0, to = bytes.length / PAGE_BYTES): Run[] {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const runs: Run[] = [];
  let first = -1;
  const mark = (page: number, zero: boolean) => {
    if (zero === first < 0) return;
    if (zero) runs.push([first, page]);
    first = zero ? -1 : page;
  };
  for (let block = from; block < to; block += BLOCK_PAGES) {
    if (!looksFilled(words, block) && isZero(bytes, block * PAGE_BYTES, BLOCK_BYTES)) {
      mark(block, true);
      continue;
    }
    for (let page = block; page < block + BLOCK_PAGES; page += 1) {
      mark(page, !looksFilled(words, page) && isZero(bytes, page * PAGE_BYTES, PAGE_BYTES));
    }
  }
  if (first >= 0) runs.push([first, to]);
  return runs;
}

function countOf(runs: readonly Run[]): number {
  return runs.reduce((sum, [first, end]) => sum + end - first, 0);
}

/** About how many bytes a capture would have now. Each `yield` ends a piece of some milliseconds at most. */
export function* measurePages(memory: WebAssembly.Memory): Pieces<number> {
  let filled = 0;
  let page = 0;
  // Between two pieces the guest runs on, and its memory may grow: then the buffer is another one.
  for (let { buffer } = memory; page * PAGE_BYTES < buffer.byteLength; { buffer } = memory) {
    const end = Math.min(buffer.byteLength / PAGE_BYTES, page + MEASURED_PAGES);
    filled += countOf(nonZeroRuns(bytesOf(buffer), page, end));
    page = end;
    yield;
  }
  return filled * PAGE_BYTES;
}

/** What a capture would have, without a copy: which pages, and the CRC-32 of their bytes. */
export function describePages(memory: ArrayBuffer): { bitmap: Uint8Array; checksum: number } {
  const source = bytesOf(memory);
  const runs = nonZeroRuns(source);
  let checksum = 0;
  for (const [first, end] of runs) checksum = crc32(source.subarray(first * PAGE_BYTES, end * PAGE_BYTES), checksum);
  return { bitmap: bitmapOf(runs, source.length / PAGE_BYTES), checksum };
}

/** WebAssembly memory comes in units of 64 KiB, so there are whole blocks only. */
export function capturePages(memory: ArrayBuffer, room: Pick<Room, 'take'> = NO_ROOM): Pages {
  const source = bytesOf(memory);
  const runs = nonZeroRuns(source);
  const bytes = room.take(countOf(runs) * PAGE_BYTES);
  let at = 0;
  for (const [first, end] of runs) at += source.copy(bytes, at, first * PAGE_BYTES, end * PAGE_BYTES);
  return { bitmap: bitmapOf(runs, source.length / PAGE_BYTES), bytes };
}

/**
 * What the hash of a memory is taken over: how long it is, and its non-zero pages with their places. It is asked run by
 * run, in order, for their bytes. Saved states hold such a hash: it is never changed.
 */
function* hashedRuns(
  memoryBytes: number,
  runs: readonly Run[],
  pagesOf: (run: Run) => Uint8Array,
): Generator<string | Uint8Array, void> {
  yield `${memoryBytes}:`;
  for (const run of runs) {
    yield `${run[0]}-${run[1]}:`;
    yield pagesOf(run);
  }
}

/** The same of captured pages. */
export function hashedPages({ bitmap, bytes }: Pages): Generator<string | Uint8Array, void> {
  let at = 0;
  return hashedRuns(bitmap.length * 8 * PAGE_BYTES, runsOf(bitmap), ([first, end]) => {
    const start = at;
    at += (end - first) * PAGE_BYTES;
    return bytes.subarray(start, at);
  });
}

/** The same of memory as it is now, into the hash. */
export function hashPages(memory: ArrayBuffer, hash: Hash): void {
  const source = bytesOf(memory);
  const pagesOf = ([first, end]: Run): Uint8Array => source.subarray(first * PAGE_BYTES, end * PAGE_BYTES);
  for (const part of hashedRuns(source.length, nonZeroRuns(source), pagesOf)) hash.update(part);
}

/** CRC-32 of every block of pages in the range, eight hexadecimal digits each: any single bit changes it. */
export function hashPageBlocks(memory: ArrayBuffer, { first, end }: PageRange): string {
  const source = bytesOf(memory);
  let digits = '';
  for (let page = first; page < end; page += HASH_BLOCK_PAGES) {
    const stop = Math.min(end, page + HASH_BLOCK_PAGES) * PAGE_BYTES;
    digits += crc32(source.subarray(page * PAGE_BYTES, stop))
      .toString(16)
      .padStart(8, '0');
  }
  return digits;
}

function bitmapOf(runs: readonly Run[], count: number): Uint8Array {
  const bitmap = new Uint8Array(count / 8);
  for (const [first, end] of runs) {
    for (let page = first; page < end; page += 1) bitmap[page >> 3] = (bitmap[page >> 3] ?? 0) | (1 << (page & 7));
  }
  return bitmap;
}

function runsOf(bitmap: Uint8Array): Run[] {
  const count = bitmap.length * 8;
  const runs: Run[] = [];
  let first = -1;
  for (let page = 0; page <= count; page += 1) {
    const filled = page < count && (((bitmap[page >> 3] ?? 0) >> (page & 7)) & 1) === 1;
    if (filled && first < 0) first = page;
    if (filled || first < 0) continue;
    runs.push([first, page]);
    first = -1;
  }
  return runs;
}

/** Whether a bitmap and pages go together, for a memory of `memoryBytes`. @throws {SnapshotError} when they do not. */
export function checkPages(pages: Pages, memoryBytes: number): void {
  if (pages.bitmap.length * 8 * PAGE_BYTES !== memoryBytes)
    throw new SnapshotError('the page map has the wrong length');
  let count = 0;
  for (const byte of pages.bitmap) for (let bits = byte; bits !== 0; bits &= bits - 1) count += 1;
  if (count * PAGE_BYTES !== pages.bytes.length) {
    throw new SnapshotError(
      `the snapshot has ${pages.bytes.length} bytes of pages, its map says ${count * PAGE_BYTES}`,
    );
  }
}

/** Zeroes what is not zero yet: a new machine's memory mostly is, and writing would take it from the host. */
function clear(bytes: Buffer, start: number, stop: number): void {
  for (let at = start; at < stop; ) {
    const end = Math.min(stop, at + BLOCK_BYTES);
    if (!isZero(bytes, at, end - at)) bytes.fill(0, at, end);
    at = end;
  }
}

/** Overwrites the whole of `memory`. The pages were checked. */
export function restorePages(memory: ArrayBuffer, pages: Pages): void {
  const target = bytesOf(memory);
  const source = Buffer.from(pages.bytes.buffer, pages.bytes.byteOffset, pages.bytes.byteLength);
  const count = target.length / PAGE_BYTES;
  const present = (page: number) => (((pages.bitmap[page >> 3] ?? 0) >> (page & 7)) & 1) === 1;
  let at = 0;
  for (let first = 0; first < count; ) {
    const filled = present(first);
    let end = first + 1;
    while (end < count && present(end) === filled) end += 1;
    const [start, stop] = [first * PAGE_BYTES, end * PAGE_BYTES];
    if (filled) at += source.copy(target, start, at, at + stop - start);
    else clear(target, start, stop);
    first = end;
  }
}
