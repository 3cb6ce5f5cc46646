/**
 * Faults that can be made on purpose, as the contract has them, and the named points at which a replica can be made to
 * die.
 *
 * Invariant: a name stands for the same point here, in the replicas (main/replica/crash-points.ts) and in the
 * simulator (test/simulation/replica.ts), where both have it.
 */
import * as v from 'valibot';

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

/**
 * What others notice of a replica. A primary: a `log` entry sent, an output let go (`emit`), a disk request carried out
 * (`issue`), the state captured (`capture`), a chunk of it sent (`chunk`, and `lastChunk`), and `protect` sent, or
 * another control entry (a pause, a power-off). A secondary: an acknowledgement sent (`ack`), a chunk taken in
 * (`chunk`, `lastChunk`), the state restored (`restore`), and going live (`live`: its outputs emitted again, its disks
 * at work). Whoever leaves a pair: the test-and-set (`claim`), and what follows from having won it (`won`).
 */
export const CRASH_POINTS = [
  'log',
  'ack',
  'emit',
  'issue',
  'claim',
  'won',
  'live',
  'capture',
  'chunk',
  'lastChunk',
  'restore',
  'protect',
] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];
const CRASH_COUNT_MAX = 1_000_000;

/** Where a replica is to die, by its own hand and as by `kill -9`. */
const CrashAt = v.strictObject({
  when: v.picklist(['before', 'after'], 'a replica dies before or after a point'),
  point: v.picklist(CRASH_POINTS, `the points are: ${CRASH_POINTS.join(', ')}`),
  /** It dies when it comes there for this many times, counted from the order on. */
  count: v.optional(
    v.pipe(
      v.number('is a number'),
      v.integer('is a whole number'),
      v.minValue(1, 'is at least 1'),
      v.maxValue(CRASH_COUNT_MAX, `is at most ${CRASH_COUNT_MAX}`),
    ),
    1,
  ),
});
export type CrashAt = v.InferOutput<typeof CrashAt>;

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

/** A flipped bit stays flipped: it goes with the secondary that has it. */
export function canBeHealed({ kind }: Pick<ActiveFault, 'kind'>): boolean {
  return kind !== 'corrupt-secondary';
}

/** The schemas of the commands' arguments. */
export const faultCommands = {
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
    /** For `crash-primary` and `crash-secondary`: not now, but when the replica comes to this point. */
    at: v.optional(CrashAt),
  }),
} as const;

export interface FaultResults {
  /** The process that was hit, or will be; null where none was. */
  fault: { readonly pid: number | null };
}
