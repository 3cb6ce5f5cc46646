/**
 * The files of one VM's saved states and snapshots, in a folder of its own: `<id>.lockstate` (states), `<id>.lsd`
 * (frozen layers of the disk), `top-A.lsd` and `top-B.lsd` (what is written now).
 *
 * Invariants: the rows of the database say what is needed; what no row names and no disk stands on is removed, and a
 * layer that no snapshot names is merged into the one disk that stands on it. Both can be cut off at any moment and
 * begun again. While the VM runs nothing is done that a replica could notice, which may open the disk at any moment,
 * or freeze it: a merged layer is a new file in the place of the old, the top is left alone, and only layers are
 * removed of which it is known that a snapshot had them or that they were merged.
 */
import { link, mkdir, readdir, rm } from 'node:fs/promises';
import { statSync } from 'node:fs';
import path from 'node:path';
import { overlayHeader, parentFile } from '../../datastore/disk/open.ts';
import { rebaseDisk, replaceRebased, type Progress } from '../../datastore/disk/operations.ts';
import { STATE_EXTENSION, UNFINISHED } from '../../datastore/state-file.ts';

const LAYER = '.lsd';
const TOP = /^top-[AB]\.lsd$/;

/** What is needed, by file name. */
export interface Needed {
  readonly states: ReadonlySet<string>;
  /** The disks of snapshots. */
  readonly layers: ReadonlySet<string>;
}

/** A layer that only this disk stands on, and what both stand on then. */
export interface Merge {
  readonly layer: string;
  readonly child: string;
  readonly onto: string;
}

export class SnapshotFiles {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  state(id: string): string {
    return path.join(this.folder, id + STATE_EXTENSION);
  }

  layer(id: string): string {
    return path.join(this.folder, id + LAYER);
  }

  /** The same state under another name: each goes by itself. */
  async linkState(file: string, id: string): Promise<string> {
    const other = this.state(id);
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    await link(file, other);
    return other;
  }

  /** Removes states that nobody needs, asked for each at the last moment. */
  async removeStates(needed: (file: string) => boolean): Promise<void> {
    for (const name of await this.#names()) {
      const file = path.join(this.folder, name);
      if (name.endsWith(STATE_EXTENSION) && !needed(file)) await rm(file, { force: true });
    }
  }

  /** Removes what a former host has left unfinished. */
  async removeUnfinished(): Promise<void> {
    for (const name of await this.#names()) {
      const unfinished = name.endsWith(UNFINISHED) || (name.startsWith('.') && name.endsWith(LAYER));
      if (unfinished) await rm(path.join(this.folder, name), { force: true });
    }
  }

  /**
   * Removes layers on which nothing stands; while the VM runs only those in `gone` (null: it is off).
   * @returns what is to be merged next, if anything.
   */
  async nextMerge(needed: Needed, gone: ReadonlySet<string> | null = null): Promise<Merge | null> {
    for (;;) {
      const parents = await this.#parents();
      const on = (file: string): string[] => [...parents].filter(([, below]) => below === file).map(([name]) => name);
      const free = [...parents.keys()].filter((file) => !needed.layers.has(file) && !isTop(file));
      const unused = free.filter((file) => on(file).length === 0 && (gone?.has(file) ?? true));
      for (const file of unused) await rm(file, { force: true });
      // The layer below one that was removed may be unused now.
      if (unused.length > 0) continue;
      for (const layer of free) {
        const [child, other] = on(layer);
        const onto = parents.get(layer);
        if (child === undefined || other !== undefined || !onto) continue;
        if (gone === null || !isTop(child)) return { layer, child, onto };
      }
      return null;
    }
  }

  /** Afterwards nothing stands on the layer. Rejects when `progress` throws; what was done is not lost then. */
  async merge({ child, onto }: Merge, progress: Progress): Promise<void> {
    if (isTop(child)) await rebaseDisk(child, onto, progress);
    else await replaceRebased(child, onto, progress);
  }

  /** What these take up, in bytes; what is not there takes nothing. */
  bytes(files: readonly (string | null)[]): number {
    return files.reduce((sum, file) => {
      if (file === null || path.dirname(file) !== this.folder) return sum;
      const found = statSync(file, { throwIfNoEntry: false });
      return sum + (found ? Math.min(found.size, (found.blocks ?? Number.POSITIVE_INFINITY) * 512) : 0);
    }, 0);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Every layer and top, with what it stands on. */
  async #parents(): Promise<Map<string, string | null>> {
    const found = new Map<string, string | null>();
    for (const name of await this.#names()) {
      if (!name.endsWith(LAYER) || name.startsWith('.')) continue;
      const file = path.join(this.folder, name);
      const { parent } = await overlayHeader(file);
      found.set(file, parent && parentFile(file, parent));
    }
    return found;
  }

  async #names(): Promise<string[]> {
    return readdir(this.folder).catch(() => []);
  }
}

/** It is written to while the VM runs. */
function isTop(file: string): boolean {
  return TOP.test(path.basename(file));
}
