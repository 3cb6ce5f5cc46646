/**
 * Makes disks: thin ones, overlays on others, and the copy that a backup with a disk of its own has.
 *
 * Invariant: a file that is there already is never overwritten; one that could not be finished is removed.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { closing, DiskError, HostFile } from './device.ts';
import {
  BLOCK_BYTES,
  checkGeometry,
  CLUSTER_BYTES_DEFAULT,
  encodeHeader,
  RESERVED_BYTES,
  SLOTS,
  type Header,
} from './layout.ts';
import { writeLog } from './map-log.ts';
import { diskBytes, isOverlay, OVERLAY_EXTENSION, referenceTo } from './open.ts';

const FIRST_BLOCKS = 4;

/** What a new file is to be. */
export type NewDisk = Pick<Header, 'virtualBytes'> &
  Partial<Pick<Header, 'clusterBytes' | 'uuid' | 'content' | 'parent'>>;

/** Makes a disk without data. @throws {Error} when it is there already, cannot be made, or its size makes no sense. */
export async function createDisk(file: string, disk: NewDisk): Promise<void> {
  if (!isOverlay(file)) throw new DiskError(`The name of a Lockstep disk ends in ${OVERLAY_EXTENSION}, not "${file}".`);
  const clusterBytes = disk.clusterBytes ?? CLUSTER_BYTES_DEFAULT;
  try {
    checkGeometry(disk.virtualBytes, clusterBytes);
  } catch (error) {
    throw new DiskError(`"${file}" cannot be made: ${(error as Error).message}.`);
  }
  const fresh = (): string => randomBytes(16).toString('hex');
  const header: Header = {
    generation: 1,
    virtualBytes: disk.virtualBytes,
    clusterBytes,
    uuid: disk.uuid ?? fresh(),
    content: disk.content ?? fresh(),
    committing: false,
    parent: disk.parent ?? null,
    log: {
      unit: RESERVED_BYTES / clusterBytes,
      blocks: FIRST_BLOCKS,
      base: 1,
      nonce: randomBytes(8).toString('hex'),
    },
  };
  const bytes = encodeHeader(header);
  const handle = await HostFile.open(file, 'wx+').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EEXIST' ? new DiskError(`"${file}" is there already. Choose another name.`) : error;
  });
  try {
    await writeLog(handle, header, []);
    const end = RESERVED_BYTES + Math.ceil((FIRST_BLOCKS * BLOCK_BYTES) / clusterBytes) * clusterBytes;
    await handle.write(Buffer.alloc(1), end - 1);
    for (let slot = 0; slot < SLOTS; slot += 1) await handle.write(bytes, slot * BLOCK_BYTES);
    await handle.sync();
    await handle.close();
    await syncFolder(path.dirname(file));
  } catch (error) {
    await handle.close().catch(() => {});
    await rm(file, { force: true });
    throw error;
  }
}

/**
 * Makes an overlay on another disk, which is not to be written to from now on. It is as large, or `virtualBytes`.
 * @throws {Error} as `createDisk`, or when the other disk cannot be read.
 */
export async function createOverlay(file: string, below: string, virtualBytes?: number): Promise<void> {
  await settle(below);
  const parent = await referenceTo(file, below);
  if (virtualBytes !== undefined && virtualBytes < parent.bytes) {
    throw new DiskError(`"${file}" would be smaller than "${below}" (${parent.bytes} bytes), on which it is to stand.`);
  }
  await createDisk(file, { virtualBytes: virtualBytes ?? parent.bytes, parent });
}

/** What was written to it lasts; one that may not be written to was not. */
async function settle(file: string): Promise<void> {
  try {
    const handle = await open(file, 'r+');
    await closing(handle, () => handle.sync());
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EROFS' && code !== 'EPERM') throw error;
  }
}

/** A folder's new names outlive a power cut, where the system can do that. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await closing(handle, () => handle.sync());
  } catch {
    // Windows opens no folders; its file systems keep names by themselves.
  }
}

/**
 * Makes sure that there is a file of this size for a copy of a disk: a missing one is made, thin. One of another size
 * is cut or lengthened where it is ours (`replace`); the user's own is left alone.
 * @throws {Error} naming the remedy, when the user's file has another size; as node:fs does, when it cannot be made.
 */
export async function prepareCopy(file: string, bytes: number, replace: boolean): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  if (isOverlay(file)) return prepareOverlay(file, bytes);
  const handle = await open(file, 'a', 0o600);
  try {
    const { size } = await handle.stat();
    if (size === bytes) return;
    if (size > 0 && !replace) throw otherDisk(file, size, bytes);
    await handle.truncate(bytes);
  } finally {
    await handle.close();
  }
}

async function prepareOverlay(file: string, bytes: number): Promise<void> {
  let size: number;
  try {
    size = diskBytes(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return createDisk(file, { virtualBytes: bytes });
  }
  if (size !== bytes) throw otherDisk(file, size, bytes);
}

function otherDisk(file: string, size: number, bytes: number): Error {
  return new Error(
    `"${file}" has ${size} bytes, the virtual machine's disk has ${bytes}: it is another disk. ` +
      'Move it away, and it is made anew.',
  );
}
