/**
 * The pair of replicas of one running VM: who is primary, who is secondary, what became of them, and what to do next.
 *
 * Invariants: at most one replica is treated as the primary, and it changes only when a secondary reports that it
 * went live (it won the test-and-set; the fleet decides nothing of that kind); every transition is an event; while
 * Fault Tolerance is on and a primary is alone, the start of a new secondary is under way or scheduled.
 */
import type {
  FailoverReport,
  FtReason,
  FtState,
  StartProgress,
  StartTimes,
} from '../../../preload/contract/contract.ts';
import type { DiskSlot } from '../../datastore/leases.ts';
import type { FtEvent } from '../../ft/environment.ts';
import { type FromReplica, isOutput, type ToReplica } from '../../replica/messages.ts';
import { CutOffReplicas } from './cut-off.ts';
import { Failovers } from './failovers.ts';
import { haltedEvent } from './ft-changes.ts';
import type { FaultTargets } from './faults.ts';
import type { PairParts } from './pair-parts.ts';
import type { Replica } from './replica.ts';
import { RetiredReplicas } from './retired.ts';
import { Secondary } from './secondary.ts';
import { StartAttempts } from './start-attempts.ts';

const POWER_OFF_TIMEOUT_MS = 3000;

export class Pair {
  readonly #parts: PairParts;
  #primary: Replica;
  #secondary: Secondary | null = null;
  readonly #retired: RetiredReplicas;
  #protect: boolean;
  /** The primary has no backup and knows it: a new one may be started. */
  #alone = true;
  #stopping = false;
  #ended = false;
  #reason: FtReason | null = null;
  #generation: number;
  readonly #attempts = new StartAttempts();
  #slot: DiskSlot;
  #imageAwaited = false;
  /** Images that were closed in good order when the VM was powered off as a Protected pair. */
  readonly #cleanSlots = new Set<DiskSlot>();
  readonly #failovers: Failovers;
  readonly #cutOff: CutOffReplicas;
  #lastStart: StartTimes | null = null;
  /** Why the primary ended. */
  #lastWords: string | null = null;
  #replicas = 0;

  constructor(parts: PairParts, protect: boolean) {
    this.#parts = parts;
    this.#protect = protect;
    this.#retired = this.#retirement();
    this.#failovers = new Failovers(parts.outside.failovers);
    this.#cutOff = new CutOffReplicas(parts.outside);
    this.#generation = parts.generation;
    this.#slot = parts.slot;
    this.#primary = parts.spares.take();
    this.#listenToPrimary(this.#primary);
  }

  /**
   * Powers on. What has executed next to nothing has next to nothing to copy: a secondary that is wanted is built
   * beside its primary, and has its log from the beginning. A saved state is read before there is something to copy.
   */
  boot(): void {
    const { generation, state, slot } = this.#parts;
    const spec = this.#parts.spec(this.#holder(), slot);
    // A secondary is told its primary's number.
    this.#primary.process.whenNumbered(() => {
      if (this.#stopping) return;
      this.#primary.send({ type: 'boot', spec, generation, ...(state && { state }) });
      if (state === undefined) this.#startSecondary();
      if (this.#secondary) this.#link(this.#secondary);
    });
  }

  get primary(): Replica | null {
    return this.#primary.alive ? this.#primary : null;
  }

  get secondary(): Replica | null {
    return this.#secondary?.replica.alive ? this.#secondary.replica : null;
  }

  get generation(): number {
    return this.#generation;
  }

  /** The hard disk image of the primary. */
  get slot(): DiskSlot {
    return this.#slot;
  }

  /** After the power-off: the two replicas had an image each, and these are equal. */
  get disksEqual(): boolean {
    return this.#cleanSlots.size === 2;
  }

  get lastFailover(): FailoverReport | null {
    return this.#failovers.last;
  }

  get lastStart(): StartTimes | null {
    return this.#lastStart;
  }

  /** How far a starting secondary is; null when none is started. */
  get starting(): StartProgress | null {
    return this.#secondary?.start ?? null;
  }

