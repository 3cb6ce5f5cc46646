/**
 * The secondary of a pair: its process, what it is made of, and how far it has come.
 *
 * Invariant: from the choice of its process to its end, or to its going live, a pair knows of one secondary only.
 */
import type { StartProgress, StartTimes } from '../../../preload/contract/contract.ts';
import type { DiskSlot } from '../../datastore/leases.ts';
import type { ReplicaSpec } from '../../replica/messages.ts';
import type { Replica } from './replica.ts';
import { SecondaryProgress } from './secondary-progress.ts';

export class Secondary {
  readonly replica: Replica;
  /** The hard disk image that it uses. */
  readonly slot: DiskSlot;
  readonly settings: ReplicaSpec['settings'];
  readonly progress: SecondaryProgress;
  /** `building`: its machine is made. `copying`: the state is on its way. `takingOver`: it suspects the primary. */
  phase: 'building' | 'copying' | 'protected' | 'takingOver' = 'building';
  /** It has its logging channel. */
  linked = false;
  /** What it said went wrong. */
  words: string | null = null;
  /** Its loss was told, or is meant. */
  lossNoted = false;

  /** `timedOut`: its start has made no progress for too long. */
  constructor(replica: Replica, slot: DiskSlot, settings: ReplicaSpec['settings'], timedOut: () => void) {
    this.replica = replica;
    this.slot = slot;
    this.settings = settings;
    this.progress = new SecondaryProgress(timedOut);
  }

  /** Not yet Protected: nobody relies on it. */
  get starting(): boolean {
    return this.phase === 'building' || this.phase === 'copying';
  }

  /** How far its start is; null when that is over. */
  get start(): StartProgress | null {
    if (this.phase === 'building') return { phase: 'building', copied: 0 };
    return this.phase === 'copying' ? this.progress.view() : null;
  }

  /** Its machine is made. Its primary has a way of its own to the fleet, and may have been heard before. */
  built(): void {
    if (this.phase === 'building') this.phase = 'copying';
    this.progress.built();
  }

  /** It is Protected; how long that took. */
  arrived(): StartTimes {
    this.phase = 'protected';
    this.progress.end();
    return this.progress.times();
  }
}
