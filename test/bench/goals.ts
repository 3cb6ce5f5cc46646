/**
 * The goals of the benchmark, as data.
 *
 * Invariant: a goal is compared with a measured figure of the same run, and shown whether it is met or not; none is a
 * test.
 */

interface Goal {
  readonly text: string;
  readonly unit: string;
  readonly target: number;
  /** Which side of the target is good. */
  readonly better: 'more' | 'less';
}

const speed = (text: string, target: number): Goal => ({ text, unit: '× stock', target, better: 'more' });
const atMost = (text: string, unit: string, target: number): Goal => ({ text, unit, target, better: 'less' });

/** Speeds are those of stock v86, with stock flags, divided into ours: 1 is as fast, more is faster. */
export const GOALS = {
  aloneCpu: speed('alone: computing', 1),
  aloneBoot: speed('alone: boot of the sample', 1.8),
  aloneProcesses: speed('alone: short processes', 1.2),
  pairCpu: speed('pair: computing', 0.97),
  pairBoot: speed('pair: boot of the sample', 1.5),
  pairProcesses: speed('pair: short processes', 1),
  pairReadsInLog: speed('pair: disk reads, in the log', 0.95),
  pairReadsOnBackup: speed('pair: disk reads, on the backup', 0.97),
  receive: { text: 'pair: TCP receive', unit: '× alone', target: 0.9, better: 'more' },
  transmit: { text: 'pair: TCP transmit', unit: '× alone', target: 0.97, better: 'more' },
  logIdle: atMost('log, idle', 'Mbit/s', 0.01),
  logBusy: atMost('log, computing', 'Mbit/s', 0.05),
  logReceive: atMost('log, receiving', '× payload', 1.05),
  delayP50: atMost('output delay, p50', 'ms', 1),
  delayP99: atMost('output delay, p99', 'ms', 5),
  stun128: atMost('stun at 128 MB', 'ms', 30),
  stun512: atMost('stun at 512 MB', 'ms', 60),
  protectedAfterClick: atMost('Protected after Turn On', 's', 1.5),
  protectedAgain: atMost('Protected again after a failover', 's', 1.5),
  takeoverP50: atMost('takeover, p50', 'ms', 15),
  takeoverP99: atMost('takeover, p99', 'ms', 60),
  idlePair: atMost('an idle pair', '% of a core', 5),
  idleEight: atMost('eight idle pairs', '% of a core', 30),
  memoryBeyondGuest: atMost('memory of a pair beyond 2 × guest', 'MB', 400),
  appStart: atMost('start of the app to a usable window', 's', 1.5),
  powerOn: atMost("power-on to the sample's shell", 's', 3),
} as const satisfies { readonly [name: string]: Goal };

export type GoalName = keyof typeof GOALS;

export function isMet(name: GoalName, figure: number): boolean {
  const goal: Goal = GOALS[name];
  return goal.better === 'more' ? figure >= goal.target : figure <= goal.target;
}
