/**
 * Kills at named points (preload/contract/faults.ts), as data: who is armed, what brings it to its point, and what may
 * come of it.
 *
 * Invariant: `ends` only where the one copy that lived died: the other was dead already, or not yet allowed to go live,
 * or had lost the test-and-set. Everywhere else the guest lives on, and the outside sees no gap.
 */
import type { CrashPoint } from '../../preload/contract/contract.ts';

/**
 * `lives`: the guest goes on without a gap. `ends`: the VM must say that it was powered off unexpectedly. `either`: who
 * was faster decides which of the two.
 */
export type Outcome = 'lives' | 'ends' | 'either';

export interface Sortie {
  readonly when: 'before' | 'after';
  readonly point: CrashPoint;
  /** Who dies there: one of a Protected pair, or the secondary that is started `next`. */
  readonly armed: 'primary' | 'secondary' | 'next';
  /** What is done to the pair once that one is armed, so that it comes there. */
  readonly trigger: 'nothing' | 'kill primary' | 'hang primary' | 'kill secondary' | 'cut channel';
  readonly outcome: Outcome;
  /** It dies the first time that it comes there, or up to so many times later. */
  readonly countMax: number;
}

function both(
  point: CrashPoint,
  rest: Pick<Sortie, 'armed' | 'trigger'>,
  outcomes: readonly [before: Outcome, after: Outcome],
  countMax = 1,
): Sortie[] {
  const [before, after] = outcomes;
  return [
    { when: 'before', point, ...rest, outcome: before, countMax },
    { when: 'after', point, ...rest, outcome: after, countMax },
  ];
}

const PRIMARY = { armed: 'primary', trigger: 'nothing' } as const;
const RECEIVER = { armed: 'next', trigger: 'kill secondary' } as const;
const SENDER = { armed: 'primary', trigger: 'kill secondary' } as const;
const SUCCESSOR = { armed: 'secondary', trigger: 'kill primary' } as const;
/** The primary stands still until its secondary is dead, and then finds what that one has done to the lease. */
const USURPER = { armed: 'secondary', trigger: 'hang primary' } as const;
/** Both ask for the lease at about the same time. */
const RIVAL = { armed: 'primary', trigger: 'cut channel' } as const;

export const SORTIES: readonly Sortie[] = [
  ...both('log', PRIMARY, ['lives', 'lives'], 200),
  ...both('emit', PRIMARY, ['lives', 'lives'], 20),
  ...both('issue', PRIMARY, ['lives', 'lives'], 10),
  ...both('ack', { armed: 'secondary', trigger: 'nothing' }, ['lives', 'lives'], 200),
  // The test-and-set, and what follows from it.
  ...both('claim', USURPER, ['lives', 'ends']),
  ...both('claim', RIVAL, ['lives', 'either']),
  ...both('claim', SUCCESSOR, ['ends', 'ends']),
  ...both('won', SUCCESSOR, ['ends', 'ends']),
  ...both('won', USURPER, ['ends', 'ends']),
  ...both('live', SUCCESSOR, ['ends', 'ends']),
  // A snapshot on its way: its receiver may die at any time, its sender is the only copy.
  ...both('chunk', RECEIVER, ['lives', 'lives'], 8),
  ...both('lastChunk', RECEIVER, ['lives', 'lives']),
  ...both('restore', RECEIVER, ['lives', 'lives']),
  ...both('capture', SENDER, ['ends', 'ends']),
  ...both('chunk', SENDER, ['ends', 'ends'], 8),
  ...both('lastChunk', SENDER, ['ends', 'ends']),
  ...both('protect', SENDER, ['ends', 'either']),
];

/** In words, such as `before claim (secondary; hang primary)`. */
export function sortieName({ when, point, armed, trigger }: Sortie): string {
  const who = armed === 'next' ? 'next secondary' : armed;
  return `${when} ${point} (${trigger === 'nothing' ? who : `${who}; ${trigger}`})`;
}
