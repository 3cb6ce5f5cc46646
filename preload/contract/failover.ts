/**
 * Failovers, as the contract has them.
 *
 * Invariant: a phase that has not happened (yet) is null, never zero.
 */
import * as v from 'valibot';
import type { NamedVm } from './history.ts';

const FAILOVERS_LIMIT_MAX = 200;

/**
 * The phases of a failover, in milliseconds (Scales et al., 2010, section 2.3). The first four follow each other; the
 * last two, like `liveMs`, count from the won test-and-set.
 */
export interface FailoverReport {
  /** When the backup went live; milliseconds since 1970, UTC. */
  readonly at: number;
  readonly reason: string;
  /** From the last sign of life of the old primary to the suspicion. */
  readonly detectMs: number;
  /** Executing what was left of the log. */
  readonly drainMs: number;
  /** The test-and-set on the shared storage. */
  readonly arbitrateMs: number;
  /** From the won test-and-set to the first live epoch. */
  readonly liveMs: number;
  /** To the first output (serial port, network, sound) that the old primary had not made; null while there is none. */
  readonly firstOutputMs: number | null;
  /** Until the pair was Protected again; null while it is not, or was not before the next failover. */
  readonly protectedMs: number | null;
}

/** How long the start of a secondary took, in milliseconds; all but the first count from its beginning. */
export interface StartTimes {
  /** How long the guest stood still. */
  readonly stunMs: number;
  /** Until the new process had built its machine. */
  readonly builtMs: number;
  /** Until the primary's state was captured (separate disks: made equal before). */
  readonly capturedMs: number;
  /** Until all of it was sent. */
  readonly copiedMs: number;
  /** Until the secondary had restored it, had caught up, and the pair was Protected. */
  readonly protectedMs: number;
}

/** A failover as it is kept. */
export interface FailoverRecord extends FailoverReport {
  readonly id: number;
  readonly vm: NamedVm;
  /** The generation that the new primary began. */
  readonly generation: number;
  /** The processes of the old primary and the new one. */
  readonly fromPid: number;
  readonly toPid: number;
  /** The user asked for it (Test Failover). */
  readonly requested: boolean;
}

/** The schemas of the commands' arguments. */
export const failoverCommands = {
  /** The newest first. */
  'failover.list': v.strictObject({
    vm: v.exactOptional(v.pipe(v.string('name the VM'), v.minLength(1, 'name the VM'), v.maxLength(64))),
    limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(FAILOVERS_LIMIT_MAX)), 20),
  }),
} as const;

export interface FailoverResults {
  'failover.list': readonly FailoverRecord[];
}
