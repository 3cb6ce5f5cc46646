/**
 * Suspending to disk and snapshots, as the contract has them.
 *
 * Invariants: a VM is suspended or it runs, never both; its snapshots are a tree; a snapshot is named by its name (not
 * case-sensitive) or its id, within its VM.
 */
import * as v from 'valibot';
import { Vm } from './names.ts';

const SNAPSHOT_NAME_LENGTH_MAX = 64;
const SNAPSHOT_NOTE_LENGTH_MAX = 1000;
/** Of one VM. */
export const SNAPSHOTS_MAX = 256;
/** The picture of the screen is at most so wide, in pixels. */
export const THUMBNAIL_WIDTH_MAX = 320;

const Name = v.pipe(
  v.string('a snapshot name is text'),
  v.minLength(1, 'a snapshot name needs at least one character'),
  v.maxLength(SNAPSHOT_NAME_LENGTH_MAX, `a snapshot name has at most ${SNAPSHOT_NAME_LENGTH_MAX} characters`),
  v.regex(
    /^[\p{L}\p{N}](?:[\p{L}\p{N} ._-]*[\p{L}\p{N}._-])?$/u,
    'a snapshot name is made of letters, digits, spaces, ".", "_" and "-", and begins with a letter or a digit',
  ),
);
const Snapshot = v.pipe(v.string('name the snapshot'), v.minLength(1, 'name the snapshot'), v.maxLength(64));
const Note = v.pipe(
  v.string(),
  v.maxLength(SNAPSHOT_NOTE_LENGTH_MAX, `a note has at most ${SNAPSHOT_NOTE_LENGTH_MAX} characters`),
);
const OfVm = v.strictObject({ vm: Vm });
const OfSnapshot = v.strictObject({ vm: Vm, snapshot: Snapshot });

/** The schemas of the commands' arguments. */
export const snapshotCommands = {
  /** Saves the state of a running VM in a file and powers it off; the next power-on goes on from there. */
  'power.suspend': OfVm,
  /** Lets a paused VM go on, or powers a suspended one on. */
  'power.resume': OfVm,
  'snapshot.take': v.strictObject({ vm: Vm, name: Name, note: v.optional(Note, '') }),
  /** Oldest first. */
  'snapshot.list': OfVm,
  'snapshot.thumbnail': OfSnapshot,
  /** Takes the VM back: what it has become since is lost, unless it is in another snapshot. */
  'snapshot.revert': OfSnapshot,
  /** Its children become its parent's; what its disk layer holds is merged in the background. */
  'snapshot.delete': OfSnapshot,
} as const;

/** A VM that was suspended to disk. */
export interface SuspendedView {
  /** Milliseconds since 1970, UTC. */
  readonly at: number;
  readonly epoch: number;
  /** Of the file. */
  readonly bytes: number;
  /** The machine's full hash, hexadecimal. */
  readonly hash: string;
}

export interface SnapshotView {
  readonly id: string;
  readonly name: string;
  readonly note: string;
  /** The id of the one before it; null for a first one. */
  readonly parent: string | null;
  /** Milliseconds since 1970, UTC. */
  readonly takenAt: number;
  /** The VM goes on from this one. */
  readonly current: boolean;
  /** Null where it was taken while the VM was off: then it holds the disk alone. */
  readonly machine: Pick<SuspendedView, 'epoch' | 'hash'> | null;
  /** The frozen file of the hard disk; null where there is none. */
  readonly disk: string | null;
  /** What the files of it alone take up: its state, and its layer of the disk. The user's own disk is not counted. */
  readonly bytes: number;
  readonly hasThumbnail: boolean;
}

export interface SnapshotResults {
  'snapshot.take': SnapshotView;
  'snapshot.list': readonly SnapshotView[];
  'snapshot.thumbnail': { readonly pngBase64: string | null };
  'snapshot.delete': null;
}
