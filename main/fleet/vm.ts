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
  type PowerState,
  type Severity,
  type VmMetrics,
  type VmView,
} from '../../preload/contract/contract.ts';
import type { EventKind } from '../../preload/contract/event-kinds.ts';
import { DEFAULT_NETWORK_NAME } from '../../preload/contract/network.ts';
import { refusal, type GuardedCommand } from '../../preload/contract/rules.ts';
import type { NoRoom } from '../datastore/room.ts';
import type { OutsideInput, ReplicaSpec } from '../replica/messages.ts';
import type { SavedState, VmRecord } from '../store/vms.ts';
import type { AlarmSubject } from './watch/alarms.ts';
import type { DiskUser } from './disks/disk-desk.ts';
import { Faults, faultWords, type FaultDetails } from './pair/faults.ts';
import { FT_CHANGES, OPERATIONS, type PairOperation } from './pair/ft-changes.ts';
import { ftStateOf, ftStatusOf, metricsOf } from './pair/figures.ts';
import type { NicRecord } from './network/network-desk.ts';
import { OutsideEnds } from './outside/outside-ends.ts';
import { Pair } from './pair/pair.ts';
import type { PairOutside } from './pair/pair-parts.ts';
import { BitRates } from './watch/rate.ts';
import { diskParts, prepare } from './power-on.ts';
import { RecordingDesk } from './recording-desk.ts';
import { RoomDesk } from './disks/room-desk.ts';
import { SaveDesk } from './states/save-desk.ts';
import { changeSettings, hardware, hardwareOf, hostName, settingsOf } from './spec.ts';
import { suspend, suspendedView } from './states/suspend.ts';
import type { Watched } from './watch/task-watch.ts';
import { settleDisk, VmDisk } from './disks/vm-disk.ts';
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
  readonly saving = new SaveDesk((message) => this.#pair?.send(message));
  readonly room = new RoomDesk((...event) => this.#event(...event));
  disk: VmDisk;
  readonly #faults = new Faults(
    () => this.#pair?.faultTargets ?? null,
    () => this.#around.changed(this),
  );
  readonly #bitRates = new BitRates();
  readonly #around: VmSurroundings;
  #record: VmRecord;
  #power: PowerState = 'off';
  #pair: Pair | null = null;
  /** What the user wants, which a failover may have to be told again. */
  #pauseWanted = false;
  readonly #powerWaiters: (() => void)[] = [];
  #startError: string | null = null;
  #offWanted = false;
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

  /** Writes down what has happened to it. */
  tell(kind: EventKind, message: string, data: { [key: string]: unknown }): void {
    this.#event(kind, 'info', message, data);
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
    const hold = <T>(work: () => Promise<T>): Promise<T> => this.#around.snapshots.hold(this, work);
    const state = { running: this.#power !== 'off', suspended: this.#record.savedState !== null };
    return { name: this.name, ...state, images: this.disk.images, layers: this.disk.layers, hold };
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
    const { id, name, folder, createdAt, config, ftEnabled, poweredOnAt, note, savedState } = this.#record;
    const kept = { id, name, folder, createdAt, power: this.#power, poweredOnAt, note, ftEnabled };
    const alarms = this.#around.alarms(id);
    const nic = this.#around.network.nic(id, config.mac, this.nic);
    const { current, slot } = this.disk;
    const disk = slot === 'B' && current !== undefined ? { currentDisk: current } : {};
    const faults = this.#faults.active();
    const { current: recording } = this.recording;
    const state = { ftSettings: settingsOf(this.#record), ft: this.ftStatus(), recording, alarms, faults };
    const suspended = this.#power === 'off' ? suspendedView(savedState) : {};
    const saved = { ...this.#around.snapshots.shown(this), ...this.#around.checkpoints.shown(this), ...suspended };
    return { ...kept, hardware: hardware(config), ...disk, ...saved, ...this.room.shown, nic, ...state };
  }

  ftStatus(): FtStatus {
    const state = ftStateOf(this.#record, this.#pair, this.#power !== 'shuttingDown');
    return ftStatusOf(this.#pair, state, this.#around.hostName);
  }

  metrics(): VmMetrics {
    const { counters } = this.#around.network.nic(this.id, this.mac, this.nic);
    return metricsOf(this.#pair, this.#bitRates.read(performance.now(), counters));
  }

  /** What alarms and tasks are about. Cheap: it is asked at every change. */
  get subject(): AlarmSubject & Watched {
    const { id, name, power } = this;
    const throttle = this.#pair?.primary?.report?.throttle ?? 0;
    const ftSettings = settingsOf(this.#record);
    return { id, name, power, ft: this.ftStatus(), ftSettings, throttle, noRoom: this.room.words };
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
    const { savedState } = this.#record;
    const poweredOnAt = Date.now();
    const { spec, generation } = prepare(this.#record, this.disk, this.#around, poweredOnAt);
    this.#spec = spec;
    this.#progress = progress;
    this.#power = 'startingUp';
    this.#startError = null;
    this.#offWanted = false;
    // A saved state is given up when the machine has it, before it goes on.
    if (!savedState) this.#poweredOn(poweredOnAt);
    const { type, address, network } = this.nic;
    const attached = { id: this.id, name: hostName(this.name), mac: this.mac, address };
    if (type !== 'none') this.#around.network.attach(attached, network);
    this.#pair = this.#newPair(spec, generation, savedState?.file);
    this.#pair.boot();
    this.#around.changed(this);
    await this.#powerSettled('startingUp');
    const error = this.#startError as string | null;
    if (error !== null) throw new CommandError('failed', `"${this.name}" could not be powered on: ${error}`);
  }

  #poweredOn(at: number): void {
    this.#around.vms.setOn(this.id, at);
    this.#record = { ...this.#record, poweredOnAt: at, note: null, savedState: null };
    if (!this.#restored)
      return this.#event('power.on', 'info', `Powered on.${this.#around.checkpoints.passedBy(this)}`);
    const { epoch } = this.#restored;
    this.#event('power.resumed', 'info', `Goes on from its saved state, at epoch ${epoch}.`, this.#restored);
    this.#restored = null;
    this.#pair?.send({ type: 'pause', paused: false });
    return this.#around.snapshots.tidy(this);
  }

  #newPair(spec: ReplicaSpec, generation: number, state: string | undefined): Pair {
    const { processes, spares } = this.#around;
    const disk = diskParts(spec, this.disk, () => settingsOf(this.#record));
    const parts = { ...disk, generation, state, processes, spares, outside: this.#pairOutside() };
    return new Pair(parts, this.#record.ftEnabled && !this.#record.ftSuspended);
  }

  /** Resolves when no replica is left. Of one that is suspended the state is discarded. */
  async powerOff(): Promise<void> {
    this.require('power.off');
    if (this.#power === 'off') return this.#discard();
    // Also while it is being suspended, which is given up then.
    this.#offWanted = true;
    this.#power = 'shuttingDown';
    this.#pair?.stop();
    this.#around.changed(this);
    await this.#powerSettled('shuttingDown');
  }

  async #discard(): Promise<void> {
    this.#around.vms.setOff(this.id, null);
    this.#event('power.discarded', 'info', 'Powered off: the state in which it was suspended was discarded.');
    this.reread();
    await this.#around.snapshots.tidied(this);
  }

  /** Saves the state in this file and powers off. @throws {CommandError} `failed` where the guest goes on instead. */
  suspend(file: string, progress: (fraction: number) => void): Promise<void> {
    const become = (power: PowerState): void => {
      this.#power = power;
      this.#around.changed(this);
    };
    const keep = (state: SavedState): void => {
      this.#around.vms.setSuspended(this.id, state);
      this.#record = { ...this.#record, savedState: state, poweredOnAt: null, note: null };
    };
    const off = (): Promise<void> => this.#powerSettled('shuttingDown');
    const pair = (): Pair | null => (this.#offWanted ? null : this.#pair);
    return suspend({ vm: this, pair, become, keep, off }, file, progress);
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
    this.#wantPause(paused);
    const wanted: PowerState = paused ? 'paused' : 'on';
    const timer = setTimeout(() => this.#settlePower(), PAUSE_TIMEOUT_MS).unref();
    const until = Date.now() + PAUSE_TIMEOUT_MS;
    while (this.#pair === pair && this.#power !== wanted && this.#power !== 'shuttingDown' && Date.now() < until) {
      await new Promise<void>((resolve) => this.#powerWaiters.push(resolve));
    }
    clearTimeout(timer);
    if (this.#power === wanted) return;
    // Who waits for room goes on when there is some: that is what was asked for.
    if (this.#pair === pair && !this.room.missing) this.#wantPause(!paused);
    const { name } = this;
    if (this.room.words !== null) throw new CommandError('failed', `"${name}" does not go on yet: ${this.room.words}`);
    const what = paused ? 'paused' : 'resumed';
    throw new CommandError('failed', `"${name}" could not be ${what}. "lockstep events ${name}" says more.`);
  }

  #wantPause(paused: boolean): void {
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

  /** Keeps what was decided elsewhere (vm-edit.ts, folder-desk.ts, media.ts), and says so. */
  amend(change: Partial<VmRecord>, kind: EventKind, message: string, data?: { [key: string]: unknown }): void {
    const before = this.#record;
    this.#around.vms.update({ ...before, ...change });
    this.#record = { ...before, ...change };
    if (this.#record.config.hda !== before.config.hda) this.disk = this.#newDisk();
    this.#event(kind, 'info', message, data);
    this.#around.changed(this);
  }

  /** Its folder may have another path; nothing else of its row has been changed. */
  folderMoved(): void {
    const kept = this.#around.vms.find(this.id);
    if (kept) this.#record = { ...this.#record, folder: kept.folder };
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
      state: (message) => {
        if (message.type === 'save') this.saving.heard(message.event);
        else if (message.type === 'restoring') this.#progress(message.fraction);
        else if (message.type === 'room') this.#roomChanged(message.noRoom);
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
        this.#around.snapshots.consolidate(this);
      },
      failedOver: (lastInput) => {
        this.recording.lost('the primary that recorded it was lost');
        this.saving.lost('its primary was lost');
        this.room.reset();
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
    this.#power = paused || this.room.missing ? 'paused' : 'on';
    if (before !== this.#power) {
      const message = paused ? `Paused at epoch ${epoch}.` : `Resumed at epoch ${epoch}.`;
      this.#event(paused ? 'power.paused' : 'power.unpaused', 'info', message, { epoch });
    }
    this.#settlePower();
  }

  /** While there is none the machine stands still, whatever the user wants. */
  #roomChanged(noRoom: NoRoom | null): void {
    this.room.heard(noRoom);
    // Its own disk may have no room either: that is no reason to give it up now.
    this.#pair?.faultTargets.secondary?.send({ type: 'primaryWaits', waits: noRoom !== null });
    if (this.#power === 'on' || this.#power === 'paused') this.#power = noRoom || this.#pauseWanted ? 'paused' : 'on';
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
    // Where it did not come to run, it has run as long as before.
    const lostAt = this.#power === 'startingUp' ? this.#record.lostAt : Date.now();
    const lost = unexpected ? { note: `Powered off unexpectedly: ${why}`, lostAt } : null;
    this.#pair = null;
    this.#restored = null;
    this.saving.lost(why ?? 'the virtual machine was powered off');
    this.#around.network.detach(this.id);
    this.#pauseWanted = false;
    this.room.reset();
    this.#power = 'off';
    // What was suspended, or could not be brought back, is suspended still.
    if (!savedState) {
      this.#around.vms.setOff(this.id, lost);
      this.#record = { ...this.#record, poweredOnAt: null, note: null, lostAt: null, ...lost };
    }
    const suspended = `Powered off, and suspended${why === null ? '' : ` (${why})`}.`;
    if (savedState) tell('power.off', 'info', suspended, { suspended: true, why });
    else if (unexpected) tell('power.lost', 'error', `Powered off unexpectedly: ${why}.`, { why });
    else tell('power.off', 'info', 'Powered off.');
    this.recording.lost(unexpected ? 'the primary that recorded it was lost' : 'the virtual machine was powered off');
    this.ends.reset();
    this.#settlePower();
    this.#around.snapshots.tidy(this);
    this.#around.snapshots.consolidate(this);
  }

  #event(kind: EventKind, severity: Severity, message: string, data?: { [key: string]: unknown }): void {
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
