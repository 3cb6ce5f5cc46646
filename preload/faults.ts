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
export const FAULT_DELAY_MS_MAX = 10_000;
export const FaultKind = v.picklist(FAULTS, `the faults are: ${FAULTS.join(', ')}`);
export type FaultKind = v.InferOutput<typeof FaultKind>;

/**
 * What others notice of a replica. A primary: a `log` entry sent, an output let go (`emit`), a disk request carried out
 * (`issue`), the state captured (`capture`), a chunk of it sent (`chunk`, and `lastChunk`), and `protect` sent. A
 * secondary: an acknowledgement sent (`ack`), a chunk taken in (`chunk`, `lastChunk`), the state restored (`restore`),
 * and going live (`live`: its outputs emitted again, its disks at work). Whoever leaves a pair: the test-and-set
 * (`claim`), and what follows from having won it (`won`).
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
export const CRASH_COUNT_MAX = 1_000_000;

/** Where a replica is to die, by its own hand and as by `kill -9`. */
export const CrashAt = v.strictObject({
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
