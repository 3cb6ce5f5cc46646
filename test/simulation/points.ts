/**
 * The points at which a simulated replica can be made to die.
 *
 * Invariant: they have the names of the product (preload/contract/faults.ts), where it has them.
 */
import type { CrashPoint } from '../../preload/contract/faults.ts';

/**
 * What others notice: an entry or an acknowledgement sent, an effect let go, a test-and-set asked for and answered; by
 * the names of the product, and `acted`: the storage has carried the test-and-set out, and nobody knows it yet.
 */
export const POINTS = [
  'log',
  'chunk',
  'ack',
  'emit',
  'issue',
  'claim',
  'acted',
  'won',
  'live',
  'protect',
] as const satisfies readonly (CrashPoint | 'acted')[];
export type Point = (typeof POINTS)[number];

export interface Fate {
  readonly point: Point;
  readonly when: 'before' | 'after';
  /** How many times it passes the point. */
  readonly count: number;
}
