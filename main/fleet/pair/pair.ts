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
import { type FromReplica, isOutput, type ReplicaSpec, type ToReplica } from '../../replica/messages.ts';
import { CutOffReplicas } from './cut-off.ts';
import { Failovers } from './failovers.ts';
import { haltedEvent } from './ft-changes.ts';
import type { FaultTargets } from './faults.ts';
import type { PairParts } from './pair-parts.ts';
import type { Replica } from './replica.ts';
import { RetiredReplicas } from './retired.ts';
import { SecondaryProgress } from './secondary-progress.ts';
import { StartAttempts } from './start-attempts.ts';

/** `building`: its machine is made. `copying`: the state is on its way. `takingOver`: it suspects the primary. */
type SecondaryPhase = 'none' | 'building' | 'copying' | 'protected' | 'takingOver';

const POWER_OFF_TIMEOUT_MS = 3000;

export class Pair {
  readonly #parts: PairParts;
  #primary: Replica;
  #secondary: Replica | null = null;
  #phase: SecondaryPhase = 'none';
  readonly #retired: RetiredReplicas;
  #protect: boolean;
  /** The primary has no backup and knows it: a new one may be started. */
  #alone = true;
  #stopping = false;
  #ended = false;
  #reason: FtReason | null = null;
  #generation: number;
  readonly #attempts = new StartAttempts();
  readonly #progress = new SecondaryProgress();
  #slot: DiskSlot;
  #secondarySlot: DiskSlot;
  #imageAwaited = false;
  /** Images that were closed in good order when the VM was powered off as a Protected pair. */
  readonly #cleanSlots = new Set<DiskSlot>();
  /** Those of the secondary that is being started. */
  #settings: ReplicaSpec['settings'] | null = null;
  readonly #failovers: Failovers;
  readonly #cutOff: CutOffReplicas;
  #lastStart: StartTimes | null = null;
  /** Why the primary ended, and what the secondary that is being started said went wrong. */
  #lastWords: string | null = null;
  #secondaryWords: string | null = null;
  #lossNoted: Replica | null = null;
  #replicas = 0;

  constructor(parts: PairParts, protect: boolean) {
    this.#parts = parts;
    this.#protect = protect;
    this.#retired = this.#retirement();
    this.#failovers = new Failovers(parts.outside.failovers);
    this.#cutOff = new CutOffReplicas(parts.outside);
    this.#generation = parts.generation;
    this.#slot = parts.slot;
    this.#secondarySlot = parts.slot;
    this.#primary = parts.spares.take();
    this.#listenToPrimary(this.#primary);
    const { generation, state, slot } = parts;
    this.#primary.send({ type: 'boot', spec: parts.spec(this.#holder(), slot), generation, ...(state && { state }) });
  }

  get primary(): Replica | null {
    return this.#primary.alive ? this.#primary : null;
  }

