/**
 * Counts of what happened in simulated histories: faults that never do anything prove nothing.
 *
 * Invariant: a name stands here once, with what it counts.
 */

export const COUNTED = {
  protected: 'pairs that became Protected',
  failovers: 'backups that went live',
  liveWithBacklog: '… with outputs to emit again',
  outputsAgain: 'outputs emitted again',
  repeatsDropped: 'outputs that a receiver had seen',
  requestsAgain: 'disk requests issued again',
  inputsAgain: 'inputs given again to a new primary',
  alone: 'primaries that went on alone',
  lostArbitration: 'replicas that lost the test-and-set and halted',
  unreachable: 'test-and-sets that the storage did not answer',
  answersLost: 'test-and-sets that were won without an answer',
  unprotected: 'backups that ended before they might go live',
  corruptLog: 'backups that refused the log',
  divergence: 'backups that were found to differ',
  startFailed: 'starts of a backup that failed',
  logFull: 'stalls by a full log',
  gateFull: 'stalls by a full gate',
  backlogFull: 'backups that stopped reading',
  throttled: 'epochs that waited for the backup',
  diskErrors: 'disk errors',
  fenced: 'former primaries that were ended for the disk',
  ownRequests: 'disk requests that a backup carried out itself',
  pauses: 'pauses of the machine',
  livePaused: 'backups that went live paused',
  poweredOff: 'orderly ends',
  vmLost: 'virtual machines lost (no replica was left that might go on)',
  crashPoints: 'deaths at a named point',
  kills: 'deaths at any other moment',
  stops: 'processes stopped',
  fleetRestarts: 'restarts of the fleet',
  epochs: 'epochs executed by primaries',
  outputs: 'outputs',
} as const;

export type Counted = keyof typeof COUNTED;
export type Counts = { [name in Counted]: number };

export class Coverage {
  readonly counts: Counts = Object.fromEntries(Object.keys(COUNTED).map((name) => [name, 0])) as Counts;

  add(what: Counted, count = 1): void {
    this.counts[what] += count;
  }

  merge(other: Counts): void {
    for (const name of Object.keys(COUNTED) as Counted[]) this.counts[name] += other[name];
  }
}
