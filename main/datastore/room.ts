/**
 * A file system without room: how that is recognised, and said.
 *
 * Invariant: only what goes away by itself when there is room counts; a file that may not be larger does not.
 */
import { statfs } from 'node:fs/promises';
import path from 'node:path';

/** What waits for room. */
export interface NoRoom {
  /** The file that could not be written. */
  readonly file: string;
  /** Of its file system, for this user, in bytes; null where that cannot be known. */
  readonly freeBytes: number | null;
}

/** The file system, or the user's share of it, is full. */
export function isNoRoom(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  return code === 'ENOSPC' || code === 'EDQUOT' || (cause !== undefined && isNoRoom(cause));
}

/** How much can still be written where this file is, in bytes; null where that cannot be known. */
export async function freeBytes(file: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(path.dirname(file));
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** `no room in "/data": 0.2 MB free`. */
export function noRoomWords({ file, freeBytes: free }: NoRoom): string {
  const left = free === null ? '' : `: ${(free / 1e6).toFixed(1)} MB free`;
  return `no room in "${path.dirname(file)}"${left}`;
}

/** What was said of a lack of room, in words that name the folder; other errors as they are. */
export async function withRoomWords(error: Error, file: string): Promise<Error> {
  if (!isNoRoom(error)) return error;
  return new Error(noRoomWords({ file, freeBytes: await freeBytes(file) }), { cause: error });
}
