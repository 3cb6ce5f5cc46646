/**
 * The last layer of a disk whose snapshots are all gone: it goes back into the disk's own file.
 *
 * Invariants: at every moment, after a crash too, the top reads as the disk should, and who opens the disk opens it as
 * long as it is there; it is removed when its own file reads the same. Nobody else's disk stands on either.
 */
import { constants } from 'node:fs';
import { access, rm } from 'node:fs/promises';
import path from 'node:path';
import { overlayHeader, parentFile } from '../../datastore/disk/open.ts';
import { commitDisk, type Progress } from '../../datastore/disk/operations.ts';
import { topOf, type TopNames } from '../../datastore/disk/top.ts';

/**
 * Of a VM that is off, has no snapshots, and whose true disk is its own file. `copy`: its disk in the datastore, which
 * is made equal anew when it is needed.
 * @returns the disk's own file; null where there is nothing to merge, or not now.
 */
export async function mergeLastLayer(own: TopNames, copy: TopNames, progress: Progress): Promise<string | null> {
  if (topOf(own) !== own.top) return null;
  const { parent } = await overlayHeader(own.top);
  if (!parent || parentFile(own.top, parent) !== path.resolve(own.own)) return null;
  const writable = await access(own.own, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!writable) return null;
  // After a revert it stands on the same file, which is written to now.
  await rm(copy.top, { force: true });
  await commitDisk(own.top, progress);
  await rm(own.top, { force: true });
  return own.own;
}
