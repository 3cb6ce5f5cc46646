/**
 * TEST DOUBLE: the state behind the fake host: VMs, events, metrics and a text screen, with a script's hand on them.
 *
 * Invariant: time stands still unless `tick` is called or `run` was; random-looking numbers come from a seeded formula.
 */
import {
  CommandError,
  type AlarmRecord,
  type CommandName,
  type DiskCheckView,
  type EventRecord,
  type Severity,
  type SnapshotView,
  type TaskRecord,
  type TopicName,
} from '../../../preload/contract/contract.ts';
import type { FailoverRecord, VmView } from '../../../preload/contract/contract.ts';
import type { MetricsRange } from '../../../preload/contract/metrics.ts';
import { refusal, type GuardedCommand } from '../../../preload/contract/rules.ts';
import { encodeScreen } from '../../../preload/contract/screen.ts';
import { fakeDisk } from './disk.ts';
import { editedVm, fakeFolders } from './folders.ts';
import { fakeHistory } from './history.ts';
import { fakeMetrics, fakeMetricsHistory } from './metrics.ts';
import { FakeNetwork } from './network.ts';
import { BOOT, fakeFont, textScreen } from './screen.ts';

interface Follower {
  readonly data: (data: unknown) => void;
  readonly bytes: (bytes: Uint8Array) => void;
  readonly end: () => void;
}
interface Entry extends Follower {
  readonly topic: TopicName;
  readonly vm: string | undefined;
}
type Args = { readonly [key: string]: unknown };

const FOLDER = '/home/ada/.local/share/lockstep';
const EPOCH = Date.UTC(2026, 10, 21, 9, 0, 0);
const ONE_PIXEL_PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

export const OFF: VmView['ft'] = {
  status: 'notConfigured',
  reason: null,
  primary: null,
  secondary: null,
  generation: 0,
  lagMs: null,
  vLockstepIntervalMs: null,
  logBandwidthBitsPerSecond: null,
  outputDelayMsP50: null,
  outputDelayMsP99: null,
  lastFailover: null,
  starting: null,
  lastStart: null,
};

export function fakeVm(name: string, part: Partial<VmView> = {}): VmView {
  return {
    id: `vm-${name.toLowerCase().replaceAll(' ', '-')}`,
    name,
    folder: '',
    createdAt: EPOCH,
    power: 'off',
    poweredOnAt: null,
    note: null,
    hardware: {
      memoryMB: 128,
      guest: 'Sample Linux',
      files: {},
      cmdline: null,
    },
    nic: {
      type: 'virtio',
      network: 'nat',
      mac: '02:4c:53:12:34:56',
      address: '10.77.0.10',
      guestAddress: null,
      counters: null,
      capture: null,
    },
    ftEnabled: false,
    recording: null,
    faults: [],
    alarms: { active: 0, unacknowledged: 0, worst: null },
    ftSettings: {
      failureTimeoutMs: 500,
      hashIntervalEpochs: 2500,
      lagThrottleMs: 100,
      lagHardMs: 1000,
      diskMode: 'shared',
      diskReads: 'log',
    },
    ft: OFF,
    ...part,
  };
}

const place = (pid: number, epoch: number) => ({ host: 'lab-desk', pid, epoch });
export const PRIMARY = place(48_112, 1_204_551);
export const SECONDARY = place(48_190, 1_204_550);

export class FakeWorld {
  vms: VmView[] = [];
  folders: string[] = [];
  events: EventRecord[] = [];
  tasks: TaskRecord[] = [];
  alarms: AlarmRecord[] = [];
  /** Newest first. */
  failovers: FailoverRecord[] = [];
  /** Of every VM alike. */
  snapshots: readonly SnapshotView[] = [];
  /** What every check of a disk finds. */
  diskCheck: DiskCheckView = {
    problems: [],
    problemsLeftOut: 0,
    repaired: [],
    clustersChecked: 20_480,
    unusedBytes: 536_870_912,
  };
  /** Binary messages from clients, in order. */
  readonly received: { subscription: number; bytes: Uint8Array }[] = [];
  /** Every command, in order. */
  readonly performed: { command: CommandName; args: Args }[] = [];
  /** When set, the next command fails with it. */
  fail: CommandError | null = null;
  /** Commands are carried out when it resolves. */
  held: Promise<void> = Promise.resolve();
  lines: string[] = [...BOOT, '/ # '];
  readonly network = new FakeNetwork(this);
  readonly #entries = new Set<Entry>();
  readonly #font = fakeFont();
  #timer: ReturnType<typeof setInterval> | undefined;
  #second = 0;

