/**
 * A small fleet: what main/fleet/pair/pair.ts and vm.ts do for one virtual machine, with the real outside ends of its
 * serial port and its inputs.
 *
 * Invariants: the fleet decides nothing about who may go on: it starts replicas, passes hints, and follows whoever went
 * live. A virtual machine of which no replica is left is powered on again, as a new life on the same disk.
 */
import { InputLine } from '../../main/fleet/outside/input-line.ts';
import { SerialPort } from '../../main/fleet/outside/serial-port.ts';
import type { DiskSlot } from '../../main/datastore/leases.ts';
import type { FtEvent } from '../../main/ft/environment.ts';
import { Link } from './link.ts';
import type { FromReplica, SimReplica, Surroundings } from './parts.ts';
import type { SimProcess } from './process.ts';

type Phase = 'none' | 'building' | 'copying' | 'protected' | 'takingOver';

/** Waiting times before the next attempt to start a secondary, by the number of failures in a row, in milliseconds. */
const RETRY_MS = [0, 20, 100, 300];
const START_TIMEOUT_MS = 8000;
const POWER_OFF_TIMEOUT_MS = 600;
const POWER_ON_MS = 20;
/** A replica without a role is ended after this long, in milliseconds. */
const RETIREMENT_MS = 5000;
const CONFIRM_MS = 5;

export class Fleet {
  readonly #world: Surroundings;
  readonly process: SimProcess;
  readonly serial = new SerialPort();
  readonly inputs = new InputLine();
  primary: SimReplica | null = null;
  secondary: SimReplica | null = null;
  link: Link | null = null;
  life = 0;
  phase: Phase = 'none';
  readonly #retired = new Set<SimReplica>();
  /** Former primaries that are being ended, each with the successor that waits for it. */
  readonly #fences = new Map<SimReplica, SimReplica>();
  #protect = true;
  #alone = true;
  #stopping = false;
  #scheduled = false;
  #failures = 0;
  #replicas = 0;
  #confirmDue = false;
  pauseWanted = false;
  /** Whether a virtual machine that has ended is powered on again. */
  #again = true;
  /** Inputs that were numbered in this life. */
  typed = 0;

  constructor(world: Surroundings, process: SimProcess) {
    this.#world = world;
    this.process = process;
  }

  get isProtected(): boolean {
    const { primary, secondary } = this;
    return this.phase === 'protected' && primary?.state === 'protected' && secondary?.state === 'replaying';
  }

