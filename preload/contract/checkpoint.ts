/**
 * Automatic checkpoints, as the contract has them: what a VM can be resumed from after its host has crashed.
 *
 * Invariant: of a VM only the newest whole one is kept, and it is given up when the VM is powered off in an orderly
 * way, suspended, or taken back to a snapshot; so one that is off and has one was powered off unexpectedly.
 */
import * as v from 'valibot';
import { Vm } from './names.ts';
import type { SuspendedView } from './snapshot.ts';

/** A day. */
const CHECKPOINT_MINUTES_MAX = 1440;

const words = `automatic checkpoints are taken every 1 to ${CHECKPOINT_MINUTES_MAX} minutes; 0 turns them off`;
export const CheckpointMinutes = v.pipe(
  v.number(words),
  v.integer(words),
  v.minValue(0, words),
  v.maxValue(CHECKPOINT_MINUTES_MAX, words),
);

const OfVm = v.strictObject({ vm: Vm });

/** The schemas of the commands' arguments. */
export const checkpointCommands = {
  /** Takes one now, in the place of the last one. */
  'checkpoint.take': OfVm,
  /** Powers the VM on in the state of its checkpoint, its disk too: what it has become since is lost. */
  'checkpoint.resume': OfVm,
} as const;

export interface CheckpointView extends SuspendedView {
  /** For so long the guest stood still, in milliseconds. */
  readonly stunMs: number;
  /** Until when the VM is known to have run; null while it runs. Milliseconds since 1970, UTC. */
  readonly ranUntil: number | null;
}

export interface CheckpointResults {
  'checkpoint.take': CheckpointView;
}

/** What is lost by going back, in milliseconds; at least nothing. */
export function lostBy({ at, ranUntil }: CheckpointView): number {
  return Math.max(0, (ranUntil ?? at) - at);
}
