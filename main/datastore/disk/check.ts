/**
 * Looks at a disk: what it is, and whether it is whole.
 *
 * Invariant: nothing is changed without `repair`, and by it only what cannot lose data: a damaged copy of the header
 * is written anew.
 */
import { stat } from 'node:fs/promises';
import { closing, DiskError, HostFile } from './device.ts';
import { RESERVED_BYTES } from './layout.ts';
import { load, readHeader } from './load.ts';
import { chainFiles, diskBytes, isOverlay, openDisk, openOverlay, overlayHeader } from './open.ts';
import type { Progress } from './operations.ts';

export interface DiskInfo {
  readonly file: string;
  readonly format: 'raw' | 'lsd';
  /** As a guest sees it, in bytes. */
  readonly bytes: number;
  /** The size of the file, and what it takes up on the host's disk, in bytes. */
  readonly fileBytes: number;
  readonly diskBytes: number;
  readonly clusterBytes: number | null;
  readonly uuid: string | null;
  /** It is being merged into the one below it. */
  readonly committing: boolean;
  /** All files that it is made of, this one first. */
  readonly chain: readonly string[];
}

/** @throws {Error} when it cannot be read. */
export async function diskInfo(file: string): Promise<DiskInfo> {
  const { size, blocks } = await stat(file);
  const header = isOverlay(file) ? await overlayHeader(file) : null;
  return {
    file,
    format: header ? 'lsd' : 'raw',
    bytes: diskBytes(file),
    fileBytes: size,
    diskBytes: blocks * 512,
    clusterBytes: header?.clusterBytes ?? null,
    uuid: header?.uuid ?? null,
    committing: header?.committing ?? false,
    chain: chainFiles(file),
  };
}

export interface DiskCheck {
  /** What is wrong; `where` in bytes of the disk, null where it is not about its data. */
  readonly problems: readonly { readonly where: number | null; readonly message: string }[];
  /** More of them than are listed. */
  readonly problemsLeftOut: number;
  readonly repaired: readonly string[];
  readonly clustersChecked: number;
  /** Bytes of the file that nothing refers to: "compact" gives them back. */
  readonly unusedBytes: number;
}

const PROBLEMS_MAX = 1000;

/** Checks an overlay: its header, its map, the checksums of all it holds, and that what it stands on is there. */
export async function checkDisk(file: string, repair: boolean, progress: Progress = () => {}): Promise<DiskCheck> {
  if (!isOverlay(file)) {
    await (await openDisk(file, true)).close();
    return { problems: [], problemsLeftOut: 0, repaired: [], clustersChecked: 0, unusedBytes: 0 };
  }
  const problems: { where: number | null; message: string }[] = [];
  let left = 0;
  const found = (where: number | null, message: string): void => {
    if (problems.length < PROBLEMS_MAX) problems.push({ where, message });
    else left += 1;
  };
  const repaired: string[] = [];
  let [clustersChecked, unusedBytes] = [0, 0];
  try {
    const header = await checkHeader(file, repair, repaired);
    if (header) found(null, header);
    const disk = await openOverlay(file, true, { alone: true });
    try {
      const { clusterBytes } = disk.header;
      unusedBytes = disk.units.free * clusterBytes;
      for (let cluster = 0; cluster < disk.clusters; cluster += 1) {
        if (disk.placeOf(cluster) !== 'data') continue;
        clustersChecked += 1;
        const at = cluster * clusterBytes;
        const length = Math.min(clusterBytes, disk.byteLength - at);
        await disk.read(at, length).catch((error: Error) => found(at, error.message));
        progress(cluster / disk.clusters);
      }
    } finally {
      await disk.close();
    }
    await (await openOverlay(file, true)).close();
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    found(null, error.message);
  }
  progress(1);
  return { problems, problemsLeftOut: left, repaired, clustersChecked, unusedBytes };
}

/** @returns what is wrong with the header and was not repaired; null where nothing is. */
async function checkHeader(file: string, repair: boolean, repaired: string[]): Promise<string | null> {
  const handle = await HostFile.open(file, 'r');
  let other: string | null;
  try {
    ({ other } = await readHeader(handle));
    if (other !== null) await load(handle);
  } finally {
    await handle.close();
  }
  if (other === null) return null;
  const words = `One of the two copies of the header (the first ${RESERVED_BYTES} bytes) is not good: ${other}.`;
  if (!repair) return `${words} The other one is; --repair writes both anew.`;
  const disk = await openOverlay(file, false, { alone: true });
  await closing(disk, () => disk.change({}));
  repaired.push(words);
  return null;
}
