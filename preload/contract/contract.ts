/**
 * The contract: every command, query and topic, for the desktop window, the browser page and the command line alike.
 *
 * Invariant: a door (window, page, CLI) can do exactly what stands here, and every argument is parsed by its schema
 * before anything acts on it. Results and topic data are plain data: JSON, or bytes where it says so.
 */
import * as v from 'valibot';
import { BootOrder, VgaMemoryMB } from './boot.ts';
import { checkpointCommands, CheckpointMinutes, type CheckpointResults } from './checkpoint.ts';
import { DiskBytes, diskCommands, type DiskResults } from './disk.ts';
import {
  alarmChoice,
  alarmPage,
  eventPage,
  taskPage,
  type AlarmRecord,
  type EventRecord,
  type TaskRecord,
} from './history.ts';
import { failoverCommands, type FailoverResults } from './failover.ts';
import { faultCommands, type FaultResults } from './faults.ts';
import { Folder, folderCommands, type FolderResults } from './folder.ts';
import { metricsCommands, type MetricsResults, type VmMetrics } from './metrics.ts';
import { snapshotCommands, type SnapshotResults } from './snapshot.ts';
import { FilePath } from './file-path.ts';
import { Vm, VmName } from './names.ts';
import { cardChoice, networkCommands, type NetworkResults } from './network.ts';
import { shareCommands, type ShareResults } from './share.ts';
import {
  FT_STATES,
  type FtStatus,
  type HostView,
  type Inventory,
  type RecordingEnd,
  type RecordingView,
  type VmView,
} from './vm-view.ts';

export type {
  AlarmRecord,
  AlarmSeverity,
  AlarmSummary,
  EventRecord,
  NamedVm,
  Severity,
  TaskKind,
  TaskOutcome,
  TaskRecord,
} from './history.ts';
export { EVENTS_LIMIT_MAX } from './history.ts';
export type { CheckpointView } from './checkpoint.ts';
export type { DiskCheckView, DiskView } from './disk.ts';
export type { FailoverRecord, FailoverReport, StartTimes } from './failover.ts';
export { CRASH_POINTS, FAULTS, type ActiveFault, type CrashAt, type CrashPoint, type FaultKind } from './faults.ts';
export { VM_NAME_LENGTH_MAX } from './names.ts';
export type { MetricsHistory, MetricsRange, ReplicaMetrics, VmMetrics } from './metrics.ts';
export type { SnapshotView, SuspendedView } from './snapshot.ts';
export {
  FT_STATES,
  type FtReason,
  type FtSettings,
  type FtState,
  type FtStatus,
  type HostView,
  type Inventory,
  type NoRoomView,
  type PowerState,
  type RecordingEnd,
  type RecordingView,
  type ReplicaPlace,
  type StartProgress,
  type VmHardware,
  type VmView,
} from './vm-view.ts';
export type { ForwardView, NetworkView, NicCounters, NicType, NicView } from './network.ts';

/* ------------------------------------------------------------------ limits and small schemas ------------------- */

export const MEMORY_MB_MIN = 16;
export const MEMORY_MB_MAX = 2048;
const TYPE_LENGTH_MAX = 4096;
const WAIT_SECONDS_MAX = 86_400;

const Cmdline = v.pipe(v.string(), v.maxLength(2047, 'a kernel command line has at most 2047 characters'));
const MemoryMB = v.pipe(
  v.number('memory is a number of MB'),
  v.integer('memory is a whole number of MB'),
  v.minValue(MEMORY_MB_MIN, `memory is at least ${MEMORY_MB_MIN} MB`),
  v.maxValue(MEMORY_MB_MAX, `memory is at most ${MEMORY_MB_MAX} MB`),
);
/** A whole number within bounds that may be left out. */
const whole = (unit: string, min: number, max: number) =>
  v.exactOptional(
    v.pipe(
      v.number(`takes a number of ${unit}`),
      v.integer(`takes a whole number of ${unit}`),
      v.minValue(min, `is at least ${min} ${unit}`),
      v.maxValue(max, `is at most ${max} ${unit}`),
    ),
  );
/**
 * The least failure timeout is two heartbeats, the least lag that throttles is above the one at which a pair counts as
 * Protected (main/ft/constants.ts).
 */
const ftSettings = {
  failureTimeoutMs: whole('ms', 100, 10_000),
  hashIntervalEpochs: whole('epochs', 1, 1_000_000),
  lagThrottleMs: whole('ms', 60, 10_000),
  lagHardMs: whole('ms', 100, 60_000),
  diskMode: v.exactOptional(v.picklist(['shared', 'separate'], 'is shared or separate')),
  diskReads: v.exactOptional(v.picklist(['log', 'backup'], 'is log or backup')),
};
const Sample = v.picklist(['linux', 'test'], 'the samples are: linux, test');
const MediaDrive = v.picklist(['cdrom', 'fda'], 'the removable drives are: cdrom, fda');
const VmOnly = v.strictObject({ vm: Vm });

/* ------------------------------------------------------------------ what things are ---------------------------- */

