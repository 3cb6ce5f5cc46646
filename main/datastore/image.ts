/**
 * A raw disk image as a block device on a real file.
 *
 * Invariant: an operation outside the image or with the wrong length fails before the file is touched; what `flush` has
 * confirmed is on the disk.
 */
import type { FileHandle } from 'node:fs/promises';
import { checkRange, type BlockDevice } from './disk/device.ts';
import { openRegular } from './regular.ts';

export class DiskImage implements BlockDevice {
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
    checkRange(this, offset, length);
    const bytes = Buffer.alloc(length);
    await this.readInto(bytes, offset);
    return bytes;
  }

  /** The same into memory that is there already. */
  async readInto(target: Uint8Array, offset: number): Promise<void> {
    checkRange(this, offset, target.length);
    for (let done = 0; done < target.length; ) {
      const { bytesRead } = await this.#file.read(target, done, target.length - done, offset + done);
      if (bytesRead === 0) throw new Error(`${this.path} ends at ${offset + done}: it was cut while in use`);
      done += bytesRead;
    }
  }

  /** @throws {Error} when the range is not inside the image, the image is read-only, or the host's disk fails. */
  async write(offset: number, data: Uint8Array): Promise<void> {
    checkRange(this, offset, data.length);
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
}
