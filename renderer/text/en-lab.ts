/**
 * The sentences of the Monitor, the failovers and the fault lab, in English; `en.ts` hands them on.
 *
 * Invariant: as there: VMware's words for what is VMware's, and one word for one thing.
 */
import type { FaultKind, FtSettings } from '../../preload/contract/contract.ts';

export interface FaultWords {
  readonly label: string;
  readonly hint: string;
  /** While it lasts. */
  readonly now: string;
  /** What will happen, in a sentence. */
  readonly effect: (settings: FtSettings) => string;
}

export const faults: { readonly [kind in FaultKind]: FaultWords } = {
  'crash-primary': {
    label: 'Crash primary',
    hint: 'Kill the primary at once (kill -9); with Fault Tolerance on, the guest goes on',
    now: 'Primary crashed',
    effect: () =>
      'The primary is killed (kill -9): the secondary wins the test-and-set and goes live. Without one the VM is lost.',
  },
  'crash-secondary': {
    label: 'Crash secondary',
    hint: 'Kill the secondary at once (kill -9); a new one is started',
    now: 'Secondary crashed',
    effect: () => 'The secondary is killed (kill -9): the primary goes on alone, and a new secondary is started.',
  },
  'hang-primary': {
    label: 'Hang primary',
    hint: 'Let the process of the primary stand still for a while',
    now: 'Primary hangs',
    effect: ({ failureTimeoutMs }) =>
      `The primary stands still: after ${failureTimeoutMs} ms of silence the secondary goes live, and the old one ` +
      'halts when it wakes.',
  },
  'hang-secondary': {
    label: 'Hang secondary',
    hint: 'Let the process of the secondary stand still for a while',
    now: 'Secondary hangs',
    effect: ({ failureTimeoutMs }) =>
      `The secondary stands still: outputs wait, and after ${failureTimeoutMs} ms of silence the primary goes on ` +
      'alone, and a new secondary is started.',
  },
  'corrupt-secondary': {
    label: 'Corrupt secondary',
    hint: 'Flip a bit of the memory of the secondary',
    now: 'Secondary is corrupt',
    effect: () =>
      'A bit of its memory is flipped: the comparison of states finds it within seconds, and a fresh secondary takes ' +
      'its place.',
  },
  'cut-channel': {
    label: 'Cut channel',
    hint: 'Let no message through the logging channel',
    now: 'Logging channel is cut',
    effect: ({ failureTimeoutMs }) =>
      `Nothing gets through: after ${failureTimeoutMs} ms each side suspects the other, and exactly one wins the ` +
      'test-and-set and goes on.',
  },
  'delay-channel': {
    label: 'Delay channel',
    hint: 'Let every message of the logging channel come later',
    now: 'Logging channel is slow',
    effect: ({ lagThrottleMs }) =>
      'Each message comes later: outputs wait longer, and the primary is slowed once the lag reaches ' +
      `${lagThrottleMs} ms.`,
  },
  heal: {
    label: 'Heal',
    hint: 'Hanging processes go on, and the logging channel is whole again',
    now: 'Healed',
    effect: () => 'Hanging processes go on, and the logging channel is whole again.',
  },
};

export const lab = {
  title: 'Inject a fault',
  real: 'On the real processes of this VM',
  injected: 'Injected now',
  healthy: 'Nothing: processes and logging channel are as they should be.',
  off: 'Nothing: the VM is off.',
  story: 'What came of it',
  nothing: 'No fault was injected yet. What comes of one is told here, step by step.',
  for: 'for',
  by: 'by',
  ms: 'milliseconds',
  msWrong: (most: number) => `Say a whole number of milliseconds from 1 to ${most}.`,
  process: (pid: number) => `process ${pid}`,
  later: (ms: number) => `${ms} ms later each`,
  lasts: (ms: number) => `for ${ms} ms`,
  since: (time: string) => `since ${time}`,
};

export const failover = {
  last: 'Last failover',
  former: 'Former failover',
  choose: 'Failover',
  older: 'Older failover',
  newer: 'Newer failover',
  noOlder: 'There is no older one.',
  noNewer: 'This is the newest one.',
  interruption: 'from the last sign of life to the first live epoch',
  requested: 'Test Failover.',
  who: (from: number, to: number, generation: number) =>
    `Process ${from} was followed by process ${to}, generation ${generation}.`,
  scale: 'Scale',
  scales: { interruption: 'Interruption', protection: 'Until Protected' },
  table: 'Phases of the failover',
  phase: 'Phase',
  share: 'On the scale',
  begins: 'Begins',
  takes: 'Takes',
  phases: {
    detect: 'Detect',
    drain: 'Drain the log',
    arbitrate: 'Test-and-set',
    live: 'Go live',
    output: 'First new output',
    protect: 'Protected again',
  },
  hints: {
    detect: 'From the last sign of life of the old primary to the suspicion',
    drain: 'The secondary executes what it has received of the log',
    arbitrate: 'The claim on the shared storage',
    live: 'From the won test-and-set to the first live epoch',
    output: 'From there to the first output that the old primary had not made',
    protect: 'From there until a new secondary has caught up',
  },
  notYet: {
    detect: '–',
    drain: '–',
    arbitrate: '–',
    live: '–',
    output: 'none yet',
    protect: 'not yet',
  },
};

export const monitor = {
  title: 'Measurements',
  range: 'Range',
  ranges: { '1m': '1 minute', '10m': '10 minutes', '1h': '1 hour', '24h': '24 hours' },
  steps: { 1000: 'One point a second.', 10_000: 'One point every 10 seconds.', 60_000: 'One point a minute.' },
  off: 'The VM is off.',
  loading: 'Looking for measurements…',
  none: 'Nothing was measured in this time: the VM was off.',
  asTable: 'Show as table',
  asCharts: 'Show as charts',
  measure: 'Measure',
  now: 'Now',
  mean: 'Mean',
  peak: 'Peak',
  speed: 'Speed',
  cpu: 'CPU',
  ofOneCore: 'of one core',
  instructions: 'Instructions',
  memory: 'Memory of the process',
  resident: 'resident set',
  lag: 'Lag and vLockstep interval',
  p50: 'p50',
  p99: 'p99',
  diskRequests: 'Disk requests',
  diskBytes: 'Disk throughput',
  readAndWritten: 'read and written',
  network: 'Network',
  throttle: 'Throttle',
  throttleHint: 'how much the primary is slowed',
  stalls: 'Stalls',
  stallsHint: 'since it went live',
  held: 'Outputs held',
  heldHint: 'waiting in the gate',
};

export const notices = {
  on: 'Notifications on',
  off: 'Notifications off',
  turnOn: 'Tell me on the desktop of failovers and lost protection',
  turnOff: 'Tell me nothing on the desktop',
  blocked: 'The browser blocks notifications of this page: allow them in its settings.',
  missing: 'This browser has no notifications.',
  title: (vm: string, alarm: string) => `${vm}: ${alarm}`,
};
