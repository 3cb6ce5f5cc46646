/**
 * One VM: its record, its power, its pair while it runs, its disk and its outside ends, which outlive every failover.
 *
 * Invariant: what the database says of its power is written before it is true for "on" and after it is true for
 * "off", so that a crash of the host is always seen as one.
 */
import {
  CommandError,
  type AlarmSummary,
  type FaultKind,
  type FtSettings,
  type FtStatus,
  type MediaDrive,
  type PowerState,
  type SuspendedView,
  type VmMetrics,
  type VmView,
} from '../../preload/contract.ts';
import { DEFAULT_NETWORK_NAME } from '../../preload/network.ts';
import { refusal, type GuardedCommand } from '../../preload/rules.ts';
import { beginGeneration } from '../datastore/leases.ts';
import type { OutsideInput, ReplicaSpec } from '../replica/messages.ts';
import type { EventTable } from '../store/events.ts';
import type { FailoverTable } from '../store/failovers.ts';
import type { SavedState, VmRecord, VmTable } from '../store/vms.ts';
import type { AlarmSubject } from './alarms.ts';
import type { DiskDesk, DiskUser } from './disk-desk.ts';
import { Faults } from './faults.ts';
import { ftStatusOf, metricsOf } from './figures.ts';
import { DRIVE_WORDS, mediumChange } from './media.ts';
import type { NetworkDesk, NicRecord } from './network-desk.ts';
import { OutsideEnds } from './outside-ends.ts';
import { Pair } from './pair.ts';
import type { PairOutside } from './pair-parts.ts';
import { Rate } from './rate.ts';
import type { Processes } from './processes.ts';
import { RecordingDesk } from './recording-desk.ts';
import type { Spares } from './spares.ts';
import { SaveDesk } from './save-desk.ts';
import type { SnapshotDesk } from './snapshot-desk.ts';
import { changeSettings, checkFiles, hardware, hardwareOf, hostName, settingsOf, specify, specifySaved } from './spec.ts';
import type { GuestLibrary } from './spec.ts';
import type { Watched } from './task-watch.ts';
import { otherSlot, settleDisk, VmDisk } from './vm-disk.ts';

/** What all VMs share. */
export interface VmSurroundings {
  readonly vms: VmTable;
  readonly events: EventTable;
  readonly failovers: FailoverTable;
  readonly processes: Processes;
  readonly spares: Spares;
  readonly guests: GuestLibrary;
  /** The folder of the shared storage. */
  readonly datastore: string;
  readonly hostName: string;
  readonly network: NetworkDesk;
  readonly disks: DiskDesk;
  readonly snapshots: SnapshotDesk;
  /** Where recordings go whose file nobody has named. */
  readonly recordings: string;
  /** The VM may be in another state. */
  readonly changed: (vm: Vm) => void;
  readonly alarms: (vm: string) => AlarmSummary;
}

/** A machine pauses when its disks are quiet; one whose disks do not answer is not waited for, in milliseconds. */
const PAUSE_TIMEOUT_MS = 10_000;

/** What can be done to a Protected pair. */
export type PairOperation = 'testFailover' | 'testRestartSecondary' | 'migrate';

const OPERATIONS: { readonly [O in PairOperation]: string } = {
  testFailover: 'Test Failover: the primary is ended on purpose.',
  testRestartSecondary: 'Test Restart Secondary: the secondary is ended on purpose.',
  migrate: 'Migrate Secondary: a new process takes the place of the present secondary.',
};

/** What is done to Fault Tolerance: the event, its words, and what then is so. */
const FT_CHANGES = {
  on: { kind: 'ft.turnedOn', words: 'turned on', enabled: true, suspended: false },
  off: { kind: 'ft.turnedOff', words: 'turned off', enabled: false, suspended: false },
  suspend: { kind: 'ft.suspended', words: 'suspended', enabled: true, suspended: true },
  resume: { kind: 'ft.resumed', words: 'resumed', enabled: true, suspended: false },
} as const;

