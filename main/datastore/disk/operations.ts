/**
 * What is done to disks that nobody uses: grow, compact, rebase, merge.
 *
 * Invariant: whenever one of these is interrupted, the disk reads as before, or is done; to begin again goes on.
 */
import { chmod, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { createDisk, syncFolder } from './create.ts';
import { DiskError, type BlockDevice } from './device.ts';
import { isOverlay, openDisk, openOverlay, overlayHeader, parentFile, referenceTo } from './open.ts';
import { Overlay } from './overlay.ts';
import { checkGeometry, CLUSTER_BYTES_MAX, type ParentReference } from './layout.ts';

/** Hears how far the work is, 0 to 1. */
export type Progress = (fraction: number) => void;

const SILENT: Progress = () => {};

/** Makes a disk larger. Overlays that stand on it do not fit it any more. @throws {DiskError} when it would shrink. */
export async function growDisk(file: string, bytes: number): Promise<void> {
  if (!isOverlay(file)) return growRaw(file, bytes);
  const disk = await openOverlay(file, false);
  try {
    checkGrowth(file, disk.byteLength, bytes, disk.header.clusterBytes);
    if (bytes > disk.byteLength) await growOverlay(disk, bytes);
  } finally {
    await disk.close();
  }
}

async function growOverlay(disk: Overlay, bytes: number): Promise<void> {
  await disk.change({ virtualBytes: bytes, content: newContent() });
}

async function growRaw(file: string, bytes: number): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    const { size } = await handle.stat();
    checkGrowth(file, size, bytes, CLUSTER_BYTES_MAX);
    await handle.truncate(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function checkGrowth(file: string, now: number, bytes: number, clusterBytes: number): void {
  if (bytes < now) {
    throw new DiskError(`"${file}" has ${now} bytes: it can grow, not shrink to ${bytes}, which would cut off data.`);
  }
  try {
    checkGeometry(bytes, clusterBytes);
  } catch (error) {
    throw new DiskError(`"${file}" cannot have this size: ${(error as Error).message}.`);
  }
}

function newContent(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex');
}

/**
 * Gives back what is not needed: places nobody refers to, zeros, and clusters that are the same below. A new file is
 * written beside the old one and takes its place; for that there must be room.
 * @returns the sizes of the file before and after, in bytes.
 */
export async function compactDisk(
  file: string,
  progress: Progress = SILENT,
): Promise<{ readonly before: number; readonly after: number }> {
  const { size: before } = await stat(file);
  const { parent } = await overlayHeader(file);
  await rewrite(file, parent, (old, fresh) =>
    eachCluster(old, progress, async (cluster, at, length) => {
      if (old.placeOf(cluster) === 'absent') return;
      const bytes = await old.read(at, length);
      if (!same(bytes, await below(old, at, length))) await fresh.write(at, bytes);
    }),
  );
  return { before, after: (await stat(file)).size };
}

/**
 * Writes the same disk (its uuid and content too) as another file that stands on `parent` and that `work` fills. It
 * takes the place of the old one in one step: who has that open goes on reading it.
 */
async function rewrite(
  file: string,
  parent: ParentReference | null,
  work: (old: Overlay, fresh: Overlay) => Promise<void>,
): Promise<void> {
  const old = await openOverlay(file, true);
  const written = path.join(path.dirname(file), `.${path.basename(file, '.lsd')}.again.lsd`);
  const { mode } = await stat(file);
  try {
    await rm(written, { force: true });
    const { virtualBytes, clusterBytes, uuid, content, committing } = old.header;
    if (committing) throw new DiskError(`"${file}" is half merged into its parent: finish that first.`);
    await createDisk(written, { virtualBytes, clusterBytes, uuid, content, parent });
    const fresh = await openOverlay(written, false, { alone: true });
    fresh.keepContent();
    try {
      await work(old, fresh);
      await fresh.flush();
    } finally {
      await fresh.close();
    }
    await chmod(written, mode & 0o777);
    await rename(written, file);
    await syncFolder(path.dirname(file));
  } catch (error) {
    await rm(written, { force: true });
    throw error;
  } finally {
    await old.close();
  }
}

/**
 * As `rebaseDisk`, of an overlay that nobody writes to, while others may read it: a new file takes its place, and reads
 * the same. So disks that stand on it go on to do so. For that there must be room.
 */
export async function replaceRebased(file: string, onto: string, progress: Progress = SILENT): Promise<void> {
  await rewrite(file, await referenceTo(file, onto), async (old, fresh) => {
    const other = await openDisk(onto, true);
    try {
      if (other.byteLength > old.byteLength) throw tooLarge(onto, file);
      const between = layerBetween(old, onto);
      await eachCluster(old, progress, async (cluster, at, length) => {
        const own = old.placeOf(cluster) !== 'absent';
        // A look at the map, where it says enough, saves two readings.
        if (!own && between?.placeOf(cluster) === 'absent') return;
        const bytes = await old.read(at, length);
        if (own || !same(bytes, await readClipped(other, at, length))) await fresh.write(at, bytes);
      });
    } finally {
      await other.close();
    }
  });
}

/** The one overlay between these two, where their clusters are the same ones. */
function layerBetween({ parent, header }: Overlay, onto: string): Overlay | null {
  if (!(parent instanceof Overlay) || parent.header.clusterBytes !== header.clusterBytes) return null;
  const below = parent.header.parent;
  return below && parentFile(parent.path, below) === path.resolve(onto) ? parent : null;
}

function tooLarge(onto: string, file: string): DiskError {
  return new DiskError(`"${onto}" is larger than "${file}", which cannot stand on it: enlarge that first.`);
}

/**
 * Lets an overlay stand on another disk, or (null) on none, and read as before: what differs there is copied into it.
 * It may grow by that. So `rebaseDisk(file, null)` makes one file of a chain.
 * @throws {DiskError} when the other disk is larger than it.
 */
export async function rebaseDisk(file: string, onto: string | null, progress: Progress = SILENT): Promise<void> {
  const disk = await openOverlay(file, false);
  let other: BlockDevice | null = null;
  try {
    if (disk.header.committing) throw new DiskError(`"${file}" is half merged into its parent: finish that first.`);
    other = onto === null ? null : await openDisk(onto, true);
    if (onto !== null && other && other.byteLength > disk.byteLength) throw tooLarge(onto, file);
    disk.keepContent();
    await eachCluster(disk, progress, async (cluster, at, length) => {
      if (disk.placeOf(cluster) !== 'absent') return;
      const bytes = await disk.read(at, length);
      if (!same(bytes, await readClipped(other, at, length))) await disk.write(at, bytes);
    });
    await disk.change({ parent: onto === null ? null : await referenceTo(file, onto) });
  } finally {
    await disk.close();
    await other?.close();
  }
}

/**
 * Merges an overlay into the disk it stands on, and empties it: then both read the same. Everything else that stands
 * on that disk is lost with this. While it goes on only the overlay may be opened; it reads as before all the time.
 * @returns the file that was merged into.
 */
export async function commitDisk(file: string, progress: Progress = SILENT): Promise<string> {
  const { parent } = await overlayHeader(file);
  if (!parent) throw new DiskError(`"${file}" stands on no other disk: there is nothing to merge it into.`);
  const into = parentFile(file, parent);
  const disk = await openOverlay(file, false);
  try {
    // What the parent holds does not matter from here on wherever the overlay has something itself.
    await disk.change({ committing: true });
    if (disk.byteLength > parent.bytes) await growDisk(into, disk.byteLength);
    const target = await openDisk(into, false);
    try {
      await eachCluster(disk, progress, async (cluster, at, length) => {
        if (disk.placeOf(cluster) !== 'absent') await target.write(at, await disk.read(at, length));
      });
      await target.flush();
    } finally {
      await target.close();
    }
    await disk.empty({ committing: false, parent: await referenceTo(file, into) });
  } finally {
    await disk.close();
  }
  return into;
}

/* ------------------------------------------------------------------ cluster by cluster -------------------------- */

async function eachCluster(
  disk: Overlay,
  progress: Progress,
  work: (cluster: number, at: number, length: number) => Promise<void>,
): Promise<void> {
  const { clusterBytes } = disk.header;
  const { clusters, byteLength } = disk;
  for (let cluster = 0; cluster < clusters; cluster += 1) {
    const at = cluster * clusterBytes;
    await work(cluster, at, Math.min(clusterBytes, byteLength - at));
    if (cluster % 64 !== 0) continue;
    progress(cluster / clusters);
    await breathe();
  }
  progress(1);
}

/** What would be read if the overlay had nothing there. */
function below(disk: Overlay, at: number, length: number): Promise<Uint8Array> {
  return readClipped(disk.parent, at, length);
}

async function readClipped(disk: BlockDevice | null, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const inside = Math.max(0, Math.min(length, (disk?.byteLength ?? 0) - at));
  if (disk && inside > 0) await disk.readInto(bytes.subarray(0, inside), at);
  return bytes;
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