  /** VMware's state of the pair, while Fault Tolerance is on. */
  status(): { status: FtState; reason: FtReason | null } {
    const { phase, starting } = this.#secondary ?? {};
    if (phase === 'protected' && this.primary && this.secondary) return { status: 'protected', reason: null };
    if (starting) return { status: 'starting', reason: this.#reason };
    return { status: 'needSecondary', reason: this.#reason ?? 'initializing' };
  }

  send(message: ToReplica): void {
    this.#primary.send(message);
  }

  /** What can be made to fail on purpose. */
  get faultTargets(): FaultTargets {
    return { primary: this.primary, secondary: this.secondary, others: this.#retired.all() };
  }

  /** Turns Fault Tolerance on or off. */
  setProtected(protect: boolean): void {
    this.#protect = protect;
    if (protect) {
      this.#reason = 'initializing';
      this.#attempts.failures = 0;
      this.#scheduleStart();
      return;
    }
    this.#reason = null;
    this.#attempts.clear();
    if (this.#secondary?.phase === 'building') this.#secondary.replica.kill();
    else this.#primary.send({ type: 'endProtection' });
  }

  /** Another process takes the secondary's place: after its end, or (migrating it) after an orderly dismissal. */
  replaceSecondary(how: 'restart' | 'migrate'): void {
    this.#reason = 'userAction';
    if (how === 'restart') return this.#secondary?.replica.kill();
    if (this.#secondary) this.#secondary.lossNoted = true;
    return this.#primary.send({ type: 'endProtection' });
  }

  /** Ends the primary on purpose, for the secondary to go live. */
  testFailover(): void {
    this.#failovers.request(true);
    this.primary?.kill();
  }

  /** Powers the VM off; `ended` follows. */
  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#attempts.clear();
    if (this.#secondary?.phase === 'building' || !this.#primary.alive) this.#secondary?.replica.kill();
    this.#primary.send({ type: 'powerOff' });
    setTimeout(() => this.kill(), POWER_OFF_TIMEOUT_MS).unref();
    this.#settle();
  }

  /** Ends every process at once. */
  kill(): void {
    this.#stopping = true;
    for (const replica of [this.#primary, this.#secondary?.replica]) replica?.kill();
    this.#retired.kill();
  }

  /* -------------------------------------------------------------- starting a secondary ---------------------- */

  #scheduleStart(): void {
    if (!this.#protect || this.#stopping || this.#secondary || !this.#alone) return;
    this.#attempts.schedule(() => this.#startSecondary());
  }

  #startSecondary(): void {
    const { outside } = this.#parts;
    if (!this.#protect || this.#stopping || this.#secondary || !this.#alone || !this.#primary.alive) return;
    const slot = this.#parts.secondarySlot(this.#slot);
    // Whoever used that image before is ended first; this comes again then.
    this.#imageAwaited = slot !== this.#slot && !this.#retired.end();
    if (this.#imageAwaited) return;
    const spec = this.#parts.spec(this.#holder(), slot);
    const replica = this.#parts.spares.take(true);
    this.#secondary = new Secondary(replica, slot, spec.settings, () => {
      outside.event('ft.startTimedOut', 'error', 'Starting the secondary took too long; it is tried again.');
      replica.kill();
    });
    replica.listen({
      message: (message) => this.#fromSecondary(replica, message),
      exit: (why) => this.#secondaryExited(replica, why),
    });
    replica.send({ type: 'standBy', spec, peer: this.#primary.pid });
    outside.event('ft.starting', 'info', 'Starting a secondary.', { pid: replica.pid });
    outside.changed();
  }

  /** The primary may begin to copy: what the secondary does not read yet waits in the channel. */
  #link(secondary: Secondary): void {
    secondary.linked = true;
    this.#parts.processes.link(this.#primary.process, secondary.replica.process);
    this.#primary.send({ type: 'protect', settings: secondary.settings, peer: secondary.replica.pid });
  }

  /** What either replica may say; false where it is something else. */
  #fromEither(message: FromReplica): boolean {
    const { outside } = this.#parts;
    if (isOutput(message)) outside.output(message);
    else if (message.type === 'diskError')
      outside.event('disk.error', 'error', message.message, { why: message.message });
    else if (message.type === 'report') outside.changed();
    else return false;
    return true;
  }

  #fromSecondary(replica: Replica, message: FromReplica): void {
    const secondary = this.#secondary;
    if (replica !== secondary?.replica) return;
    if (this.#fromEither(message)) return;
    switch (message.type) {
      case 'started':
        secondary.built();
        this.#parts.outside.built(replica);
        if (!secondary.linked) this.#link(secondary);
        this.#parts.outside.changed();
        return;
      case 'failed':
        secondary.words = message.message;
        return;
      case 'ft':
        this.#secondaryEvent(secondary, message.event);
        return;
      case 'diskClean':
        this.#cleanSlots.add(secondary.slot);
        return;
      default:
    }
  }

  #secondaryEvent(secondary: Secondary, event: FtEvent): void {
    const { outside } = this.#parts;
    if (event.type === 'suspected' && this.#stopping) {
      // It has not heard of the power-off: it must not go on with the machine.
      secondary.replica.kill();
    } else if (event.type === 'suspected') {
      secondary.phase = 'takingOver';
      outside.event('ft.suspected', 'warning', `The secondary suspects the primary: ${event.why}.`, event);
    } else if (event.type === 'storageUnreachable') {
      this.#cutOff.unreachable(secondary.replica, 'secondary', event.why);
    } else if (event.type === 'halted') {
      if (event.cause === 'divergence') this.#reason = 'divergence';
      const told = haltedEvent('secondary', event, secondary.replica.pid);
      if (told) outside.event(...told);
    } else if (event.type === 'live') {
      this.#wentLive(secondary, event);
    }
    outside.changed();
  }

  #secondaryExited(replica: Replica, why: string): void {
    const secondary = this.#secondary;
    if (replica !== secondary?.replica) return;
    this.#secondary = null;
    secondary.progress.end();
    if (this.#primary.alive) this.#noteLoss(secondary, secondary.words ?? why);
    if (secondary.linked) this.#primary.send({ type: 'peerDied', why: `the secondary's process ended (${why})` });
    this.#scheduleStart();
    this.#settle();
    this.#parts.outside.changed();
  }

  /** The primary says so. One that was starting has no log any more; it may be about to say why: told at its end. */
  #lostBackup(secondary: Secondary, why: string): void {
    if (!secondary.starting) return this.#noteLoss(secondary, why);
    secondary.words ??= why;
    return secondary.replica.kill();
  }

  /** Told once for each secondary, by whoever notices first: its process's end or the primary. */
  #noteLoss(secondary: Secondary, why: string): void {
    if (secondary.lossNoted || this.#stopping || !this.#protect) return;
    secondary.lossNoted = true;
    const { outside } = this.#parts;
    const data = { pid: secondary.replica.pid, why };
    if (secondary.starting) {
      this.#reason = 'checkpointError';
      const failures = ++this.#attempts.failures;
      outside.event('ft.startFailed', 'error', `The secondary could not be started: ${why}.`, { ...data, failures });
    } else {
      this.#reason ??= 'lostConnection';
      outside.event('ft.secondaryLost', 'warning', `The secondary was lost: ${why}.`, data);
    }
  }

  /* -------------------------------------------------------------- the primary ------------------------------- */

  #listenToPrimary(primary: Replica): void {
    primary.listen({
      message: (message) => this.#fromPrimary(primary, message),
      exit: (why) => this.#primaryExited(primary, why),
    });
  }

  #fromPrimary(primary: Replica, message: FromReplica): void {
    const { outside } = this.#parts;
    if (this.#fromEither(message)) return;
    switch (message.type) {
      case 'started':
        outside.built(primary);
        outside.started();
        this.#scheduleStart();
        return;
      case 'failed':
        this.#lastWords = message.message;
        return;
      case 'ft':
        this.#primaryEvent(primary, message.event);
        return;
      case 'captured':
        // From here on the primary has a backup, and says when it has none any more.
        this.#alone = false;
        this.#secondary?.progress.captured(message.stunMs);
        return;
      case 'synchronised':
        if (this.#secondary?.phase === 'copying') this.#secondary.progress.synchronised(message.fraction);
        outside.changed();
        return;
      case 'copied':
        this.#secondary?.progress.copied(message.fraction);
        return outside.changed();
      case 'diskClean':
        this.#cleanSlots.add(this.#slot);
        return;
      case 'resumed':
        this.#tellFailover(message.liveMs);
        return;
      case 'firstOutput':
        this.#failovers.firstOutput(message.ms);
        return;
      case 'guestStopped':
        outside.event('guest.stopped', 'warning', 'The guest has disabled its CPU. Power the virtual machine off.');
        return;
      case 'recording':
        outside.recording(message.event);
        return;
      case 'save':
      case 'restoring':
      case 'restored':
      case 'room':
        outside.state(message);
        return;
      default:
    }
  }

  #primaryEvent(primary: Replica, event: FtEvent): void {
    const { outside } = this.#parts;
    switch (event.type) {
      case 'protected': {
        const secondary = this.#secondary;
        if (primary !== this.#primary || !secondary) return;
        this.#lastStart = secondary.arrived();
        this.#reason = null;
        this.#failovers.protected();
        this.#parts.spares.refill();
        this.#attempts.failures = 0;
        const data = { ...this.#lastStart, epoch: event.epoch, secondary: secondary.replica.pid };
        outside.event('ft.protected', 'info', 'Protected: primary and secondary run in virtual lockstep.', data);
        break;
      }
      case 'backupLost':
        if (primary !== this.#primary) return;
        if (this.#secondary) this.#lostBackup(this.#secondary, event.why);
        break;
      case 'alone':
        if (primary !== this.#primary) return;
        this.#generation = event.generation;
        this.#alone = true;
        this.#cutOff.reachable(primary);
        this.#retireSecondary();
        this.#scheduleStart();
        break;
      case 'paused':
        if (primary === this.#primary) outside.paused(event.paused, event.epoch);
        break;
      case 'storageUnreachable':
        this.#cutOff.unreachable(primary, 'primary', event.why);
        break;
      case 'halted': {
        const told = haltedEvent('primary', event, primary.pid);
        if (told && primary === this.#primary) this.#lastWords = event.why;
        if (told) outside.event(...told);
        break;
      }
      default:
    }
    outside.changed();
  }

  #primaryExited(primary: Replica, why: string): void {
    if (primary !== this.#primary) return;
    const { outside } = this.#parts;
    if (!this.#stopping) {
      const data = { pid: primary.pid, why };
      const followed = this.#secondary !== null && !this.#secondary.starting;
      outside.event('ft.primaryLost', followed ? 'warning' : 'error', `The primary was lost (${why}).`, data);
      this.#lastWords ??= why;
    }
    // One that was powered off with its primary ends by itself, when its own disk has everything.
    const { phase, slot, replica } = this.#secondary ?? {};
    const closing = this.#stopping && phase === 'protected' && slot !== this.#slot;
    if (phase === 'building' || (this.#stopping && !closing)) replica?.kill();
    else if (!closing) replica?.send({ type: 'peerDied', why: `the primary's process ended (${why})` });
    this.#settle();
    outside.changed();
  }

  /* -------------------------------------------------------------- changing places --------------------------- */

  #wentLive({ replica, slot }: Secondary, event: Extract<FtEvent, { type: 'live' }>): void {
    const { outside } = this.#parts;
    const former = this.#primary;
    this.#retired.add(former);
    this.#retired.fence(former, replica, this.#parts.hasDisk && slot === this.#slot);
    this.#primary = replica;
    this.#slot = slot;
    this.#lastWords = null;
    this.#secondary = null;
    this.#alone = true;
    this.#reason = this.#failovers.begin({ event, fromPid: former.pid, toPid: replica.pid });
    this.#generation = event.generation;
    this.#cutOff.reachable(replica);
    this.#listenToPrimary(replica);
    outside.failedOver(event.lastInput);
  }

  #tellFailover(liveMs: number): void {
    const told = this.#failovers.live(liveMs);
    if (!told) return;
    this.#parts.outside.event('ft.failover', 'warning', told.message, told.data);
    this.#parts.outside.changed();
    this.#scheduleStart();
  }

  /** The primary goes on alone: whatever its secondary was, it is none now. One that failed is told of at its end. */
  #retireSecondary(): void {
    const secondary = this.#secondary;
    if (!secondary || secondary.phase === 'building' || (secondary.starting && secondary.words !== null)) return;
    this.#secondary = null;
    secondary.progress.end();
    this.#retired.add(secondary.replica);
  }

  #retirement(): RetiredReplicas {
    const { outside } = this.#parts;
    return new RetiredReplicas({
      // What comes after the VM's end would count for its next power-on.
      output: (message) => {
        if (!this.#ended) outside.output(message);
      },
      halted: (replica, event) => {
        if (!this.#ended) this.#primaryEvent(replica, event);
      },
      fenced: ({ pid }) => {
        const message = 'The former primary was ended, so that its writes cannot meet those of the new one.';
        outside.event('ft.fenced', 'info', message, { pid });
      },
      ended: () => {
        if (this.#imageAwaited) this.#scheduleStart();
        this.#settle();
      },
    });
  }

  #settle(): void {
    if (this.#ended || this.#primary.alive || this.secondary) return;
    this.#ended = true;
    this.#attempts.clear();
    this.#retired.kill();
    this.#parts.outside.ended(this.#stopping ? null : (this.#lastWords ?? 'no replica is left'));
  }

  #holder(): string {
    this.#replicas += 1;
    return `host ${process.pid}, replica ${this.#replicas}`;
  }
}
