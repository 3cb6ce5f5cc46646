/**
 * A replica process: one machine, one role, the ways to the fleet and the gateway, and the points at which it can be
 * made to die.
 *
 * Invariant: what is dead has no effect any more, also when it dies in the middle of a step: at a named point the
 * process ends just before or just after the effect, and nothing that the same step would still have done gets out.
 */
import zlib from 'node:zlib';
import type { DiskSlot } from '../../main/datastore/leases.ts';
import type { ClaimResult } from '../../main/ft/arbiter.ts';
import type { FtEvent, Environment, Outside } from '../../main/ft/environment.ts';
import { decodeEntry, entryKind } from '../../main/ft/log.ts';
import type { Positioned } from '../../main/ft/output.ts';
import type { Output } from '../../main/ft/entry.ts';
import { Primary } from '../../main/ft/primary.ts';
import { completionOf } from '../../main/machine/devices/disk.ts';
import { ToyMachine, type ToyRequest } from '../support/toy-machine.ts';
import { BackupLoop } from './backup-loop.ts';
import type { LinkEnd } from './link.ts';
import type { EndingDisks, FromReplica, LoopReplica, Surroundings, ToReplica } from './parts.ts';
import { Pipe } from './pipe.ts';
import type { Fate, Point } from './points.ts';
import { PrimaryLoop } from './primary-loop.ts';
import type { SimProcess } from './process.ts';

/** Time for the last words to reach the fleet, in milliseconds. */
const LAST_WORDS_MS = 50;

export class Replica implements LoopReplica {
  readonly world: Surroundings;
  readonly name: string;
  /** Which power-on of the virtual machine it belongs to. */
  readonly life: number;
  readonly process: SimProcess;
  readonly machine: ToyMachine;
  readonly #toFleet: Pipe;
  readonly #toGateway: Pipe;
  readonly #fromFleet: Pipe;
  readonly #fromGateway: Pipe;
  primary: PrimaryLoop | null = null;
  backup: BackupLoop | null = null;
  /** Whose decisions it executes. */
  line: string;
  fate: Fate | null = null;
  /** The last thing that it said about its end. */
  halted: Extract<FtEvent, { type: 'halted' }> | null = null;
  /** Its disk has all that the guest asked for. */
  drained = false;
  #passed = 0;
  #fenced = false;
  readonly #early: ToReplica[] = [];

  /** Which disk it uses. */
  readonly slot: DiskSlot;
  /** The generation in which it became a backup. */
  began = 0;

  constructor(world: Surroundings, name: string, life: number, slot: DiskSlot) {
    this.slot = slot;
    this.world = world;
    this.name = name;
    this.line = name;
    this.life = life;
    this.process = world.process(name, (error) => world.crashed(this, error));
    this.machine = new ToyMachine({ ...world.scenario.machine, seed: world.scenario.machine.seed + life });
    const { time, random, fleet, gateway, conditions } = world;
    const pipe = (from: SimProcess, to: SimProcess, wire: 'pipeMs' | 'networkMs' = 'pipeMs'): Pipe =>
      new Pipe(time, random, { from, to }, () => conditions[wire]);
    this.#toFleet = pipe(this.process, fleet.process);
    this.#toGateway = pipe(this.process, gateway, 'networkMs');
    this.#fromFleet = pipe(fleet.process, this.process);
    this.#fromGateway = pipe(gateway, this.process, 'networkMs');
  }

  get alive(): boolean {
    return this.process.alive;
  }

  get state(): string {
    if (!this.alive) return 'dead';
    return this.primary?.primary.state ?? this.backup?.backup.state ?? 'waiting';
  }

  /* -------------------------------------------------------------- to others --------------------------------- */

  say(message: FromReplica): void {
    this.#toFleet.send(() => this.world.fleet.hears(this, message));
  }

  /** A frame for the gateway. */
  sendFrame(output: Positioned<Output>): void {
    this.#toGateway.send(() => this.world.network.receive(this, output));
  }

  /** What the fleet sends. */
  tell(message: ToReplica): void {
    this.#fromFleet.send(() => this.#handle(message));
  }

  /** What the gateway sends. */
  tellFromNetwork(message: ToReplica): void {
    this.#fromGateway.send(() => this.#handle(message));
  }

  /* -------------------------------------------------------------- life and death ---------------------------- */

  /** The machine stops for good; the process ends when its disk has what is the guest's and its last words are out. */
  end(disks: EndingDisks): void {
    const drains = !this.world.shared && this.halted?.cause === 'poweredOff';
    if (drains) disks.drain();
    else disks.close();
    const look = (): void => {
      this.drained = drains && disks.idle;
      if (disks.idle || !drains) this.process.after(LAST_WORDS_MS, () => this.world.kill(this, 'it ended'));
      else this.process.after(1, look);
    };
    look();
  }

  /** The operating system has ended the process: what it leaves behind. @returns when its last words have arrived. */
  killed(): number {
    this.primary?.killed();
    this.backup?.killed();
    this.#toGateway.died();
    return this.#toFleet.died();
  }

