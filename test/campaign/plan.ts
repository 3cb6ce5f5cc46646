/**
 * What a campaign does, drawn from its seed: the faults in their order, the disk mode of each, and the moment.
 *
 * Invariant: the same order gives the same plan, so that a campaign that was interrupted knows what is left.
 */
import { Random } from '../simulation/random.ts';
import { SORTIES, sortieName, type Sortie } from './points.ts';

/** `random`: kill -9 at any moment. `point`: at a named one. `hang`: SIGSTOP for longer than the failure timeout. */
export const FAULTS = ['random', 'point', 'gateway', 'host', 'hang', 'cut'] as const;
export type Fault = (typeof FAULTS)[number];

export interface Mode {
  readonly disk: 'shared' | 'separate';
  readonly reads: 'log' | 'backup';
}

export const MODES: readonly Mode[] = [
  { disk: 'shared', reads: 'log' },
  { disk: 'separate', reads: 'log' },
  { disk: 'shared', reads: 'backup' },
  { disk: 'separate', reads: 'backup' },
];

/** What a plan is drawn from. */
export interface Order {
  readonly seed: number;
  readonly counts: { readonly [F in Fault]: number };
  /** The disk modes that it goes through, so many failures at a time. */
  readonly modes: readonly Mode[];
  readonly batch: number;
  readonly victim: 'primary' | 'secondary' | 'both';
  /** Of the named points only those in whose names this is; empty: all. */
  readonly point: string;
  /** The VM's failure timeout. */
  readonly timeoutMs: number;
}

export interface Step {
  /** From 1. */
  readonly number: number;
  readonly mode: Mode;
  readonly fault: Fault;
  /**
   * Whom it hits. Null for a cut channel, for a host, and for a gateway that dies alone; a gateway may die with the
   * primary.
   */
  readonly victim: 'primary' | 'secondary' | null;
  readonly sortie: Sortie | null;
  /** How many times the victim comes to the sortie's point. */
  readonly count: number;
  /** How long the pair is left alone before, so that the fault comes at no particular moment; in milliseconds. */
  readonly waitMs: number;
}

const WAIT_MS_MAX = 600;
/** A VM that ends has to boot again: where the guest lives on more can be seen in the same time. */
const LIVES_WEIGHT = 5;

/** @throws {Error} where no point has such a name. */
export function drawPlan({ seed, counts, modes, batch, victim: only, point }: Order): Step[] {
  const random = new Random(seed);
  const faults = FAULTS.flatMap((fault) =>
    Array.from({ length: counts[fault] }, (_, index) => ({ fault, place: (index + random.next()) / counts[fault] })),
  ).toSorted((a, b) => a.place - b.place);
  const sorties = rounds(
    SORTIES.filter((sortie) => sortieName(sortie).includes(point)),
    random,
  );
  const hits: { [F in Fault]?: number } = {};
  return faults.map(({ fault }, index) => {
    const hit = (hits[fault] = (hits[fault] ?? 0) + 1);
    const sortie = fault === 'point' ? (sorties.next().value as Sortie) : null;
    const turn = only !== 'both' ? only : hit % 2 === 1 ? 'primary' : 'secondary';
    return {
      number: index + 1,
      mode: modes[Math.floor(index / batch) % modes.length] as Mode,
      fault,
      victim: victimOf(fault, sortie, turn),
      sortie,
      count: sortie ? 1 + random.below(sortie.countMax) : 1,
      waitMs: Math.round(random.between(0, WAIT_MS_MAX)),
    };
  });
}

function victimOf(fault: Fault, sortie: Sortie | null, turn: 'primary' | 'secondary'): Step['victim'] {
  if (sortie) return sortie.armed === 'primary' ? 'primary' : 'secondary';
  if (fault === 'random' || fault === 'hang') return turn;
  return fault === 'gateway' && turn === 'secondary' ? 'primary' : null;
}

/** Every sortie once before any comes again, then the frequent ones more often; each time in another order. */
function* rounds(sorties: readonly Sortie[], random: Random): Generator<Sortie, never> {
  if (sorties.length === 0) throw new Error('no named point has such a name');
  const frequent = sorties.filter(({ outcome }) => outcome !== 'ends');
  for (;;) {
    yield* shuffled(sorties, random);
    for (let again = 1; again < LIVES_WEIGHT; again += 1) yield* shuffled(frequent, random);
  }
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  return list
    .map((one) => ({ one, key: random.next() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ one }) => one);
}
