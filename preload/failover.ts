/**
 * Failovers and the faults that bring them about, as the contract has them.
 *
 * Invariant: a phase that has not happened (yet) is null, never zero.
 */
import * as v from 'valibot';
import type { NamedVm } from './history.ts';

/* ------------------------------------------------------------------ failovers ----------------------------------- */

export const FAILOVERS_LIMIT_MAX = 200;

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

/* ------------------------------------------------------------------ faults -------------------------------------- */

export const FAULTS = [
  'crash-primary',
  'crash-secondary',
  'hang-primary',
  'hang-secondary',
  'corrupt-secondary',
  'cut-channel',
  'delay-channel',
  'heal',
] as const;
export const FAULT_MS_MAX = 10_000;
const FaultKind = v.picklist(FAULTS, `the faults are: ${FAULTS.join(', ')}`);
export type FaultKind = v.InferOutput<typeof FaultKind>;

/** A fault that lasts, and has not been healed. */
export interface ActiveFault {
  readonly kind: Exclude<FaultKind, 'heal' | 'crash-primary' | 'crash-secondary'>;
  /** When it was injected; milliseconds since 1970, UTC. */
  readonly at: number;
  /** How long it hangs, or by how much each message is late; null where it was not said. */
  readonly ms: number | null;
  /** The process that was hit; null where that is the channel. */
  readonly pid: number | null;
}

/** The schemas of the commands' arguments. */
export const failoverCommands = {
  /** The newest first. */
  'failover.list': v.strictObject({
    vm: v.exactOptional(v.pipe(v.string('name the VM'), v.minLength(1, 'name the VM'), v.maxLength(64))),
    limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(FAILOVERS_LIMIT_MAX)), 20),
  }),
  fault: v.strictObject({
    vm: v.pipe(v.string('name the VM'), v.minLength(1, 'name the VM'), v.maxLength(64)),
    kind: FaultKind,
    /** How much later each message arrives (`delay-channel`), or for how long a process hangs; in milliseconds. */
    ms: v.optional(
      v.pipe(
        v.number('takes a number of ms'),
        v.integer('takes a whole number of ms'),
        v.minValue(1, 'is at least 1 ms'),
        v.maxValue(FAULT_MS_MAX, `is at most ${FAULT_MS_MAX} ms`),
      ),
    ),
  }),
} as const;

export interface FailoverResults {
  'failover.list': readonly FailoverRecord[];
  /** The process that was hit; null where none was. */
  fault: { readonly pid: number | null };
}