  /** Does something that others notice, unless this is where the process dies. */
  effect(point: Point, act: () => void): void {
    if (!this.alive) return;
    const { fate } = this;
    const now = fate?.point === point && (this.#passed += 1) === fate.count;
    if (now && fate.when === 'before') this.#die(fate);
    if (!this.alive) return;
    act();
    if (now && fate.when === 'after') this.#die(fate);
  }

  #die(fate: Fate): void {
    this.fate = null;
    this.world.coverage.add('crashPoints');
    this.world.strike(this, `${fate.when} ${fate.point}`);
  }

  /* -------------------------------------------------------------- what it is told --------------------------- */

  #handle(message: ToReplica): void {
    switch (message.type) {
      case 'boot': {
        const at = { generation: message.generation, lastInput: 0 };
        this.primary = new PrimaryLoop(this, (env, outside) => new Primary(env, outside, at), true);
        this.say({ type: 'started' });
        return;
      }
      case 'standBy':
        this.process.after(this.world.conditions.buildMs, () => this.say({ type: 'started' }));
        return;
      case 'link':
        this.line = message.line;
        this.began = this.world.lease.generation;
        this.#standBy(message.end);
        return;
      case 'peerDied':
        this.primary?.peerDied(message.why);
        this.backup?.lostPrimary(message.why);
        return;
      case 'fenced':
        this.#fenced = true;
        this.primary?.fenced();
        return;
      case 'powerOff':
        if (this.primary) this.primary.powerOff();
        else this.world.kill(this, 'powered off');
        return;
      default:
        if (this.primary) this.primary.handle(message);
        // It may be on its way to be a primary.
        else this.#early.push(message);
    }
  }

  #standBy(end: LinkEnd): void {
    const loop: BackupLoop = new BackupLoop(this, end, () => this.#promote(loop));
    this.backup = loop;
  }

  /** The backup won: its machine has a primary again. */
  #promote(loop: BackupLoop): void {
    this.effect('live', () => {
      this.backup = null;
      this.line = this.name;
      // What is let go while it is promoted is let go by a live primary.
      this.primary = new PrimaryLoop(this, (env, outside) => loop.backup.promote(env, outside), this.#fenced, loop);
      if (this.primary.primary.paused) this.world.coverage.add('livePaused');
      for (const message of this.#early.splice(0)) this.primary.handle(message);
    });
  }

  /* -------------------------------------------------------------- the world for the protocol ---------------- */

  environment(end: () => LinkEnd | null, answered: (result: ClaimResult) => void): Environment<ToyRequest> {
    const { world } = this;
    const answer = (result: ClaimResult): void => {
      if (result.outcome === 'won') this.effect('won', () => answered(result));
      else answered(result);
    };
    return {
      machine: this.machine,
      channel: {
        send: (message) => this.#send(end(), message),
        unsentBytes: () => end()?.unsentBytes() ?? 0,
      },
      checksum: zlib.crc32,
      completionOf,
      claim: (generation) => this.effect('claim', () => world.claim(this, generation, answer)),
      report: (event) => this.#report(event),
      settings: world.scenario.settings,
    };
  }

  outside(
    emit: (output: Positioned<Output>) => void,
    issue: (request: ToyRequest) => void,
  ): Outside<ToyRequest, never> {
    const { world } = this;
    return {
      emit: (output) =>
        this.effect('emit', () => {
          world.watch((checker) => checker.emitted?.(this, output));
          emit(output);
        }),
      issue: (request) =>
        this.effect('issue', () => {
          world.watch((checker) => checker.issued?.(this, request));
          issue(request);
        }),
      show: () => {},
      committed: (sequence) => this.say({ type: 'committed', sequence }),
    };
  }

  /** What came out of the channel, for the checkers. */
  received(message: Uint8Array): void {
    if (entryKind(message) !== 'heartbeat') return;
    const decoded = decodeEntry(message, zlib.crc32);
    if (decoded) this.world.watch((checker) => checker.received?.(this, decoded.entry));
  }

  #send(end: LinkEnd | null, message: Uint8Array): void {
    const kind = entryKind(message);
    if (kind === 'control' || kind === 'snapshot') {
      const decoded = decodeEntry(message, zlib.crc32);
      if (decoded) this.world.watch((checker) => checker.sent?.(this, decoded.entry));
    }
    if (kind === 'control') {
      this.effect('protect', () => end?.send(message));
      return;
    }
    const point = kind === 'head' ? 'log' : kind === 'chunk' ? 'chunk' : this.backup ? 'ack' : null;
    if (point) this.effect(point, () => end?.send(message));
    else if (this.alive) end?.send(message);
  }

  #report(event: FtEvent): void {
    if (!this.alive) return;
    if (event.type === 'halted') this.halted = event;
    this.world.reported(this, event);
    this.say({ type: 'ft', event });
  }
}
