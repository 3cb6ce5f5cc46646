/**
 * The fleet: all VMs of one data folder.
 *
 * Invariant: every VM in the database is here, and nothing else; what was running when a former host process died is
 * shown as powered off unexpectedly, never silently started.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  CommandError,
  type HostView,
  type Inventory,
  type NamedVm,
  type ParsedArgs,
} from '../../preload/contract/contract.ts';
import type { EventKind } from '../../preload/contract/event-kinds.ts';
import { DEFAULT_NETWORK_NAME, type NicType } from '../../preload/contract/network.ts';
import { forgetLease } from '../datastore/leases.ts';
import { AlarmTable } from '../store/alarms.ts';
import { CheckpointTable } from '../store/checkpoints.ts';
import { openDataFolder, type OpenedFolder } from '../store/database.ts';
import { EventTable, type NewEvent } from '../store/events.ts';
import { FailoverTable } from '../store/failovers.ts';
import { FolderTable } from '../store/folders.ts';
import { MetricTable } from '../store/metrics.ts';
import { SnapshotTable } from '../store/snapshots.ts';
import { TaskTable } from '../store/tasks.ts';
import { NetworkTable } from '../store/networks.ts';
import { VmTable, type VmRecord } from '../store/vms.ts';
import { AlarmDesk } from './watch/alarm-desk.ts';
import { DiskDesk } from './disks/disk-desk.ts';
import { Audit } from './watch/audit.ts';
import { CheckpointDesk } from './states/checkpoint-desk.ts';
import { FolderDesk } from './folder-desk.ts';
import { Housekeeping } from './watch/housekeeping.ts';
import { admitVm, limitsOf, type Limits } from './limits.ts';
import { removeUnfinished, type NewFiles } from './share/new-files.ts';
import { NetworkDesk, type NicRecord } from './network/network-desk.ts';
import type { Processes } from './pair/processes.ts';
import { Sampler } from './watch/sampler.ts';
import { SnapshotDesk } from './states/snapshot-desk.ts';
import { suspend } from './states/state-tasks.ts';
import { Spares } from './pair/spares.ts';
import { configure, newMac, type GuestLibrary } from './spec.ts';
import { TaskWatch } from './watch/task-watch.ts';
import { TaskDesk } from './watch/tasks.ts';
import { Vm } from './vm.ts';
import type { VmSurroundings } from './vm-surroundings.ts';

/** Changes are told together, this often at most, in milliseconds. */
const CHANGE_MS = 100;
const LOST_WHY = 'Lockstep itself was ended while the VM was running';
const LOST_NOTE = `Powered off unexpectedly: ${LOST_WHY}`;

export interface FleetOptions {
  readonly dataFolder: string;
  readonly version: string;
  readonly processes: Processes;
  readonly guests: GuestLibrary;
  /** Unless said otherwise, by the environment and the size of this computer. */
  readonly limits?: Limits;
  /** Guests reach this computer's loopback by the gateway's address, unless this is false. */
  readonly hostLoopback?: boolean;
  /** What a minute between checkpoints is, in milliseconds; tests have short ones. */
  readonly checkpointMinuteMs?: number;
}

export class Fleet {
  readonly events: EventTable;
  readonly audit: Audit;
  readonly limits: Limits;
  readonly tasks: TaskDesk;
  readonly alarms: AlarmDesk;
  readonly network: NetworkDesk;
  readonly disks: DiskDesk;
  readonly snapshots: SnapshotDesk;
  readonly checkpoints: CheckpointDesk;
  readonly failovers: FailoverTable;
  readonly folders: FolderDesk;
  readonly guests: GuestLibrary;
  readonly sampler: Sampler;
  readonly #options: FleetOptions;
  readonly #folder: OpenedFolder;
  readonly #table: VmTable;
  readonly #around: VmSurroundings;
  readonly #spares: Spares;
  readonly #housekeeping: Housekeeping;
  readonly #vms = new Map<string, Vm>();
  readonly #listeners = new Set<() => void>();
  #changeTimer: NodeJS.Timeout | null = null;
  #closing = false;