export type Sample = v.InferOutput<typeof Sample>;
/** Every machine has these, whether or not something is in them: a CD-ROM drive and a floppy drive. */
export type MediaDrive = v.InferOutput<typeof MediaDrive>;
/* ------------------------------------------------------------------ commands and queries ------------------------ */

/** The schema of every command's arguments. */
export const commands = {
  'host.show': v.strictObject({}),
  'vm.list': v.strictObject({}),
  'vm.show': VmOnly,
  'vm.create': v.strictObject({
    name: VmName,
    sample: v.optional(Sample),
    memoryMB: v.optional(MemoryMB),
    bzimage: v.optional(FilePath),
    initrd: v.optional(FilePath),
    cmdline: v.optional(Cmdline),
    /** A kernel by the Multiboot specification, started without the BIOS. */
    multiboot: v.exactOptional(FilePath),
    hda: v.optional(FilePath),
    /** A new thin disk of this size in the data folder, as its hard disk. In bytes. */
    diskBytes: v.exactOptional(DiskBytes),
    cdrom: v.optional(FilePath),
    fda: v.optional(FilePath),
    /** Made where it does not exist. */
    folder: v.exactOptional(Folder),
    checkpointMinutes: v.exactOptional(CheckpointMinutes),
    /** From what the BIOS tries to start, in this order; else a floppy, the hard disk, the CD, as far as there are. */
    bootOrder: v.exactOptional(BootOrder),
    vgaMemoryMB: v.exactOptional(VgaMemoryMB),
    ...cardChoice,
  }),
  'vm.delete': VmOnly,
  /**
   * Its name and checkpoints at any time, the rest while it is off; null takes away what is there, or goes back to the
   * default.
   */
  'vm.edit': v.strictObject({
    vm: Vm,
    name: v.exactOptional(VmName),
    /** An automatic checkpoint every so many minutes while it runs; 0: none. */
    checkpointMinutes: v.exactOptional(CheckpointMinutes),
    memoryMB: v.exactOptional(MemoryMB),
    bzimage: v.exactOptional(v.nullable(FilePath)),
    initrd: v.exactOptional(v.nullable(FilePath)),
    cmdline: v.exactOptional(v.nullable(Cmdline)),
    multiboot: v.exactOptional(v.nullable(FilePath)),
    bootOrder: v.exactOptional(v.nullable(BootOrder)),
    vgaMemoryMB: v.exactOptional(v.nullable(VgaMemoryMB)),
    hda: v.exactOptional(v.nullable(FilePath)),
    /** A new thin disk in the place of the hard disk there is, whose file stays. In bytes. */
    diskBytes: v.exactOptional(DiskBytes),
    cdrom: v.exactOptional(v.nullable(FilePath)),
    fda: v.exactOptional(v.nullable(FilePath)),
  }),
  ...folderCommands,
  ...networkCommands,
  ...diskCommands,
  ...shareCommands,
  ...snapshotCommands,
  ...checkpointCommands,
  'vm.set': v.strictObject({ vm: Vm, ...ftSettings }),
  /** At once where the VM runs, and from the next power-on; what was in the drive goes without a word to the guest. */
  'media.insert': v.strictObject({ vm: Vm, drive: MediaDrive, file: FilePath }),
  'media.eject': v.strictObject({ vm: Vm, drive: MediaDrive }),
  'power.on': VmOnly,
  'power.off': VmOnly,
  /** Off and on again: a guest that was started directly from its kernel cannot be booted a second time in place. */
  'power.reset': VmOnly,
  'power.pause': VmOnly,
  'power.unpause': VmOnly,
  'ft.on': VmOnly,
  'ft.off': VmOnly,
  /** Stops protecting until `ft.resume`, also across a power-off or the end of the host. */
  'ft.suspend': VmOnly,
  'ft.resume': VmOnly,
  /** These three answer when the pair is Protected again. */
  'ft.testFailover': VmOnly,
  'ft.testRestartSecondary': VmOnly,
  'ft.migrate': VmOnly,
  'ft.status': VmOnly,
  'ft.wait': v.strictObject({
    vm: Vm,
    for: v.picklist(FT_STATES, `the states are: ${FT_STATES.join(', ')}`),
    timeoutSeconds: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(WAIT_SECONDS_MAX)), 60),
  }),
  'console.text': VmOnly,
  'console.screenshot': VmOnly,
  /** Types text on a US keyboard; refused whole when a character has no key. */
  'console.type': v.strictObject({
    vm: Vm,
    text: v.pipe(
      v.string(),
      v.maxLength(TYPE_LENGTH_MAX, `at most ${TYPE_LENGTH_MAX} characters can be typed at once`),
    ),
  }),
  /** Presses a combination such as `ctrl+alt+del`, `enter`, `f2`. */
  'console.key': v.strictObject({ vm: Vm, combo: v.pipe(v.string(), v.minLength(1), v.maxLength(64)) }),
  'event.list': v.strictObject({ vm: v.optional(Vm), ...eventPage }),
  /** The newest, newest first; running ones are never left out for ended ones. */
  'task.list': v.strictObject({ vm: v.optional(Vm), ...taskPage }),
  /** Active alarms, newest first. */
  'alarm.list': v.strictObject({ vm: v.optional(Vm), ...alarmPage }),
  /** An alarm about an event is cleared by it; one about a condition stays until the condition ends. */
  'alarm.acknowledge': v.strictObject({ vm: v.optional(Vm), ...alarmChoice }),
  /**
   * Records the VM in a file that does not exist yet (or is replaced, with `force`); the host chooses one in its folder
   * where none is named.
   */
  'record.start': v.strictObject({ vm: Vm, file: v.optional(FilePath), force: v.optional(v.boolean(), false) }),
  'record.stop': VmOnly,
  metrics: VmOnly,
  ...metricsCommands,
  ...failoverCommands,
  ...faultCommands,
} as const;

