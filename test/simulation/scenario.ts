/**
 * What one history is made of, all of it drawn from its seed: the guest, the settings, how fast everything is, when
 * faults end, and the faults themselves, as data.
 *
 * Invariant: the same seed gives the same scenario; a scenario without some of its faults is a scenario.
 */
import { DEFAULT_SETTINGS } from '../../main/ft/constants.ts';
import type { FtSettings } from '../../main/ft/environment.ts';
import type { ToyOptions } from '../support/toy-machine.ts';
import { POINTS, type Fate } from './points.ts';
import { Random } from './random.ts';

/** How things are at a moment. Times in milliseconds. */
export interface Conditions {
  /** The logging channel, one way. */
  latencyMs: number;
  bytesPerMs: number;
  /** Between a replica and the fleet, and between a replica and the gateway. */
  pipeMs: number;
  networkMs: number;
  primaryEpochMs: number;
  backupEpochMs: number;
  diskMs: number;
  /** The share of disk requests that fail. */
  diskErrors: number;
  /** How long the storage takes for a test-and-set, and for its answer; 0: at once. */
  leaseMs: number;
  /** The share of answers that are lost. */
  answersLost: number;
  buildMs: number;
  chunkMs: number;
  restoreMs: number;
  openMs: number;
}

/** Who is hit: by what it is when the fault comes. */
export type Who = 'primary' | 'secondary' | 'former';

export type Fault =
  | { readonly kind: 'kill'; readonly who: Who | 'both' }
  | { readonly kind: 'crash'; readonly who: 'primary' | 'secondary'; readonly fate: Fate }
  | { readonly kind: 'stop'; readonly who: Who | 'fleet'; readonly forMs: number }
  | { readonly kind: 'cut'; readonly ways: 'both' | 'toBackup' | 'toPrimary'; readonly forMs: number }
  | { readonly kind: 'break' }
  | { readonly kind: 'loseHead' }
  /** A bit of the backup's memory changes. */
  | { readonly kind: 'corrupt' }
  | { readonly kind: 'condition'; readonly change: Partial<Conditions>; readonly forMs: number }
  | { readonly kind: 'storage'; readonly away: 'all' | 'primary' | 'secondary'; readonly forMs: number }
  | { readonly kind: 'jump'; readonly who: Who; readonly ms: number }
  | { readonly kind: 'rate'; readonly who: Who; readonly rate: number }
  | { readonly kind: 'type'; readonly count: number }
  | { readonly kind: 'restartFleet' | 'powerOff' | 'migrate' }
  | { readonly kind: 'unprotect' | 'pause'; readonly forMs: number };

export interface Timed {
  /** In milliseconds from the beginning. */
  readonly at: number;
  readonly fault: Fault;
}

export interface Scenario {
  readonly seed: number;
  readonly machine: ToyOptions & { readonly seed: number };
  readonly settings: FtSettings;
  readonly conditions: Conditions;
  /** From here on nothing is out of order, in milliseconds. */
  readonly healAt: number;
  /** Inputs come this often, in milliseconds. */
  readonly typingMs: number;
  readonly faults: readonly Timed[];
}

export function drawScenario(seed: number): Scenario {
  const random = new Random(seed, 1);
  const healAt = random.magnitude(200, 1600);
  const failureTimeoutMs = random.pick([150, 200, 300]);
  const outputs = random.pick([3, 3, 8, 40, 400]);
  return {
    seed,
    machine: {
      seed: random.below(1 << 20),
      outputs: (chain) => Math.max(0, ((chain >>> 3) % outputs) - outputs + 3),
      network: random.chance(0.5),
      disk: random.chance(0.7),
      diskEvery: random.pick([2, 4, 16]),
      blocks: random.pick([1, 3, 16]),
      idleMs: random.pick([0, 0, 5, 40]),
      pages: 64,
      memoryBytes: 64,
    },
    settings: {
      ...DEFAULT_SETTINGS,
      failureTimeoutMs,
      hashIntervalEpochs: random.pick([3, 10, 50]),
      lagThrottleMs: random.pick([60, 100]),
      lagHardMs: random.pick([150, 1000]),
      diskMode: random.pick(['shared', 'shared', 'separate']),
      diskReads: random.pick(['log', 'log', 'backup']),
    },
    conditions: drawConditions(random),
    healAt,
    typingMs: random.magnitude(5, 200),
    faults: drawFaults(random, healAt, failureTimeoutMs),
  };
}

function drawConditions(random: Random): Conditions {
  const primaryEpochMs = random.magnitude(0.8, 8);
  return {
    latencyMs: random.magnitude(0.02, 8),
    // A channel that is narrower than the log can never start a backup.
    bytesPerMs: random.chance(0.85) ? Number.POSITIVE_INFINITY : random.magnitude(600, 6000) / primaryEpochMs,
    pipeMs: random.magnitude(0.05, 10),
    networkMs: random.chance(0.7) ? random.magnitude(0.05, 10) : random.magnitude(20, 200),
    primaryEpochMs,
    backupEpochMs: primaryEpochMs * random.pick([0.1, 0.5, 0.95]),
    diskMs: random.magnitude(0.1, 20),
    diskErrors: random.chance(0.2) ? 0.1 : 0,
    leaseMs: random.pick([0, 0, 1, 20]),
    answersLost: random.chance(0.1) ? 0.3 : 0,
    buildMs: random.magnitude(1, 40),
    chunkMs: random.magnitude(0.1, 10),
    restoreMs: random.magnitude(0.5, 40),
    openMs: random.pick([0, 0.5, 5]),
  };
}

