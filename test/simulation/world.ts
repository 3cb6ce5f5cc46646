/**
 * A simulated world: everything that the replicas of one virtual machine share, on one thread and one timeline.
 *
 * Invariant: nothing in it asks a real clock or draws a number that does not come from the seed, so the same scenario
 * gives the same history.
 */
import type { ClaimResult } from '../../main/ft/arbiter.ts';
import { STARTING_LOG_BYTES_MAX } from '../../main/ft/constants.ts';
import { MEMORY_DIFFERS } from '../../main/ft/hashes.ts';
import type { DiskSlot } from '../../main/datastore/leases.ts';
import type { FtEvent } from '../../main/ft/environment.ts';
import {
  ArrivedBeforeProtect,
  EqualStates,
  NeverTwoLive,
  NoOutputBeforeItsAcknowledgement,
  OneContinuation,
  OneWriter,
  ReceivedOnce,
  type Checker,
} from '../support/checkers.ts';
import type { ToyRequest } from '../support/toy-machine.ts';
import { ToyDisk, ToyLease } from '../support/toy-storage.ts';
import { Coverage } from './coverage.ts';
import { Fleet } from './fleet.ts';
import { Network } from './network.ts';
import { SimProcess } from './process.ts';
import { Random } from './random.ts';
import type { SimReplica, Surroundings } from './parts.ts';
import { Replica } from './replica.ts';
import type { Conditions, Scenario } from './scenario.ts';
import { Survival } from './survival.ts';
import { Timeline } from './timeline.ts';

/** The log of a starting backup may grow by this much between two looks at it, in bytes. */
const STARTING_SLACK_BYTES = 8 << 10;

export class World implements Surroundings {
  readonly scenario: Scenario;
  readonly time = new Timeline();
  readonly random: Random;
  readonly conditions: Conditions;
  readonly coverage = new Coverage();
  readonly survival = new Survival();
  readonly lease = new ToyLease(0, '');
  readonly disks = { A: new ToyDisk(), B: new ToyDisk() };
  readonly fleet: Fleet;
  /** The gateway's process, and what it does. */
  readonly gateway: SimProcess;
  readonly network: Network;
  readonly violations: string[] = [];
  readonly startingLogMax = STARTING_LOG_BYTES_MAX + STARTING_SLACK_BYTES;
  /** A head was lost on the channel: the next hash may be the first to show it. */
  headLost = false;
  /** Whom the storage does not answer. */
  away: 'all' | 'primary' | 'secondary' | null = null;
  continuation = new OneContinuation();
  received = new ReceivedOnce();
  readonly #forAllLives: Checker[];
  #checkers: readonly Checker[] = [];
  readonly #trace: string[] | null;

  constructor(scenario: Scenario, trace: string[] | null = null) {
    this.scenario = scenario;
    this.#trace = trace;
    this.random = new Random(scenario.seed, 2);
    this.conditions = { ...scenario.conditions };
    this.#forAllLives = [new NeverTwoLive(), new EqualStates(), ...(this.shared ? [new OneWriter()] : [])];
    this.fleet = new Fleet(
      this,
      this.process('fleet', (error) => this.violation(`the fleet threw ${error.stack}`)),
    );
    this.gateway = this.process('gateway', (error) => this.violation(`the gateway threw ${error.stack}`));
    this.network = new Network(this);
  }

  /** Whether both replicas use the same disk. */
  get shared(): boolean {
    return this.scenario.settings.diskMode === 'shared';
  }

  process(name: string, crashed: (error: Error) => void): SimProcess {
    return new SimProcess(name, this.time, this.random, crashed);
  }

  replica(name: string, life: number, slot: DiskSlot): SimReplica {
    return new Replica(this, name, life, slot);
  }

  /** The virtual machine is powered on: its outputs begin anew. */
  newLife(): void {
    this.#collect();
    this.continuation = new OneContinuation();
    this.received = new ReceivedOnce();
    const outputRule = new NoOutputBeforeItsAcknowledgement();
    outputRule.writesWait = this.shared;
    const perLife = [this.continuation, this.received, outputRule, new ArrivedBeforeProtect()];
    this.#checkers = [...this.#forAllLives, ...perLife];
    this.trace(() => `life ${this.fleet.life} begins`);
  }

  /* -------------------------------------------------------------- who watches ------------------------------- */

  watch(tell: (checker: Checker) => void): void {
    for (const checker of this.#checkers) tell(checker);
  }

  violation(what: string): void {
    this.violations.push(what);
    this.trace(() => `VIOLATION ${what}`);
  }

  /** What was seen that must never be, up to now. */
  found(): readonly string[] {
    this.#collect();
    return this.violations;
  }

  get violated(): boolean {
    return this.violations.length > 0 || this.#checkers.some(({ violations }) => violations.length > 0);
  }

  trace(line: () => string): void {
    this.#trace?.push(`${this.time.now.toFixed(3)} ${line()}`);
  }

  #collect(): void {
    for (const { violations } of this.#checkers) {
      for (const what of (violations as string[]).splice(0)) this.violation(what);
    }
  }

  /* -------------------------------------------------------------- what replicas call ------------------------ */

