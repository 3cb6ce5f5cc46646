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
import { CommandError, type HostView, type Inventory, type ParsedArgs } from '../../preload/contract.ts';
import { forgetLease } from '../datastore/leases.ts';
import { openDataFolder, type OpenedFolder } from '../store/database.ts';
import { EventTable } from '../store/events.ts';
import { VmTable } from '../store/vms.ts';
import type { Processes } from './processes.ts';
import { Spares } from './spares.ts';
import { configure, type GuestLibrary } from './spec.ts';
import { Vm, type VmSurroundings } from './vm.ts';

/** Changes are told together, this often at most, in milliseconds. */
const CHANGE_MS = 100;
const LOST_NOTE = 'Powered off unexpectedly: Lockstep itself was ended while the VM was running';

export interface FleetOptions {
  readonly dataFolder: string;
  readonly version: string;
  readonly processes: Processes;
  readonly guests: GuestLibrary;
}

export class Fleet {
  readonly events: EventTable;
  readonly #options: FleetOptions;
  readonly #folder: OpenedFolder;
  readonly #table: VmTable;
  readonly #around: VmSurroundings;
  readonly #spares: Spares;
  readonly #vms = new Map<string, Vm>();
  readonly #listeners = new Set<() => void>();
  #changeTimer: NodeJS.Timeout | null = null;
  #closing = false;

  /** @throws {DataFolderError} when the data folder cannot be used. */
  constructor(options: FleetOptions) {
    this.#options = options;
    this.#folder = openDataFolder(options.dataFolder);
    const { database } = this.#folder;
    this.#table = new VmTable(database);
    this.events = new EventTable(database);
    const datastore = path.join(options.dataFolder, 'datastore');
    mkdirSync(datastore, { recursive: true, mode: 0o700 });
    this.#spares = new Spares(options.processes);
    this.#around = {
      vms: this.#table,
      events: this.events,
      processes: options.processes,
      spares: this.#spares,
      guests: options.guests,
      datastore,
      hostName: os.hostname(),
      changed: () => this.#changed(),
    };
    this.events.add({ vm: null, kind: 'host.started', severity: 'info', message: 'Lockstep was started.' });
    this.#load();
  }

  get host(): HostView {
    const { version, dataFolder } = this.#options;
    return { version, dataFolder, hostName: this.#around.hostName, pid: process.pid };
  }

  inventory(): Inventory {
    return { host: this.host, vms: this.all().map((vm) => vm.view()) };
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
    if (this.#table.find(args.name)) {
      throw new CommandError(
        'exists',
        `There is already a VM "${args.name}". Choose another name, or delete that one.`,
      );
    }
    const config = configure(args, this.#options.guests, new Set(this.all().map((vm) => vm.mac)));
    const id = randomUUID();
    this.#table.insert({ id, name: args.name, createdAt: Date.now(), config });
    const vm = this.#load(id);
    this.#event(vm, 'vm.created', 'The virtual machine was created.');
    this.#changed();
    return vm;
  }

  /**
   * Deletes the VM; the files it was made of stay, and so does a copy of its disk that is newer than they are.
   * @throws {CommandError} while it runs.
   */
  delete(vm: Vm): void {
    vm.require('vm.delete');
    this.#table.delete(vm.id);
    this.#vms.delete(vm.id);
    const kept = vm.disk.remove();
    forgetLease(this.#around.datastore, vm.id);
    const words = kept === null ? '' : ` Its disk is in "${kept}", which stays.`;
    this.#event(vm, 'vm.deleted', `The virtual machine was deleted.${words}`);
    this.#changed();
  }

  /** Calls the listener after changes, until the returned function is called. */
  follow(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Powers everything off and closes the data folder. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    const running = this.all().filter((vm) => vm.power !== 'off');
    await Promise.allSettled(running.map((vm) => vm.powerOff()));
    this.#spares.close();
    this.events.add({ vm: null, kind: 'host.stopped', severity: 'info', message: 'Lockstep was closed.' });
    if (this.#changeTimer) clearTimeout(this.#changeTimer);
    this.#listeners.clear();
    this.#folder.close();
  }

  /** Ends every replica at once; for the last moment of a process that cannot wait. */
  kill(): void {
    for (const vm of this.#vms.values()) vm.kill();
    this.#spares.close();
  }

  #load(): void;
  #load(id: string): Vm;
  #load(id?: string): Vm | undefined {
    let made: Vm | undefined;
    for (const record of this.#table.all()) {
      if (this.#vms.has(record.id)) continue;
      const lost = record.poweredOnAt !== null;
      if (lost) this.#table.setPower(record.id, null, LOST_NOTE);
      const vm = new Vm(lost ? { ...record, poweredOnAt: null, note: LOST_NOTE } : record, this.#around);
      this.#vms.set(record.id, vm);
      if (lost) this.#event(vm, 'power.lost', `${LOST_NOTE}.`, 'warning');
      if (record.id === id) made = vm;
    }
    return made;
  }

  #event(vm: Vm, kind: string, message: string, severity: 'info' | 'warning' = 'info'): void {
    this.events.add({ vm: { id: vm.id, name: vm.name }, kind, severity, message });
  }

  #changed(): void {
    this.#changeTimer ??= setTimeout(() => {
      this.#changeTimer = null;
      for (const listener of this.#listeners) listener();
    }, CHANGE_MS);
  }
}
