/**
 * The primary's side of the protocol.
 *
 * Invariants:
 * - The head of an epoch is sent before the epoch is executed.
 * - From the moment `protect` is sent, no effect of an epoch leaves before the backup has acknowledged its head.
 * - Whoever leaves a pair in which the backup may go live (`protect` was sent) releases nothing until it has won the
 *   test-and-set for that generation, and halts when it lost. So a primary that was paused or cut off harms nothing.
 */
import { assert } from './assert.ts';
import type { ClaimResult } from './arbiter.ts';
import { DecodeError } from './bytes.ts';
import {
  CLAIM_RETRY_MS,
  GATE_BYTES_MAX,
  HEARTBEAT_MS,
  LAG_FREE_MS,
  LOG_BUFFER_BYTES_MAX,
  LOG_VERSION,
  STARTING_LOG_BYTES_MAX,
  STARTING_TIMEOUT_MS,
  tickMs,
} from './constants.ts';
import { FailureDetector } from './detector.ts';
import { DiskLedger } from './disk-ledger.ts';
import { letGo, type Effect } from './effects.ts';
import type { Head, LoggedHead } from './entry.ts';
import type { BlockRequest, Environment, Outside } from './environment.ts';
import { LagMeter, startingThrottle, throttle, throttleSleepMs } from './flow.ts';
import { HashRota } from './hashes.ts';
import { decodeMessage, encodeEntry, type ChunkEntry, type Entry, type HashEntry, type SnapshotEntry } from './log.ts';
import { comparePositions, OutputGate, type Position } from './output.ts';

/** `alone`: no backup. `claiming`: the backup was lost and the test-and-set is not yet answered. */
export type PrimaryState = 'alone' | 'starting' | 'protected' | 'claiming' | 'halted';

/**
 * Where a primary's life begins: at power-on (generation as claimed, no input, no output), or where a backup went
 * live.
 */
export interface StartingPoint {
  readonly generation: number;
  /** The newest outside input that the machine's state includes. */
  readonly lastInput: number;
  /** The last output it emitted while it was promoted. */
  readonly emitted?: Position | undefined;
  /** It was paused, and is until `unpause`. */
  readonly paused?: boolean | undefined;
}

/**
 * While its state is copied a primary is slowed to about half. What it executes meanwhile its backup has to make up
 * for, and then the guest all but stands still: this costs it less, and the copy has the processor's other half.
 */
const COPYING_THROTTLE = 0.02;
/** How much a primary is slowed from the beginning while a backup is started, after the log has outrun one. */
const OUTRUN_THROTTLE = 0.9;
/** A head in which nothing happens. */
const MARKER: Head = { advanceUs: 0, rate: 1024, slices: 0, inputs: [] };
/** What is small beside this many bytes still takes a place in the gate. */
export const EFFECT_BYTES_MIN = 64;

export class Primary<R extends BlockRequest, V> {
  readonly #env: Environment<R>;
  readonly #outside: Outside<R, V>;
  readonly #gate = new OutputGate<Effect<R, V>>();
  readonly #disks: DiskLedger<R>;
  #lag = new LagMeter();
  #detector: FailureDetector | null = null;
  #state: PrimaryState = 'alone';
  #generation: number;
  #lastInput: number;
  #paused: boolean;
  #protectSent = false;
  #protectEpoch = 0;
  #restored = false;
  /** The last attempt to start a backup was given up because the log grew faster than the channel carried it. */
  #outrun = false;
  #emitted: Position = { epoch: 0, index: -1 };
  #confirmed: Position = { epoch: 0, index: -1 };
  #confirmedTold = false;
  #mustConfirm: Position = { epoch: 0, index: -1 };
  #heartbeatAt = 0;
  #headAt = Number.NEGATIVE_INFINITY;
  #quiet = true;
  #claimAgainAt = Number.POSITIVE_INFINITY;
  #logBytes = 0;
  readonly #rota = new HashRota();
  #record: ((entry: Uint8Array) => void) | null = null;
  #stalls = 0;
  #stalled = false;

  constructor(environment: Environment<R>, outside: Outside<R, V>, at: StartingPoint) {
    this.#env = environment;
    this.#outside = outside;
    this.#disks = new DiskLedger(environment.completionOf, environment.checksum);
    this.#generation = at.generation;
    this.#lastInput = at.lastInput;
    this.#paused = at.paused ?? false;
    if (at.emitted) this.#emitted = { epoch: at.emitted.epoch, index: at.emitted.index };
  }

