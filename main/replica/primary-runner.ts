/**
 * Runs a machine as a primary: the epoch loop, its inputs, its disks, its screen, and the starting of a backup.
 *
 * Invariant: between two turns of the loop the machine stands at an epoch boundary; everything that touches it
 * (capture, input, picture) happens there.
 */
import zlib from 'node:zlib';
import { topOf } from '../datastore/disk/top.ts';
import type { NoRoom } from '../datastore/room.ts';
import type { Arbiter } from '../ft/arbiter.ts';
import type { Head, Input, Output } from '../ft/entry.ts';
import type { Environment, FtSettings, Outside } from '../ft/environment.ts';
import type { Position, Positioned } from '../ft/output.ts';
import type { Primary } from '../ft/primary.ts';
import { completionOf } from '../machine/devices/disk.ts';
import { encodeKeyboardInput } from '../machine/devices/keyboard.ts';
import { encodeMediumInput } from '../machine/devices/medium.ts';
import { encodeMouseInput } from '../machine/devices/mouse.ts';
import { encodeSerialInput } from '../machine/devices/serial.ts';
import type { DiskRequest, Machine } from '../machine/machine.ts';
import type { Transport } from '../transport/transport.ts';
import { at, sendAt } from './crash-points.ts';
import { Disks } from './disks.ts';
import { InputQueue } from './inputs.ts';
import type { FromReplica, OutsideInput, ReplicaSpec, SaveOrder } from './messages.ts';
import type { NicPort } from './nic-port.ts';
import { Outputs } from './outputs.ts';
import { Pacer } from './pacer.ts';
import { RecordingSession } from './recording-session.ts';
import { SaveSession } from './save-session.ts';
import { startReporting, type RoleNumbers } from './reporter.ts';
import { SecondaryStart } from './secondary-start.ts';
import { Ticker } from './ticker.ts';
import { Viewer, type View } from './viewer.ts';

/** How a primary comes into being: at power-on, or out of a backup that went live. */
export type MakePrimary = (
  environment: Environment<DiskRequest>,
  outside: Outside<DiskRequest, View>,
) => Primary<DiskRequest, View>;

/**
 * A guest whose primary died has stood still since then. Its clock makes up for that: its timers are due at once, and
 * it does not fall behind by each failover. What took longer was no mere takeover.
 */
const TAKEOVER_MS_MAX = 1000;
/** A stalled primary looks again after this long, in milliseconds. */
const STALL_WAIT_MS = 2;
/** A paused one when it is woken. */
const ASLEEP = Number.POSITIVE_INFINITY;

/** What a primary needs that was a backup. */
export interface Promotion {
  /** Called once, after the first executed epoch. */
  readonly firstEpoch: () => void;
  /** Called once, with the first output of an epoch that the former primary did not execute. */
  readonly firstOutput: () => void;
  /** Resolves when the former primary can no longer write to a shared disk; until then no request is carried out. */
  readonly fence: Promise<void>;
  /** The disks of its own that the backup had, with what is under way on them; null where it shared them. */
  readonly ownDisks: Disks | null;
  /** What these have completed and no head has delivered. */
  readonly completions: () => readonly Input[];
  /** When the former primary gave its last sign of life. */
  readonly heardAt: number;
}

export interface PrimaryParts {
  readonly spec: ReplicaSpec;
  readonly machine: Machine;
  readonly arbiter: Arbiter;
  /** The guest's cable to the network. */
  readonly nic: NicPort;
  readonly send: (message: FromReplica) => void;
  readonly halted: () => void;
  /** Resolves when the fleet says that a former primary of this VM has ended. */
  readonly fenced: Promise<void>;
}