  replicas(): SimReplica[] {
    return [this.primary, this.secondary, ...this.#retired].filter((replica) => replica !== null);
  }

  /* -------------------------------------------------------------- what a user does -------------------------- */

  powerOn(): void {
    this.life += 1;
    this.phase = 'none';
    this.#alone = true;
    this.#stopping = false;
    this.#failures = 0;
    this.pauseWanted = false;
    this.typed = 0;
    this.serial.reset();
    this.inputs.reset();
    // They were killed when the life before ended; their ends may be told only now, and count for nothing.
    this.#retired.clear();
    this.#fences.clear();
    this.#world.newLife();
    const replica = this.#replica(this.#world.lease.slot);
    this.primary = replica;
    this.secondary = null;
    const generation = this.#world.lease.begin(replica.name);
    this.#world.watch((checker) => checker.claimed?.(replica.name, generation));
    replica.tell({ type: 'boot', generation });
  }

  /** Powers the virtual machine off; `again` says whether it is then powered on anew. */
  powerOff(again: boolean): void {
    this.#again = again;
    if (this.#stopping) return;
    this.#stopping = true;
    const { life } = this;
    if (this.phase === 'building' || !this.primary?.alive) this.#kill(this.secondary);
    this.primary?.tell({ type: 'powerOff' });
    this.process.after(POWER_OFF_TIMEOUT_MS, () => {
      if (life !== this.life) return;
      for (const replica of this.replicas()) this.#kill(replica);
    });
    this.#settle();
  }

  setProtected(protect: boolean): void {
    this.#protect = protect;
    if (protect) {
      this.#failures = 0;
      this.#scheduleStart();
    } else if (this.phase === 'building') {
      this.#kill(this.secondary);
    } else {
      this.primary?.tell({ type: 'endProtection' });
    }
  }

  /** Dismisses the secondary; another one takes its place. */
  migrate(): void {
    if (this.phase === 'protected') this.primary?.tell({ type: 'endProtection' });
  }

  pause(paused: boolean): void {
    this.pauseWanted = paused;
    this.primary?.tell({ type: 'pause', paused });
  }

  type(data: Uint8Array): void {
    const message = this.inputs.push({ device: 'serial', data });
    if (message?.type !== 'input') return;
    this.typed = message.sequence;
    this.primary?.tell({ type: 'input', sequence: message.sequence, data });
  }

  /** Its process ended, and all replicas with it; another one powers the virtual machine on. */
  restart(): void {
    this.#world.coverage.add('fleetRestarts');
    for (const replica of this.replicas()) this.#world.kill(replica, 'the fleet ended');
    this.#retired.clear();
    this.#fences.clear();
    this.primary = null;
    this.secondary = null;
    this.#protect = true;
    this.life += 1;
    const { life } = this;
    this.process.after(POWER_ON_MS, () => {
      if (life === this.life) this.powerOn();
    });
  }

  /* -------------------------------------------------------------- what replicas say ------------------------- */

  hears(replica: SimReplica, message: FromReplica): void {
    if (replica.life !== this.life) return;
    switch (message.type) {
      case 'output':
        if (this.serial.receive(message, message.output.data)) {
          this.#world.watch((checker) => checker.delivered?.(message.output));
        } else {
          this.#world.coverage.add('repeatsDropped');
        }
        return this.#confirmSoon();
      case 'committed':
        return this.inputs.committed(message.sequence);
      case 'started':
        if (replica === this.primary) this.#scheduleStart();
        else if (replica === this.secondary) this.#connect(replica);
        return;
      case 'captured':
        if (replica === this.primary) this.#alone = false;
        return;
      case 'ft':
        if (replica === this.primary) this.#primaryEvent(message.event);
        else if (replica === this.secondary) this.#secondaryEvent(replica, message.event);
    }
  }

  /** The operating system says that the replica's process has ended. */
  exited(replica: SimReplica, why: string): void {
    if (replica.life !== this.life) return;
    if (this.#retired.delete(replica) && this.#retired.size === 0) this.#scheduleStart();
    const successor = this.#fences.get(replica);
    if (successor) {
      this.#fences.delete(replica);
      successor.tell({ type: 'fenced' });
    }
    if (replica === this.primary) {
      // A secondary with a disk of its own is let end its writes.
      const closing = this.#stopping && this.phase === 'protected' && !this.#world.shared;
      if (this.phase === 'building' || (this.#stopping && !closing)) this.#kill(this.secondary);
      else if (!closing) this.secondary?.tell({ type: 'peerDied', why: `the primary's process ended (${why})` });
    } else if (replica === this.secondary) {
      this.#secondaryExited(why);
    }
    this.#settle();
  }

  #primaryEvent(event: FtEvent): void {
    switch (event.type) {
      case 'protected':
        this.phase = 'protected';
        this.#failures = 0;
        return;
      case 'backupLost':
        if (this.phase !== 'copying') return;
        this.#failures += 1;
        this.#world.coverage.add('startFailed');
        this.#kill(this.secondary);
        return;
      case 'alone':
        this.#alone = true;
        this.#retireSecondary();
        this.#scheduleStart();
        return;
      default:
    }
  }

  #secondaryEvent(secondary: SimReplica, event: FtEvent): void {
    if (event.type === 'suspected') this.phase = 'takingOver';
    // It has not heard of the power-off: it may not go on.
    if (event.type === 'suspected' && this.#stopping) this.#kill(secondary);
    if (event.type !== 'live') return;
    const former = this.primary;
    this.primary = secondary;
    this.secondary = null;
    this.phase = 'none';
    this.#alone = true;
    const sameDisk = former?.slot === secondary.slot;
    if (former?.alive && !sameDisk) this.#retire(former);
    if (former?.alive && sameDisk) {
      this.#world.coverage.add('fenced');
      this.#retire(former);
      this.#fences.set(former, secondary);
      this.#kill(former);
    } else {
      secondary.tell({ type: 'fenced' });
    }
    for (const message of this.inputs.resume(event.lastInput)) {
      if (message.type !== 'input' || message.input.device !== 'serial') continue;
      this.#world.coverage.add('inputsAgain');
      secondary.tell({ type: 'input', sequence: message.sequence, data: message.input.data });
    }
    // Always: what is in the log may be a pause that was taken back, of which the fleet has not heard.
    secondary.tell({ type: 'pause', paused: this.pauseWanted });
    this.#confirmSoon();
    this.#scheduleStart();
  }

  /* -------------------------------------------------------------- starting a secondary ---------------------- */

  #scheduleStart(): void {
    if (!this.#protect || this.#stopping || this.#scheduled || this.secondary || !this.#alone) return;
    this.#scheduled = true;
    const { life } = this;
    this.process.after(RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)] ?? 0, () => {
      this.#scheduled = false;
      if (life === this.life) this.#startSecondary();
      else this.#scheduleStart();
    });
  }

  #startSecondary(): void {
    if (!this.#protect || this.#stopping || this.secondary || !this.#alone || !this.primary?.alive) return;
    const slot = this.#secondarySlot();
    if (slot === null) return;
    const secondary = this.#replica(slot);
    this.secondary = secondary;
    this.phase = 'building';
    secondary.tell({ type: 'standBy' });
    this.process.after(START_TIMEOUT_MS, () => {
      const starting = this.phase === 'building' || this.phase === 'copying';
      if (this.secondary === secondary && starting) this.#kill(secondary);
    });
  }

  /** The disk for a new secondary; null where somebody has it who must end first. */
  #secondarySlot(): DiskSlot | null {
    const mine = this.primary?.slot ?? 'A';
    if (this.#world.shared) return mine;
    if (this.#retired.size === 0) return mine === 'A' ? 'B' : 'A';
    for (const replica of this.#retired) this.#kill(replica);
    return null;
  }

  #connect(secondary: SimReplica): void {
    const { primary } = this;
    if (!primary) return;
    this.phase = 'copying';
    const { time, random, conditions } = this.#world;
    const ends = { a: primary.process, b: secondary.process };
    const link = new Link(time, random, conditions, ends);
    this.link = link;
    // The primary may have gone meanwhile: then nobody is at the other end.
    if (!primary.alive) link.a.close('nobody is there');
    secondary.tell({ type: 'link', end: link.b, line: primary.name });
    primary.tell({ type: 'protect', end: link.a, slot: secondary.slot });
  }

  #secondaryExited(why: string): void {
    const { phase } = this;
    this.secondary = null;
    this.phase = 'none';
    if (phase === 'building') this.#alone = true;
    else this.primary?.tell({ type: 'peerDied', why: `the secondary's process ended (${why})` });
    if (phase === 'copying') this.#failures += 1;
    this.#scheduleStart();
  }

  #retireSecondary(): void {
    const { secondary } = this;
    if (!secondary || this.phase === 'building') return;
    this.secondary = null;
    this.phase = 'none';
    this.#retire(secondary);
  }

  #retire(replica: SimReplica): void {
    if (!replica.alive) return;
    this.#retired.add(replica);
    this.process.after(RETIREMENT_MS, () => this.#kill(replica));
  }

  /* -------------------------------------------------------------- inside ------------------------------------ */

  #replica(slot: DiskSlot): SimReplica {
    this.#replicas += 1;
    return this.#world.replica(`r${this.#replicas}`, this.life, slot);
  }

  #kill(replica: SimReplica | null): void {
    if (replica) this.#world.kill(replica, 'killed by the fleet');
  }

  #confirmSoon(): void {
    if (this.#confirmDue) return;
    this.#confirmDue = true;
    this.process.after(CONFIRM_MS, () => {
      this.#confirmDue = false;
      this.primary?.tell({ type: 'confirm', ...this.serial.seen });
    });
  }

  /** Nobody is left: the virtual machine has ended. */
  #settle(): void {
    if (!this.primary || this.primary.alive || this.secondary?.alive) return;
    const { life } = this;
    for (const replica of this.#retired) this.#kill(replica);
    this.primary = null;
    this.#world.ended(this.#stopping);
    if (!this.#again) return;
    this.process.after(POWER_ON_MS, () => {
      if (life === this.life) this.powerOn();
    });
  }
}
