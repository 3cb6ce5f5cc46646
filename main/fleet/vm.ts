/**
 * One VM: its record, its power, its pair while it runs, its disk and its outside ends, which outlive every failover.
 *
 * Invariant: what the database says of its power is written before it is true for "on" and after it is true for
 * "off", so that a crash of the host is always seen as one.
 */
import {
  CommandError,
  type FaultKind,
  type FtSettings,
  type FtStatus,
  type MediaDrive,
  type PowerState,
  type VmMetrics,
  type VmView,
} from '../../preload/contract.ts';
import { DEFAULT_NETWORK_NAME } from '../../preload/network.ts';
import { refusal, type GuardedCommand } from '../../preload/rules.ts';
import { beginGeneration } from '../datastore/leases.ts';
import type { OutsideInput, ReplicaSpec } from '../replica/messages.ts';
import type { VmRecord } from '../store/vms.ts';
import type { AlarmSubject } from './alarms.ts';
import type { DiskUser } from './disk-desk.ts';
import { Faults, faultWords, type FaultDetails } from './faults.ts';
import { FT_CHANGES, OPERATIONS, type PairOperation } from './ft-changes.ts';
import { ftStatusOf, metricsOf } from './figures.ts';
import { DRIVE_WORDS, mediumChange } from './media.ts';
import type { NicRecord } from './network-desk.ts';
import { OutsideEnds } from './outside-ends.ts';
import { Pair } from './pair.ts';
import type { PairOutside } from './pair-parts.ts';
import { Rate } from './rate.ts';
import { RecordingDesk } from './recording-desk.ts';
import { changeSettings, checkFiles, hardware, hostName, settingsOf, specify } from './spec.ts';
import type { Watched } from './task-watch.ts';
import { otherSlot, VmDisk } from './vm-disk.ts';
import type { VmSurroundings } from './vm-surroundings.ts';

/** A machine pauses when its disks are quiet; one whose disks do not answer is not waited for, in milliseconds. */
const PAUSE_TIMEOUT_MS = 10_000;

export class Vm {
  readonly ends = new OutsideEnds((message) => this.#pair?.send(message));
  readonly recording = new RecordingDesk({
    folder: () => this.#around.recordings,
    send: (message) => this.#pair?.send(message),
    event: (kind, severity, message, data) => this.#event(kind, severity, message, data),
    changed: () => this.#around.changed(this),
  });
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

  constructor(record: VmRecord, around: VmSurroundings) {
    this.#record = record;
    this.#around = around;
    this.disk = new VmDisk(around.datastore, record.id, record.config.hda);
  }

  get id(): string {
    return this.#record.id;
  }

  get name(): string {
    return this.#record.name;
  }

  /** What is kept of it. */
  get record(): VmRecord {
    return this.#record;
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
    const { id, name, folder, createdAt, config, ftEnabled, poweredOnAt, note } = this.#record;
    const shown = {
      id,
      name,
      folder,
      createdAt,
      power: this.#power,
      poweredOnAt,
      note,
      hardware: hardware(config),
      ftEnabled,
    };
    const { current: recording } = this.recording;
    const alarms = this.#around.alarms(id);
    const nic = this.#around.network.nic(id, config.mac, this.nic);
    const { current, slot } = this.disk;
    const disk = slot === 'B' && current !== undefined ? { currentDisk: current } : {};
    const faults = this.#faults.active();
    const state = { ftSettings: settingsOf(this.#record), ft: this.ftStatus(), recording, alarms, faults };
    return { ...shown, ...disk, nic, ...state };
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

  /** Resolves when the machine runs. */
  async powerOn(): Promise<void> {
    this.require('power.on');
    const { datastore, guests, vms } = this.#around;
    this.#around.disks.requireWritable(this.name, this.disk.images);
    checkFiles({ ...this.#record.config, hda: this.disk.current }, guests);
    const poweredOnAt = Date.now();
    // Made once: a secondary that is started later is made of the same, whatever became of the files it was read from.
    const spec = specify(this.#record, guests, {
      holder: '',
      datastore,
      startTimeMs: poweredOnAt,
      mtu: this.#around.network.mtu(this.nic.network),
    });
    let generation: number;
    try {
      generation = beginGeneration(datastore, this.id, `host ${process.pid}`);
      // From here on no replica of an earlier generation can move it.
      this.disk.reload();
    } catch (error) {
      throw new CommandError('failed', `The datastore "${datastore}" cannot be written: ${(error as Error).message}.`);
    }
    vms.setPower(this.id, poweredOnAt, null);
    this.#record = { ...this.#record, poweredOnAt, note: null };
    this.#power = 'startingUp';
    this.#startError = null;
    this.#event('power.on', 'info', 'Powered on.');
    const { type, address, network } = this.nic;
    const attached = { id: this.id, name: hostName(this.name), mac: this.mac, address };
    if (type !== 'none') this.#around.network.attach(attached, network);
    this.#pair = this.#newPair(spec, generation);
    this.#around.changed(this);
    await this.#powerSettled('startingUp');
    const error = this.#startError as string | null;
    if (error !== null) throw new CommandError('failed', `"${this.name}" could not be powered on: ${error}`);
  }

  #newPair(spec: ReplicaSpec, generation: number): Pair {
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
          disk: bytes === undefined ? undefined : { slot, bytes },
          settings: settings(),
        }),
        slot: this.disk.slot,
        secondarySlot: (slot) => (hasDisk && settings().diskMode === 'separate' ? otherSlot(slot) : slot),
        hasDisk,
        generation,
        processes,
        spares,
        outside: this.#pairOutside(),
      },
      this.#record.ftEnabled && !this.#record.ftSuspended,
    );
  }

