/**
 * The disks on which a backup carries out requests itself, as its VM's settings want it.
 *
 * Invariant: a shared image is opened for reading only: as long as there is a primary, nobody else writes to it.
 */
import { prepareCopy } from '../datastore/disk/create.ts';
import { Disks } from './disks.ts';
import type { FromReplica, ReplicaSpec } from './messages.ts';

/** Makes a backup's own hard disk image where there is none yet. @throws {Error} when it cannot be made. */
export async function prepareOwnDisk({ files, disk, settings }: ReplicaSpec): Promise<void> {
  if (settings.diskMode !== 'separate' || !files.hda || !disk) return;
  await prepareCopy(files.hda, disk.bytes, disk.slot === 'B');
}

/** Null where it carries out nothing. @throws {Error} when an image cannot be opened. */
export async function openOwnDisks(parts: {
  readonly spec: ReplicaSpec;
  readonly send: (message: FromReplica) => void;
}): Promise<Disks | null> {
  const { files, settings } = parts.spec;
  const separate = settings.diskMode === 'separate';
  const reads = settings.diskReads === 'backup';
  if (!separate && !reads) return null;
  const images = files.hda ? [['hda', files.hda] as const] : [];
  const failed = (message: string): void =>
    parts.send({ type: 'diskError', message: `The secondary's own ${message}.` });
  return Disks.open(images, () => {}, failed, undefined, !separate);
}
