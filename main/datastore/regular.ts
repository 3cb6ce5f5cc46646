/**
 * Opening files whose path somebody else chose.
 *
 * Invariant: only a plain file is opened: a pipe would wait for its other end, and opening a device can do something.
 */
import { constants } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';

/** @throws {Error} (with a `code`, as node:fs gives it) when it cannot be opened, or is something else than a file. */
export async function openRegular(file: string, readOnly: boolean): Promise<FileHandle> {
  refuseOthers(file, await stat(file));
  // Something else may have taken its place meanwhile: O_NONBLOCK (which Windows lacks) does not wait for a pipe.
  const access = readOnly ? constants.O_RDONLY : constants.O_RDWR;
  const handle = await open(file, access | (constants.O_NONBLOCK ?? 0));
  try {
    refuseOthers(file, await handle.stat());
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Reads a whole file.
 * @throws {Error} as `openRegular`, and when it is longer than `bytesMax`.
 */
export async function readRegular(file: string, bytesMax: number): Promise<Uint8Array> {
  const handle = await openRegular(file, true);
  try {
    const { size } = await handle.stat();
    if (size > bytesMax) throw new RangeError(`"${file}" has ${size} bytes; at most ${bytesMax} are read`);
    const bytes = new Uint8Array(size);
    let done = 0;
    while (done < size) {
      const { bytesRead } = await handle.read(bytes, done, size - done, done);
      if (bytesRead === 0) throw new Error(`"${file}" became shorter while it was read`);
      done += bytesRead;
    }
    return bytes;
  } finally {
    await handle.close();
  }
}

function refuseOthers(file: string, status: { isFile(): boolean }): void {
  if (!status.isFile()) throw new Error(`"${file}" is not a plain file`);
}
