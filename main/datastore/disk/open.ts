/**
 * Opens disks: a raw image, or an overlay with all that it stands on.
 *
 * Invariants: a file is an overlay exactly if its name ends in `.lsd`. Its content must agree, but does not decide: a
 * guest writes the first bytes of a raw image, and would otherwise choose what file of this computer stands below it.
 * What stands below an overlay is opened for reading only, and is what it was when the overlay was made.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { DiskImage } from '../image.ts';
import { DiskError, HostFile, type BlockDevice } from './device.ts';
import { BLOCK_BYTES, decodeHeader, SLOTS, type Header, type ParentReference } from './layout.ts';
import { load, readHeader } from './load.ts';
import { Overlay } from './overlay.ts';

export const OVERLAY_EXTENSION = '.lsd';
/** So many files a disk may be made of. */
export const CHAIN_MAX = 32;

export function isOverlay(file: string): boolean {
  return file.toLowerCase().endsWith(OVERLAY_EXTENSION);
}

/**
 * Opens a disk. Whoever opens it for writing must be the only one who does.
 * @throws {DiskError} naming the file and the remedy; as node:fs does, when a file cannot be opened.
 */
export async function openDisk(file: string, readOnly: boolean): Promise<BlockDevice> {
  return isOverlay(file) ? openOverlay(file, readOnly) : DiskImage.open(file, readOnly);
}

/** How an overlay is opened; `live` where somebody else writes to it meanwhile. */
export interface OpenOptions {
  readonly live?: boolean;
  /** Without what it stands on: what is not in this file reads as zeros. */
  readonly alone?: boolean;
}

/** @throws as `openDisk`. */
export async function openOverlay(
  file: string,
  readOnly: boolean,
  { live = false, alone = false }: OpenOptions = {},
  depth = 1,
): Promise<Overlay> {
  const handle = await HostFile.open(file, readOnly ? 'r' : 'r+');
  let parent: BlockDevice | null = null;
  try {
    const loaded = await load(handle, !live);
    if (loaded.header.parent && !alone) parent = await openParent(file, loaded.header, depth);
    return new Overlay(handle, loaded, parent, readOnly);
  } catch (error) {
    await parent?.close();
    await handle.close();
    throw error;
  }
}

type Reference = Omit<ParentReference, 'path'>;

/** Where the disk is that this overlay stands on. */
export function parentFile(file: string, { path: name }: ParentReference): string {
  return path.resolve(path.dirname(file), name);
}

async function openParent(file: string, header: Header, depth: number): Promise<BlockDevice> {
  const { parent } = header;
  if (!parent) throw new DiskError(`"${file}" stands on no other disk.`);
  const below = parentFile(file, parent);
  const lead = `"${file}" stands on "${below}"`;
  if (depth >= CHAIN_MAX) throw new DiskError(`${lead}, and so on: more than ${CHAIN_MAX} files. Merge some of them.`);
  const status = await stat(below).catch(() => null);
  if (!status?.isFile()) throw new DiskError(`${lead}, which is not there. Put it there again.`);
  const found =
    parent.kind === 'lsd' ? await openOverlay(below, true, {}, depth + 1) : await DiskImage.open(below, true);
  const now = found instanceof Overlay ? overlayReference(found) : await rawReference(found.path);
  const same = now.uuid === parent.uuid && (header.committing || sameContent(now, parent));
  if (same) return found;
  await found.close();
  throw new DiskError(
    now.uuid === parent.uuid
      ? `${lead}, which was changed since. Put the unchanged one there again.`
      : `${lead}, and that is another disk by now. Put the right one there.`,
  );
}

function sameContent(one: Reference, other: Reference): boolean {
  return one.bytes === other.bytes && one.content === other.content;
}

function overlayReference({ header, byteLength: bytes }: Overlay): Reference {
  return { kind: 'lsd', bytes, uuid: header.uuid, content: header.content };
}

async function rawReference(file: string): Promise<Reference> {
  const { size, mtimeNs } = await stat(file, { bigint: true });
  const content = mtimeNs.toString(16).padStart(32, '0');
  return { kind: 'raw', bytes: Number(size), uuid: '0'.repeat(32), content };
}

/** What the overlay `file` notes of the disk below it, as that is now. @throws as `openDisk`. */
export async function referenceTo(file: string, below: string): Promise<ParentReference> {
  const relative = path.relative(path.dirname(path.resolve(file)), path.resolve(below));
  const name = relative.startsWith('..') || path.isAbsolute(relative) ? path.resolve(below) : relative;
  if (!isOverlay(below)) return { ...(await rawReference(below)), path: name };
  const disk = await openOverlay(below, true);
  await disk.close();
  return { ...overlayReference(disk), path: name };
}

/** The header of an overlay, whatever stands below it. @throws as `openDisk`. */
export async function overlayHeader(file: string): Promise<Header> {
  const handle = await HostFile.open(file, 'r');
  try {
    return (await readHeader(handle)).header;
  } finally {
    await handle.close();
  }
}

/** The same at once. @throws {DiskError} when there is none. */
export function overlayHeaderSync(file: string): Header {
  const descriptor = openSync(file, 'r');
  try {
    const found: Header[] = [];
    let why = 'it is empty';
    for (let slot = 0; slot < SLOTS; slot += 1) {
      const bytes = Buffer.alloc(BLOCK_BYTES);
      const length = readSync(descriptor, bytes, 0, BLOCK_BYTES, slot * BLOCK_BYTES);
      try {
        found.push(decodeHeader(bytes.subarray(0, length)));
      } catch (error) {
        why = (error as Error).message;
      }
    }
    const [one, other] = found;
    if (!one) throw new DiskError(`"${file}" is no Lockstep disk, or a damaged one: ${why}.`);
    return other && other.generation > one.generation ? other : one;
  } finally {
    closeSync(descriptor);
  }
}

/** How large a guest sees this disk, in bytes. @throws {Error} when the file is gone, or damaged. */
export function diskBytes(file: string): number {
  return isOverlay(file) ? overlayHeaderSync(file).virtualBytes : statSync(file).size;
}

/** All files that a disk is made of, the top first, as far as they are there. */
export function chainFiles(file: string): string[] {
  const files: string[] = [];
  for (let at: string | null = path.resolve(file); at !== null && files.length < CHAIN_MAX; ) {
    files.push(at);
    if (!isOverlay(at)) break;
    try {
      const { parent } = overlayHeaderSync(at);
      at = parent ? parentFile(at, parent) : null;
    } catch {
      break;
    }
  }
  return files;
}