  get state(): PrimaryState {
    return this.#state;
  }

  get generation(): number {
    return this.#generation;
  }

  /** The newest outside input that the machine's state includes. */
  get lastInput(): number {
    return this.#lastInput;
  }

  /** Where the backup has a disk of its own: nothing was written to one of the two only. */
  get disksEqual(): boolean {
    return this.#disks.disksEqual;
  }

  /** It executes nothing until it is told to. */
  get paused(): boolean {
    return this.#paused;
  }

  /** The last epoch has done nothing outside: nobody waits for what comes of it. */
  get quiet(): boolean {
    return this.#quiet;
  }

  /** Numbers for people; times in milliseconds, null where there is nothing to measure. */
  metrics(nowMs: number): {
    lagMs: number | null;
    vLockstepIntervalMs: number | null;
    outputDelayMs: { p50: number; p99: number } | null;
    outputsHeld: number;
    throttle: number;
    stalls: number;
    logBytes: number;
  } {
    const paired = this.#state === 'starting' || this.#state === 'protected';
    const lagMs = paired ? this.#lag.lagMs(nowMs) : null;
    return {
      lagMs,
      vLockstepIntervalMs: paired ? this.#lag.vLockstepIntervalMs : null,
      outputDelayMs: this.#state === 'protected' ? this.#gate.delays(nowMs) : null,
      outputsHeld: this.#gate.heldCount,
      throttle: this.#throttle(nowMs),
      stalls: this.#stalls,
      logBytes: this.#logBytes,
    };
  }