  /** The storage acts at one moment and answers at a later one; a replica may die, or be stopped, in between. */
  claim(replica: SimReplica, generation: number, answer: (result: ClaimResult) => void): void {
    const act = (): void => {
      let done: ClaimResult | null = null;
      replica.effect('acted', () => void (done = this.#testAndSet(replica, generation)));
      // It died on the way; the storage does not know.
      done ??= this.#testAndSet(replica, generation);
      const result = done;
      this.trace(() => `${replica.name} claims after ${generation}: ${result.outcome}`);
      this.time.after(this.conditions.leaseMs, () => replica.process.post(() => answer(result)));
    };
    this.time.after(this.conditions.leaseMs, act);
  }

  #testAndSet(replica: SimReplica, generation: number): ClaimResult {
    const role = replica.primary ? 'primary' : 'secondary';
    if (this.away === 'all' || this.away === role) {
      this.coverage.add('unreachable');
      return { outcome: 'unreachable', reason: 'the storage is away' };
    }
    const before = this.lease.generation;
    const result = this.lease.testAndSet(replica.name, generation, replica.slot);
    const now = this.lease.generation;
    if (now !== before) this.watch((checker) => checker.claimed?.(replica.name, now));
    if (result.outcome !== 'won' || !this.random.chance(this.conditions.answersLost)) return result;
    this.coverage.add('answersLost');
    return { outcome: 'unreachable', reason: 'the answer was lost' };
  }

  reported(replica: SimReplica, event: FtEvent): void {
    this.trace(() => `${replica.name} reports ${JSON.stringify(event)}`);
    this.watch((checker) => checker.reported?.(replica, event));
    switch (event.type) {
      case 'protected':
        this.survival.protected(this.fleet.secondary?.machine.corrupted === true);
        return this.coverage.add('protected');
      case 'backupLost':
        return replica.primary?.dropPeer();
      case 'alone':
        return this.coverage.add('alone');
      case 'live':
        if (event.lastInput !== replica.machine.lastInput) {
          this.violation(`${replica.name} says ${event.lastInput}, its last input was ${replica.machine.lastInput}`);
        }
        this.coverage.add('failovers');
        this.coverage.add('outputsAgain', event.reemitted);
        if (event.reemitted > 0) this.coverage.add('liveWithBacklog');
        this.coverage.add('requestsAgain', replica.machine.pendingRequests.length);
        return undefined;
      case 'paused':
        return this.coverage.add('pauses');
      case 'halted':
        this.#halted(replica, event);
        return undefined;
      default:
        return undefined;
    }
  }

  #halted(replica: SimReplica, { cause, why }: Extract<FtEvent, { type: 'halted' }>): void {
    // A backup that was left behind and does not know it may find anything: the disk is not held still for it.
    const leftBehind = replica.began !== this.lease.generation;
    if (cause === 'divergence' && !why.startsWith(MEMORY_DIFFERS) && !leftBehind && !this.headLost) {
      this.violation(`${replica.name} halted: ${why}`);
    }
    if (cause !== 'ended') this.coverage.add(cause);
    replica.primary?.stop();
    replica.backup?.stop();
  }

  /* -------------------------------------------------------------- life and death ---------------------------- */

  /** A process ends. */
  kill(replica: SimReplica, why: string): void {
    if (!replica.alive) return;
    this.trace(() => `${replica.name} ends: ${why}`);
    replica.process.kill();
    const lastWordsAt = replica.killed();
    const { pipeMs } = this.conditions;
    // The news of an end may overtake the last words.
    const at = this.random.chance(0.7) ? lastWordsAt : this.time.now;
    this.time.at(at + pipeMs * this.random.next(), () => {
      this.fleet.process.post(() => this.fleet.exited(replica, why));
    });
  }

  /** A fault ends it. */
  strike(replica: SimReplica, how: string): void {
    if (!replica.alive) return;
    const { primary, secondary } = this.fleet;
    const healthy = primary?.state === 'protected' && secondary?.state === 'replaying';
    const harmless = replica !== primary && replica !== secondary;
    if (!harmless) this.survival.killed(healthy);
    this.kill(replica, `struck ${how}`);
  }

  /** Its code threw: that is never right. */
  crashed(replica: SimReplica, error: Error): void {
    this.violation(`${replica.name} threw ${error.stack}`);
    this.kill(replica, 'it threw');
  }

  /** A primary's request reaches the shared disk: none that it has replaced may be able to. */
  usesDisk(replica: SimReplica, { id, operation }: ToyRequest): void {
    if (this.shared && replica.backup && operation !== 'read') {
      this.violation(`${replica.name} is a backup and carries out ${operation} ${id} on the shared disk`);
    }
    if (!this.shared) return;
    const generation = replica.primary?.primary.generation ?? 0;
    for (const { primary, name, alive } of this.fleet.replicas()) {
      if (!alive || !primary || primary.primary.generation >= generation) continue;
      this.violation(`${replica.name} uses the disk while ${name}, which it has replaced, still could`);
    }
  }

  /** No replica is left. */
  ended(orderly: boolean): void {
    this.trace(() => `life ${this.fleet.life} has ended`);
    if (orderly) return;
    this.coverage.add('vmLost');
    if (this.survival.lost()) this.violation('a Protected virtual machine was lost by the death of one replica');
  }
}