export class PrimaryRunner {
  readonly #parts: PrimaryParts;
  readonly #machine: Machine;
  readonly #primary: Primary<DiskRequest, View>;
  readonly #disks: Disks;
  readonly #viewer: Viewer;
  readonly #recording: RecordingSession;
  readonly #save: SaveSession;
  readonly #outputs: Outputs;
  readonly #start: SecondaryStart;
  readonly #inputs = new InputQueue(() => {
    if (!this.#held) this.#wake();
  });
  /** It stalls, or is slowed for the sake of the lag: an input must not hurry it. */
  #held = false;
  readonly #pacer = new Pacer(() => Number(process.hrtime.bigint()));
  readonly #stops: (() => void)[] = [];
  #settings: FtSettings;
  #peer: Transport | null = null;
  #pauseWanted = false;
  #stoppedTold = false;
  #throttleDebtMs = 0;
  #timer: NodeJS.Timeout | null = null;
  #ticker: Ticker | undefined;
  #scheduled = false;
  #running = true;
  /** The number of the newest input that was taken in. */
  #inputsSeen = 0;
  /** Powered off while its backup's disk is equal: both carry out what is pending, and stay so. */
  #drains = false;
  #firstEpoch: (() => void) | null;
  #firstOutput: (() => void) | null;
  /** What it emits of earlier epochs is emitted again. */
  readonly #liveFrom: number;

  private constructor(parts: PrimaryParts, disks: Disks, make: MakePrimary, promotion: Promotion | null) {
    this.#parts = parts;
    this.#machine = parts.machine;
    this.#disks = disks;
    this.#settings = parts.spec.settings;
    this.#firstEpoch = promotion?.firstEpoch ?? null;
    this.#firstOutput = promotion?.firstOutput ?? null;
    this.#liveFrom = parts.machine.epoch;
    this.#viewer = new Viewer(parts.machine, (view, now) => this.#primary.show(view, view.data.length, now));
    const { nic, send } = parts;
    // A moment later: what is emitted while the primary is being made may be lost, and so settled, at once.
    const confirmed = (position: Position): void => queueMicrotask(() => this.#primary.confirmed(position));
    this.#outputs = new Outputs({ nic, send, inputs: this.#inputs, confirmed });
    this.#primary = make(this.#environment(), this.#outside());
    this.#recording = new RecordingSession({
      ...parts,
      lastInput: () => this.#primary.lastInput,
      tap: (write) => this.#primary.record(write),
      quiesce: () => this.#quiesce(),
    });
    const around = { ...parts, disks, primary: () => this.#primary, quiesce: () => this.#quiesce() };
    this.#save = new SaveSession(around);
    this.#start = new SecondaryStart({
      ...around,
      lost: (peer, why) => this.#lostPeer(peer, why),
    });
  }

  /**
   * Opens the disks and lets the machine run.
   * @throws {Error} when a disk image cannot be opened.
   */
  static async start(parts: PrimaryParts, make: MakePrimary, promotion?: Promotion): Promise<PrimaryRunner> {
    const disks = promotion?.ownDisks ?? (await openDisks(parts, promotion?.fence));
    // From here to the end without a pause: no completion of the backup's own disks gets lost between.
    disks.goLive();
    const runner = new PrimaryRunner(parts, disks, make, promotion ?? null);
    for (const completion of promotion?.completions() ?? []) runner.#inputs.push(completion);
    disks.deliverTo((data) => runner.#inputs.push({ device: 'disk', sequence: 0, data }));
    disks.followRoom((noRoom) => runner.#roomChanged(noRoom));
    const stoodStillMs = promotion ? performance.now() - promotion.heardAt : 0;
    runner.#run(stoodStillMs > TAKEOVER_MS_MAX ? 0 : stoodStillMs);
    return runner;
  }

  input(sequence: number, input: OutsideInput): void {
    // Sent twice around a failover: what the state already includes is dropped.
    if (sequence <= this.#inputsSeen) return;
    this.#inputsSeen = sequence;
    this.#inputs.push({ sequence, ...encodeInput(input) });
  }

  confirm(epoch: number, index: number): void {
    this.#outputs.confirm({ epoch, index });
  }

  watch(watching: boolean): void {
    this.#viewer.watch(watching);
  }

  picture(): void {
    this.#viewer.wantPicture();
    this.#viewer.look(performance.now());
  }

  /** A backup stands by at the other end: copy the machine to it. */
  protect(peer: Transport, settings: FtSettings): void {
    this.#settings = settings;
    this.#peer?.close();
    this.#peer = peer;
    peer.onMessage((message) => {
      if (!this.#start.receive(message)) this.#primary.receive(message, performance.now());
    });
    peer.onClose((why) => this.#lostPeer(peer, `the logging channel closed (${why})`));
    this.#primary.greet();
    this.#start.begin(peer, settings.diskMode === 'separate');
  }

  peerDied(why: string): void {
    if (this.#peer) this.#lostPeer(this.#peer, why);
  }

  endProtection(): void {
    this.#start.cancel();
    this.#primary.endProtection(performance.now());
    this.#dropPeer();
  }

  /** Stops as soon as the machine waits for no disk, or goes on; what happens outside meanwhile waits. */
  pause(paused: boolean): void {
    this.#pauseWanted = paused;
    if (!paused) this.#disks.tryAgain();
    // The guest's clock goes on from where it stood still.
    if (!paused && this.#primary.paused) this.#pacer.restart(this.#machine.virtualNs);
    if (!paused || this.#primary.paused) this.#primary.pause(paused, performance.now());
    this.#quiesce();
    this.#wake();
  }

  powerOff(): void {
    void this.#recording.stop({ type: 'powerOff' }, 'the virtual machine was powered off');
    const { diskMode } = this.#settings;
    this.#drains = diskMode === 'separate' && this.#primary.state === 'protected' && this.#primary.disksEqual;
    this.#primary.powerOff();
  }

  record(file: string): Promise<void> {
    return this.#recording.start(file);
  }

  save(order: SaveOrder): void {
    this.#save.start(order);
  }

  stopRecording(): Promise<void> {
    return this.#recording.stop({ type: 'end' }, 'it was stopped');
  }

  /* -------------------------------------------------------------- the loop ---------------------------------- */

  #run(behindMs: number): void {
    this.#inputsSeen = this.#primary.lastInput;
    this.#parts.nic.live(this.#primary.generation);
    this.#pacer.restart(this.#machine.virtualNs, behindMs);
    this.#pauseWanted = this.#primary.paused;
    if (this.#pauseWanted) this.#lives();
    this.#ticker = new Ticker(
      (now) => this.#primary.tickInMs(now),
      (now) => this.#tick(now),
    );
    this.#stops.push(() => this.#ticker?.stop());
    const reporting = startReporting(this.#machine, () => this.#numbers(), this.#parts.send);
    this.#stops.push(() => reporting.stop());
    this.#wake();
  }

  #tick(now: number): void {
    this.#primary.tick(now);
    if (this.#running) this.#viewer.look(now);
  }

  #wake(): void {
    if (this.#scheduled || !this.#running) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    this.#held = false;
    if (!this.#running) return;
    const wait = this.#start.captureIfQuiet() ?? this.#takeIfQuiet() ?? this.#pauseIfQuiet() ?? this.#epoch();
    if (!this.#running || wait === ASLEEP) return;
    if (wait < 1 || (!this.#held && !this.#inputs.empty)) this.#wake();
    else this.#timer = setTimeout(() => this.#wake(), wait);
  };

  /** Executes one epoch, unless something forbids it; how long to wait before the next, in milliseconds. */
  #epoch(): number {
    const stalled = this.#primary.stalled();
    if (stalled === 'paused' || this.#disks.noRoom) return ASLEEP;
    if (stalled) return this.#hold(STALL_WAIT_MS);
    const machine = this.#machine;
    const inputs = this.#inputs.take();
    this.#parts.nic.taken(this.#inputs.waitingBytes);
    // What is prepared for a secondary that starts, and sent to it, goes on between two epochs.
    if (this.#start.active) this.#pacer.stirred();
    let head: Head = this.#pacer.head(machine.virtualNs, inputs);
    // While the disks are being quiesced their completions arrive together, in an epoch that executes nothing.
    const quieting = this.#quiescing && inputs.some((input) => input.device === 'disk');
    if (quieting || this.#taking) head = { ...head, slices: 0 };
    const before = machine.instructions;
    const idleMs = this.#primary.step(head, performance.now(), () => performance.now());
    // Its outputs wait for acknowledgements, which are read between two epochs: those that follow are to be short.
    if (!this.#primary.quiet) this.#pacer.stirred();
    this.#lives();
    if (machine.stopped) this.#tellStopped();
    const wait = this.#pacer.executed(machine.virtualNs, machine.instructions - before, idleMs, machine.playing);
    const now = performance.now();
    this.#viewer.look(now);
    this.#ticker?.awake(now);
    if (head.slices === 0) return 0;
    const throttled = this.#throttleWait(now);
    // The throttle sleeps after each epoch: long ones would outrun it.
    if (throttled > 0) this.#pacer.stirred();
    return throttled > 0 ? this.#hold(throttled) : wait;
  }

  /**
   * Without room for what the guest writes it stands still, as its backup does, which gets no head: no time passes for
   * it, and it sees no error.
   */
  #roomChanged(noRoom: NoRoom | null): void {
    this.#parts.send({ type: 'room', noRoom });
    if (noRoom !== null) return;
    this.#pacer.restart(this.#machine.virtualNs);
    this.#wake();
  }

  /** Waits this long whatever comes in meanwhile, in milliseconds. */
  #hold(waitMs: number): number {
    this.#held = true;
    return waitMs;
  }

  #lives(): void {
    this.#firstEpoch?.();
    this.#firstEpoch = null;
  }

  #tellStopped(): void {
    if (this.#stoppedTold) return;
    this.#stoppedTold = true;
    this.#parts.send({ type: 'guestStopped' });
  }

  /** Timers know whole milliseconds only: what the throttle asks for is saved up until it is one. */
  #throttleWait(nowMs: number): number {
    const sleepMs = this.#primary.throttleSleepMs(nowMs);
    this.#throttleDebtMs = sleepMs > 0 ? this.#throttleDebtMs + sleepMs : 0;
    const wait = Math.floor(this.#throttleDebtMs);
    this.#throttleDebtMs -= wait;
    return wait;
  }

  /* -------------------------------------------------------------- quiet disks ------------------------------- */

  /** What wants the machine's state: a recording, or somebody who saves it. */
  get #taking(): RecordingSession | SaveSession | null {
    // Asked in every epoch: nothing is allocated here.
    if (this.#recording.waiting) return this.#recording;
    return this.#save.waiting ? this.#save : null;
  }

  /**
   * Lets somebody take the state, or the guest stand still until that can be: a Protected guest's writes wait for
   * acknowledgements, so one that went on might never be without a request. Null where an epoch is to be executed.
   */
  #takeIfQuiet(): number | null {
    const taking = this.#taking;
    if (!taking) return null;
    if (this.#machine.pendingRequests.length === 0) {
      taking.begin();
      return 0;
    }
    taking.checkPatience();
    return taking.waiting && this.#inputs.empty ? STALL_WAIT_MS : null;
  }

  /** Pauses where that is wanted and no disk request is outstanding; null where it is not. */
  #pauseIfQuiet(): number | null {
    if (!this.#pauseWanted || this.#primary.paused || this.#machine.pendingRequests.length > 0) return null;
    if (this.#primary.state === 'halted') return null;
    this.#primary.pause(true, performance.now());
    this.#quiesce();
    return 0;
  }

  get #quiescing(): boolean {
    return this.#start.waiting || this.#taking !== null || (this.#pauseWanted && !this.#primary.paused);
  }

  /** The disks are at rest while a capture or a pause is wanted. */
  #quiesce(): void {
    this.#disks.quiesce(this.#quiescing);
    this.#wake();
  }

  #lostPeer(peer: Transport, why: string): void {
    if (peer !== this.#peer) return;
    this.#start.cancel();
    this.#primary.lostBackup(why, performance.now());
    this.#dropPeer();
  }

  #dropPeer(): void {
    const peer = this.#peer;
    this.#peer = null;
    peer?.close();
  }

  /* -------------------------------------------------------------- the world for the protocol ---------------- */

  #environment(): Environment<DiskRequest> {
    const { arbiter, send, machine } = this.#parts;
    const settings = (): FtSettings => this.#settings;
    return {
      machine,
      channel: {
        send: (message) => sendAt('primary', message, (bytes) => this.#peer?.send(bytes)),
        unsentBytes: () => this.#peer?.unsentBytes() ?? 0,
      },
      checksum: zlib.crc32,
      completionOf,
      claim: (generation) => {
        void at('claim', () => arbiter.claim(generation)).then((result) => {
          const act = (): void => this.#primary.claimAnswered(result, performance.now());
          if (result.outcome === 'won') at('won', act);
          else act();
          this.#wake();
        });
      },
      report: (event) => {
        if (event.type === 'marked') return this.#save.marked(event.mark);
        send({ type: 'ft', event });
        if (event.type === 'backupLost') this.#dropPeer();
        if (event.type === 'alone') this.#parts.nic.live(event.generation);
        if (event.type === 'halted') this.#stop();
      },
      get settings() {
        return settings();
      },
    };
  }

  #outside(): Outside<DiskRequest, View> {
    const { send } = this.#parts;
    return {
      emit: (output) => at('emit', () => this.#emit(output)),
      issue: (request) => at('issue', () => this.#disks.issue(request)),
      show: (view) => send({ type: 'screen', full: view.full, data: view.data }),
      committed: (sequence) => send({ type: 'committed', sequence }),
    };
  }

  #emit(output: Positioned<Output>): void {
    this.#outputs.emit(output);
    if (output.epoch < this.#liveFrom) return;
    this.#firstOutput?.();
    this.#firstOutput = null;
  }

  #stop(): void {
    this.#running = false;
    if (this.#timer) clearTimeout(this.#timer);
    for (const stop of this.#stops) stop();
    this.#parts.nic.close();
    this.#save.stop('its primary halted');
    const written = this.#recording.stop({ type: 'end' }, 'its primary halted');
    void Promise.all([written, this.#closeDisks()]).finally(() => this.#parts.halted());
  }

  async #closeDisks(): Promise<void> {
    if (this.#drains && (await this.#disks.drain())) this.#parts.send({ type: 'diskClean' });
    await this.#disks.close();
  }

  #numbers(): RoleNumbers {
    const paired = this.#primary.state === 'starting' || this.#primary.state === 'protected';
    const metrics = this.#primary.metrics(performance.now());
    return {
      role: 'primary',
      generation: this.#primary.generation,
      ...metrics,
      logBytes: paired ? metrics.logBytes : null,
      disk: this.#disks.carriedOut,
    };
  }
}

function openDisks({ spec, send }: PrimaryParts, fence?: Promise<void>): Promise<Disks> {
  const { hda } = spec.files;
  const names = spec.disk?.names;
  return Disks.open(
    // A former primary may have begun another file.
    hda ? [['hda', () => (names ? topOf(names) : hda)]] : [],
    () => {},
    (message) => send({ type: 'diskError', message }),
    fence,
  );
}

function encodeInput(input: OutsideInput): Pick<Input, 'device' | 'data'> {
  if (input.device === 'medium') return { device: 'medium', data: encodeMediumInput(input.change) };
  if (input.device === 'serial') return { device: 'serial', data: encodeSerialInput(input.data) };
  if (input.input.kind === 'keys') return { device: 'keyboard', data: encodeKeyboardInput(input.input.codes) };
  return { device: 'mouse', data: encodeMouseInput(input.input) };
}