function drawFaults(random: Random, healAt: number, timeoutMs: number): Timed[] {
  // Each history prefers some kinds of faults: so some meet kinds that seldom come alone.
  const kinds = KINDS.filter(() => random.chance(0.5));
  const count = random.below(9);
  const faults: Timed[] = [];
  for (let i = 0; i < count && kinds.length > 0; i++) {
    const kind = random.pick(kinds);
    const at = random.between(0, healAt);
    faults.push({ at, fault: DRAW[kind](random, timeoutMs) });
    // Bad luck seldom comes alone: the new pair is hit while it still carries what the old one left.
    if (kind === 'kill' && random.chance(0.4)) {
      faults.push({ at: at + random.magnitude(20, 400), fault: { kind: 'kill', who: 'primary' } });
    }
  }
  return faults.toSorted((a, b) => a.at - b.at);
}

/** Around the failure timeout it is decided whether anybody notices. */
const duration = (random: Random, timeoutMs: number): number => random.magnitude(2, timeoutMs * 4);
const someone = (random: Random): Who => random.pick(['primary', 'primary', 'secondary', 'secondary', 'former']);

const DRAW: { readonly [kind in Fault['kind']]: (random: Random, timeoutMs: number) => Fault } = {
  kill: (random) => ({
    kind: 'kill',
    who: random.pick(['primary', 'primary', 'primary', 'secondary', 'secondary', 'former', 'both']),
  }),
  crash: (random) => ({
    kind: 'crash',
    who: random.pick(['primary', 'secondary']),
    fate: {
      point: random.pick([...POINTS, 'protect'] as const),
      when: random.pick(['before', 'after']),
      count: random.pick([1, 1, 1, 2, 5]),
    },
  }),
  stop: (random, timeoutMs) => ({
    kind: 'stop',
    who: random.chance(0.1) ? 'fleet' : someone(random),
    forMs: duration(random, timeoutMs),
  }),
  cut: (random, timeoutMs) => ({
    kind: 'cut',
    ways: random.pick(['both', 'toBackup', 'toPrimary']),
    forMs: duration(random, timeoutMs),
  }),
  break: () => ({ kind: 'break' }),
  loseHead: () => ({ kind: 'loseHead' }),
  corrupt: () => ({ kind: 'corrupt' }),
  condition: (random, timeoutMs) => ({
    kind: 'condition',
    change: random.pick<() => Partial<Conditions>>([
      () => ({ latencyMs: random.magnitude(1, timeoutMs) }),
      () => ({ bytesPerMs: random.magnitude(2, 200) }),
      () => ({ primaryEpochMs: random.magnitude(0.3, 60) }),
      () => ({ backupEpochMs: random.magnitude(0.5, 60) }),
      () => ({ diskMs: random.magnitude(1, 300) }),
      () => ({ diskErrors: random.pick([0.2, 1]) }),
      () => ({ leaseMs: random.magnitude(1, 300) }),
      () => ({ answersLost: 1 }),
      () => ({ pipeMs: random.magnitude(1, 200) }),
    ])(),
    forMs: duration(random, timeoutMs),
  }),
  storage: (random, timeoutMs) => ({
    kind: 'storage',
    away: random.pick(['all', 'all', 'primary', 'secondary']),
    forMs: duration(random, timeoutMs) * 2,
  }),
  jump: (random, timeoutMs) => ({ kind: 'jump', who: someone(random), ms: duration(random, timeoutMs) * 3 }),
  rate: (random) => ({ kind: 'rate', who: someone(random), rate: random.magnitude(0.5, 2) }),
  type: (random) => ({ kind: 'type', count: 1 + random.below(40) }),
  restartFleet: () => ({ kind: 'restartFleet' }),
  powerOff: () => ({ kind: 'powerOff' }),
  migrate: () => ({ kind: 'migrate' }),
  unprotect: (random, timeoutMs) => ({ kind: 'unprotect', forMs: duration(random, timeoutMs) }),
  pause: (random, timeoutMs) => ({ kind: 'pause', forMs: duration(random, timeoutMs) }),
};

/** How often each kind is drawn. */
const WEIGHTS: { readonly [kind in Fault['kind']]: number } = {
  kill: 6,
  crash: 6,
  stop: 4,
  cut: 4,
  break: 1,
  loseHead: 1,
  corrupt: 1,
  condition: 4,
  storage: 3,
  jump: 1,
  rate: 1,
  type: 1,
  restartFleet: 1,
  powerOff: 1,
  migrate: 1,
  unprotect: 1,
  pause: 2,
};

const KINDS = (Object.keys(WEIGHTS) as Fault['kind'][]).flatMap((kind) =>
  Array.from({ length: WEIGHTS[kind] }, () => kind),
);