  /** Why no epoch may be executed now; null when one may. */
  stalled(): 'halted' | 'paused' | 'logFull' | 'gateFull' | null {
    if (this.#state === 'halted') return 'halted';
    if (this.#paused) return 'paused';
    const logFull = this.#state === 'protected' && this.#env.channel.unsentBytes() > LOG_BUFFER_BYTES_MAX;
    const gateFull = this.#gate.heldBytes > GATE_BYTES_MAX;
    const stalled = logFull || gateFull;
    if (stalled && !this.#stalled) this.#stalls += 1;
    this.#stalled = stalled;
    return logFull ? 'logFull' : gateFull ? 'gateFull' : null;
  }

  /** How long to sleep before the next epoch for the sake of the lag, in milliseconds. */
  throttleSleepMs(nowMs: number): number {
    return throttleSleepMs(this.#throttle(nowMs));
  }

  /**
   * Logs the head, executes the epoch, and lets go what may leave. `now` reads the clock of `nowMs` when the epoch has
   * ended: outputs wait from then on. Returns how long the guest can sleep, in virtual ms.
   */
  step(head: Head, nowMs: number, now = (): number => nowMs): number {
    assert(this.#state !== 'halted', 'a halted primary executes nothing');
    assert(!this.#paused || head.slices === 0, 'a paused machine executes no instruction');
    const machine = this.#env.machine;
    const epoch = machine.epoch;
    if (this.#logging || this.#record) this.#log(head, nowMs);
    const outcome = machine.execute(head);
    const madeMs = now();
    this.#quiet = outcome.outputs.length === 0 && outcome.requests.length === 0;
    outcome.outputs.forEach((output, index) => {
      const effect = { kind: 'output', output: { epoch, index, output } } as const;
      this.#gate.hold(epoch, effect, output.data.length + EFFECT_BYTES_MIN, madeMs);
    });
    for (const request of outcome.requests) {
      // A read changes nothing outside: it seldom waits (its data come back as a logged input).
      if (this.#disks.asked(request)) this.#outside.issue(request);
      else this.#gate.hold(epoch, { kind: 'request', request }, request.length + EFFECT_BYTES_MIN, madeMs);
    }
    const newest = head.inputs.reduce((last, input) => Math.max(last, input.sequence), 0);
    if (newest > 0) {
      this.#lastInput = newest;
      this.#gate.hold(epoch, { kind: 'committed', sequence: newest }, EFFECT_BYTES_MIN, madeMs);
    }
    this.#release(madeMs);
    return outcome.idleMs;
  }

  /** A picture of the screen as it is after the last executed epoch; waits in the gate like any output. */
  show(view: V, bytes: number, nowMs: number): void {
    this.#gate.hold(Math.max(0, this.#env.machine.epoch - 1), { kind: 'view', view }, bytes + EFFECT_BYTES_MIN, nowMs);
    this.#release(nowMs);
  }

  /** The receiver has the output at `position` and all before it. */
  confirmed(position: Position): void {
    if (comparePositions(position, this.#confirmed) <= 0) return;
    this.#confirmed = position;
    this.#confirmedTold = false;
  }

  /** From this epoch boundary on, `write` gets every head and hash as it is on the channel; null: no longer. */
  record(write: ((entry: Uint8Array) => void) | null): void {
    this.#record = write;
  }

  /* -------------------------------------------------------------- starting a backup ------------------------- */

  /** Introduces itself to the process at the other end of the channel. */
  greet(): void {
    this.#send({ kind: 'hello', epoch: this.#env.machine.epoch, version: LOG_VERSION, role: 'primary' });
  }

  /** The machine's state was just captured; from this epoch boundary on every head is logged. */
  startBackup(snapshot: Pick<SnapshotEntry, 'descriptionBytes' | 'pagesBytes'>, nowMs: number): void {
    assert(this.#state === 'alone', `a backup is started by a primary that is alone, not ${this.#state}`);
    this.#state = 'starting';
    this.#protectSent = false;
    this.#restored = false;
    this.#lag = new LagMeter();
    this.#disks.begin(this.#env.settings);
    this.#detector = new FailureDetector(STARTING_TIMEOUT_MS, nowMs);
    // An output before the snapshot is in nobody's backlog: it must have arrived before the backup may go live.
    this.#mustConfirm = this.#emitted;
    this.#send({ kind: 'snapshot', epoch: this.#env.machine.epoch, lastInput: this.#lastInput, ...snapshot });
    if (this.#paused) this.#sendPause(true);
  }

  /** The next part of the snapshot, already compressed. */
  sendChunk(chunk: Pick<ChunkEntry, 'size' | 'data'>): void {
    this.#send({ kind: 'chunk', epoch: this.#env.machine.epoch, ...chunk });
  }

  /** Fault Tolerance is turned off: dismiss the backup and go on alone, by the test-and-set where it might go live. */
  endProtection(nowMs: number): void {
    if (this.#state !== 'starting' && this.#state !== 'protected') return;
    this.#send({ kind: 'control', epoch: this.#env.machine.epoch, control: { type: 'end' } });
    this.#leavePair(nowMs);
  }

  /** Stops at this epoch boundary, and the backup at the same one. */
  powerOff(): void {
    if (this.#state === 'halted') return;
    const { epoch } = this.#env.machine;
    if (this.#logging) this.#send({ kind: 'control', epoch, control: { type: 'powerOff' } });
    this.#halt('poweredOff', 'the virtual machine was powered off');
  }

  /**
   * Stops the machine at this epoch boundary, or lets it go on, and the backup's at the same one. Reported like an
   * output: when the backup has it, also where it is so already. The caller sees to it that a machine that is paused
   * waits for no disk.
   */
  pause(paused: boolean, nowMs: number): void {
    if (this.#state === 'halted') return;
    if (paused !== this.#paused && this.#logging) this.#sendPause(paused);
    this.#paused = paused;
    this.#tellWhenSafe({ kind: 'paused', paused, epoch: this.#env.machine.epoch }, nowMs);
  }

  /**
   * What was taken of the machine at this epoch boundary is part of its history as soon as the backup has what came
   * before: reported like an output.
   */
  mark(mark: string, nowMs: number): void {
    if (this.#state !== 'halted') this.#tellWhenSafe({ kind: 'marked', mark }, nowMs);
  }

  /** Heads are what is acknowledged: this one says that the backup has what came before it. */
  #tellWhenSafe(effect: Effect<R, V>, nowMs: number): void {
    const { epoch } = this.#env.machine;
    this.step(MARKER, nowMs);
    this.#gate.hold(epoch, effect, EFFECT_BYTES_MIN, nowMs);
    this.#release(nowMs);
  }

  /* -------------------------------------------------------------- what comes in ----------------------------- */

  /** A message of the backup. */
  receive(message: Uint8Array, nowMs: number): void {
    if (!this.#logging) return;
    try {
      for (const entry of decodeMessage(message, this.#env.checksum)) this.#handle(entry, nowMs);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.lostBackup(`the backup sent something that cannot be read: ${error.message}`, nowMs);
    }
    this.#release(nowMs);
  }

  /** The channel closed, the backup's process ended, or it was silent for too long. */
  lostBackup(why: string, nowMs: number): void {
    if (this.#state !== 'starting' && this.#state !== 'protected') return;
    this.#env.report({ type: 'backupLost', why, wasProtected: this.#state === 'protected' });
    this.#leavePair(nowMs);
  }

  /** In how many milliseconds `tick` is to be called, at the latest. */
  tickInMs(nowMs: number): number {
    const everyMs = tickMs(this.#env.settings.failureTimeoutMs);
    return Math.min(everyMs, this.#detector?.dueInMs(nowMs) ?? everyMs);
  }

  /** To be called as `tickInMs` says, or earlier. */
  tick(nowMs: number): void {
    if (this.#state === 'claiming' && nowMs >= this.#claimAgainAt) this.#claim();
    if (!this.#logging) return;
    if (this.#detector?.suspects(nowMs)) {
      this.lostBackup(`nothing heard of the backup for ${Math.round(nowMs - this.#detector.heardAt)} ms`, nowMs);
      return;
    }
    if (this.#state === 'starting' && this.#env.channel.unsentBytes() > STARTING_LOG_BYTES_MAX) {
      this.#outrun = true;
      this.lostBackup('the log grew past its limit before the backup was ready', nowMs);
      return;
    }
    if (this.#state === 'starting') this.#protectWhenReady(nowMs);
    if (nowMs - this.#heartbeatAt >= HEARTBEAT_MS) this.#heartbeat(nowMs);
  }

  claimAnswered(result: ClaimResult, nowMs: number): void {
    if (this.#state !== 'claiming') return;
    switch (result.outcome) {
      case 'won':
        this.#generation += 1;
        this.#state = 'alone';
        this.#gate.open();
        this.#env.report({ type: 'alone', generation: this.#generation });
        this.#release(nowMs);
        return;
      case 'lost':
        this.#halt('lostArbitration', `${result.holder} holds generation ${result.generation} of this VM`);
        return;
      case 'unreachable':
        this.#claimAgainAt = nowMs + CLAIM_RETRY_MS;
        this.#env.report({ type: 'storageUnreachable', why: result.reason });
    }
  }

  /* -------------------------------------------------------------- inside ------------------------------------ */

  get #logging(): boolean {
    return this.#state === 'starting' || this.#state === 'protected';
  }

  #throttle(nowMs: number): number {
    const { settings } = this.#env;
    if (this.#state === 'protected') return throttle(this.#lag.lagMs(nowMs), settings);
    if (this.#state !== 'starting') return 0;
    const waiting = this.#restored ? startingThrottle(this.#lag.lagMs(nowMs), settings) : COPYING_THROTTLE;
    // Where the log has outrun a backup before, the channel is left to the copy.
    return this.#outrun ? Math.max(waiting, OUTRUN_THROTTLE) : waiting;
  }

  #log(head: Head, nowMs: number): void {
    const { machine } = this.#env;
    const { epoch } = machine;
    const region = this.#rota.due(machine, nowMs, this.#env.settings.hashIntervalEpochs);
    if (region !== null) this.#write({ kind: 'hash', epoch, region, hash: machine.hash(region) });
    this.#writeHead(epoch, head, this.#logging ? this.#disks.logged(head, epoch) : head);
    this.#headAt = nowMs;
    if (this.#logging) this.#lag.sent(epoch, nowMs);
  }

  /** A recording gets the data that the backup reads itself; where nothing is left out, both get the same bytes. */
  #writeHead(epoch: number, head: Head, logged: LoggedHead): void {
    if (logged === head) return this.#write({ kind: 'head', epoch, head });
    this.#record?.(encodeEntry({ kind: 'head', epoch, head }, this.#env.checksum));
    return this.#send({ kind: 'head', epoch, head: logged });
  }

  /** To the backup and to the recording: the same bytes. */
  #write(entry: HashEntry | { kind: 'head'; epoch: number; head: Head }): void {
    const bytes = encodeEntry(entry, this.#env.checksum);
    this.#record?.(bytes);
    if (!this.#logging) return;
    this.#logBytes += bytes.length;
    this.#env.channel.send(bytes);
  }

  #send(entry: Entry): void {
    const bytes = encodeEntry(entry, this.#env.checksum);
    if (entry.kind !== 'chunk') this.#logBytes += bytes.length;
    this.#env.channel.send(bytes);
  }

  #handle(entry: Entry, nowMs: number): void {
    this.#detector?.heard(nowMs);
    switch (entry.kind) {
      case 'hello':
        if (entry.version !== LOG_VERSION) {
          this.lostBackup(`the backup speaks log version ${entry.version}, this primary ${LOG_VERSION}`, nowMs);
        }
        return;
      case 'heartbeat':
        this.#restored = true;
        this.#lag.progressed(entry.epoch, entry.received, nowMs);
        this.#gate.acknowledge(entry.received);
        this.#disks.executed(entry.epoch);
        if (this.#state === 'starting') {
          this.#protectWhenReady(nowMs);
          if (entry.mayGoLive) this.#becomeProtected();
        }
        return;
      default:
        throw new DecodeError(`a backup does not send "${entry.kind}"`);
    }
  }

  #protectWhenReady(nowMs: number): void {
    if (this.#protectSent || !this.#restored) return;
    if (this.#lag.lagMs(nowMs) >= LAG_FREE_MS) return;
    if (comparePositions(this.#confirmed, this.#mustConfirm) < 0) return;
    this.#protectSent = true;
    this.#protectEpoch = this.#env.machine.epoch;
    this.#gate.close(this.#protectEpoch);
    this.#disks.protect();
    this.#detector = new FailureDetector(this.#env.settings.failureTimeoutMs, nowMs);
    const control = { type: 'protect', generation: this.#generation } as const;
    this.#send({ kind: 'control', epoch: this.#protectEpoch, control });
  }

  #becomeProtected(): void {
    this.#state = 'protected';
    this.#outrun = false;
    this.#env.report({ type: 'protected', generation: this.#generation, epoch: this.#protectEpoch });
  }

  #sendPause(paused: boolean): void {
    const control = { type: paused ? 'pause' : 'unpause' } as const;
    this.#send({ kind: 'control', epoch: this.#env.machine.epoch, control });
  }

  #heartbeat(nowMs: number): void {
    this.#heartbeatAt = nowMs;
    const epoch = this.#env.machine.epoch;
    if (!this.#confirmedTold) {
      this.#confirmedTold = true;
      this.#send({ kind: 'released', epoch: this.#confirmed.epoch, index: this.#confirmed.index + 1 });
    }
    // A head is as good a sign of life.
    if (nowMs - this.#headAt >= HEARTBEAT_MS) {
      this.#send({ kind: 'heartbeat', epoch, received: epoch, mayGoLive: false });
    }
  }

  #leavePair(nowMs: number): void {
    this.#detector = null;
    this.#disks.end();
    if (!this.#protectSent) {
      // The backup was never allowed to go live: nobody has to be asked.
      this.#state = 'alone';
      this.#gate.open();
      this.#env.report({ type: 'alone', generation: this.#generation });
      this.#release(nowMs);
      return;
    }
    this.#protectSent = false;
    this.#state = 'claiming';
    this.#gate.block();
    this.#claim();
  }

  #claim(): void {
    this.#claimAgainAt = Number.POSITIVE_INFINITY;
    this.#env.claim(this.#generation);
  }

  #halt(cause: 'lostArbitration' | 'poweredOff', why: string): void {
    this.#state = 'halted';
    this.#gate.block();
    this.#env.report({ type: 'halted', cause, why });
  }

  #release(nowMs: number): void {
    const mayLeave = (effect: Effect<R, V>): boolean =>
      effect.kind !== 'request' || this.#disks.mayLeave(effect.request);
    for (const effect of this.#gate.take(nowMs, mayLeave)) {
      if (effect.kind === 'output') this.#emitted = { epoch: effect.output.epoch, index: effect.output.index };
      if (effect.kind === 'request') this.#disks.left(effect.request);
      letGo(effect, this.#outside, this.#env.report);
    }
  }
}