  get secondary(): Replica | null {
    return this.#secondary?.alive ? this.#secondary : null;
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
    if (this.#phase === 'building') return { phase: 'building', copied: 0 };
    return this.#phase === 'copying' ? this.#progress.view() : null;
  }

  /** VMware's state of the pair, while Fault Tolerance is on. */
  status(): { status: FtState; reason: FtReason | null } {
    if (this.#phase === 'protected' && this.primary && this.secondary) return { status: 'protected', reason: null };
    if (this.#phase === 'building' || this.#phase === 'copying') return { status: 'starting', reason: this.#reason };
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
    if (this.#phase === 'building') this.#secondary?.kill();
    else this.#primary.send({ type: 'endProtection' });
  }

  /** Another process takes the secondary's place: after its end, or (migrating it) after an orderly dismissal. */
  replaceSecondary(how: 'restart' | 'migrate'): void {
    this.#reason = 'userAction';
    if (how === 'restart') return this.#secondary?.kill();
    this.#lossNoted = this.#secondary;
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
    if (this.#phase === 'building' || !this.#primary.alive) this.#secondary?.kill();
    this.#primary.send({ type: 'powerOff' });
    setTimeout(() => this.kill(), POWER_OFF_TIMEOUT_MS).unref();
    this.#settle();
  }

  /** Ends every process at once. */
  kill(): void {
    this.#stopping = true;
    for (const replica of [this.#primary, this.#secondary]) replica?.kill();
    this.#retired.kill();
  }

  /* -------------------------------------------------------------- starting a secondary ---------------------- */

  #scheduleStart(): void {
    if (!this.#protect || this.#stopping || this.#secondary || !this.#alone) return;
    this.#attempts.schedule(() => this.#startSecondary());
  }

  #startSecondary(): void {
    if (!this.#protect || this.#stopping || this.#secondary || !this.#alone || !this.#primary.alive) return;
    const slot = this.#parts.secondarySlot(this.#slot);
    // Whoever used that image before is ended first; this comes again then.
    this.#imageAwaited = slot !== this.#slot && !this.#retired.end();
    if (this.#imageAwaited) return;
    const secondary = this.#parts.spares.take(true);
    this.#secondary = secondary;
    this.#secondarySlot = slot;
    this.#phase = 'building';
    this.#secondaryWords = null;
    this.#progress.begin(() => {
      const message = 'Starting the secondary took too long; it is tried again.';
      this.#parts.outside.event('ft.startTimedOut', 'error', message);
      secondary.kill();
    });
    secondary.listen({
      message: (message) => this.#fromSecondary(secondary, message),
      exit: (why) => this.#secondaryExited(secondary, why),
    });
    const spec = this.#parts.spec(this.#holder(), slot);
    this.#settings = spec.settings;
    secondary.send({ type: 'standBy', spec, peer: this.#primary.pid });
    this.#parts.outside.event('ft.starting', 'info', 'Starting a secondary.', { pid: secondary.pid });
    this.#parts.outside.changed();
  }

  #fromSecondary(secondary: Replica, message: FromReplica): void {
    if (secondary !== this.#secondary) return;
    if (isOutput(message)) return this.#parts.outside.output(message);
    switch (message.type) {
      case 'started':
        this.#phase = 'copying';
        this.#progress.built();
        this.#parts.outside.built(secondary);
        this.#parts.processes.link(this.#primary.process, secondary.process);
        if (this.#settings) this.#primary.send({ type: 'protect', settings: this.#settings, peer: secondary.pid });
        this.#parts.outside.changed();
        return;
      case 'failed':
        this.#secondaryWords = message.message;
        return;
      case 'ft':
        this.#secondaryEvent(secondary, message.event);
        return;
      case 'diskError':
        this.#parts.outside.event('disk.error', 'error', message.message, { why: message.message });
        return;
      case 'diskClean':
        this.#cleanSlots.add(this.#secondarySlot);
        return;
      case 'report':
        this.#parts.outside.changed();
        return;
      default:
    }
  }

  #secondaryEvent(secondary: Replica, event: FtEvent): void {
    const { outside } = this.#parts;
    if (event.type === 'suspected' && this.#stopping) {
      // It has not heard of the power-off: it must not go on with the machine.
      secondary.kill();
    } else if (event.type === 'suspected') {
      this.#phase = 'takingOver';
      outside.event('ft.suspected', 'warning', `The secondary suspects the primary: ${event.why}.`, event);
    } else if (event.type === 'storageUnreachable') {
      this.#cutOff.unreachable(secondary, 'secondary', event.why);
    } else if (event.type === 'halted') {
      if (event.cause === 'divergence') this.#reason = 'divergence';
      const told = haltedEvent('secondary', event, secondary.pid);
      if (told) outside.event(...told);
    } else if (event.type === 'live') {
      this.#wentLive(secondary, event);
    }
    outside.changed();
  }

  #secondaryExited(secondary: Replica, why: string): void {
    if (secondary !== this.#secondary) return;
    const { outside } = this.#parts;
    const phase = this.#phase;
    this.#secondary = null;
    this.#phase = 'none';
    this.#progress.end();
    if (this.#primary.alive) this.#noteLoss(secondary, phase, this.#secondaryWords ?? why);
    if (phase === 'building') this.#alone = true;
    else this.#primary.send({ type: 'peerDied', why: `the secondary's process ended (${why})` });
    this.#scheduleStart();
    this.#settle();
    outside.changed();
  }

  /** Told once for each secondary, by whoever notices first: its process's end or the primary. */
  #noteLoss(secondary: Replica, phase: SecondaryPhase, why: string): void {
    if (this.#lossNoted === secondary || this.#stopping || !this.#protect) return;
    this.#lossNoted = secondary;
    const { outside } = this.#parts;
    const data = { pid: secondary.pid, why };
    if (phase === 'protected' || phase === 'takingOver') {
      this.#reason ??= 'lostConnection';
      outside.event('ft.secondaryLost', 'warning', `The secondary was lost: ${why}.`, data);
    } else {
      this.#reason = 'checkpointError';
      const failures = ++this.#attempts.failures;
      outside.event('ft.startFailed', 'error', `The secondary could not be started: ${why}.`, { ...data, failures });
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
    if (isOutput(message)) return outside.output(message);
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
        this.#progress.captured(message.stunMs);
        return;
      case 'synchronised':
        if (this.#phase === 'copying') this.#progress.synchronised(message.fraction);
        outside.changed();
        return;
      case 'copied':
        this.#progress.copied(message.fraction);
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
      case 'diskError':
        outside.event('disk.error', 'error', message.message, { why: message.message });
        return;
      case 'report':
        outside.changed();
        return;
      default:
    }
  }

  #primaryEvent(primary: Replica, event: FtEvent): void {
    const { outside } = this.#parts;
    switch (event.type) {
      case 'protected': {
        if (primary !== this.#primary) return;
        this.#progress.end();
        this.#phase = 'protected';
        this.#reason = null;
        this.#failovers.protected();
        this.#parts.spares.refill();
        this.#attempts.failures = 0;
        this.#lastStart = this.#progress.times();
        const data = { ...this.#lastStart, epoch: event.epoch, secondary: this.#secondary?.pid };
        outside.event('ft.protected', 'info', 'Protected: primary and secondary run in virtual lockstep.', data);
        break;
      }
      case 'backupLost':
        if (primary !== this.#primary) return;
        if (this.#secondary) this.#noteLoss(this.#secondary, this.#phase, event.why);
        // A secondary that still lives may not be one any more: its log has ended.
        if (this.#phase === 'copying') this.#secondary?.kill();
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
      outside.event('ft.primaryLost', this.#secondary ? 'warning' : 'error', `The primary was lost (${why}).`, data);
      this.#lastWords ??= why;
    }
    // One that was powered off with its primary ends by itself, when its own disk has everything.
    const closing = this.#stopping && this.#phase === 'protected' && this.#secondarySlot !== this.#slot;
    if (this.#phase === 'building' || (this.#stopping && !closing)) this.#secondary?.kill();
    else if (!closing) this.#secondary?.send({ type: 'peerDied', why: `the primary's process ended (${why})` });
    this.#settle();
    outside.changed();
  }

  /* -------------------------------------------------------------- changing places --------------------------- */

  #wentLive(secondary: Replica, event: Extract<FtEvent, { type: 'live' }>): void {
    const { outside } = this.#parts;
    const former = this.#primary;
    this.#retired.add(former);
    this.#retired.fence(former, secondary, this.#parts.hasDisk && this.#secondarySlot === this.#slot);
    this.#primary = secondary;
    this.#slot = this.#secondarySlot;
    this.#lastWords = null;
    this.#secondary = null;
    this.#phase = 'none';
    this.#alone = true;
    this.#reason = this.#failovers.begin({ event, fromPid: former.pid, toPid: secondary.pid });
    this.#generation = event.generation;
    this.#cutOff.reachable(secondary);
    this.#listenToPrimary(secondary);
    outside.failedOver(event.lastInput);
  }

  #tellFailover(liveMs: number): void {
    const told = this.#failovers.live(liveMs);
    if (!told) return;
    this.#parts.outside.event('ft.failover', 'warning', told.message, told.data);
    this.#parts.outside.changed();
    this.#scheduleStart();
  }

  /** The primary goes on alone: whatever its secondary was, it is none any more. */
  #retireSecondary(): void {
    const secondary = this.#secondary;
    if (!secondary || this.#phase === 'building') return;
    this.#secondary = null;
    this.#phase = 'none';
    this.#retired.add(secondary);
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
    if (this.#ended || this.#primary.alive || this.#secondary?.alive) return;
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