export type CommandName = keyof typeof commands;
export type CommandArgs<C extends CommandName> = v.InferInput<(typeof commands)[C]>;
export type ParsedArgs<C extends CommandName> = v.InferOutput<(typeof commands)[C]>;

/** What every command answers. */
export interface CommandResults
  extends NetworkResults,
    DiskResults,
    MetricsResults,
    FailoverResults,
    FaultResults,
    FolderResults,
    ShareResults,
    SnapshotResults,
    CheckpointResults {
  'host.show': HostView;
  'vm.list': readonly VmView[];
  'vm.show': VmView;
  'vm.create': VmView;
  'vm.delete': null;
  'vm.edit': VmView;
  'vm.move': VmView;
  'vm.set': VmView;
  'nic.set': VmView;
  'media.insert': VmView;
  'media.eject': VmView;
  'power.on': VmView;
  'power.off': VmView;
  'power.reset': VmView;
  'power.pause': VmView;
  'power.unpause': VmView;
  'power.suspend': VmView;
  'power.resume': VmView;
  'snapshot.revert': VmView;
  'checkpoint.resume': VmView;
  'ft.on': VmView;
  'ft.off': VmView;
  'ft.suspend': VmView;
  'ft.resume': VmView;
  'ft.testFailover': VmView;
  'ft.testRestartSecondary': VmView;
  'ft.migrate': VmView;
  'ft.status': FtStatus;
  'ft.wait': FtStatus;
  /** The screen as text, one string a row, without trailing spaces. */
  'console.text': { readonly lines: readonly string[] };
  'console.screenshot': { readonly width: number; readonly height: number; readonly pngBase64: string };
  'console.type': null;
  'console.key': null;
  'event.list': readonly EventRecord[];
  'task.list': readonly TaskRecord[];
  'alarm.list': readonly AlarmRecord[];
  /** Those that were acknowledged by this command. */
  'alarm.acknowledge': readonly AlarmRecord[];
  'record.start': RecordingView;
  'record.stop': RecordingEnd;
  metrics: VmMetrics;
}

/* ------------------------------------------------------------------ topics -------------------------------------- */

/** The schema of every topic's arguments. A subscription lasts until it is cancelled or the door closes. */
export const topics = {
  /** Data: `Inventory`, whole, at once and after every change. */
  inventory: v.strictObject({}),
  /** Data: `EventRecord[]`; first those after `since` (without it the newest), then each as it happens. */
  events: v.strictObject({ vm: v.optional(Vm), since: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))) }),
  /** Data: `TaskRecord[]`; first the newest, then each whenever it changes. */
  tasks: v.strictObject({ vm: v.optional(Vm) }),
  /** Data: `AlarmRecord[]`; first all active ones, then each whenever it changes. */
  alarms: v.strictObject({ vm: v.optional(Vm) }),
  /** Data: `VmMetrics`, once a second while the VM is on. */
  metrics: VmOnly,
  /**
   * Bytes from the host: display messages (screen.ts), the first one full. Bytes to the host: console input
   * (input.ts).
   */
  screen: VmOnly,
  /** Bytes from the host: what the guest plays (sound.ts). Ends at power-off. */
  sound: VmOnly,
  /** Bytes both ways: the guest's first serial port. Ends at power-off. */
  serial: v.strictObject({
    vm: Vm,
    /** Begin with what the port printed since power-on, as far as it is kept (64 KiB). */
    history: v.optional(v.boolean(), false),
  }),
} as const;

export type TopicName = keyof typeof topics;
export type TopicArgs<T extends TopicName> = v.InferInput<(typeof topics)[T]>;
export type ParsedTopicArgs<T extends TopicName> = v.InferOutput<(typeof topics)[T]>;
export interface TopicData {
  inventory: Inventory;
  events: readonly EventRecord[];
  tasks: readonly TaskRecord[];
  alarms: readonly AlarmRecord[];
  metrics: VmMetrics;
  screen: never;
  sound: never;
  serial: never;
}

/* ------------------------------------------------------------------ errors --------------------------------------- */

/** `usage`: the arguments are wrong. `refused`: right, but not now. `failed`: it was tried. */
export type ErrorCode = 'usage' | 'notFound' | 'exists' | 'refused' | 'timeout' | 'failed';

/** An error that the user can act on: it names the thing and the remedy. */
export class CommandError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string) {
    super(message);
    this.name = 'CommandError';
    this.code = code;
  }
}
