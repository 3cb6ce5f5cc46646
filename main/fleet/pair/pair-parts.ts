/**
 * What a pair (pair.ts) is given, and what it tells.
 *
 * Invariant: what a pair does beyond its own replicas it does through these.
 */
import type { Severity } from '../../../preload/contract/contract.ts';
import type { EventKind } from '../../../preload/contract/event-kinds.ts';
import type { DiskSlot } from '../../datastore/leases.ts';
import type { FromReplica, RecordingEvent, ReplicaOutput, ReplicaSpec } from '../../replica/messages.ts';
import type { FailoverKeeper } from './failovers.ts';
import type { Processes } from './processes.ts';
import type { Replica } from './replica.ts';
import type { Spares } from './spares.ts';

export type StateMessage = Extract<FromReplica, { type: 'save' | 'restoring' | 'restored' | 'room' }>;

/** What a pair tells its VM. */
export interface PairOutside {
  output(message: ReplicaOutput): void;
  /** The primary says what became of a recording. */
  recording(event: RecordingEvent): void;
  /** The primary says how far it is with saving the state, or with restoring one; or that it waits for room. */
  state(message: StateMessage): void;
  event(kind: EventKind, severity: Severity, message: string, data?: { [key: string]: unknown }): void;
  changed(): void;
  /** A replica has built its machine: it can be plugged into the network. */
  built(replica: Replica): void;
  /** The primary runs. */
  started(): void;
  /** There is a new primary, whose state includes the outside input `lastInput` and all before it. */
  failedOver(lastInput: number): void;
  readonly failovers: FailoverKeeper;
  /** The machine executes nothing from this epoch on, or does again. */
  paused(paused: boolean, epoch: number): void;
  /** No replica is left. `why` is null after an orderly power-off. */
  ended(why: string | null): void;
}

export interface PairParts {
  /** What a replica is made of that uses this hard disk image. */
  readonly spec: (holder: string, slot: DiskSlot) => ReplicaSpec;
  readonly generation: number;
  /** The file of a saved state from which the machine goes on, paused at first. */
  readonly state?: string | undefined;
  /** The hard disk image that is true at power-on. */
  readonly slot: DiskSlot;
  /** The one for a secondary of a primary that uses this one: the same where they share it, or there is none. */
  readonly secondarySlot: (slot: DiskSlot) => DiskSlot;
  /** Both replicas may write to the same image. */
  readonly hasDisk: boolean;
  readonly processes: Processes;
  readonly spares: Spares;
  readonly outside: PairOutside;
}