  /** Resolves when no replica is left. */
  async powerOff(): Promise<void> {
    this.require('power.off');
    if (this.#power !== 'shuttingDown') {
      this.#power = 'shuttingDown';
      this.#pair?.stop();
      this.#around.changed(this);
    }
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
    const what = nic.type === 'none' ? 'none' : `${nic.type} on "${nic.network}"`;
    this.amend({ config: { ...this.#record.config, nic } }, 'nic.set', `Network card: ${what}.`, { ...nic });
  }

  /** Keeps what was decided elsewhere (vm-edit.ts, folder-desk.ts), and says so. */
  amend(change: Partial<VmRecord>, kind: string, message: string, data?: { [key: string]: unknown }): void {
    const before = this.#record;
    this.#around.vms.update({ ...before, ...change });
    this.#record = { ...before, ...change };
    const { hda } = this.#record.config;
    if (hda !== before.config.hda) this.disk = new VmDisk(this.#around.datastore, this.id, hda);
    this.#event(kind, 'info', message, data);
    this.#around.changed(this);
  }

  /** Its folder may have another path. */
  reload(): void {
    const kept = this.#around.vms.find(this.id);
    if (kept) this.#record = { ...this.#record, folder: kept.folder };
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
    const gone = `Ejected from the ${words.drive}: "${before[drive] ?? ''}".`;
    if (file === null) this.amend({ config }, 'media.ejected', gone, { drive });
    else this.amend({ config }, 'media.inserted', `Inserted into the ${words.drive}: "${file}".`, { drive, file });
  }

  /** Its hard disk is another file from now on, which reads the same. It is off. */
  replaceDisk(hda: string): void {
    this.#record = { ...this.#record, config: { ...this.#record.config, hda } };
    this.#around.vms.update(this.#record);
    this.disk.replace(hda);
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
  fault(kind: FaultKind, details: FaultDetails): number | null {
    this.require(kind);
    const pair = this.#pair;
    if (!pair) throw new CommandError('refused', `"${this.name}" has no replica at this moment.`);
    const pid = this.#faults.inject(kind, details, pair.faultTargets);
    this.#event('fault.injected', 'warning', faultWords(kind, details), { kind, ...details, pid });
    this.#around.changed(this);
    return pid;
  }

  /** @throws {CommandError} when the guest is not there or does not take its input. */
  input(input: OutsideInput): void {
    this.require('console');
    if (this.ends.input(input)) return;
    throw new CommandError('refused', `"${this.name}" does not take its input: too much is waiting already.`);
  }

  /* -------------------------------------------------------------- what its pair tells it --------------------- */

  #pairOutside(): PairOutside {
    return {
      output: (message) => this.ends.receive(message),
      recording: (event) => this.recording.heard(event),
      event: (kind, severity, message, data) => this.#event(kind, severity, message, data),
      changed: () => this.#around.changed(this),
      built: (replica) => this.#around.network.plug(this.id, replica),
      started: () => {
        // It may have been told to end meanwhile: then it is on its way to off, and this changes nothing.
        if (this.#power === 'startingUp') this.#power = 'on';
        this.ends.started();
        this.#settlePower();
      },
      failedOver: (lastInput) => {
        this.recording.lost('the primary that recorded it was lost');
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

  /** The user's own file is the true disk whenever that can be. */
  #settleDisk(pair: Pair): void {
    const { disk } = this;
    try {
      // A replica may have won the test-and-set and died before it could say so.
      disk.reload();
    } catch {
      // The datastore is away: a power-on reads it again, and then says why it cannot.
    }
    if (disk.slot === 'A' || disk.current === undefined) return;
    if (pair.disksEqual && disk.preferOwn(pair.generation)) {
      const words = `Both disks are equal: the virtual machine's disk is "${disk.current}" again.`;
      return this.#event('disk.moved', 'info', words, { file: disk.current });
    }
    const words =
      `The virtual machine's disk is in "${disk.current}". ` +
      'It is in its own file again after a power-off while Protected with separate disks.';
    return this.#event('disk.moved', 'warning', words, { file: disk.current });
  }

  #ended(why: string | null): void {
    const unexpected = why !== null;
    if (this.#pair) this.#settleDisk(this.#pair);
    if (this.#power === 'startingUp') this.#startError = why;
    const note = unexpected ? `Powered off unexpectedly: ${why}` : null;
    this.#pair = null;
    this.#around.network.detach(this.id);
    this.#pauseWanted = false;
    this.#power = 'off';
    this.#around.vms.setPower(this.id, null, note);
    this.#record = { ...this.#record, poweredOnAt: null, note };
    if (unexpected) this.#event('power.lost', 'error', `Powered off unexpectedly: ${why}.`);
    else this.#event('power.off', 'info', 'Powered off.');
    this.recording.lost(unexpected ? 'the primary that recorded it was lost' : 'the virtual machine was powered off');
    this.ends.reset();
    this.#settlePower();
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