  /** Replaces (or adds) a VM and tells everyone. */
  put(vm: VmView): VmView {
    const at = this.vms.findIndex((one) => one.id === vm.id);
    this.vms = at < 0 ? [...this.vms, vm] : this.vms.with(at, vm);
    this.tellInventory();
    if (vm.power === 'off') this.#end(vm.id);
    return vm;
  }

  event(
    vm: VmView | null,
    kind: string,
    message: string,
    severity: Severity = 'info',
    data: EventRecord['data'] = {},
  ): void {
    const id = this.events.length + 1;
    const at = EPOCH + 60_000 + id * 1370;
    const named = vm && { id: vm.id, name: vm.name };
    const record: EventRecord = { id, at, vm: named, kind, severity, message, data };
    this.events = [...this.events, record];
    for (const entry of this.#entries) if (entry.topic === 'events') entry.data([record]);
  }

  /** A task that is new or has changed. */
  task(task: TaskRecord): void {
    this.tasks = [task, ...this.tasks.filter(({ id }) => id !== task.id)].toSorted((a, b) => b.id - a.id);
    for (const entry of this.#entries) if (entry.topic === 'tasks') entry.data([task]);
  }

  /** An alarm that is new or has changed; its VM's summary follows. */
  alarm(alarm: AlarmRecord): void {
    this.alarms = [alarm, ...this.alarms.filter(({ id }) => id !== alarm.id)].toSorted((a, b) => b.id - a.id);
    for (const entry of this.#entries) if (entry.topic === 'alarms') entry.data([alarm]);
    const active = this.alarms.filter(({ vm, clearedAt }) => vm.id === alarm.vm.id && clearedAt === null);
    const open = active.filter(({ acknowledgedAt }) => acknowledgedAt === null);
    const worst = open.find(({ severity }) => severity === 'error')?.severity ?? open[0]?.severity ?? null;
    const vm = this.vms.find(({ id }) => id === alarm.vm.id);
    if (vm) this.put({ ...vm, alarms: { active: active.length, unacknowledged: open.length, worst } });
  }

  /** One second of metrics for every VM that is on. */
  tick(): void {
    this.#second++;
    for (const vm of this.vms) {
      if (vm.power !== 'on') continue;
      for (const entry of this.#of('metrics', vm.id))
        entry.data(fakeMetrics(vm, EPOCH + this.#second * 1000, this.#second));
    }
  }

  run(): void {
    this.#timer = setInterval(() => this.tick(), 1000);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** To whoever listens to the VM. */
  sound(vm: VmView, bytes: Uint8Array): void {
    for (const entry of this.#of('sound', vm.id)) entry.bytes(bytes);
  }

  listeners(topic: TopicName, vm: VmView): number {
    return this.#of(topic, vm.id).length;
  }

  print(line: string): void {
    this.lines.push(line);
    for (const vm of this.vms) for (const entry of this.#of('screen', vm.id)) entry.bytes(this.#screen());
  }

  follow(topic: TopicName, args: { readonly vm?: string; readonly since?: number }, follower: Follower): () => void {
    const entry: Entry = { topic, vm: args.vm && this.find(args.vm).id, ...follower };
    this.#entries.add(entry);
    if (topic === 'inventory') entry.data(this.#inventory());
    if (topic === 'events') entry.data(this.events.filter((event) => event.id > (args.since ?? 0)));
    if (topic === 'tasks') entry.data(this.tasks);
    if (topic === 'alarms') entry.data(this.alarms.filter(({ clearedAt }) => clearedAt === null));
    if (topic === 'screen') entry.bytes(this.#screen());
    if (topic === 'serial')
      entry.bytes(new TextEncoder().encode(this.lines.join('\r\n').replace(/OK/g, '\x1b[1;32mOK\x1b[0m')));
    return () => this.#entries.delete(entry);
  }

  async perform(command: CommandName, args: Args): Promise<unknown> {
    // What the page asks by itself, while it is looked at, is nothing that a user does.
    if (command === 'failover.list') return this.failovers.filter((one) => one.vm.id === args['vm']);
    if (command === 'metrics.history') {
      const since = args['since'] as number | undefined;
      return fakeMetricsHistory(this.find(String(args['vm'])), args['range'] as MetricsRange, since);
    }
    if (command === 'snapshot.list') return this.snapshots;
    if (command === 'disk.info') return fakeDisk(this, command, args);
    if (command === 'snapshot.thumbnail') return { pngBase64: ONE_PIXEL_PNG };
    this.performed.push({ command, args });
    await this.held;
    const failure = this.fail;
    this.fail = null;
    if (failure) throw failure;
    if (command === 'vm.create') return this.#create(args);
    const history = fakeHistory(this, command, args);
    if (history) return history;
    const disk = fakeDisk(this, command, args);
    if (disk !== undefined) return disk;
    const folders = fakeFolders(this, command, args);
    if (folders !== undefined) return folders;
    const network = this.network.perform(command, args);
    if (network !== undefined) return network;
    const vm = this.find(String(args['vm']));
    this.#guard(command, args, vm);
    switch (command) {
      case 'power.on':
        return this.put({ ...vm, power: 'on', poweredOnAt: EPOCH, ft: { ...vm.ft, primary: PRIMARY, generation: 1 } });
      case 'power.off':
        return this.put({ ...vm, power: 'off', poweredOnAt: null, ft: OFF });
      case 'ft.on':
        return this.put({ ...vm, ftEnabled: true, ft: { ...vm.ft, status: 'starting', reason: 'initializing' } });
      case 'ft.off':
        return this.put({ ...vm, ftEnabled: false, ft: { ...OFF, primary: vm.ft.primary } });
      case 'vm.delete':
        this.vms = this.vms.filter((one) => one.id !== vm.id);
        this.tellInventory();
        return null;
      case 'vm.set': {
        const { vm: _vm, ...changes } = args;
        return this.put({ ...vm, ftSettings: { ...vm.ftSettings, ...changes } });
      }
      case 'record.start': {
        const file = (args['file'] as string | undefined) ?? `${FOLDER}/recordings/${vm.name}-1.lockrec`;
        const recording = { file, startedAt: Date.now(), epoch: 1000 };
        this.put({ ...vm, recording });
        return recording;
      }
      case 'record.stop':
        this.put({ ...vm, recording: null });
        return { file: vm.recording?.file, epochs: 4200, bytes: 7 << 20 };
      case 'vm.edit':
        return this.put(editedVm(vm, args));
      case 'media.insert':
      case 'media.eject': {
        const files = { ...vm.hardware.files, [String(args['drive'])]: args['file'] };
        return this.put({ ...vm, hardware: { ...vm.hardware, files } });
      }
      case 'console.screenshot':
        return { width: 1, height: 1, pngBase64: ONE_PIXEL_PNG };
      case 'fault':
        return { pid: vm.ft.primary?.pid };
      default:
        return null;
    }
  }

  #guard(command: CommandName, args: Args, vm: VmView): void {
    const guarded = command === 'fault' ? String(args['kind']) : command.startsWith('console.') ? 'console' : command;
    const reason = refusal(guarded as GuardedCommand, vm);
    if (reason) throw new CommandError('refused', reason);
  }

  #create(args: Args): VmView {
    const vm = fakeVm(String(args['name']));
    const memoryMB = Number(args['memoryMB'] ?? vm.hardware.memoryMB);
    return this.put({ ...vm, hardware: { ...vm.hardware, memoryMB } });
  }

  find(name: string): VmView {
    const vm = this.vms.find((one) => one.id === name || one.name === name);
    if (!vm) throw new CommandError('notFound', `There is no VM named "${name}".`);
    return vm;
  }

  #of(topic: TopicName, vm: string): Entry[] {
    return [...this.#entries].filter((entry) => entry.topic === topic && entry.vm === vm);
  }

  #end(vm: string): void {
    for (const entry of this.#entries) {
      if (entry.vm !== vm || entry.topic === 'metrics') continue;
      this.#entries.delete(entry);
      entry.end();
    }
  }

  #inventory() {
    return {
      host: {
        version: '0.1.0',
        dataFolder: FOLDER,
        recordingsFolder: `${FOLDER}/recordings`,
        hostName: 'lab-desk',
        pid: 48_001,
      },
      vms: this.vms,
      folders: this.folders,
    };
  }

  tellInventory(): void {
    for (const entry of this.#entries) if (entry.topic === 'inventory') entry.data(this.#inventory());
  }

  #screen(): Uint8Array {
    return encodeScreen(textScreen(this.lines, this.#font));
  }
}
