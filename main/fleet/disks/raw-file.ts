/**
 * A new file of zeros that takes up no room, for a raw image.
 *
 * Invariant: what exists is not touched.
 */
import { open } from 'node:fs/promises';
import { closing } from '../../datastore/disk/device.ts';

/** `bytes` is its size. @throws {Error} as node:fs does, also when it exists. */
export async function makeRaw(file: string, bytes: number): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  await closing(handle, () => handle.truncate(bytes));
}
