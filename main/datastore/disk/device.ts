/**
 * What a disk is to those who use it, and what a file is to a disk.
 *
 * Invariant: an operation outside the disk or with the wrong length fails before anything is touched; what `flush` has
 * confirmed outlives a power cut.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { openRegular } from '../regular.ts';

/** A disk: a raw image, or a chain of overlays. All offsets and lengths are in bytes. */
export interface BlockDevice {
  readonly path: string;
  readonly byteLength: number;
  /** @throws {Error} when the range is not inside the disk, the disk is damaged there, or the host's disk fails. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** The same into memory that is there already. */
  readInto(target: Uint8Array, offset: number): Promise<void>;
  /** @throws {Error} when the range is not inside the disk, it is read-only, or the host's disk fails. */
  write(offset: number, data: Uint8Array): Promise<void>;
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** A disk that cannot be used as it is: the message names the file, what is wrong, and the remedy. */
export class DiskError extends Error {
  override name = 'DiskError';
}

/** The file under an overlay; a test has one that forgets what was not synced. */
export interface DiskFile {
  readonly path: string;
  size(): Promise<number>;
  /** Fills `target`; resolves to the bytes read, fewer at the file's end. */
  read(target: Uint8Array, offset: number): Promise<number>;
  /** Writes all of it, or throws. */
  write(bytes: Uint8Array, offset: number): Promise<void>;
  /** All that was written is on the disk now. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Closes it after the work, however that ended. Rejects as the work does. */
export async function closing<D extends { close(): Promise<void> }, T>(
  thing: D,
  work: (thing: D) => Promise<T>,
): Promise<T> {
  try {
    return await work(thing);
  } finally {
    await thing.close();
  }
}

/** @throws {RangeError} when the range is not inside the device. */
export function checkRange(device: BlockDevice, offset: number, length: number): void {
  const { path, byteLength } = device;
  const inside = Number.isSafeInteger(offset) && offset >= 0 && length >= 0 && offset + length <= byteLength;
  if (!inside) throw new RangeError(`${length} bytes at ${offset} are outside ${path} (${byteLength} bytes)`);
}

/** A file of this computer. */
export class HostFile implements DiskFile {
  readonly path: string;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /** `flags` as node:fs has them. @throws {Error} (with a `code`) when it cannot be opened, or is no regular file. */
  static async open(path: string, flags: 'r' | 'r+' | 'wx+'): Promise<HostFile> {
    const handle = flags === 'wx+' ? await open(path, flags, 0o600) : await openRegular(path, flags === 'r');
    if ((await handle.stat()).isFile()) return new HostFile(path, handle);
    await handle.close();
    throw new DiskError(`"${path}" is not a file.`);
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  async read(target: Uint8Array, offset: number): Promise<number> {
    let done = 0;
    while (done < target.length) {
      const { bytesRead } = await this.#handle.read(target, done, target.length - done, offset + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, offset + done);
      done += bytesWritten;
    }
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
