/**
 * A primary's loop: what main/replica/primary-runner.ts does with timers and sockets, on simulated time.
 *
 * Invariant: between two turns the machine stands at an epoch boundary; everything that touches it happens there.
 */
import type { DiskSlot } from '../../main/datastore/leases.ts';
import { GATE_BYTES_MAX, LOG_BUFFER_BYTES_MAX } from '../../main/ft/constants.ts';
import type { Environment, Outside } from '../../main/ft/environment.ts';
import { EFFECT_BYTES_MIN, type Primary } from '../../main/ft/primary.ts';
import { Confirmations } from '../../main/replica/confirmations.ts';
import { InputQueue } from '../../main/replica/inputs.ts';
import type { ToyRequest } from '../support/toy-machine.ts';
import type { BackupLoop } from './backup-loop.ts';
import { SimDisks } from './disks.ts';
import type { LinkEnd } from './link.ts';
import type { LoopReplica, ToReplica } from './parts.ts';

type Make = (env: Environment<ToyRequest>, outside: Outside<ToyRequest, never>) => Primary<ToyRequest, never>;

/** A stalled primary looks again after this long, in milliseconds. */
const STALL_WAIT_MS = 2;
const ASLEEP = Number.POSITIVE_INFINITY;
/** A snapshot travels in so many parts. */
const CHUNKS = 3;
/** Chunks wait while more than this has not left, in bytes. */
const DRAINED_BYTES = 1024;
/** The gate is looked at this often. */
const LOOK_EVERY_EPOCHS = 64;

