/**
 * A disk image as a block device on a real file.
 *
 * Invariant: an operation outside the image or with the wrong length fails before the file is touched; what `flush` has
 * confirmed is on the disk.
 */
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { openRegular } from './regular.ts';

export class DiskImage {
  readonly path: string;
  readonly byteLength: number;
  readonly #file: FileHandle;
  readonly #readOnly: boolean;

  private constructor(path: string, file: FileHandle, byteLength: number, readOnly: boolean) {
    this.path = path;
    this.#file = file;
    this.byteLength = byteLength;
    this.#readOnly = readOnly;
  }

  /** @throws {Error} (with a `code`, as node:fs gives it) when the file cannot be opened. */
  static async open(path: string, readOnly: boolean): Promise<DiskImage> {
    const file = await openRegular(path, readOnly);
    const { size } = await file.stat();
    return new DiskImage(path, file, size, readOnly);
  }

  /** @throws {Error} when the range is not inside the image, or the host's disk fails. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    this.#check(offset, length);
    const bytes = Buffer.alloc(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.#file.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0) throw new Error(`${this.path} ends at ${offset + done}: it was cut while in use`);
      done += bytesRead;
    }
    return bytes;
  }

  /** @throws {Error} when the range is not inside the image, the image is read-only, or the host's disk fails. */
  async write(offset: number, data: Uint8Array): Promise<void> {
    this.#check(offset, data.length);
    if (this.#readOnly) throw new Error(`${this.path} is read-only`);
    let done = 0;
    while (done < data.length) {
      const { bytesWritten } = await this.#file.write(data, done, data.length - done, offset + done);
      done += bytesWritten;
    }
  }

  async flush(): Promise<void> {
    if (!this.#readOnly) await this.#file.datasync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #check(offset: number, length: number): void {
    const inside = Number.isSafeInteger(offset) && offset >= 0 && length >= 0 && offset + length <= this.byteLength;
    if (!inside)
      throw new RangeError(`${length} bytes at ${offset} are outside ${this.path} (${this.byteLength} bytes)`);
  }
}

/**
 * Makes sure that there is a file of this size for a copy of a disk: a missing one is made, full of holes. One of
 * another size is cut or lengthened where it is ours (`replace`); the user's own is left alone.
 * @throws {Error} naming the remedy, when the user's file has another size; as node:fs does, when it cannot be made.
 */
export async function prepareCopy(file: string, bytes: number, replace: boolean): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const handle = await open(file, 'a', 0o600);
  try {
    const { size } = await handle.stat();
    if (size === bytes) return;
    if (size > 0 && !replace) {
      throw new Error(
        `"${file}" has ${size} bytes, the virtual machine's disk has ${bytes}: it is another disk. ` +
          'Move it away, and it is made anew.',
      );
    }
    await handle.truncate(bytes);
  } finally {
    await handle.close();
  }
}

/** A synchronous look into an image, for the moment when a machine is being built. */
export class ImageGlance {
  readonly #descriptor: number;
  readonly byteLength: number;

  constructor(path: string) {
    this.#descriptor = openSync(path, 'r');
    this.byteLength = fstatSync(this.#descriptor).size;
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    readSync(this.#descriptor, bytes, 0, length, offset);
    return bytes;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
