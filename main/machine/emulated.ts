/**
 * The machine on v86: executes heads, one epoch each.
 *
 * Invariant: state' = F(state, head). Everything the guest can observe is in v86's linear memory, in its device
 * objects, in the modules it generated, in our devices, in the clock or in the random generator; `Parts` in snapshot.ts
 * lists them.
 */
import { AssertionError, unreachable } from '../ft/assert.ts';
import { HEAD_ADVANCE_US_MAX, HEAD_RATE_MAX, HEAD_SLICES_MAX } from '../ft/constants.ts';
import type { HashRegion, Head, Input, Output } from '../ft/entry.ts';
import type { ScreenUpdate } from '../../preload/contract/screen.ts';
import { VirtualClock } from './clock.ts';
import { checkConfig, fingerprint, prepareFiles } from './configuration.ts';
import { Disks, type DriveBuffer, takeOverFlush } from './devices/disk.ts';
import { Display } from './devices/display.ts';
import { Keyboard } from './devices/keyboard.ts';
import { Media } from './devices/medium.ts';
import { Mouse } from './devices/mouse.ts';
import { Nic, parseMac } from './devices/nic.ts';
import { SerialPort } from './devices/serial.ts';
import { Sound } from './devices/sound.ts';
import { assert, MachineError, SnapshotError } from './errors.ts';
import { hashProcessor } from './hash.ts';
import type {
  Capture,
  Disc,
  DiskRequest,
  Drive,
  Machine,
  MachineConfig,
  MachineMetrics,
  Outcome,
  Snapshot,
  UnhashedCapture,
} from './machine.ts';
import { hashPageBlocks, PAGE_BYTES } from './pages.ts';
import { atOnce, type Pieces } from './pieces.ts';
import { VirtualRandom } from './random.ts';
import type { Room } from './room.ts';
import { Anatomy, type Counters } from './snapshot.ts';
import { bootCore, type Core, loadCore } from './v86.ts';
import { FLAG_INTERRUPTS, type IdeInterface, OFFSET } from './v86-types.ts';

/** Sixty frames a second of virtual time. */
const FRAME_NS = 16_666_667;
/**
 * An advance of so many microseconds finds a halted guest: it is made in steps from timer to timer, a bounded number.
 */
const STEPPED_ADVANCE_US_MIN = 5000;
const STEPS_MAX = 256;
const STEP_US_MIN = 5;

