/**
 * What the fleet and a replica say to each other. Plain data that both `child_process` and Electron can clone.
 *
 * Invariant: everything a replica may do it does because of a message here, a message of its peer, or its own
 * machine; it knows neither the fleet nor its database.
 */
import type { CrashAt } from '../../preload/contract/faults.ts';
import type { ConsoleInput } from '../../preload/contract/input.ts';
import type { TopNames } from '../datastore/disk/top.ts';
import type { DiskSlot } from '../datastore/leases.ts';
import type { NoRoom } from '../datastore/room.ts';
import type { FtEvent, FtSettings } from '../ft/environment.ts';
import type { MediumChange } from '../machine/devices/medium.ts';
import type { LinkFault } from '../transport/faulty.ts';

export type { LinkFault };

/** What a VM is made of, as paths: a replica opens the files itself. */
export interface ReplicaSpec {
  readonly vm: string;
  readonly name: string;
  /** Who claims the lease: unique for this process. */
  readonly holder: string;
  readonly datastore: string;
  readonly memoryMB: number;
  readonly vgaMemoryMB: number;
  readonly seed: number;
  /** What the guest's clock shows at power-on, milliseconds since 1970, UTC. */
  readonly startTimeMs: number;
  /** The network card; null: it has none. */
  readonly nic: { readonly type: 'virtio' | 'ne2k'; readonly mac: string; readonly mtu: number } | null;
  readonly files: {
    readonly bios: string;
    readonly vgaBios: string;
    readonly bzimage?: string | undefined;
    readonly initrd?: string | undefined;
    readonly multiboot?: string | undefined;
    readonly hda?: string | undefined;
    readonly cdrom?: string | undefined;
    readonly fda?: string | undefined;
  };
  /**
   * Which of the VM's hard disk images `files.hda` is, and how large the disk is, in bytes. Absent where there is none,
   * or only one: slot A. With its two names (datastore/disk/top.ts): a snapshot that is taken while the VM runs may
   * make another file of the disk than `files.hda`.
   */
  readonly disk?:
    | { readonly slot: DiskSlot; readonly bytes: number; readonly names?: TopNames | undefined }
    | undefined;
  /**
   * How large the floppy was with which the VM was powered on, in bytes; absent where there was none. A backup's
   * machine is built with as large a one: its contents are state, and its file may be gone.
   */
  readonly floppyBytes?: number | undefined;
  readonly cmdline: string;
  /** Absent: by what there is. */
  readonly bootOrder?: readonly ('hda' | 'cdrom' | 'fda')[] | undefined;
  readonly settings: FtSettings;
}

export type OutsideInput =
  | { readonly device: 'serial'; readonly data: Uint8Array }
  | { readonly device: 'console'; readonly input: ConsoleInput }
  | { readonly device: 'medium'; readonly change: MediumChange };

export type ToReplica =
  /**
   * Become the primary of a VM that is powered on now. With the file of a saved `state` the machine goes on from there,
   * and is paused until it is told otherwise.
   */
  | { readonly type: 'boot'; readonly spec: ReplicaSpec; readonly generation: number; readonly state?: string }
  /** Become a backup; the primary, process `peer` of this computer, is at the other end of the link that comes next. */
  | { readonly type: 'standBy'; readonly spec: ReplicaSpec; readonly peer: number }
  /** To a primary: a backup, `peer`, is at the other end of the link that comes next. From now on the settings hold. */
  | { readonly type: 'protect'; readonly settings: FtSettings; readonly peer: number }
  | { readonly type: 'endProtection' }
  | { readonly type: 'powerOff' }
  /** Stop executing at an epoch boundary, or go on; answered by the event `paused`. */
  | { readonly type: 'pause'; readonly paused: boolean }
  /** The peer's process has ended: a hint, never a permission. */
  | { readonly type: 'peerDied'; readonly why: string }
  | { readonly type: 'input'; readonly sequence: number; readonly input: OutsideInput }
  /** The receiver has the output at this position and all before it. */
  | { readonly type: 'confirm'; readonly epoch: number; readonly index: number }
  /** The former primary's process has ended: its writes can no longer meet this primary's on a shared disk. */
  | { readonly type: 'fenced' }
  /** Makes the logging channel fail on purpose, from this end on. */
  | { readonly type: 'channelFault'; readonly fault: LinkFault }
  /** Somebody looks at the screen (or nobody does any more). */
  | { readonly type: 'watch'; readonly watching: boolean }
  /** A whole picture, please. */
  | { readonly type: 'picture' }
  /** To a primary: record the machine in this file, which must not exist. */
  | { readonly type: 'record'; readonly file: string }
  | { readonly type: 'stopRecording' }
  /** To a primary: save the machine's state at an epoch boundary. */
  | { readonly type: 'save'; readonly order: SaveOrder }
  /** To a backup: its primary stands still until there is room, or goes on. */
  | { readonly type: 'primaryWaits'; readonly waits: boolean }
  /** To a backup: flip a bit of the guest's memory. A fault made on purpose. */
  | { readonly type: 'corrupt' }
  /** Die when you come to this point (crash-points.ts). A fault made on purpose. */
  | { readonly type: 'crash'; readonly at: CrashAt };

