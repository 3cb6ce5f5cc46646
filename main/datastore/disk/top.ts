/**
 * The top of a disk that has snapshots: all that is written goes to an overlay at a fixed place (the `top`); what was
 * written before a snapshot lies in files below it that nobody writes to any more.
 *
 * Invariants: where there is no top, the disk is its own file (the user's, or a copy); where there is one, that. To
 * freeze what is there and to begin a new top is one step for everybody else, the renaming of a file: at every moment,
 * after a crash too, the top is a disk that reads as it should. The own file of a disk that has a top is never written
 * to. So who opens a disk needs to know only these two names, whenever the snapshots were taken.
 */
import { existsSync } from 'node:fs';
import { link, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { createOverlay, syncFolder } from './create.ts';
import { DiskError } from './device.ts';
import { CHAIN_MAX, chainFiles, openOverlay } from './open.ts';
import type { Overlay } from './overlay.ts';

/** A disk by its two names. */
export interface TopNames {
  readonly own: string;
  readonly top: string;
}

/** The file to be opened. */
export function topOf({ own, top }: TopNames): string {
  return existsSync(top) ? top : own;
}

/** A new top that is not at its place yet. */
function unfinished(top: string): string {
  return path.join(path.dirname(top), `.${path.basename(top, '.lsd')}.new.lsd`);
}

/**
 * Freezes what the disk holds, under the name `layer` where that is not its own file, and begins a new top. Nobody may
 * write meanwhile, and what was written must have been flushed; who has the old top open goes on with the new one.
 * @returns the frozen file, and the new top, open for writing.
 * @throws {Error} when that is not possible; everything is as before then.
 */
export async function freeze(names: TopNames, layer: string): Promise<{ readonly frozen: string; next: Overlay }> {
  const { own, top } = names;
  const now = topOf(names);
  if (chainFiles(now).length >= CHAIN_MAX - 1) {
    throw new DiskError(
      `The disk "${own}" is made of ${CHAIN_MAX - 1} files already. ` +
        'Delete snapshots: their layers are merged then, in the background.',
    );
  }
  await mkdir(path.dirname(top), { recursive: true, mode: 0o700 });
  const frozen = now === top ? layer : own;
  try {
    if (frozen === layer) {
      await rm(layer, { force: true });
      await link(top, layer);
    }
    return { frozen, next: await putOnTop(top, frozen) };
  } catch (error) {
    if (frozen === layer) await rm(layer, { force: true });
    throw error;
  }
}

/**
 * Begins a new top on this disk, in place of what was there. Nobody may use the disk.
 * @throws {Error} when that is not possible; everything is as before then.
 */
export async function beginTop(top: string, below: string): Promise<void> {
  await mkdir(path.dirname(top), { recursive: true, mode: 0o700 });
  const next = await putOnTop(top, below);
  await next.close();
}

async function putOnTop(top: string, below: string): Promise<Overlay> {
  const made = unfinished(top);
  await rm(made, { force: true });
  let next: Overlay | null = null;
  try {
    await createOverlay(made, below);
    // Opened before it counts: from the renaming on nothing can go wrong.
    next = await openOverlay(made, false);
    await rename(made, top);
  } catch (error) {
    await next?.close();
    await rm(made, { force: true });
    throw error;
  }
  await syncFolder(path.dirname(top));
  return next;
}