export class Vm {
  readonly ends = new OutsideEnds((message) => this.#pair?.send(message));
  readonly recording = new RecordingDesk({
    folder: () => this.#around.recordings,
    send: (message) => this.#pair?.send(message),
    event: (kind, severity, message, data) => this.#event(kind, severity, message, data),
    changed: () => this.#around.changed(this),
  });
  readonly saving = new SaveDesk((message) => this.#pair?.send(message));
  disk: VmDisk;
  readonly #faults = new Faults(
    () => this.#pair?.faultTargets ?? null,
    () => this.#around.changed(this),
  );
  readonly #bitRates = { in: new Rate(), out: new Rate() };
  readonly #around: VmSurroundings;
  #record: VmRecord;
  #power: PowerState = 'off';
  #pair: Pair | null = null;
  /** What the user wants, which a failover may have to be told again. */
  #pauseWanted = false;
  readonly #powerWaiters: (() => void)[] = [];
  #startError: string | null = null;
  /** What the machine that runs is made of. */
  #spec: ReplicaSpec | null = null;
  #restored: { readonly epoch: number; readonly hash: string } | null = null;
  #progress: (fraction: number) => void = () => {};

  constructor(record: VmRecord, around: VmSurroundings) {
    this.#record = record;
    this.#around = around;
    this.disk = this.#newDisk();
  }

  #newDisk(): VmDisk {
    const { id, config } = this.#record;
    return new VmDisk(this.#around.datastore, id, config.hda, this.#around.snapshots.folder(id));
  }

  /** As the database has it. */
  get record(): VmRecord {
    return this.#record;
  }

  /** What the machine that runs, or was suspended, is made of. */
  get madeOf(): SavedState['hardware'] {
    return this.#record.savedState?.hardware ?? (this.#spec ? hardwareOf(this.#spec) : {});
  }

  /** The secondary opens a raw image that the primary writes to, and not what a snapshot puts on it. */
  get secondaryReadsRaw(): boolean {
    const { diskMode, diskReads } = this.disk.settings(settingsOf(this.#record));
    const raw = diskMode === 'shared' && diskReads === 'backup' && this.disk.current !== undefined;
    return raw && this.#pair?.secondary !== null && this.#pair !== null;
  }

  /** Its row has been changed by others, which is done while it is off, or does not touch what it runs on. */
  reread(): void {
    this.#record = this.#around.vms.find(this.id) ?? this.#record;
    if (this.#power === 'off') this.disk = this.#newDisk();
    this.#around.changed(this);
  }

  get id(): string {
    return this.#record.id;
  }

  get name(): string {
    return this.#record.name;
  }

  get mac(): string {
    return this.#record.config.mac;
  }

  /** What it does with which disk images. */
  get diskUser(): DiskUser {
    return { name: this.name, running: this.#power !== 'off', images: this.disk.images };
  }

  /** Its network card. */
  get nic(): NicRecord {
    return this.#record.config.nic ?? { type: 'virtio', network: DEFAULT_NETWORK_NAME, address: null };
  }

  get power(): PowerState {
    return this.#power;
  }

  /* -------------------------------------------------------------- what is shown ------------------------------ */

  view(): VmView {
    const { id, name, createdAt, config, ftEnabled, poweredOnAt, note, savedState } = this.#record;
    const shown = { id, name, createdAt, power: this.#power, poweredOnAt, note, hardware: hardware(config), ftEnabled };
    const { current: recording } = this.recording;
    const alarms = this.#around.alarms(id);
    const nic = this.#around.network.nic(id, config.mac, this.nic);
    const { current, slot } = this.disk;
    const disk = slot === 'B' && current !== undefined ? { currentDisk: current } : {};
    const faults = this.#faults.active();
    const state = { ftSettings: settingsOf(this.#record), ft: this.ftStatus(), recording, alarms, faults };
    const suspended = savedState && this.#power === 'off' ? { suspended: suspendedView(savedState) } : {};
    return { ...shown, ...disk, ...this.#around.snapshots.shown(this), ...suspended, nic, ...state };
  }

  ftStatus(): FtStatus {
    return ftStatusOf(this.#pair, this.#ftState(), this.#around.hostName);
  }

  metrics(): VmMetrics {
    const { counters } = this.#around.network.nic(this.id, this.mac, this.nic);
    const now = performance.now();
    const bitsInPerSecond = this.#bitRates.in.read(now, counters && counters.bytesIn * 8);
    const bitsOutPerSecond = this.#bitRates.out.read(now, counters && counters.bytesOut * 8);
    const known = bitsInPerSecond !== null && bitsOutPerSecond !== null;
    return metricsOf(this.#pair, known ? { bitsInPerSecond, bitsOutPerSecond } : null);
  }

  /** What alarms and tasks are about. Cheap: it is asked at every change. */
  get subject(): AlarmSubject & Watched {
    const { id, name, power } = this;
    const throttle = this.#pair?.primary?.report?.throttle ?? 0;
    return { id, name, power, ft: this.ftStatus(), ftSettings: settingsOf(this.#record), throttle };
  }

  #ftState(): Pick<FtStatus, 'status' | 'reason'> {
    if (!this.#record.ftEnabled) return { status: 'notConfigured', reason: null };
    if (this.#record.ftSuspended) return { status: 'suspended', reason: null };
    if (!this.#pair || this.#power === 'shuttingDown') return { status: 'vmNotRunning', reason: null };
    return this.#pair.status();
  }

  /* -------------------------------------------------------------- what is asked of it ------------------------ */

  /** @throws {CommandError} `refused`, with the reason, when the command makes no sense now. */
  require(command: GuardedCommand): void {
    const reason = refusal(command, this.view());
    if (reason) throw new CommandError('refused', reason);
  }

  /** Resolves when the machine runs; one that was suspended goes on. `progress` hears how much of its state is read. */
  async powerOn(progress: (fraction: number) => void = () => {}): Promise<void> {
    this.require('power.on');
    await this.#around.snapshots.makeWay(this.id);
    this.require('power.on');
    const { datastore, guests } = this.#around;
    this.#around.disks.requireIdle(this.disk.images);
    checkFiles({ ...this.#record.config, hda: this.disk.current }, guests);
    const { savedState } = this.#record;
    const poweredOnAt = Date.now();
    const at = { holder: '', datastore };
    const mtu = this.#around.network.mtu(this.nic.network);
    // Made once: a secondary that is started later is made of the same, whatever became of the files it was read from.
    const spec = savedState
      ? specifySaved(this.#record, savedState, at)
      : specify(this.#record, guests, { ...at, startTimeMs: poweredOnAt, mtu });
    let generation: number;
    try {
      generation = beginGeneration(datastore, this.id, `host ${process.pid}`);
      // From here on no replica of an earlier generation can move it.
      this.disk.reload();
    } catch (error) {
      throw new CommandError('failed', `The datastore "${datastore}" cannot be written: ${(error as Error).message}.`);
    }
    this.#spec = spec;
    this.#progress = progress;
    this.#power = 'startingUp';
    this.#startError = null;
    // A saved state is given up when the machine has it, before it goes on.
    if (!savedState) this.#poweredOn(poweredOnAt);
    const { type, address, network } = this.nic;
    const attached = { id: this.id, name: hostName(this.name), mac: this.mac, address };
    if (type !== 'none') this.#around.network.attach(attached, network);
    this.#pair = this.#newPair(spec, generation, savedState?.file);
    this.#around.changed(this);
    await this.#powerSettled('startingUp');
    const error = this.#startError as string | null;
    if (error !== null) throw new CommandError('failed', `"${this.name}" could not be powered on: ${error}`);
  }

  #poweredOn(at: number): void {
    this.#around.vms.setPower(this.id, at, null);
    this.#record = { ...this.#record, poweredOnAt: at, note: null, savedState: null };
    if (!this.#restored) return this.#event('power.on', 'info', 'Powered on.');
    const { epoch } = this.#restored;
    this.#event('power.resumed', 'info', `Goes on from its saved state, at epoch ${epoch}.`, this.#restored);
    this.#restored = null;
    this.#pair?.send({ type: 'pause', paused: false });
    return this.#around.snapshots.tidy(this);
  }

  #newPair(spec: ReplicaSpec, generation: number, state: string | undefined): Pair {
    const { processes, spares } = this.#around;
    const hasDisk = spec.files.hda !== undefined;
    const bytes = this.disk.bytes();
    const settings = (): ReplicaSpec['settings'] => this.disk.settings(settingsOf(this.#record));
    return new Pair(
      {
        spec: (holder, slot) => ({
          ...spec,
          holder,
          files: { ...spec.files, hda: this.disk.file(slot) },
          disk: bytes === undefined ? undefined : { slot, bytes, names: this.disk.names(slot) },
          settings: settings(),
        }),
        slot: this.disk.slot,
        secondarySlot: (slot) => (hasDisk && settings().diskMode === 'separate' ? otherSlot(slot) : slot),
        hasDisk,
        generation,
        state,
        processes,
        spares,
        outside: this.#pairOutside(),
      },
      this.#record.ftEnabled && !this.#record.ftSuspended,
    );
  }

  /** Resolves when no replica is left. Of one that is suspended the state is discarded. */
  async powerOff(): Promise<void> {
    this.require('power.off');
    if (this.#power === 'off') return this.#discard();
    if (this.#power !== 'shuttingDown') {
      this.#power = 'shuttingDown';
      this.#pair?.stop();
      this.#around.changed(this);
    }
    await this.#powerSettled('shuttingDown');
  }

  #discard(): void {
    this.#around.vms.setPower(this.id, null, null);
    this.#event('power.discarded', 'info', 'Powered off: the state in which it was suspended was discarded.');
    this.reread();
    this.#around.snapshots.tidy(this);
  }

  /**
   * Saves the state of the guest, which stands still, in this file, and powers off. Whatever goes wrong before the state
   * is on the disk, the guest goes on. @throws {CommandError} `failed`.
   */
  async suspend(file: string, progress: (fraction: number) => void): Promise<void> {
    this.require('power.suspend');
    const running = this.#power === 'on';
    if (running) await this.pause(true);
    const pair = this.#pair;
    // Nobody lets it go on now.
    this.#power = 'shuttingDown';
    this.#around.changed(this);
    try {
      const { disk: _disk, stunMs: _stunMs, ...saved } = await this.saving.save({ file }, progress);
      if (this.#pair !== pair) throw new CommandError('failed', `"${this.name}" was lost while it was suspended.`);
      const state = { file, takenAt: Date.now(), hardware: this.madeOf, ...saved };
      this.#around.vms.setSuspended(this.id, state);
      this.#record = { ...this.#record, savedState: state, poweredOnAt: null, note: null };
      const size = `${(saved.bytes / 2 ** 20).toFixed(1)} MiB`;
      this.#event('power.suspended', 'info', `Suspended at epoch ${saved.epoch} (${size}).`, { ...saved, file });
    } catch (error) {
      if (this.#pair === pair && pair) {
        this.#power = 'paused';
        if (running) await this.pause(false);
      }
      throw error;
    }
    pair?.stop();
    await this.#powerSettled('shuttingDown');
  }

  /** Ends everything at once: the host is closing. */
  kill(): void {
    this.#pair?.kill();
  }

  /** Off and on again, by the same way as a power-off and a power-on. Resolves when the machine runs. */
  async reset(): Promise<void> {
    this.require('power.reset');
    this.#event('power.reset', 'info', 'Reset: powered off and on again.');
    await this.powerOff();
    await this.powerOn();
  }

  /**
   * Resolves when the guest stands still at an epoch boundary that its secondary knows of, or goes on.
   * @throws {CommandError} `failed` when it is powered off meanwhile, or cannot be paused.
   */
  async pause(paused: boolean): Promise<void> {
    this.require(paused ? 'power.pause' : 'power.unpause');
    const pair = this.#pair;
    this.#pauseWanted = paused;
    pair?.send({ type: 'pause', paused });
    const wanted: PowerState = paused ? 'paused' : 'on';
    const timer = setTimeout(() => this.#settlePower(), PAUSE_TIMEOUT_MS).unref();
    const until = Date.now() + PAUSE_TIMEOUT_MS;
    while (this.#pair === pair && this.#power !== wanted && this.#power !== 'shuttingDown' && Date.now() < until) {
      await new Promise<void>((resolve) => this.#powerWaiters.push(resolve));
    }
    clearTimeout(timer);
    if (this.#power === wanted) return;
    if (this.#pair === pair) this.#takeBackPause(!paused);
    const what = paused ? 'paused' : 'resumed';
    throw new CommandError('failed', `"${this.name}" could not be ${what}. "lockstep events ${this.name}" says more.`);
  }

  #takeBackPause(paused: boolean): void {
    this.#pauseWanted = paused;
    this.#pair?.send({ type: 'pause', paused });
  }

  setFt(change: keyof typeof FT_CHANGES): this {
    this.require(`ft.${change}`);
    const { kind, words, enabled, suspended } = FT_CHANGES[change];
    this.#around.vms.setFt(this.id, enabled, suspended);
    this.#record = { ...this.#record, ftEnabled: enabled, ftSuspended: suspended };
    this.#event(kind, 'info', `Fault Tolerance was ${words}.`);
    this.#pair?.setProtected(enabled && !suspended);
    this.#around.changed(this);
    return this;
  }

  /** Ends one replica of a Protected pair, for another to take its place. */
  operate(operation: PairOperation): void {
    this.require(`ft.${operation}`);
    this.#event(`ft.${operation}`, 'info', OPERATIONS[operation]);
    if (operation === 'testFailover') this.#pair?.testFailover();
    else this.#pair?.replaceSecondary(operation === 'migrate' ? 'migrate' : 'restart');
  }

  /** Another network card, or another network. @throws {CommandError} `refused` while the VM runs. */
  setNic(nic: NicRecord): void {
    this.require('nic.set');
    const config = { ...this.#record.config, nic };
    this.#around.vms.setConfig(this.id, config);
    this.#record = { ...this.#record, config };
    const what = nic.type === 'none' ? 'none' : `${nic.type} on "${nic.network}"`;
    this.#event('nic.set', 'info', `Network card: ${what}.`, { ...nic });
    this.#around.changed(this);
  }

  /**
   * Puts a file into a removable drive, now and at every power-on; null: takes out what is in it.
   * @throws {CommandError} `refused` when the file is not what it should be, or nothing is there to be taken out.
   */
  async setMedium(drive: MediaDrive, file: string | null): Promise<void> {
    const command = file === null ? 'media.eject' : 'media.insert';
    this.require(command);
    const words = DRIVE_WORDS[drive];
    const { config: before } = this.#record;
    if (drive === 'fda' && before.sample === 'test') {
      throw new CommandError('refused', `"${this.name}" is the test guest: it boots from its own floppy, which stays.`);
    }
    if (file === null && before[drive] === undefined) {
      throw new CommandError('refused', `There is no ${words.medium} in the ${words.drive} of "${this.name}".`);
    }
    const change = await mediumChange(drive, file);
    this.require(command);
    if (this.#power !== 'off') this.input({ device: 'medium', change });
    const config = { ...this.#record.config, [drive]: file ?? undefined };
    this.#around.vms.setConfig(this.id, config);
    this.#record = { ...this.#record, config };
    const gone = before[drive] ?? '';
    if (file === null) this.#event('media.ejected', 'info', `Ejected from the ${words.drive}: "${gone}".`, { drive });
    else this.#event('media.inserted', 'info', `Inserted into the ${words.drive}: "${file}".`, { drive, file });
    this.#around.changed(this);
  }

  /** @throws {CommandError} `usage` when the settings contradict each other. */
  set(changes: Partial<FtSettings>): void {
    const ftSettings = changeSettings(this.#record, changes);
    this.#around.vms.setFtSettings(this.id, ftSettings);
    this.#record = { ...this.#record, ftSettings };
    const what = Object.entries(changes).map(([key, value]) => `${key} = ${value}`);
    this.#event('vm.set', 'info', `Set: ${what.join(', ')}.`, changes);
    this.#around.changed(this);
  }

  /**
   * Makes something fail on purpose, or heals it.
   * @returns the pid of the process that was hit, null where none was.
   * @throws {CommandError} `refused` when there is nothing that could fail that way, `usage` when the time is wrong.
   */
  fault(kind: FaultKind, ms: number | undefined): number | null {
    this.require(kind);
    const pair = this.#pair;
    if (!pair) throw new CommandError('refused', `"${this.name}" has no replica at this moment.`);
    const pid = this.#faults.inject(kind, ms, pair.faultTargets);
    const words = `Fault: ${kind}${ms === undefined ? '' : ` ${ms} ms`}.`;
    this.#event('fault.injected', 'warning', words, { kind, ms, pid });
    this.#around.changed(this);
    return pid;
  }

  /** @throws {CommandError} when the guest is not there or does not take its input. */
  input(input: OutsideInput): void {
    this.require('console');
    if (this.ends.input(input)) return;
    throw new CommandError('refused', `"${this.name}" does not take its input: too much is waiting already.`);
  }

  /** Resolves when more input may be given. */
  inputRoom(): Promise<void> {
    return this.ends.inputRoom();
  }

  /* -------------------------------------------------------------- what its pair tells it --------------------- */

  #pairOutside(): PairOutside {
    return {
      output: (message) => this.ends.receive(message),
      recording: (event) => this.recording.heard(event),
      state: (message) => {
        if (message.type === 'save') this.saving.heard(message.event);
        else if (message.type === 'restoring') this.#progress(message.fraction);
        else this.#restored = { epoch: message.epoch, hash: message.hash };
      },
      event: (kind, severity, message, data) => this.#event(kind, severity, message, data),
      changed: () => this.#around.changed(this),
      built: (replica) => this.#around.network.plug(this.id, replica),
      started: () => {
        // It may have been told to end meanwhile: then it is on its way to off, and this changes nothing.
        if (this.#power === 'startingUp') this.#power = 'on';
        if (this.#record.savedState && this.#power === 'on') this.#poweredOn(Date.now());
        this.ends.started();
        this.#settlePower();
      },
      failedOver: (lastInput) => {
        this.recording.lost('the primary that recorded it was lost');
        this.saving.lost('its primary was lost');
        this.#diskMoved();
        this.ends.failedOver(lastInput);
        // Also where none is wanted: the log may have carried a pause of which nobody has heard, and not its end.
        this.#pair?.send({ type: 'pause', paused: this.#pauseWanted });
      },
      failovers: {
        add: (failover) => this.#around.failovers.add({ ...failover, vm: { id: this.id, name: this.name } }),
        fill: (id, failover) => {
          this.#around.failovers.fill(id, failover);
          this.#around.changed(this);
        },
      },
      paused: (paused, epoch) => this.#paused(paused, epoch),
      ended: (why) => this.#ended(why),
    };
  }

  #paused(paused: boolean, epoch: number): void {
    const before = this.#power;
    if (before !== 'on' && before !== 'paused') return;
    this.#power = paused ? 'paused' : 'on';
    if (before !== this.#power) {
      const message = paused ? `Paused at epoch ${epoch}.` : `Resumed at epoch ${epoch}.`;
      this.#event(paused ? 'power.paused' : 'power.unpaused', 'info', message, { epoch });
    }
    this.#settlePower();
  }

  /** The new primary's disk is the true one. */
  #diskMoved(): void {
    if (!this.#pair || !this.disk.moved(this.#pair.slot)) return;
    const { current: file } = this.disk;
    this.#event('disk.moved', 'info', `The virtual machine's disk is now "${file}".`, { file });
  }

  #ended(why: string | null): void {
    const unexpected = why !== null;
    const { savedState } = this.#record;
    const tell = this.#event.bind(this);
    if (this.#pair) settleDisk(this.disk, this.#pair.disksEqual, this.#pair.generation, tell);
    if (this.#power === 'startingUp') this.#startError = why;
    const note = unexpected ? `Powered off unexpectedly: ${why}` : null;
    this.#pair = null;
    this.#restored = null;
    this.saving.lost(why ?? 'the virtual machine was powered off');
    this.#around.network.detach(this.id);
    this.#pauseWanted = false;
    this.#power = 'off';
    // What was suspended, or could not be brought back, is suspended still.
    if (!savedState) {
      this.#around.vms.setPower(this.id, null, note);
      this.#record = { ...this.#record, poweredOnAt: null, note };
    }
    if (savedState) this.#event('power.off', 'info', `Powered off, and suspended${why === null ? '' : ` (${why})`}.`);
    else if (unexpected) this.#event('power.lost', 'error', `Powered off unexpectedly: ${why}.`);
    else this.#event('power.off', 'info', 'Powered off.');
    this.recording.lost(unexpected ? 'the primary that recorded it was lost' : 'the virtual machine was powered off');
    this.ends.reset();
    this.#settlePower();
    this.#around.snapshots.consolidate(this);
  }

  #event(
    kind: string,
    severity: 'info' | 'warning' | 'error',
    message: string,
    data?: { [key: string]: unknown },
  ): void {
    this.#around.events.add({ vm: { id: this.id, name: this.name }, kind, severity, message, ...(data && { data }) });
  }

  #settlePower(): void {
    for (const resolve of this.#powerWaiters.splice(0)) resolve();
    this.#around.changed(this);
  }

  async #powerSettled(while_: PowerState): Promise<void> {
    while (this.#power === while_) await new Promise<void>((resolve) => this.#powerWaiters.push(resolve));
  }
}

function suspendedView({ takenAt, epoch, bytes, hash }: SavedState): SuspendedView {
  return { at: takenAt, epoch, bytes, hash };
}
