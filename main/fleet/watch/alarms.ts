/**
 * Which alarms there are: when each is raised and when it clears itself, as data.
 *
 * Invariant: pure. An alarm about a condition clears when that has ended; one about an event stays until somebody
 * acknowledges it, or the event's remedy happens. What the user asked for (Test Failover, Migrate Secondary) is no
 * reason for an alarm.
 */
import type {
  AlarmRecord,
  AlarmSeverity,
  EventRecord,
  FtReason,
  FtSettings,
  FtStatus,
  PowerState,
} from '../../../preload/contract/contract.ts';

/** What of a VM an alarm can be about. */
export interface AlarmSubject {
  readonly power: PowerState;
  readonly ft: Pick<FtStatus, 'status' | 'reason' | 'lagMs'>;
  readonly ftSettings: FtSettings;
  /** 0 free, 1 stopped. */
  readonly throttle: number;
  /** It is paused for lack of room, in words; null or absent where it is not. */
  readonly noRoom?: string | null;
}

type Heard = Pick<EventRecord, 'kind' | 'message' | 'data'>;

export interface AlarmDefinition {
  readonly id: string;
  /** VMware's name where it has one. */
  readonly name: string;
  readonly severity: AlarmSeverity;
  readonly about: AlarmRecord['about'];
  /** This event raises it, with the event's words. */
  readonly raisedBy?: (event: Heard) => boolean;
  /** This event clears it. */
  readonly clearedBy?: (event: Heard) => boolean;
  /** While this gives words the alarm is raised, with them. */
  readonly while?: (vm: AlarmSubject) => string | null;
  /** `while` has to hold, or not to hold, for this long, in milliseconds. */
  readonly steadyMs?: number;
  /** It clears itself when this is so; without it, when `while` gives nothing. */
  readonly until?: (vm: AlarmSubject) => boolean;
}

/** So many starts of a secondary in a row that failed are more than bad luck. */
export const START_FAILURES_MAX = 3;
/** A lag that passes sooner is not worth a word. */
export const LAG_STEADY_MS = 5000;

const REASONS: { readonly [R in FtReason]: string } = {
  initializing: 'the first one has not been started yet',
  lostConnection: 'the connection was lost',
  divergence: 'it no longer agreed with the primary',
  userAction: 'it was stopped on request',
  checkpointError: 'the running VM could not be copied',
  other: 'none could be started',
};

const is =
  (kind: string) =>
  (event: Heard): boolean =>
    event.kind === kind;
/** Whatever was wrong with a secondary is over: there is a good one, or nobody wants one. */
const settled = ({ ft }: AlarmSubject): boolean => ft.status !== 'needSecondary' && ft.status !== 'starting';
const off = ({ power }: AlarmSubject): boolean => power === 'off';

function needsSecondary({ ft }: AlarmSubject): string | null {
  if (ft.status !== 'needSecondary' || ft.reason === 'initializing' || ft.reason === 'userAction') return null;
  return `Need Secondary VM: ${REASONS[ft.reason ?? 'other']}.`;
}

function lags({ power, ft, ftSettings, throttle }: AlarmSubject): string | null {
  if (power !== 'on' || ft.status !== 'protected') return null;
  if (throttle > 0) return `The primary is slowed by ${Math.round(throttle * 100)} % for its secondary to keep up.`;
  const lagMs = ft.lagMs ?? 0;
  return lagMs >= ftSettings.lagThrottleMs ? `The secondary is ${Math.round(lagMs)} ms behind.` : null;
}

export const ALARMS: readonly AlarmDefinition[] = [
  {
    id: 'ft.needSecondary',
    name: 'Virtual machine Fault Tolerance state changed',
    severity: 'error',
    about: 'condition',
    while: needsSecondary,
    until: settled,
  },
  {
    id: 'ft.disabled',
    name: 'Fault Tolerance disabled',
    severity: 'warning',
    about: 'condition',
    while: ({ power, ft }) =>
      power !== 'off' && ft.status === 'suspended' ? 'Fault Tolerance is suspended: the VM is not protected.' : null,
  },
  {
    id: 'ft.interval',
    name: 'Fault Tolerance vLockstep interval changed',
    severity: 'warning',
    about: 'condition',
    while: lags,
    steadyMs: LAG_STEADY_MS,
  },
  {
    id: 'ft.startFailed',
    name: 'Starting Secondary VM failed repeatedly',
    severity: 'error',
    about: 'condition',
    raisedBy: ({ kind, data }) => kind === 'ft.startFailed' && Number(data['failures']) >= START_FAILURES_MAX,
    until: settled,
  },
  {
    id: 'ft.startTimedOut',
    name: 'Timed out starting Secondary VM',
    severity: 'warning',
    about: 'condition',
    raisedBy: is('ft.startTimedOut'),
    until: settled,
  },
  {
    id: 'datastore.unreachable',
    name: 'Cannot connect to storage',
    severity: 'error',
    about: 'condition',
    raisedBy: is('ft.storageUnreachable'),
    clearedBy: is('ft.storageReachable'),
    until: off,
  },
  {
    id: 'disk.full',
    name: 'Virtual machine paused: no room on its datastore',
    severity: 'error',
    about: 'condition',
    while: ({ noRoom }) => noRoom ?? null,
  },
  {
    id: 'guest.stopped',
    name: 'CPU disabled by the guest',
    severity: 'warning',
    about: 'condition',
    raisedBy: is('guest.stopped'),
    until: off,
  },
  {
    id: 'ft.failover',
    name: 'Fault Tolerance failover',
    severity: 'warning',
    about: 'event',
    raisedBy: ({ kind, data }) => kind === 'ft.failover' && data['requested'] !== true,
  },
  {
    id: 'ft.divergence',
    name: 'Primary and Secondary VM diverged',
    severity: 'error',
    about: 'event',
    raisedBy: is('ft.divergence'),
  },
  {
    id: 'ft.corruptLog',
    name: 'Logging channel damaged',
    severity: 'error',
    about: 'event',
    raisedBy: is('ft.corruptLog'),
  },
  {
    id: 'disk.error',
    name: 'Virtual machine disk error',
    severity: 'error',
    about: 'event',
    raisedBy: is('disk.error'),
  },
  {
    id: 'record.failed',
    name: 'Recording ended before its time',
    severity: 'warning',
    about: 'event',
    raisedBy: is('record.failed'),
  },
  {
    id: 'checkpoint.failed',
    name: 'Automatic checkpoint failed',
    severity: 'warning',
    about: 'condition',
    raisedBy: is('checkpoint.failed'),
    clearedBy: ({ kind }) => kind === 'checkpoint.taken' || kind === 'checkpoint.off',
    until: off,
  },
  {
    id: 'power.lost',
    name: 'Virtual machine powered off unexpectedly',
    severity: 'error',
    about: 'event',
    raisedBy: is('power.lost'),
    clearedBy: ({ kind }) => kind === 'power.on' || kind === 'power.resumed',
  },
];
