/**
 * A folder of this computer as it will be on a disc: which files, under which names.
 *
 * Invariants: only plain files and folders; links are followed nowhere (what is outside the folder stays outside).
 * Names are unique in their folder in both forms: 8.3 of ISO 9660 (level 1), and Joliet's 64 characters.
 */
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';

export interface DiscFile {
  readonly kind: 'file';
  readonly source: string;
  readonly bytes: number;
  readonly changed: Date;
  readonly names: Names;
}

export interface DiscFolder {
  readonly kind: 'folder';
  readonly changed: Date;
  readonly names: Names;
  readonly children: readonly (DiscFile | DiscFolder)[];
}

export interface Names {
  readonly iso: string;
  readonly joliet: string;
}

/** A folder that no disc can be made of: the message names what is in the way. */
export class DiscError extends Error {
  override name = 'DiscError';
}

export interface Scan {
  readonly root: DiscFolder;
  /** Links, pipes and the like. */
  readonly leftOut: number;
}

const ENTRIES_MAX = 50_000;
/** ECMA-119 allows eight levels. */
const DEPTH_MAX = 8;
/** A file has one extent, whose length has 32 bits. */
const FILE_BYTES_MAX = 2 ** 32 - 2048;
const DISC_BYTES_MAX = 8 * 2 ** 30;
const JOLIET_LENGTH_MAX = 64;

/** Looks at all of a folder. @throws {DiscError} when it does not fit a disc; as node:fs does, when it is not read. */
export async function scanFolder(folder: string): Promise<Scan> {
  const counts = { entries: 0, bytes: 0, leftOut: 0 };
  const status = await lstat(folder);
  if (!status.isDirectory()) throw new DiscError(`"${folder}" is no folder.`);

  async function visit(at: string, changed: Date, names: Names, depth: number): Promise<DiscFolder> {
    if (depth > DEPTH_MAX) throw new DiscError(`"${at}" is deeper than the ${DEPTH_MAX} levels that a disc has.`);
    const taken = { iso: new Set<string>(), joliet: new Set<string>() };
    const children: (DiscFile | DiscFolder)[] = [];
    for (const name of (await readdir(at)).toSorted()) {
      const source = path.join(at, name);
      const found = await lstat(source);
      if (!found.isFile() && !found.isDirectory()) {
        counts.leftOut += 1;
        continue;
      }
      counts.entries += 1;
      if (counts.entries > ENTRIES_MAX) throw new DiscError(`"${folder}" has more than ${ENTRIES_MAX} files.`);
      const own = namesFor(name, found.isDirectory(), taken);
      if (found.isDirectory()) {
        children.push(await visit(source, found.mtime, own, depth + 1));
        continue;
      }
      counts.bytes += found.size;
      if (found.size > FILE_BYTES_MAX) throw new DiscError(`"${source}" is larger than the 4 GB that a disc takes.`);
      if (counts.bytes > DISC_BYTES_MAX)
        throw new DiscError(`"${folder}" has more than 8 GB: choose a smaller folder.`);
      children.push({ kind: 'file', source, bytes: found.size, changed: found.mtime, names: own });
    }
    return { kind: 'folder', changed, names, children };
  }

  const root = await visit(folder, status.mtime, { iso: '\0', joliet: '\0' }, 1);
  return { root, leftOut: counts.leftOut };
}

function namesFor(name: string, folder: boolean, taken: { iso: Set<string>; joliet: Set<string> }): Names {
  const dot = folder ? -1 : name.lastIndexOf('.');
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot + 1)] : [name, ''];
  const iso = unique(
    taken.iso,
    (suffix) => {
      const letters = plain(stem).slice(0, 8 - suffix.length) + suffix;
      if (folder) return letters;
      return `${letters}.${plain(extension).slice(0, 3)};1`;
    },
    plain(stem) === '' ? '_' : '',
  );
  // Joliet forbids these; a name is as long as it may be, with its extension.
  const allowed = (text: string): string => text.replaceAll(/[*/:;?\\\p{Cc}]/gu, '_');
  const tail = extension === '' ? '' : allowed(`.${extension}`).slice(0, JOLIET_LENGTH_MAX / 2);
  const joliet = unique(
    taken.joliet,
    (suffix) => allowed(stem).slice(0, JOLIET_LENGTH_MAX - tail.length - suffix.length) + suffix + tail,
    '',
  );
  return { iso, joliet };
}

/** ISO 9660's letters. */
function plain(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/\p{M}+/gu, '')
    .toUpperCase()
    .replaceAll(/[^A-Z0-9_]/g, '_');
}

function unique(taken: Set<string>, make: (suffix: string) => string, first: string): string {
  for (let count = 0; ; count += 1) {
    const name = make(count === 0 ? first : String(count));
    // Windows and DOS do not tell letters of either case apart.
    const key = name.toUpperCase();
    if (taken.has(key)) continue;
    taken.add(key);
    return name;
  }
}