export class PrimaryLoop {
  readonly #replica: LoopReplica;
  readonly primary: Primary<ToyRequest, never>;
  readonly #disks: SimDisks;
  readonly #confirmations: Confirmations;
  readonly #inputs = new InputQueue(() => {
    if (!this.#held) this.#wake();
  });
  #end: LinkEnd | null = null;
  /** Which disk the backup uses. */
  #peerSlot: DiskSlot = 'A';
  #held = false;
  #inputsSeen = 0;
  #captureWanted = false;
  #pauseWanted = false;
  #running = true;
  /** The turn that is planned; an older one finds itself overtaken. */
  #turn = 0;
  #turnAt = ASLEEP;
  #busyUntil = 0;

  /** `former` is the backup that it was. */
  constructor(replica: LoopReplica, make: Make, fenced: boolean, former: BackupLoop | null = null) {
    this.#replica = replica;
    const { world } = replica;
    this.#confirmations = new Confirmations((position) => this.primary.confirmed(position));
    const complete = (data: Uint8Array): void => this.#inputs.push({ device: 'disk', sequence: 0, data });
    if (former && !world.shared) {
      this.#disks = former.disks;
      this.#disks.goLive(complete);
      for (const input of former.backup.ownCompletions) this.#inputs.push(input);
    } else {
      this.#disks = new SimDisks(replica, { fenced, retries: false }, complete);
    }
    const environment = replica.environment(
      () => this.#end,
      (result) => {
        this.primary.claimAnswered(result, this.#now);
        this.#wake();
      },
    );
    const outside = replica.outside(
      (output) => {
        const frame = output.output.device === 'nic';
        this.#confirmations.left(output, frame ? 'gateway' : 'fleet');
        if (frame) replica.sendFrame(output);
        else replica.say({ type: 'output', ...output });
      },
      (request) => this.#disks.issue(request),
    );
    this.primary = make(environment, outside);
    if (!replica.alive) {
      this.killed();
      return;
    }
    this.#inputsSeen = this.primary.lastInput;
    this.#pauseWanted = this.primary.paused;
    this.#tick();
    this.#wake();
  }

  get #now(): number {
    return this.#replica.process.now;
  }

  get unsentBytes(): number {
    return this.#end?.unsentBytes() ?? 0;
  }

  handle(message: ToReplica): void {
    if (!this.#running) return;
    switch (message.type) {
      case 'protect':
        return this.#protect(message.end, message.slot);
      case 'endProtection':
        return this.#endProtection();
      case 'pause':
        return this.#pause(message.paused);
      case 'input':
        // Sent twice around a failover: what the state already includes is dropped.
        if (message.sequence <= this.#inputsSeen) return;
        this.#inputsSeen = message.sequence;
        this.#inputs.push({ device: 'serial', sequence: message.sequence, data: message.data });
        return;
      case 'frame':
        this.#inputs.push({ device: 'nic', sequence: 0, data: message.data });
        return;
      case 'confirm':
        return this.#confirmations.arrived('fleet', message);
      case 'arrived':
        return this.#confirmations.arrived('gateway', message);
      default:
    }
  }

  peerDied(why: string): void {
    if (this.#end) this.#lostPeer(this.#end, why);
  }

  fenced(): void {
    this.#disks.fenced();
  }

  powerOff(): void {
    this.primary.powerOff();
  }

  /** It has halted. */
  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#replica.end(this.#disks);
  }

  /** It has no backup any more, and says so. */
  dropPeer(): void {
    const end = this.#end;
    this.#end = null;
    end?.close('closed by the primary');
  }

  killed(): void {
    this.#running = false;
    this.#disks.killed();
    this.#end?.close('the primary died');
  }

  /* -------------------------------------------------------------- the loop ---------------------------------- */

  #tick(): void {
    if (!this.#running) return;
    this.primary.tick(this.#now);
    this.#checkStarting();
    this.#replica.process.after(this.primary.tickInMs(this.#now), () => this.#tick());
  }

  #wake(): void {
    this.#plan(0);
  }

  /** The next turn comes after so many milliseconds, unless one comes sooner; none while an epoch is executed. */
  #plan(ms: number): void {
    if (!this.#running) return;
    const { time } = this.#replica.world;
    const at = Math.max(time.now + ms, this.#busyUntil);
    if (at >= this.#turnAt) return;
    this.#turnAt = at;
    const turn = (this.#turn += 1);
    time.at(at, () => this.#replica.process.post(() => turn === this.#turn && this.#take(), 'timer'));
  }

  #take(): void {
    this.#turnAt = ASLEEP;
    this.#held = false;
    if (!this.#running) return;
    const wait = this.#captureIfQuiet() ?? this.#pauseIfQuiet() ?? this.#epoch();
    if (!this.#running || wait === ASLEEP) return;
    this.#plan(wait < 1 || (!this.#held && !this.#inputs.empty) ? 0 : wait);
  }

  /** Executes one epoch, unless something forbids it; how long to wait before the next, in milliseconds. */
  #epoch(): number {
    const { world, machine } = this.#replica;
    const stalled = this.primary.stalled();
    if (stalled === 'paused') return ASLEEP;
    if (stalled) {
      if (stalled !== 'halted') world.coverage.add(stalled);
      this.#held = true;
      return STALL_WAIT_MS;
    }
    this.#checkLimits();
    const inputs = this.#inputs.take();
    const quieting = this.#quiescing && inputs.some((input) => input.device === 'disk');
    const head = { advanceUs: world.random.below(2000), rate: 5120, slices: quieting ? 0 : 1, inputs };
    const idleMs = this.#step(head);
    if (!this.#replica.alive) return ASLEEP;
    if (quieting) return 0;
    this.#busyUntil = world.time.now + world.conditions.primaryEpochMs * (0.5 + world.random.next());
    const throttled = this.primary.throttleSleepMs(this.#now);
    if (throttled === 0) return machine.epoch % 8 === 0 ? idleMs : 0;
    world.coverage.add('throttled');
    this.#held = true;
    return throttled;
  }

  #step(head: Parameters<Primary<ToyRequest, never>['step']>[0]): number {
    const { world, machine, line } = this.#replica;
    const { epoch } = machine;
    const idleMs = this.primary.step(head, this.#now);
    world.coverage.add('epochs');
    for (const what of machine.contradictions.splice(0)) world.violation(`${this.#replica.name}: ${what}`);
    world.watch((checker) => checker.executed?.(line, epoch, machine.chain));
    world.trace(() => `${this.#replica.name} executed ${epoch} ${machine.chain.toString(16)}`);
    return idleMs;
  }

  /* -------------------------------------------------------------- starting a backup ------------------------- */

  #protect(end: LinkEnd, slot: DiskSlot): void {
    this.dropPeer();
    this.#peerSlot = slot;
    this.#end = end;
    end.listen(
      (message) => {
        if (end !== this.#end) return;
        this.#replica.received(message);
        this.primary.receive(message, this.#now);
      },
      (why) => this.#lostPeer(end, `the logging channel closed (${why})`),
    );
    this.primary.greet();
    this.#captureWanted = true;
    this.#quiesce();
  }

  #captureIfQuiet(): number | null {
    const end = this.#end;
    if (!this.#captureWanted || !end || this.primary.state !== 'alone') return null;
    const { machine } = this.#replica;
    if (machine.pendingRequests.length > 0) return null;
    this.#cancelCapture();
    const { description, pages } = machine.capture();
    const { world, slot } = this.#replica;
    if (this.#peerSlot !== slot) world.disks[slot].copyTo(world.disks[this.#peerSlot]);
    this.primary.startBackup({ descriptionBytes: description.length, pagesBytes: pages.length }, this.#now);
    this.#replica.say({ type: 'captured' });
    const size = Math.ceil(description.length / (CHUNKS - 1));
    const parts = [description.subarray(0, size), description.subarray(size), pages];
    this.#sendChunk(end, parts, 0);
    return 0;
  }

  #sendChunk(end: LinkEnd, parts: readonly Uint8Array[], next: number): void {
    if (this.#end !== end || this.primary.state !== 'starting' || !this.#running) return;
    const data = parts[next];
    if (!data) return;
    const ready = end.unsentBytes() <= DRAINED_BYTES;
    if (ready) this.primary.sendChunk({ size: data.length, data });
    const { chunkMs } = this.#replica.world.conditions;
    this.#replica.process.after(chunkMs, () => this.#sendChunk(end, parts, ready ? next + 1 : next));
  }

  #cancelCapture(): void {
    this.#captureWanted = false;
    this.#quiesce();
  }

  #endProtection(): void {
    this.#cancelCapture();
    this.primary.endProtection(this.#now);
    this.dropPeer();
  }

  #lostPeer(end: LinkEnd, why: string): void {
    if (end !== this.#end || !this.#running) return;
    this.#cancelCapture();
    this.primary.lostBackup(why, this.#now);
    this.dropPeer();
  }

  /* -------------------------------------------------------------- pausing ----------------------------------- */

  #pause(paused: boolean): void {
    this.#pauseWanted = paused;
    if (!paused || this.primary.paused) this.primary.pause(paused, this.#now);
    this.#quiesce();
    this.#wake();
  }

  #pauseIfQuiet(): number | null {
    if (!this.#pauseWanted || this.primary.paused || this.#replica.machine.pendingRequests.length > 0) return null;
    if (this.primary.state === 'halted') return null;
    this.primary.pause(true, this.#now);
    this.#quiesce();
    return 0;
  }

  get #quiescing(): boolean {
    return this.#captureWanted || (this.#pauseWanted && !this.primary.paused);
  }

  #quiesce(): void {
    this.#disks.quiesce(this.#quiescing);
    this.#wake();
  }

  /* -------------------------------------------------------------- limits ------------------------------------ */

  #checkLimits(): void {
    const { world, name } = this.#replica;
    const { state } = this.primary;
    if (state === 'protected' && this.unsentBytes > LOG_BUFFER_BYTES_MAX) {
      world.violation(`${name} executes an epoch while ${this.unsentBytes} bytes of its log have not left`);
    }
    // Asking for all the numbers is slow.
    if (this.#replica.machine.epoch % LOOK_EVERY_EPOCHS !== 0) return;
    const held = this.primary.metrics(this.#now).outputsHeld * EFFECT_BYTES_MIN;
    if (held > GATE_BYTES_MAX) world.violation(`${name} executes an epoch while its gate holds ${held} bytes or more`);
  }

  /** The log of a backup that is being started is looked at with each tick; it may grow in between. */
  #checkStarting(): void {
    const { world, name } = this.#replica;
    if (this.primary.state !== 'starting') return;
    if (this.unsentBytes > world.startingLogMax) {
      world.violation(`${name} keeps ${this.unsentBytes} bytes of log for a backup that is being started`);
    }
  }
}