/** What became of a recording. */
export type RecordingEvent =
  | { readonly state: 'started'; readonly file: string; readonly epoch: number; readonly stunMs: number }
  | {
      readonly state: 'stopped';
      readonly file: string;
      readonly epochs: number;
      readonly bytes: number;
      readonly why: string;
    }
  /** It did not begin, or it ended before its time; the machine runs on. */
  | { readonly state: 'failed'; readonly file: string; readonly why: string };

/** What is to be saved, and where. */
export interface SaveOrder {
  readonly id: string;
  /** The file of the state. */
  readonly file: string;
  /** The hard disk is frozen at the same boundary, under this name; absent where it is not, or there is none. */
  readonly layer?: string | undefined;
}

/** What was saved. */
export interface SavedMachine {
  readonly epoch: number;
  /** The guest's clock, in nanoseconds since power-on. */
  readonly virtualNs: number;
  /** The machine's full hash. */
  readonly hash: string;
  /** Of the file of the state. */
  readonly bytes: number;
  /** How long the guest stood still, in milliseconds. */
  readonly stunMs: number;
  /** The frozen disk; null where none was. */
  readonly disk: string | null;
}

/** What became of a wish to save. */
export type SaveEvent =
  | { readonly state: 'writing'; readonly id: string; readonly fraction: number }
  | { readonly state: 'done'; readonly id: string; readonly saved: SavedMachine }
  /** Nothing was saved, though the disk may have been frozen; the machine runs on. */
  | { readonly state: 'failed'; readonly id: string; readonly why: string };

/** Once in a while, for people. Rates are over the time since the last report. */
export interface ReplicaReport {
  readonly role: 'primary' | 'backup';
  readonly epoch: number;
  readonly generation: number;
  readonly instructionsPerSecond: number;
  readonly epochsPerSecond: number;
  /** Percent of one core. */
  readonly cpuPercent: number;
  readonly memoryMB: number;
  /** What it carried out on the disk images; null where it has none of its own to use. */
  readonly diskRequestsPerSecond: number | null;
  readonly diskBytesPerSecond: number | null;
  readonly lagMs: number | null;
  readonly vLockstepIntervalMs: number | null;
  readonly logBitsPerSecond: number | null;
  readonly outputDelayMs: { readonly p50: number; readonly p99: number } | null;
  readonly outputsHeld: number;
  readonly throttle: number;
  readonly stalls: number;
}

export type FromReplica =
  /** The emulator is compiled: this process can take a role. */
  | { readonly type: 'ready'; readonly compileMs: number }
  /** The machine is built, and runs where it is a primary. */
  | { readonly type: 'started'; readonly role: 'primary' | 'backup' }
  /** The message names what is wrong and the remedy. The process ends. */
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'ft'; readonly event: FtEvent }
  /** The guest stood still for this long while its state was captured. */
  | { readonly type: 'captured'; readonly stunMs: number; readonly epoch: number; readonly bytes: number }
  | { readonly type: 'copied'; readonly fraction: number }
  /** This share of the secondary's own disk has been compared with the primary's. */
  | { readonly type: 'synchronised'; readonly fraction: number }
  /** Powered off, and all that was pending is on this replica's own disk: it equals its peer's if that says so too. */
  | { readonly type: 'diskClean' }
  /** The first epoch after going live has been executed. */
  | { readonly type: 'resumed'; readonly liveMs: number }
  /** The first output that the former primary had not made, so long after the won test-and-set. */
  | { readonly type: 'firstOutput'; readonly ms: number }
  | { readonly type: 'serial'; readonly epoch: number; readonly index: number; readonly data: Uint8Array }
  | { readonly type: 'sound'; readonly epoch: number; readonly index: number; readonly data: Uint8Array }
  /** A display message (preload/contract/screen.ts); `full` where it needs nothing before it. */
  | { readonly type: 'screen'; readonly full: boolean; readonly data: Uint8Array }
  | { readonly type: 'committed'; readonly sequence: number }
  | { readonly type: 'recording'; readonly event: RecordingEvent }
  | { readonly type: 'save'; readonly event: SaveEvent }
  /** So much of the saved state has been read. */
  | { readonly type: 'restoring'; readonly fraction: number }
  /** The machine is as it was saved: its full hash is the saved one's. */
  | { readonly type: 'restored'; readonly epoch: number; readonly hash: string }
  | { readonly type: 'diskError'; readonly message: string }
  /** A primary stands still, and backups with it, until there is room for what the guest writes; null: there was. */
  | { readonly type: 'room'; readonly noRoom: NoRoom | null }
  /** The guest halted with interrupts off: it will never run again. */
  | { readonly type: 'guestStopped' }
  | { readonly type: 'report'; readonly report: ReplicaReport };

/** The links a replica can be given: to its peer, and to the gateway of the guest's network. */
export type LinkName = 'peer' | 'nic';

/** What a primary says that is meant for the outside ends of its VM. */
export type ReplicaOutput = Extract<FromReplica, { type: 'serial' | 'sound' | 'screen' | 'committed' }>;

export function isOutput(message: FromReplica): message is ReplicaOutput {
  return 'index' in message || message.type === 'screen' || message.type === 'committed';
}