/** Views of linear memory; they die when it grows, so they are asked for every time. */
class LinearMemory {
  #memory: WebAssembly.Memory | null = null;
  #words = new Uint32Array(OFFSET.segmentsEnd >> 2);

  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory;
    this.#words = new Uint32Array(memory.buffer, 0, OFFSET.segmentsEnd >> 2);
  }

  get memory(): WebAssembly.Memory {
    assert(this.#memory !== null, 'the core exists');
    return this.#memory;
  }

  get words(): Uint32Array {
    if (this.#words.length === 0) this.attach(this.memory);
    return this.#words;
  }

  get instructions(): number {
    return this.words[OFFSET.instructions >> 2] ?? 0;
  }

  get halted(): boolean {
    return ((this.words[OFFSET.halted >> 2] ?? 0) & 0xff) !== 0;
  }

  get interruptible(): boolean {
    return ((this.words[OFFSET.flags >> 2] ?? 0) & FLAG_INTERRUPTS) !== 0;
  }
}

/** Builds a machine that has executed nothing. @throws {MachineError} when the configuration cannot be. */
export async function createMachine(config: MachineConfig): Promise<Machine> {
  checkConfig(config);
  const memory = new LinearMemory();
  const clock = new VirtualClock(config.startTimeMs, () => memory.instructions);
  const random = new VirtualRandom(config.seed);
  const disks = new Disks();
  const files = prepareFiles(config, disks);
  const { hotInstructions } = config;
  const onMemory = (created: WebAssembly.Memory): void => memory.attach(created);
  const core = await bootCore(files.options, { clock, random, onMemory, hotInstructions });
  files.release();
  const identity = fingerprint(config, loadCore().sources);
  return new EmulatedMachine(config, { core, clock, random, disks, memory, identity, drives: files.drives });
}

/** What `createMachine` has made before there is a machine. */
interface Made {
  readonly core: Core;
  readonly clock: VirtualClock;
  readonly random: VirtualRandom;
  readonly disks: Disks;
  readonly memory: LinearMemory;
  readonly identity: string;
  readonly drives: ReadonlyMap<Drive, DriveBuffer>;
}

class EmulatedMachine implements Machine {
  readonly #core: Core;
  readonly #clock: VirtualClock;
  readonly #memory: LinearMemory;
  readonly #disks: Disks;
  readonly #serial: SerialPort;
  readonly #keyboard: Keyboard;
  readonly #mouse: Mouse;
  readonly #nic: Nic | null;
  readonly #sound: Sound;
  readonly #display: Display;
  readonly #media: Media;
  readonly #anatomy: Anatomy;
  #epoch = 0;
  #instructions = 0;
  #failure: MachineError | AssertionError | null = null;
  /** An epoch has begun and has not ended. */
  #executing = false;

  constructor(config: MachineConfig, made: Made) {
    const { core, memory, disks } = made;
    const { cpu, emulator } = core;
    const { devices } = cpu;
    this.#core = core;
    this.#clock = made.clock;
    this.#memory = memory;
    this.#disks = disks;
    this.#serial = new SerialPort(() => devices.uart0, emulator.bus);
    this.#keyboard = new Keyboard(() => devices.ps2, emulator.bus);
    this.#mouse = new Mouse(
      () => devices.ps2,
      () => devices.vmware,
      emulator.bus,
    );
    const card = devices.net ?? devices.virtio_net;
    this.#nic =
      card === undefined || config.nic === undefined ? null : new Nic(card, emulator.bus, parseMac(config.nic.mac));
    const listen = emulator.add_listener.bind(emulator);
    this.#sound = new Sound(emulator.bus, listen, () => made.clock.lastNs);
    this.#display = new Display(devices.vga, () => memory.memory.buffer);
    devices.vga.screen = this.#display.adapter;
    emulator.screen_adapter = this.#display.adapter;
    emulator.add_listener('serial0-output-byte', (byte: number) => this.#serial.transmit(byte));
    emulator.add_listener('net0-send', (frame: Uint8Array) => this.#nic?.transmit(frame));
    this.#attachDrives(made.drives);
    const discs = made.drives.get('cdrom');
    assert(discs !== undefined, 'there is always a CD-ROM drive');
    this.#media = new Media(() => devices, discs);
    this.#anatomy = this.#describe(made);
  }

  get epoch(): number {
    return this.#epoch;
  }

  get virtualNs(): number {
    return this.#clock.lastNs;
  }

  get instructions(): number {
    return this.#instructions;
  }

  get pendingRequests(): readonly DiskRequest[] {
    return this.#disks.pending;
  }

  get disc(): Disc | null {
    return this.#media.disc;
  }

  get stopped(): boolean {
    return this.#memory.halted && !this.#memory.interruptible;
  }

  get playing(): boolean {
    return this.#sound.idleMs < Number.POSITIVE_INFINITY;
  }

  get metrics(): MachineMetrics {
    const { compiler } = this.#core;
    const { count: compiledModules, optimised: optimisedModules, ms: compileMs } = compiler;
    return { compiledModules, optimisedModules, compileMs, serialWaiting: this.#serial.waiting };
  }

  execute(head: Head): Outcome {
    return atOnce(this.execution(head));
  }

  *execution(head: Head): Pieces<Outcome> {
    if (this.#failure !== null) throw this.#failure;
    checkHead(head);
    this.#requireBoundary();
    this.#executing = true;
    try {
      const outcome = yield* this.#execute(head);
      this.#executing = false;
      return outcome;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#failure =
        error instanceof AssertionError
          ? error
          : new MachineError(`the machine failed in epoch ${this.#epoch}: ${message}`, { cause: error });
      throw this.#failure;
    }
  }

  screen(full: boolean): ScreenUpdate | null {
    return this.#display.look(full);
  }

  room(): Pieces<Room> {
    return this.#anatomy.room();
  }

  copy(room?: Room): Capture {
    if (this.#failure !== null) throw this.#failure;
    this.#requireBoundary();
    return this.#anatomy.copy(room);
  }

  get asBuilt(): boolean {
    return this.#epoch === 0 && this.#instructions === 0 && this.disc === null;
  }

  copyAsBuilt(): UnhashedCapture {
    this.#requireBoundary();
    assert(this.asBuilt, 'memory is left out of a copy only where the machine is as it was built');
    return this.#anatomy.copyAsBuilt();
  }

  capture(): Snapshot {
    return atOnce(this.copy().seal());
  }

  restore(snapshot: Snapshot): void {
    this.#requireBoundary();
    assert(this.#disks.pending.length === 0, 'a snapshot is restored into a machine without pending disk requests');
    const apply = this.#anatomy.check(snapshot);
    try {
      apply();
    } catch (error) {
      // Only a snapshot that someone built on purpose gets here; half of it is in the machine now.
      this.#failure = new MachineError('the machine is unusable after a snapshot that did not fit', { cause: error });
      throw error instanceof SnapshotError ? error : new SnapshotError('the snapshot does not fit', { cause: error });
    }
    this.#display.forget();
  }

  get pages(): number {
    return this.#memory.memory.buffer.byteLength / PAGE_BYTES;
  }

  hash(region: HashRegion): string {
    this.#requireBoundary();
    if (region === 'cpu') return hashProcessor(this.#memory.words, this.#clock.lastNs);
    if (region === 'full') return this.#anatomy.hash();
    if (region === 'devices') return this.#anatomy.hashDevices();
    return hashPageBlocks(this.#memory.memory.buffer, region);
  }

  corrupt(): number {
    const { mem8 } = this.#core.cpu;
    const at = mem8.byteOffset + (mem8.byteLength >>> 1);
    const bytes = new Uint8Array(this.#memory.memory.buffer);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return Math.floor(at / PAGE_BYTES);
  }

  #requireBoundary(): void {
    assert(!this.#executing, 'the machine stands at an epoch boundary');
  }

  *#execute(head: Head): Pieces<Outcome> {
    const frame = Math.floor(this.#clock.lastNs / FRAME_NS);
    this.#clock.beginEpoch(this.#sleep(head), head.rate);
    for (const input of head.inputs) this.#deliver(input);
    this.#feed();
    let idleMs = 0;
    for (let slice = 0; slice < head.slices; slice += 1) {
      if (slice > 0) yield;
      idleMs = this.#executeSlice();
      this.#feed();
      if (this.#memory.halted) break;
    }
    // Close the epoch's clock; then refresh the display as a monitor would, whether anyone looks or not, because
    // refreshing changes what the guest reads from the VGA.
    this.#clock.readNs();
    if (Math.floor(this.#clock.lastNs / FRAME_NS) !== frame) this.#core.cpu.devices.vga.screen_fill_buffer();
    this.#sound.feed();
    this.#epoch += 1;
    const busy = head.slices === 0 || !this.#memory.halted || this.#waiting();
    const sleepMs = busy ? 0 : Math.max(0, Math.min(idleMs, this.#sound.idleMs));
    return { outputs: this.#takeOutputs(), requests: this.#disks.takeIssued(), idleMs: sleepMs };
  }

  /**
   * Lets a halted guest sleep through all but the last part of a long advance, and wakes it for each of its timers at
   * the timer's time: none is lost, none comes late by the guest's clock. @returns what is left of the advance.
   */
  #sleep({ advanceUs, rate, slices }: Head): number {
    if (slices === 0 || advanceUs < STEPPED_ADVANCE_US_MIN) return advanceUs;
    let left = advanceUs;
    this.#clock.beginEpoch(0, rate);
    for (let step = 0; step < STEPS_MAX && this.#memory.halted && this.#memory.interruptible; step += 1) {
      // A timer that is due within a moment says 0.
      const timerUs = Math.max(STEP_US_MIN, Math.ceil(this.#executeSlice() * 1000));
      if (timerUs >= left) break;
      left -= timerUs;
      this.#clock.beginEpoch(timerUs, rate);
    }
    return left;
  }

  #executeSlice(): number {
    const { exports, compiler } = this.#core;
    const before = this.#memory.instructions;
    this.#core.endAfterOneSlice();
    const idleMs = exports.main_loop();
    this.#instructions += (this.#memory.instructions - before) >>> 0;
    compiler.publish(exports.codegen_finalize_finished);
    return idleMs;
  }

  #deliver({ device, data }: Input): void {
    switch (device) {
      case 'serial':
        return this.#serial.receive(data);
      case 'keyboard':
        return this.#keyboard.receive(data);
      case 'mouse':
        return this.#mouse.receive(data);
      case 'nic':
        return this.#nic?.receive(data);
      case 'disk':
        return this.#disks.receive(data);
      case 'medium':
        return this.#media.receive(data);
      default:
        return unreachable(device);
    }
  }

  /** Hands on what waits in our devices, as far as the guest has room. */
  #feed(): void {
    this.#serial.feed();
    this.#keyboard.feed();
    this.#mouse.feed();
  }

  #waiting(): boolean {
    return this.#serial.ready || this.#keyboard.ready || this.#mouse.ready;
  }

  #takeOutputs(): Output[] {
    const outputs: Output[] = [];
    const bytes = this.#serial.takeSent();
    if (bytes.length > 0) outputs.push({ device: 'serial', data: bytes });
    for (const frame of this.#nic?.takeSent() ?? []) outputs.push({ device: 'nic', data: frame });
    for (const data of this.#sound.takeSent()) outputs.push({ device: 'sound', data });
    return outputs;
  }

  #attachDrives(drives: Made['drives']): void {
    const { primary, secondary } = this.#core.cpu.devices.ide;
    const places = { hda: primary?.master, hdb: primary?.slave, cdrom: secondary.master };
    const interfaces = new Map<IdeInterface, Drive>();
    for (const [drive, buffer] of drives) {
      const device = places[drive];
      assert(device !== undefined, `v86 has a place for ${drive}`);
      buffer.attach(device);
      interfaces.set(device, drive);
    }
    takeOverFlush(interfaces, this.#disks);
  }

  #describe(made: Made): Anatomy {
    const { core, clock, random, disks, memory, identity, drives } = made;
    const counters = {
      state: () => ({ epoch: this.#epoch, instructions: this.#instructions }),
      restore: (state: Counters) => {
        this.#epoch = state.epoch;
        this.#instructions = state.instructions;
      },
    };
    const outsiders = new Map<object, string>();
    for (const [drive, buffer] of drives) outsiders.set(buffer, `medium of ${drive}`);
    const line = { serial: this.#serial, keyboard: this.#keyboard, mouse: this.#mouse };
    const devices = { ...line, sound: this.#sound, disks, media: this.#media };
    return new Anatomy({ core, clock, random, memory: memory.memory, identity, counters, outsiders, ...devices });
  }
}

/** Heads are checked where they enter the process; here a bad one is a programmer's error. */
function checkHead(head: Head): void {
  const { advanceUs, rate, slices } = head;
  assert(
    Number.isSafeInteger(advanceUs) && advanceUs >= 0 && advanceUs <= HEAD_ADVANCE_US_MAX,
    `advanceUs ${advanceUs}`,
  );
  assert(Number.isSafeInteger(rate) && rate > 0 && rate <= HEAD_RATE_MAX, `rate ${rate}`);
  assert(Number.isSafeInteger(slices) && slices >= 0 && slices <= HEAD_SLICES_MAX, `slices ${slices}`);
}
