/** What a VM can be taken back to: one of its snapshots, or its automatic checkpoint. */
import type { SnapshotView } from '../../../preload/contract/contract.ts';
import type { CheckpointRecord } from '../../store/checkpoints.ts';
import type { SnapshotRecord } from '../../store/snapshots.ts';
import type { SnapshotFiles } from './snapshot-files.ts';

export type Point = Pick<SnapshotRecord, 'id' | 'config' | 'state' | 'disk'> & {
  /** The snapshot from which the VM goes on then. */
  readonly current: string | null;
  /** What it is, in words. */
  readonly words: string;
  readonly event: 'snapshot.reverted' | 'checkpoint.resumed';
  /** What the words name. */
  readonly data: { readonly [name: string]: unknown };
};

export function pointOf({ id, name, config, state, disk }: SnapshotRecord): Point {
  const words = `the snapshot "${name}"`;
  return { id, current: id, config, state, disk, words, event: 'snapshot.reverted', data: { name } };
}

export function pointOfCheckpoint({ id, parent, takenAt, config, state, disk }: CheckpointRecord): Point {
  const words = `the automatic checkpoint of ${new Date(takenAt).toISOString()}`;
  return { id, current: parent, config, state, disk, words, event: 'checkpoint.resumed', data: { takenAt } };
}

/** What is to be done again where it was half done. */
export function againWords({ event }: Point): string {
  return event === 'snapshot.reverted' ? 'revert to it again' : 'resume from it again';
}

export function viewOf(
  { id, name, note, parent, takenAt, state, disk }: SnapshotRecord,
  files: SnapshotFiles,
): Omit<SnapshotView, 'current' | 'hasThumbnail'> {
  const machine = state && { epoch: state.epoch, hash: state.hash };
  return { id, name, note, parent, takenAt, machine, disk, bytes: files.bytes([state?.file ?? null, disk]) };
}
