/**
 * What a VM, its pair and its host are to those outside: what the page and the command line show.
 *
 * Invariant: plain data, as the host said it last; what does not exist or is not known is null or absent, never made
 * up.
 */
import type { BootDrive } from './boot.ts';
import type { CheckpointView } from './checkpoint.ts';
import type { FailoverReport, StartTimes } from './failover.ts';
import type { ActiveFault } from './faults.ts';
import type { AlarmSummary } from './history.ts';
import type { NicView } from './network.ts';
import type { SuspendedView } from './snapshot.ts';

/** `paused`: the guest stands still at an epoch boundary; its processes live. */
export type PowerState = 'off' | 'startingUp' | 'on' | 'paused' | 'shuttingDown';
export const FT_STATES = [
  'notConfigured',
  'vmNotRunning',
  'starting',
  'protected',
  'needSecondary',
  'suspended',
] as const;
/** VMware's states of a fault-tolerant pair (vSphere API), in our spelling; `suspended` is its "disabled". */
export type FtState = (typeof FT_STATES)[number];
/** Why a pair needs a secondary (vSphere API), null where it does not. */
export type FtReason = 'initializing' | 'lostConnection' | 'divergence' | 'userAction' | 'checkpointError' | 'other';

export interface ReplicaPlace {
  /** Name of the computer it runs on. */
  readonly host: string;
  readonly pid: number;
  /** The next epoch it will execute. */
  readonly epoch: number;
}

/** How far the start of a secondary has come. */
export interface StartProgress {
  /** `building` its machine, `synchronising` its own disk, `copying` the state, `catchingUp` with the primary. */
  readonly phase: 'building' | 'synchronising' | 'copying' | 'catchingUp';
  /** The share of the state that has been sent, or (`synchronising`) of the disk that has been compared, 0 to 1. */
  readonly copied: number;
}

export interface FtStatus {
  readonly status: FtState;
  readonly reason: FtReason | null;
  readonly primary: ReplicaPlace | null;
  readonly secondary: ReplicaPlace | null;
  /** Counts the test-and-sets won for this VM: every failover and every power-on makes a new generation. */
  readonly generation: number;
  readonly lagMs: number | null;
  readonly vLockstepIntervalMs: number | null;
  readonly logBandwidthBitsPerSecond: number | null;
  readonly outputDelayMsP50: number | null;
  readonly outputDelayMsP99: number | null;
  readonly lastFailover: FailoverReport | null;
  /** Null unless a secondary is being started. */
  readonly starting: StartProgress | null;
  /** The last time a backup was started. */
  readonly lastStart: StartTimes | null;
}

/** What can be set for each VM; effective from the next power-on, or the next start of a secondary. */
export interface FtSettings {
  /** Nothing heard of the peer for this long: it is suspected. In milliseconds. */
  readonly failureTimeoutMs: number;
  /** Primary and secondary compare a hash of their CPUs every so many epochs (0.2 to 5 ms), and every second. */
  readonly hashIntervalEpochs: number;
  /** From this lag on the primary is slowed gradually, in milliseconds. */
  readonly lagThrottleMs: number;
  /** From this lag on it is slowed as much as it can be, in milliseconds. */
  readonly lagHardMs: number;
  /** Primary and secondary use the same hard disk image, or each has its own: then writes need not wait. */
  readonly diskMode: 'shared' | 'separate';
  /** What the guest reads from its disks travels in the log, or the secondary reads it by itself. */
  readonly diskReads: 'log' | 'backup';
}

export interface VmHardware {
  readonly memoryMB: number;
  /** Where the guest comes from, in words: "Sample Linux", "Linux kernel", "Disk image", … */
  readonly guest: string;
  readonly files: {
    readonly bzimage?: string;
    readonly initrd?: string;
    readonly multiboot?: string;
    readonly hda?: string;
    readonly cdrom?: string;
    readonly fda?: string;
  };
  readonly cmdline: string | null;
  /** Absent: the usual one. */
  readonly bootOrder?: readonly BootDrive[];
  /** Absent: 8. */
  readonly vgaMemoryMB?: number;
}

/** A recording that is being made. */
export interface RecordingView {
  readonly file: string;
  /** Milliseconds since 1970, UTC. */
  readonly startedAt: number;
  /** The epoch with which it begins. */
  readonly epoch: number;
}

/** A recording that was stopped. */
export interface RecordingEnd {
  readonly file: string;
  readonly epochs: number;
  readonly bytes: number;
}

/** A file system that has no room for what a guest writes. */
export interface NoRoomView {
  /** The file that could not be written, and its folder. */
  readonly file: string;
  readonly folder: string;
  /** What is left of its file system, in bytes; null where that cannot be known. */
  readonly freeBytes: number | null;
  /** Milliseconds since 1970, UTC. */
  readonly since: number;
}

export interface VmView {
  readonly id: string;
  readonly name: string;
  /** The path of the folder it is in, empty where it is in none. */
  readonly folder: string;
  readonly createdAt: number;
  readonly power: PowerState;
  /** When it was powered on, null while off. */
  readonly poweredOnAt: number | null;
  /** Something the user should know while the VM is off: "powered off unexpectedly", null otherwise. */
  readonly note: string | null;
  readonly hardware: VmHardware;
  readonly nic: NicView;
  /** Where its hard disk is now, when that is not the file it was made of: separate disks, after a failover. */
  readonly currentDisk?: string;
  /** All files that its hard disk is made of, the one that is written to first; there once it has a snapshot. */
  readonly diskFiles?: readonly string[];
  /** Its state is saved in a file: the next power-on goes on from there. */
  readonly suspended?: SuspendedView;
  /** How many it has; absent where it has none. */
  readonly snapshots?: number;
  /** An automatic checkpoint is taken every so many minutes while it runs; absent: none is. */
  readonly checkpointMinutes?: number;
  /** The last automatic one. Of a VM that is off: it can be resumed from there. */
  readonly checkpoint?: CheckpointView;
  /** It is paused until there is room for what its guest writes; absent while there is. */
  readonly noRoom?: NoRoomView;
  /** Fault Tolerance is turned on for this VM, whether or not it runs. */
  readonly ftEnabled: boolean;
  readonly ftSettings: FtSettings;
  readonly ft: FtStatus;
  /** Null while nothing is recorded. */
  readonly recording: RecordingView | null;
  readonly alarms: AlarmSummary;
  /** Faults made on purpose that have neither been healed nor ended by themselves. */
  readonly faults: readonly ActiveFault[];
}

export interface HostView {
  readonly version: string;
  readonly dataFolder: string;
  /** Where recordings go whose file nobody has named. */
  readonly recordingsFolder: string;
  readonly hostName: string;
  readonly pid: number;
  /** The guests' network gateway; null while nothing needs it. */
  readonly gatewayPid: number | null;
}

/** What a window shows before anything is asked: kept up to date by the topic `inventory`. */
export interface Inventory {
  readonly host: HostView;
  readonly vms: readonly VmView[];
  /** All folders by path, also empty ones. */
  readonly folders: readonly string[];
}
