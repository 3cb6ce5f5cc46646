/**
 * What a campaign of snapshots does, drawn from its seed: what is done to the VM, in which state, and whether the host
 * dies meanwhile.
 *
 * Invariant: the same order gives the same plan, so that a campaign that was interrupted knows what is left.
 */
import { Random } from '../simulation/random.ts';

export const ACTIONS = ['take', 'revert', 'delete'] as const;
export type Action = (typeof ACTIONS)[number];

/** What a plan is drawn from. */
export interface SnapshotOrder {
  readonly seed: number;
  readonly actions: number;
  readonly diskMB: number;
  /** Of the VM's own disk file. */
  readonly format: 'raw' | 'lsd';
}

export interface SnapshotStep {
  /** From 1. */
  readonly number: number;
  readonly action: Action;
  /** Of the snapshots that there are, which one: at least 0, below 1. */
  readonly pick: number;
  /** The VM is off meanwhile. */
  readonly offline: boolean;
  /** A VM that is off is taken back to a running snapshot, if there is one, rather than booted. */
  readonly restore: boolean;
  /** The VM is Protected; of no account where it is off. */
  readonly protect: boolean;
  /** The host is killed so long after the action was begun, in milliseconds; null: it lives. */
  readonly deathMs: number | null;
  /** Which of the files are written anew before. */
  readonly files: readonly number[];
}

/** Files on the disk whose contents are known. */
export const FILES = 8;
/** More snapshots than this, and one is deleted; fewer, and one is taken. */
export const KEPT_MAX = 5;
export const KEPT_MIN = 2;
const DEATH_SHARE = 0.5;
const OFFLINE_SHARE = 0.2;
const PROTECT_SHARE = 0.4;
/** A boot takes much longer. */
const RESTORE_SHARE = 0.75;
/** From the first moment of an action until some time after it: merging goes on behind it. In milliseconds. */
const DEATH_MS = { low: 5, high: 5000 };
/** Takes are more frequent: deaths lose some of them. */
const WEIGHTED: readonly Action[] = ['take', 'take', 'revert', 'delete'];

export function drawPlan({ seed, actions }: SnapshotOrder): SnapshotStep[] {
  const random = new Random(seed);
  return Array.from({ length: actions }, (_, index) => ({
    number: index + 1,
    action: WEIGHTED[random.below(WEIGHTED.length)] as Action,
    pick: random.next(),
    offline: random.next() < OFFLINE_SHARE,
    restore: random.next() < RESTORE_SHARE,
    protect: random.next() < PROTECT_SHARE,
    deathMs: random.next() < DEATH_SHARE ? Math.round(spread(random)) : null,
    files: Array.from({ length: 3 }, () => random.below(FILES)),
  }));
}

/** Each order of magnitude is as likely as the others. */
function spread(random: Random): number {
  const { low, high } = DEATH_MS;
  return Math.exp(random.between(Math.log(low), Math.log(high)));
}

/** What is done where that many snapshots are there: neither none nor too many are of any use. */
export function actionFor({ action }: SnapshotStep, kept: number): Action {
  if (kept > KEPT_MAX) return 'delete';
  if (kept < KEPT_MIN) return 'take';
  return action;
}
