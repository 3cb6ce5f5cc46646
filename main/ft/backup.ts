/**
 * The backup's side of the protocol: receive, acknowledge, execute behind the primary, and take over when it is gone.
 *
 * Invariants:
 * - It executes exactly the heads of the log, in order, and emits nothing while it is a backup.
 * - A message is acknowledged when it is received, also in the middle of an epoch: the primary's outputs wait for that.
 * - It is paused where the log says so, and a machine that was paused goes live paused.
 * - It goes live only after it has received `protect`, has executed every head it has received, and has won the
 *   test-and-set for the generation named in `protect`.
 * - A log that cannot be read, or a state that differs from the primary's, ends it: it may not go live on a guess.
 */
import { assert } from './assert.ts';
import type { ClaimResult } from './arbiter.ts';
import { DecodeError } from './bytes.ts';
import {
  BACKLOG_HEADS_MAX,
  CLAIM_RETRY_MS,
  HEARTBEAT_MS,
  LOG_VERSION,
  STARTING_LOG_BYTES_MAX,
  tickMs,
} from './constants.ts';
import { FailureDetector } from './detector.ts';
import { Fifo } from './fifo.ts';
import { difference } from './hashes.ts';
import type { Head, Input, Output } from './entry.ts';
import type { BlockRequest, Environment, Executed, FtEvent, Outside } from './environment.ts';
import {
  decodeMessage,
  encodeEntry,
  type ChunkEntry,
  type ControlEntry,
  type Entry,
  type HashEntry,
  type HeadEntry,
  type SnapshotEntry,
} from './log.ts';
import { OutputBacklog } from './output.ts';
import { OwnOperations, type OwnDisk } from './own-operations.ts';
import { Primary } from './primary.ts';

/** `restoring`: the snapshot is on its way. `draining`: the primary is suspected, the rest of the log is executed. */
export type BackupState = 'restoring' | 'replaying' | 'draining' | 'claiming' | 'live' | 'halted';

/** What a backup needs beyond the common environment. */
export interface BackupEnvironment<R extends BlockRequest> extends Environment<R> {
  /** The snapshot's parts as they arrive; when the machine is restored, `Backup.restored` is to be called. */
  readonly snapshot: (part: SnapshotEntry | ChunkEntry) => void;
  /** Stop reading from the channel while true: the backlog is full. */
  readonly pauseChannel: (paused: boolean) => void;
  /** For the requests that it carries out itself; each is told by `Backup.diskDone`. */
  readonly ownDisk: OwnDisk<R>;
}

type HaltCause = Extract<FtEvent, { type: 'halted' }>['cause'];

/** An epoch that is being executed. */
interface Execution<R extends BlockRequest> {
  readonly epoch: number;
  readonly head: Head;
  readonly pieces: Generator<undefined, Executed<R>, undefined>;
}

export class Backup<R extends BlockRequest> {
  readonly #env: BackupEnvironment<R>;
  readonly #backlog = new OutputBacklog<Output>();
  readonly #detector: FailureDetector;
  readonly #own: OwnOperations<R>;
  #state: BackupState = 'restoring';
  readonly #queue = new Fifo<HeadEntry | ControlEntry | HashEntry>();
  #execution: Execution<R> | null = null;
  #heads = 0;
  /** The backlog is full, so that nothing is read from the channel. */
  #channelPaused = false;
  /** All heads below have arrived; -1 until the snapshot says where they begin. */
  #received = -1;
  #acknowledged = -1;
  /** The inputs of heads that came before the machine was restored, in bytes. */
  #restoringBytes = 0;
  /** The epoch of the snapshot that is on its way, or has arrived. */
  #announced: number | null = null;
  #lastInput = 0;
  #machinePaused = false;
  /** The generation from which it may claim; null while it may not. */
  #generation: number | null = null;
  #heartbeatAt = 0;
  #claimAgainAt = Number.POSITIVE_INFINITY;
  #suspicion = { why: '', at: 0, detectMs: 0, drainedAt: 0 };

  constructor(environment: BackupEnvironment<R>, nowMs: number) {
    this.#env = environment;
    const { settings, ownDisk, completionOf, checksum } = environment;
    this.#detector = new FailureDetector(settings.failureTimeoutMs, nowMs);
    this.#own = new OwnOperations(settings, ownDisk, completionOf, checksum);
    this.#send({ kind: 'hello', epoch: 0, version: LOG_VERSION, role: 'backup' });
  }

