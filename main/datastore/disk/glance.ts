/**
 * A look at the first sector of a disk, for the moment when a machine is being built.
 *
 * Invariant: it may be taken while another process writes to the disk; then it shows some moment of it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { DiskImage } from '../image.ts';
import { DiskError, type BlockDevice } from './device.ts';
import { SECTOR_BYTES } from './layout.ts';
import { isOverlay, openOverlay } from './open.ts';

/** The writer may be replacing the map at this very moment. */
const TRIES = 10;
const PAUSE_MS = 20;

export interface ImageGlance {
  readonly byteLength: number;
  readonly firstSector: Uint8Array;
}

/** @throws {Error} when the disk cannot be read. */
export async function glanceAt(file: string): Promise<ImageGlance> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await look(file);
    } catch (error) {
      if (!(error instanceof DiskError) || tries === TRIES) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

async function look(file: string): Promise<ImageGlance> {
  const disk: BlockDevice = isOverlay(file)
    ? await openOverlay(file, true, { live: true })
    : await DiskImage.open(file, true);
  try {
    const { byteLength } = disk;
    return { byteLength, firstSector: await disk.read(0, Math.min(SECTOR_BYTES, byteLength)) };
  } finally {
    await disk.close();
  }
}
