/**
 * Checksums made right again over changed bytes, so that what is behind the checksum is fuzzed too.
 *
 * Invariant: nothing but checksums changes, and, where an entry of the log is cut off, its length.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { HEADER_BYTES } from '../../main/ft/log.ts';

const LOG_CHECKED_BYTES = 11;

/** Entries of the log, back to back. */
export function mendLog(input: Uint8Array): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  for (let at = 0; at + HEADER_BYTES <= input.length; ) {
    const start = at + HEADER_BYTES;
    const length = Math.min(view.getUint32(at + 1, true), input.length - start);
    view.setUint32(at + 1, length, true);
    const checked = crc32(input.subarray(at, at + LOG_CHECKED_BYTES));
    view.setUint32(at + LOG_CHECKED_BYTES, crc32(input.subarray(start, start + length), checked), true);
    at = start + length;
  }
  return input;
}

const RECORDING_FIXED_BYTES = 24;

/** A recording: its header, then its log. */
export function mendRecording(input: Uint8Array): Uint8Array {
  if (input.length < RECORDING_FIXED_BYTES) return input;
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const end = Math.min(RECORDING_FIXED_BYTES + view.getUint32(16, true), input.length);
  view.setUint32(20, crc32(input.subarray(RECORDING_FIXED_BYTES, end)), true);
  mendLog(input.subarray(end));
  return input;
}

const CONTAINER_CHECKED_FROM = 16;

/** A snapshot's description. */
export function mendContainer(input: Uint8Array): Uint8Array {
  if (input.length < CONTAINER_CHECKED_FROM) return input;
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  view.setUint32(12, crc32(input.subarray(CONTAINER_CHECKED_FROM)), true);
  return input;
}

const EXPORT_HEAD_BYTES = 16;
const EXPORT_RECORD_BYTES = 32;
const EXPORT_END_BYTES = EXPORT_RECORD_BYTES + 48;

/** An exported VM: its head, its records, and the digest of them all in the end's. */
export function mendExport(input: Uint8Array): Uint8Array {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  const last = bytes.length - EXPORT_END_BYTES;
  if (last < EXPORT_HEAD_BYTES) return input;
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 12)), 12);
  const mendRecord = (at: number, end: number): number => {
    const next = Math.min(end, at + EXPORT_RECORD_BYTES + bytes.readUInt32LE(at + 28));
    bytes.writeUInt32LE(0, at + 4);
    bytes.writeUInt32LE(crc32(bytes.subarray(at, next)), at + 4);
    return next;
  };
  for (let at = EXPORT_HEAD_BYTES; at + EXPORT_RECORD_BYTES <= last; ) at = mendRecord(at, last);
  createHash('sha256')
    .update(bytes.subarray(0, last))
    .digest()
    .copy(bytes, last + EXPORT_RECORD_BYTES + 16);
  mendRecord(last, bytes.length);
  return input;
}