  get state(): BackupState {
    return this.#state;
  }

  /** Heads that have arrived and are not executed. */
  get behind(): number {
    return this.#heads;
  }

  /** When the primary gave its last sign of life, on the caller's clock. */
  get heardAt(): number {
    return this.#detector.heardAt;
  }

  /** Outputs kept for re-emission. */
  get outputsKept(): number {
    return this.#backlog.count;
  }

  /** A message of the primary. */
  receive(message: Uint8Array, nowMs: number): void {
    if (this.#state !== 'restoring' && this.#state !== 'replaying') return;
    this.#detector.heard(nowMs);
    try {
      for (const entry of decodeMessage(message, this.#env.checksum)) this.#handle(entry);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#halt('corruptLog', `the log cannot be read: ${error.message}`);
      return;
    }
    if (this.#state === 'replaying' && this.#received > this.#acknowledged) this.#heartbeat(nowMs);
  }

  /** The machine has taken on the snapshot. */
  restored(nowMs: number): void {
    assert(this.#state === 'restoring', 'only a restoring backup is restored');
    const { epoch } = this.#env.machine;
    if (epoch !== this.#announced) {
      this.#halt('corruptLog', `the snapshot is of epoch ${epoch}, it was announced for epoch ${this.#announced}`);
      return;
    }
    this.#state = 'replaying';
    this.#detector.heard(nowMs);
    this.#heartbeat(nowMs);
  }

  /** Whether `step` has something to do: not while its own disk is not as far as the next head. */
  get hasWork(): boolean {
    if (this.#state !== 'replaying' && this.#state !== 'draining') return false;
    if (this.#execution) return true;
    const entry = this.#queue.first;
    return entry !== undefined && (entry.kind !== 'head' || this.#own.ready(entry.head));
  }

  /** A request of its own has completed; `completion` is the input that would tell the guest so. */
  diskDone(id: number, completion: Input): void {
    this.#own.done(id, completion);
  }

  /** Executes the next entry of the log, of a head a piece; then messages are to be looked for. */
  step(nowMs: number): void {
    if (!this.hasWork) return;
    if (this.#execution) this.#goOn(this.#execution);
    else this.#takeEntry();
    if (this.#state === 'draining') this.#drainedIfEmpty(nowMs);
  }

  /** The channel closed or the primary's process ended; may be said more than once. */
  lostPrimary(why: string, nowMs: number): void {
    this.#suspect(why, nowMs);
  }

  /** In how many milliseconds `tick` is to be called, at the latest. */
  tickInMs(nowMs: number): number {
    const everyMs = tickMs(this.#env.settings.failureTimeoutMs);
    const maySuspect = this.#state === 'replaying' && this.#generation !== null;
    return maySuspect ? Math.min(everyMs, this.#detector.dueInMs(nowMs)) : everyMs;
  }

  /** To be called as `tickInMs` says, or earlier. */
  tick(nowMs: number): void {
    if (this.#state === 'claiming' && nowMs >= this.#claimAgainAt) this.#claim();
    if (this.#state !== 'replaying') return;
    // While the backlog is full nothing is read: that is this side's silence, not the primary's.
    if (this.#channelPaused) this.#detector.heard(nowMs);
    const silent = this.#detector.suspects(nowMs);
    if (silent && this.#generation !== null) {
      this.#suspect(`nothing heard of the primary for ${Math.round(nowMs - this.#detector.heardAt)} ms`, nowMs);
      return;
    }
    if (nowMs - this.#heartbeatAt >= HEARTBEAT_MS) this.#heartbeat(nowMs);
  }

  /** After `won` the caller promotes this backup. */
  claimAnswered(result: ClaimResult, nowMs: number): void {
    if (this.#state !== 'claiming' || this.#generation === null) return;
    switch (result.outcome) {
      case 'won':
        this.#generation += 1;
        this.#state = 'live';
        this.#env.report({
          type: 'live',
          generation: this.#generation,
          epoch: this.#env.machine.epoch,
          lastInput: this.#lastInput,
          why: this.#suspicion.why,
          detectMs: this.#suspicion.detectMs,
          drainMs: this.#suspicion.drainedAt - this.#suspicion.at,
          arbitrateMs: nowMs - this.#suspicion.drainedAt,
          reemitted: this.#backlog.count,
        });
        return;
      case 'lost':
        this.#halt('lostArbitration', `${result.holder} holds generation ${result.generation} of this VM`);
        return;
      case 'unreachable':
        this.#claimAgainAt = nowMs + CLAIM_RETRY_MS;
        this.#env.report({ type: 'storageUnreachable', why: result.reason });
    }
  }

  /**
   * What its own disk has completed and no head has delivered: inputs for the primary that it becomes. What is still
   * under way on that disk completes later, and is not issued again. Empty where the disk is shared: there everything
   * that is pending is issued again.
   */
  get ownCompletions(): readonly Input[] {
    return this.#ownDiskGoesOn ? this.#own.undelivered() : [];
  }

  get #ownDiskGoesOn(): boolean {
    return this.#env.settings.diskMode === 'separate';
  }

  /**
   * Goes live: the machine has a primary again. Outputs that may not have left are emitted again, pending block
   * requests are issued again (Scales et al., 2010, sections 2.2 and 3.4).
   */
  promote<V>(environment: Environment<R>, outside: Outside<R, V>): Primary<R, V> {
    assert(this.#state === 'live' && this.#generation !== null, 'only the winner of the test-and-set is promoted');
    for (const output of this.#backlog.rest()) outside.emit(output);
    for (const request of this.#env.machine.pendingRequests) {
      if (!this.#ownDiskGoesOn || !this.#own.has(request.id)) outside.issue(request);
    }
    if (this.#lastInput > 0) outside.committed(this.#lastInput);
    const at = {
      generation: this.#generation,
      lastInput: this.#lastInput,
      emitted: this.#backlog.rest().at(-1),
      paused: this.#machinePaused,
    };
    return new Primary<R, V>(environment, outside, at);
  }

  /* -------------------------------------------------------------- inside ------------------------------------ */

  #handle(entry: Entry): void {
    switch (entry.kind) {
      case 'hello':
        if (entry.version !== LOG_VERSION) {
          throw new DecodeError(`the primary speaks log version ${entry.version}, this backup ${LOG_VERSION}`);
        }
        return;
      case 'snapshot':
        if (this.#announced !== null) throw new DecodeError('a second snapshot came to a backup');
        this.#announced = entry.epoch;
        this.#received = entry.epoch;
        this.#lastInput = entry.lastInput;
        this.#env.snapshot(entry);
        return;
      case 'chunk':
        this.#env.snapshot(entry);
        return;
      case 'head':
        this.#checkGap(entry);
        this.#received += 1;
        this.#heads += 1;
        this.#queue.push(entry);
        if (this.#state === 'restoring') this.#boundRestoring(entry);
        if (this.#heads > BACKLOG_HEADS_MAX && this.#state === 'replaying') this.#pauseChannel(true);
        return;
      case 'hash':
        this.#checkGap(entry);
        this.#queue.push(entry);
        return;
      case 'control':
        this.#receiveControl(entry);
        return;
      case 'heartbeat':
        return;
      case 'released':
        this.#backlog.released(entry);
        return;
      case 'sync':
        throw new DecodeError('a message about disks that are made equal came among the log');
    }
  }

  /**
   * Everything stands in the log at the epoch that comes next. A backup that did not have every head before `protect`
   * would take itself for one that may go live.
   */
  #checkGap({ kind, epoch }: HeadEntry | HashEntry | ControlEntry): void {
    if (epoch === this.#received) return;
    throw new DecodeError(`a ${kind} of epoch ${epoch} arrived where ${this.#received} was due`);
  }

  /** What may go live, and from when on, counts from its arrival; what happens to the machine waits for its epoch. */
  #receiveControl(entry: ControlEntry): void {
    if (entry.control.type !== 'end') this.#checkGap(entry);
    if (entry.control.type === 'protect') {
      this.#generation = entry.control.generation;
      // As if nothing were acknowledged: the primary hears at once that this backup may go live, not at a next head.
      this.#acknowledged = -1;
    } else if (entry.control.type === 'end') {
      this.#generation = null;
      this.#halt('ended', 'Fault Tolerance was turned off');
    } else {
      this.#queue.push(entry);
    }
  }

  /** What comes while the snapshot is still on its way cannot be held up: the snapshot is behind it. */
  #boundRestoring({ head }: HeadEntry): void {
    for (const input of head.inputs) this.#restoringBytes += 'data' in input ? input.data.length : 0;
    if (this.#restoringBytes <= STARTING_LOG_BYTES_MAX) return;
    this.#halt('unprotected', 'the log grew past its limit before this backup was restored');
  }

  #takeEntry(): void {
    const entry = this.#queue.shift();
    if (!entry) return;
    if (entry.kind === 'head') this.#execute(entry);
    else if (entry.kind === 'hash') this.#compare(entry);
    else this.#control(entry);
  }

  #execute(entry: HeadEntry): void {
    const machine = this.#env.machine;
    if (this.#machinePaused && entry.head.slices > 0) {
      return this.#halt(
        'corruptLog',
        `the head of epoch ${entry.epoch} executes something while the machine is paused`,
      );
    }
    assert(machine.epoch === entry.epoch, `the machine is at epoch ${machine.epoch}, the log at ${entry.epoch}`);
    const head = this.#own.resolve(entry.head);
    if (typeof head === 'string') return this.#halt('divergence', head);
    this.#execution = { epoch: entry.epoch, head, pieces: machine.execution(head) };
    this.#goOn(this.#execution);
  }

  #goOn({ epoch, head, pieces }: Execution<R>): void {
    const { done, value } = pieces.next();
    if (!done) return;
    this.#execution = null;
    value.outputs.forEach((output, index) => this.#backlog.keep({ epoch, index, output }));
    for (const request of value.requests) this.#own.asked(request);
    for (const input of head.inputs) this.#lastInput = Math.max(this.#lastInput, input.sequence);
    this.#heads -= 1;
    assert(this.#heads >= 0, 'a head that was executed had arrived');
    if (this.#channelPaused && this.#heads < BACKLOG_HEADS_MAX / 2) this.#pauseChannel(false);
  }

  #compare(entry: HashEntry): void {
    const why = difference(this.#env.machine, entry);
    if (why !== null) this.#halt('divergence', why);
  }

  #control(entry: ControlEntry): void {
    const { type } = entry.control;
    if (type === 'powerOff') this.#halt('poweredOff', 'the virtual machine was powered off');
    else if (type === 'pause' || type === 'unpause') this.#machinePaused = type === 'pause';
  }

  #pauseChannel(paused: boolean): void {
    if (this.#channelPaused === paused) return;
    this.#channelPaused = paused;
    this.#env.pauseChannel(paused);
  }

  #suspect(why: string, nowMs: number): void {
    if (this.#state !== 'restoring' && this.#state !== 'replaying') return;
    if (this.#generation === null || this.#state === 'restoring') {
      this.#halt('unprotected', `${why}, and this backup was not yet allowed to go live`);
      return;
    }
    const detectMs = Math.max(0, nowMs - this.#detector.heardAt);
    this.#state = 'draining';
    this.#suspicion = { why, at: nowMs, detectMs, drainedAt: nowMs };
    this.#env.report({ type: 'suspected', why, detectMs });
    this.#drainedIfEmpty(nowMs);
  }

  #drainedIfEmpty(nowMs: number): void {
    if (this.#execution || this.#queue.length > 0) return;
    this.#state = 'claiming';
    this.#suspicion.drainedAt = nowMs;
    this.#claim();
  }

  #claim(): void {
    assert(this.#generation !== null, 'a claim names its generation');
    this.#claimAgainAt = Number.POSITIVE_INFINITY;
    this.#env.claim(this.#generation);
  }

  #heartbeat(nowMs: number): void {
    this.#heartbeatAt = nowMs;
    this.#acknowledged = this.#received;
    const mayGoLive = this.#generation !== null;
    this.#send({ kind: 'heartbeat', epoch: this.#env.machine.epoch, received: this.#received, mayGoLive });
  }

  #send(entry: Entry): void {
    this.#env.channel.send(encodeEntry(entry, this.#env.checksum));
  }

  #halt(cause: HaltCause, why: string): void {
    this.#state = 'halted';
    this.#queue.clear();
    this.#execution = null;
    this.#env.report({ type: 'halted', cause, why });
  }
}
