/**
 * What users do to Fault Tolerance and to Protected pairs, in the words of the event log.
 *
 * Invariant: every operation and every change has its sentence here.
 */
import type { FtEvent } from '../../ft/environment.ts';

/** What can be done to a Protected pair. */
export type PairOperation = 'testFailover' | 'testRestartSecondary' | 'migrate';

export const OPERATIONS: { readonly [O in PairOperation]: string } = {
  testFailover: 'Test Failover: the primary is ended on purpose.',
  testRestartSecondary: 'Test Restart Secondary: the secondary is ended on purpose.',
  migrate: 'Migrate Secondary: a new process takes the place of the present secondary.',
};

/** What is done to Fault Tolerance: the event, its words, and what then is so. */
export const FT_CHANGES = {
  on: { kind: 'ft.turnedOn', words: 'turned on', enabled: true, suspended: false },
  off: { kind: 'ft.turnedOff', words: 'turned off', enabled: false, suspended: false },
  suspend: { kind: 'ft.suspended', words: 'suspended', enabled: true, suspended: true },
  resume: { kind: 'ft.resumed', words: 'resumed', enabled: true, suspended: false },
} as const;

type Halted = Extract<FtEvent, { type: 'halted' }>;

/** The event of a replica that stopped for good: its kind, severity, words and data; null where it was told to. */
export function haltedEvent(who: 'primary' | 'secondary', { cause, why }: Halted, pid: number) {
  if (cause === 'ended' || cause === 'poweredOff') return null;
  const [severity, subject] =
    who === 'secondary' ? (['error', 'The secondary'] as const) : (['warning', 'A former primary'] as const);
  return [`ft.${cause}`, severity, `${subject} halted: ${why}.`, { who, pid, why }] as const;
}
