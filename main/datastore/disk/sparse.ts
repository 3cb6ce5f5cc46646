/**
 * What a disk really holds, piece by piece, for those who copy it: holes are passed over.
 *
 * Invariant: what is left out reads as zeros.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import type { BlockDevice } from './device.ts';
import { isZero, Overlay } from './overlay.ts';

export interface Piece {
  /** Where it is in the disk, in bytes. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

const STRIDE = 65_536;
/** After so many pieces without data somebody else has a turn. */
const BREATH = 1024;

/**
 * The pieces (aligned, of `pieceBytes`, the last one may be shorter) that are not all zeros, in order. `passed` hears
 * how many bytes are behind; what it throws ends the copy. @throws as the disk does.
 */
export async function* dataOf(
  disk: BlockDevice,
  pieceBytes: number,
  passed: (bytes: number) => void = () => {},
): AsyncGenerator<Piece> {
  const { byteLength } = disk;
  let skipped = 0;
  for (let at = 0; at < byteLength; at += pieceBytes) {
    const length = Math.min(pieceBytes, byteLength - at);
    if (mayHoldData(disk, at, length)) {
      const bytes = await disk.read(at, length);
      if (!allZero(bytes)) yield { at, bytes };
    } else {
      skipped += 1;
      if (skipped % BREATH === 0) await breathe();
    }
    passed(at + length);
  }
}

/** Copies what is not zero into a disk that is zeros, in pieces. `progress` hears 0 to 1. Rejects as the disks do. */
export async function copySparse(
  from: BlockDevice,
  to: BlockDevice,
  progress: (fraction: number) => void,
  pieceBytes = 4 * STRIDE,
): Promise<void> {
  const passed = (bytes: number): void => progress(bytes / from.byteLength);
  for await (const { at, bytes } of dataOf(from, pieceBytes, passed)) {
    await to.write(at, bytes);
    await breathe();
  }
}

/** Looks at the maps of a chain only; of a raw image nobody knows without reading. */
function mayHoldData(disk: BlockDevice | null, at: number, length: number): boolean {
  if (!(disk instanceof Overlay)) return disk !== null && at < disk.byteLength;
  const { clusterBytes } = disk.header;
  const end = Math.min(at + length, disk.byteLength);
  for (let cluster = Math.floor(at / clusterBytes); cluster * clusterBytes < end; cluster += 1) {
    const place = disk.placeOf(cluster);
    if (place === 'data') return true;
    if (place === 'absent' && mayHoldData(disk.parent, cluster * clusterBytes, clusterBytes)) return true;
  }
  return false;
}

export function allZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += STRIDE) if (!isZero(bytes.subarray(at, at + STRIDE))) return false;
  return true;
}
