/**
 * Which disc a CD image is: the same for every replica that opens it, whatever computer it is on.
 *
 * Invariant: what is read of an image is bounded, however large it is. The identity covers its size, its first 64 KiB
 * (with ISO 9660's volume descriptors and their times) and its last; it tells a replaced file, not one byte changed
 * in the middle: what replicas read there is compared in any case.
 */
import { createHash } from 'node:crypto';
import { DiskImage } from './image.ts';

const SAMPLE_BYTES = 65_536;

export interface IdentifiedDisc {
  readonly path: string;
  /** In bytes. */
  readonly bytes: number;
  /** A SHA-256, hexadecimal. */
  readonly identity: string;
}

/** @throws {Error} when the file cannot be read. */
export async function identifyDisc(path: string): Promise<IdentifiedDisc> {
  const image = await DiskImage.open(path, true);
  try {
    return await identify(image);
  } finally {
    await image.close();
  }
}

/** Opens an image and makes sure that it is this disc. @throws {Error} naming the file, when it is not. */
export async function openDisc({ path, bytes, identity }: IdentifiedDisc): Promise<DiskImage> {
  const image = await DiskImage.open(path, true);
  try {
    const found = await identify(image);
    if (found.bytes === bytes && found.identity === identity) return image;
  } catch (error) {
    await image.close();
    throw error;
  }
  await image.close();
  throw new Error(`"${path}" is not the disc that was put into the drive: the file has changed`);
}

async function identify(image: DiskImage): Promise<IdentifiedDisc> {
  const { path, byteLength: bytes } = image;
  const sample = Math.min(SAMPLE_BYTES, bytes);
  const hash = createHash('sha256').update(`${bytes}:`);
  hash.update(await image.read(0, sample)).update(await image.read(bytes - sample, sample));
  return { path, bytes, identity: hash.digest('hex') };
}