  /** @throws {DataFolderError} when the data folder cannot be used. */
  constructor(options: FleetOptions) {
    this.#options = options;
    this.guests = options.guests;
    this.limits = options.limits ?? limitsOf();
    this.#folder = openDataFolder(options.dataFolder);
    const { database } = this.#folder;
    this.#table = new VmTable(database);
    this.events = new EventTable(database);
    this.audit = new Audit(this.events, Date.now, this.limits.commandsPerSecond);
    this.tasks = new TaskDesk(new TaskTable(database));
    this.disks = new DiskDesk(this.tasks, path.join(options.dataFolder, 'disks'), () =>
      this.all().map((vm) => vm.diskUser),
    );
    this.alarms = new AlarmDesk(new AlarmTable(database), this.events);
    const watch = new TaskWatch(this.tasks);
    this.events.follow((event) => {
      this.alarms.heard(event);
      watch.heard(event);
    });
    this.alarms.follow(() => this.#changed());
    this.#housekeeping = new Housekeeping(database);
    this.failovers = new FailoverTable(database);
    this.folders = new FolderDesk(
      new FolderTable(database),
      () => this.all(),
      () => this.#changed(),
    );
    const metrics = new MetricTable(database);
    this.sampler = new Sampler(metrics, () => this.all());
    const datastore = path.join(options.dataFolder, 'datastore');
    mkdirSync(datastore, { recursive: true, mode: 0o700 });
    this.#spares = new Spares(options.processes);
    this.network = this.#networkDesk(new NetworkTable(database));
    const checkpoints = new CheckpointTable(database);
    this.checkpoints = this.#checkpointDesk(checkpoints, metrics);
    this.snapshots = this.#snapshotDesk(new SnapshotTable(database), checkpoints);
    this.#around = {
      vms: this.#table,
      events: this.events,
      failovers: this.failovers,
      processes: options.processes,
      spares: this.#spares,
      guests: options.guests,
      datastore,
      hostName: os.hostname(),
      network: this.network,
      disks: this.disks,
      snapshots: this.snapshots,
      checkpoints: this.checkpoints,
      recordings: this.host.recordingsFolder,
      changed: (vm) => {
        const { subject } = vm;
        this.alarms.look(subject);
        watch.look(subject);
        this.checkpoints.look(vm);
        this.#changed();
      },
      alarms: (vm) => this.alarms.summary(vm),
    };
    this.events.add({ vm: null, kind: 'host.started', severity: 'info', message: 'Lockstep was started.' });
    for (const message of this.#folder.warnings) {
      this.events.add({ vm: null, kind: 'host.permissions', severity: 'warning', message, data: { why: message } });
    }
    this.#load();
    removeUnfinished(this.disks.folder(), this.#table.all());
    this.network.open();
    this.snapshots.recover(this.all());
  }

  get host(): HostView {
    const { version, dataFolder } = this.#options;
    const recordingsFolder = path.join(dataFolder, 'recordings');
    const { gatewayPid } = this.network;
    return { version, dataFolder, recordingsFolder, hostName: os.hostname(), pid: process.pid, gatewayPid };
  }

  inventory(): Inventory {
    return { host: this.host, vms: this.all().map((vm) => vm.view()), folders: this.folders.all() };
  }

  /** By name. */
  all(): Vm[] {
    return [...this.#vms.values()].toSorted((a, b) => a.name.localeCompare(b.name));
  }

  /** @throws {CommandError} `notFound`. */
  vm(nameOrId: string): Vm {
    const record = this.#table.find(nameOrId);
    const vm = record && this.#vms.get(record.id);
    if (!vm)
      throw new CommandError('notFound', `There is no VM "${nameOrId}". "lockstep vm list" shows those there are.`);
    return vm;
  }

  /** @throws {CommandError} when the name exists, or a file is not what it should be; nothing is made then. */
  create(args: ParsedArgs<'vm.create'>): Vm {
    this.requireRoom(args.name);
    const made = configure(args, this.guests, new Set(this.all().map((vm) => vm.mac)));
    const config = { ...made, nic: this.#card(args.nic ?? 'virtio', args.network ?? DEFAULT_NETWORK_NAME) };
    const id = randomUUID();
    this.#table.insert({ id, name: args.name, createdAt: Date.now(), config });
    const vm = this.#load(id);
    this.#event(vm, 'vm.created', 'The virtual machine was created.');
    this.#changed();
    return vm;
  }

  /**
   * A VM of a configuration that was made elsewhere: a clone, an import. Its new files take their places with it.
   * @throws {CommandError} when the name exists, or there are too many; nothing is made then.
   */
  adopt(
    {
      name,
      config,
      ftSettings,
      checkpointMinutes,
    }: Pick<VmRecord, 'name' | 'config' | 'ftSettings' | 'checkpointMinutes'>,
    files: NewFiles,
    event: Pick<NewEvent, 'kind' | 'message' | 'data'>,
  ): Vm {
    this.requireRoom(name);
    const id = randomUUID();
    this.#table.insert({ id, name, createdAt: Date.now(), config });
    if (Object.keys(ftSettings).length > 0) this.#table.setFtSettings(id, ftSettings);
    if (checkpointMinutes > 0) this.#table.setCheckpointMinutes(id, checkpointMinutes);
    files.keep();
    const vm = this.#load(id);
    this.#event(vm, event.kind, event.message, 'info', event.data);
    this.#changed();
    return vm;
  }

  /** An address that no other VM has. */
  newMac(): string {
    return newMac(new Set(this.all().map((vm) => vm.mac)));
  }

  /** The same card on the same network, or where there is none of this name on the default one. */
  newCard(like: Pick<NicRecord, 'type' | 'network'>): NicRecord {
    try {
      return this.#card(like.type, like.network);
    } catch {
      return this.#card(like.type, DEFAULT_NETWORK_NAME);
    }
  }

  /** @throws {CommandError} when there is a VM of this name, or there are too many. */
  requireRoom(name: string): void {
    if (this.#table.find(name)) {
      throw new CommandError('exists', `There is already a VM "${name}". Choose another name, or delete that one.`);
    }
    admitVm(this.limits, this.#vms.size);
  }

  /**
   * Deletes the VM; the files it was made of stay, and so does a copy of its disk that is newer than they are.
   * @throws {CommandError} while it runs.
   */
  async delete(vm: Vm): Promise<void> {
    vm.require('vm.delete');
    await this.snapshots.makeWay(vm.id);
    vm.require('vm.delete');
    this.snapshots.requireOwn(vm, () => true);
    this.#table.delete(vm.id);
    this.#vms.delete(vm.id);
    this.checkpoints.cancel(vm.id);
    await this.snapshots.forget(vm);
    const kept = vm.disk.remove();
    forgetLease(this.#around.datastore, vm.id);
    const words = kept === null ? '' : ` Its disk is in "${kept}", which stays.`;
    this.#event(vm, 'vm.deleted', `The virtual machine was deleted.${words}`, 'info', { kept });
    this.#changed();
    await this.network.forwards.move(vm.id, vm.nic.network, null);
  }

  /** Calls the listener after changes, until the returned function is called. */
  follow(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Suspends or powers off what runs, and closes the data folder. What cannot be suspended is powered off. */
  async close(how: 'suspend' | 'powerOff' = 'powerOff'): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    const running = this.all().filter((vm) => vm.power !== 'off');
    await Promise.all([this.tasks.cancelAll(), this.checkpoints.close()]);
    await Promise.allSettled(running.map((vm) => (how === 'suspend' ? this.#suspend(vm) : vm.powerOff())));
    await this.snapshots.close();
    this.sampler.close();
    this.#spares.close();
    this.network.close();
    this.events.add({ vm: null, kind: 'host.stopped', severity: 'info', message: 'Lockstep was closed.' });
    this.tasks.close();
    this.alarms.close();
    this.#housekeeping.close();
    if (this.#changeTimer) clearTimeout(this.#changeTimer);
    this.#listeners.clear();
    this.#folder.close();
  }

  /** Suspends whatever runs. @returns those that could not be, which run on, and why. */
  async suspendAll(): Promise<{ readonly name: string; readonly why: string }[]> {
    const running = this.all().filter((vm) => vm.power !== 'off');
    const ends = await Promise.allSettled(running.map((vm) => suspend(this, vm)));
    return running.flatMap(({ name }, index) => {
      const end = ends[index];
      return end?.status === 'rejected' ? [{ name, why: (end.reason as Error).message }] : [];
    });
  }

  async #suspend(vm: Vm): Promise<void> {
    try {
      await suspend(this, vm);
    } catch (error) {
      const why = (error as Error).message;
      this.#event(vm, 'power.suspendFailed', `Could not be suspended, and is powered off: ${why}`, 'warning', { why });
      await vm.powerOff();
    }
  }

  /** Ends every replica at once; for the last moment of a process that cannot wait. */
  kill(): void {
    for (const vm of this.#vms.values()) vm.kill();
    this.#spares.close();
    this.network.close();
  }

  #load(): void;
  #load(id: string): Vm;
  #load(id?: string): Vm | undefined {
    let made: Vm | undefined;
    for (const record of this.#table.all()) {
      if (this.#vms.has(record.id)) continue;
      const ended = record.poweredOnAt === null ? null : this.#endLost(record.id, record.poweredOnAt);
      // A VM of before there were networks.
      const config = { nic: this.#card('virtio', DEFAULT_NETWORK_NAME), ...record.config };
      if (!record.config.nic) this.#table.setConfig(record.id, config);
      const vm = new Vm({ ...record, config, ...ended }, this.#around);
      this.#vms.set(record.id, vm);
      this.alarms.look(vm.subject);
      const why = { why: LOST_WHY, ranUntil: ended?.lostAt };
      if (ended) this.#event(vm, 'power.lost', `${LOST_NOTE}.`, 'warning', why);
      if (record.id === id) made = vm;
    }
    return made;
  }

  /** A former host died while it ran. */
  #endLost(id: string, poweredOnAt: number): Pick<VmRecord, 'poweredOnAt' | 'note' | 'lostAt'> {
    const lost = { note: LOST_NOTE, lostAt: this.checkpoints.ranUntil(id, poweredOnAt) };
    this.#table.setOff(id, lost);
    return { ...lost, poweredOnAt: null };
  }

  /** A card with an address that no other VM has. */
  #card(type: NicType, network: string): NicRecord {
    return this.network.card(
      type,
      network,
      this.all().map((vm) => vm.nic),
      null,
    );
  }

  #checkpointDesk(checkpoints: CheckpointTable, metrics: MetricTable): CheckpointDesk {
    const { dataFolder: folder, checkpointMinuteMs: minuteMs } = this.#options;
    return new CheckpointDesk({
      folder,
      checkpoints,
      vms: this.#table,
      snapshots: () => this.snapshots,
      lastSeen: (vm) => metrics.lastAt(vm),
      minuteMs,
      event: (vm, kind, severity, message, data) => this.#event(vm, kind, message, severity, data),
    });
  }

  #snapshotDesk(snapshots: SnapshotTable, checkpoints: CheckpointTable): SnapshotDesk {
    return new SnapshotDesk({
      folder: path.join(this.#options.dataFolder, 'states'),
      snapshots,
      checkpoints,
      vms: this.#table,
      checkpointTaken: (vm) => this.checkpoints.taken(vm),
      others: (vm) => this.disks.othersIn(this.snapshots.folder(vm.id), vm.name),
      isFree: (vm, file) => this.disks.isFree(vm.name, file),
      event: (vm, kind, severity, message, data) => this.#event(vm, kind, message, severity, data),
    });
  }

  #networkDesk(table: NetworkTable): NetworkDesk {
    return new NetworkDesk({
      processes: this.#options.processes,
      table,
      hostLoopback: this.#options.hostLoopback ?? true,
      networkOf: (vm) => this.#vms.get(vm)?.nic.network ?? DEFAULT_NETWORK_NAME,
      event: (id, kind, severity, message, data) => {
        const vm = id === null ? undefined : this.#vms.get(id);
        const named = vm ? { id: vm.id, name: vm.name } : null;
        this.events.add({ vm: named, kind, severity, message, ...(data && { data }) });
      },
      changed: () => this.#changed(),
    });
  }

  #event(
    vm: NamedVm,
    kind: EventKind,
    message: string,
    severity: 'info' | 'warning' = 'info',
    data?: { readonly [key: string]: unknown },
  ): void {
    this.events.add({ vm: { id: vm.id, name: vm.name }, kind, severity, message, ...(data && { data }) });
  }

  #changed(): void {
    this.#changeTimer ??= setTimeout(() => {
      this.#changeTimer = null;
      for (const listener of this.#listeners) listener();
    }, CHANGE_MS);
  }
}
