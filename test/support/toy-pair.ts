/**
 * A fault-tolerant pair on one thread and one clock: the real protocol (main/ft) between toy machines, over a
 * channel, a lease and a disk in memory, with the real outside ends (serial port and input line) that outlive a
 * failover.
 *
 * Invariants: nothing happens but in `run`; the same seed and the same calls give the same run. Every checker sees
 * every run, and is asked at the end of its test whether it is content. Not those who look for differences where a test
 * says that it tampers with something; and not OneWriter: here nobody waits for the disk requests of one that died.
 */
import { afterEach, expect } from 'vitest';
import { InputLine } from '../../main/fleet/outside/input-line.ts';
import { SerialPort } from '../../main/fleet/outside/serial-port.ts';
import { DEFAULT_SETTINGS } from '../../main/ft/constants.ts';
import type { Output } from '../../main/ft/entry.ts';
import type { FtEvent, FtSettings } from '../../main/ft/environment.ts';
import type { Positioned } from '../../main/ft/output.ts';
import {
  ArrivedBeforeProtect,
  EqualStates,
  NeverTwoLive,
  NoDifference,
  NoOutputBeforeItsAcknowledgement,
  OneContinuation,
  ReceivedOnce,
  type Checker,
} from './checkers.ts';
import { generator } from './mulberry.ts';
import { ToyChannel } from './toy-channel.ts';
import { readToyOutput, ToyMachine, type ToyOptions } from './toy-machine.ts';
import { ToyReplica } from './toy-replica.ts';
import { ToyDisk, ToyLease } from './toy-storage.ts';

export interface PairOptions {
  readonly seed?: number;
  readonly machine?: ToyOptions;
  /** One way on the channel, in milliseconds. */
  readonly latencyMs?: number;
  readonly settings?: Partial<FtSettings>;
}

/** The pairs of the present test. */
const made: ToyPair[] = [];

afterEach(() => {
  for (const pair of made.splice(0)) pair.expectCorrect();
});

const RUN_LIMIT_MS = 120_000;

export class ToyPair {
  readonly continuation = new OneContinuation();
  readonly outputRule = new NoOutputBeforeItsAcknowledgement();
  readonly oneLive = new NeverTwoLive();
  readonly #differences: readonly Checker[] = [new NoDifference(), new EqualStates()];
  #checkers: Checker[];
  readonly lease: ToyLease;
  readonly disks = { A: new ToyDisk(), B: new ToyDisk() };
  readonly serial = new SerialPort();
  readonly inputs = new InputLine();
  readonly shown: string[] = [];
  readonly replicas: ToyReplica[] = [];
  /** Between the present primary and its backup; a new one for each backup. */
  channel: ToyChannel;
  /** Who is treated as the primary: the last one that went live. */
  primary: ToyReplica;
  backup: ToyReplica | null = null;
  readonly latencyMs: number;
  /** The settings of the VM. */
  settings: FtSettings = DEFAULT_SETTINGS;
  /** The guest's pace: one epoch every so often; `Infinity` while it sleeps. */
  epochMs = 1;
  backupEpochsPerMs = 50;
  restoreMs = 20;
  leaseMs = 2;
  diskMs = 3;
  /** How long a backup's own request takes. */
  backupDiskMs = 2;
  confirmMs = 10;
  /** Whether the serial port's confirmations reach the primary. */
  confirms = true;
  /** Whether the operating system tells the peer that a process ended; a host that loses power tells nothing. */
  deathIsTold = true;
  #now = 0;
  readonly #channels: ToyChannel[] = [];
  readonly #random: (limit: number) => number;
  #timers: { readonly at: number; readonly owner: ToyReplica | null; readonly act: () => void }[] = [];
  readonly #machine: ToyOptions;
  readonly #passedOn: number[] = [];

  constructor(options: PairOptions = {}) {
    this.#random = generator(options.seed ?? 1);
    this.#machine = options.machine ?? {};
    this.latencyMs = options.latencyMs ?? 1;
    this.settings = { ...DEFAULT_SETTINGS, ...options.settings };
    this.outputRule.writesWait = this.settings.diskMode === 'shared';
    this.#checkers = [
      this.continuation,
      this.outputRule,
      this.oneLive,
      new ReceivedOnce(),
      new ArrivedBeforeProtect(),
      ...this.#differences,
    ];
    made.push(this);
    this.lease = new ToyLease(1, 'r1');
    this.watch((checker) => checker.claimed?.('r1', 1));
    this.serial.attach({ data: (bytes) => this.#passedOn.push(readToyOutput(bytes).number), end: () => {} });
    this.channel = this.#newChannel();
    this.primary = this.#replica({ generation: 1, slot: 'A' });
  }

  /** Powers a VM on, starts its backup, and runs until the pair is Protected. */
  static protectedPair(options: PairOptions = {}): { pair: ToyPair; primary: ToyReplica; backup: ToyReplica } {
    const pair = new ToyPair(options);
    pair.run(10);
    const backup = pair.startBackup();
    pair.runUntil(() => pair.primary.state === 'protected');
    return { pair, primary: pair.primary, backup };
  }

  get now(): number {
    return this.#now;
  }

  /** A number below `limit`, from the pair's seed. */
  random(limit: number): number {
    return this.#random(limit);
  }

  /* -------------------------------------------------------------- what a scenario does ---------------------- */

  startBackup(): ToyReplica {
    this.channel = this.#newChannel();
    const { slot } = this.primary;
    const own = slot === 'A' ? 'B' : 'A';
    for (const other of this.replicas) if (other !== this.primary) other.fence();
    const backup = this.#replica({
      log: this.channel.backup,
      slot: this.settings.diskMode === 'separate' ? own : slot,
    });
    this.backup = backup;
    this.primary.protect(this.channel.primary);
    return backup;
  }

  /** Types into the guest's serial port. */
  type(text: string): void {
    const message = this.inputs.push({ device: 'serial', data: Buffer.from(text) });
    if (message?.type === 'input') this.primary.input(message.sequence, Buffer.from(text));
  }

  run(ms: number): void {
    for (const end = this.#now + ms; this.#now < end; ) this.#turn();
  }

  /** Runs until it is so. @throws when it is not so after two minutes of the pair's time. */
  runUntil(condition: () => boolean, limitMs = RUN_LIMIT_MS): void {
    const end = this.#now + limitMs;
    while (!condition()) {
      const states = this.replicas.map(({ name, state }) => `${name} ${state}`).join(', ');
      if (this.#now >= end) throw new Error(`It never came to ${condition.toString()}: ${states}`);
      this.#turn();
    }
  }

  /** The events of one type that a replica has reported. */
  reported<T extends FtEvent['type']>(replica: ToyReplica, type: T): Extract<FtEvent, { type: T }>[] {
    return replica.reports.filter((event): event is Extract<FtEvent, { type: T }> => event.type === type);
  }

  /** One more watches from now on. */
  addChecker(checker: Checker): void {
    this.#checkers.push(checker);
  }

  /** The test changes a message, a state or a disk, so that the replicas may differ: nobody is to mind. */
  tampers(): void {
    this.#checkers = this.#checkers.filter((checker) => !this.#differences.includes(checker));
  }

  /**
   * Every checker is content, the guest has read what it had written, and the serial port has passed on each output
   * once.
   */
  expectCorrect(): void {
    expect(this.primary.machine.contradictions).toEqual([]);
    expect(this.#checkers.flatMap((checker) => checker.violations)).toEqual([]);
    expect(this.#passedOn).toEqual(Array.from({ length: this.continuation.outputs }, (_, index) => index + 1));
  }

  /* -------------------------------------------------------------- what replicas call ------------------------ */

  watch(tell: (checker: Checker) => void): void {
    this.#checkers.forEach(tell);
  }

  /** Something that happens later, whoever lives then. */
  later(ms: number, act: () => void): void {
    this.#timers.push({ at: this.#now + ms, owner: null, act });
  }

  /** Something that happens to a replica later: not while it is stopped, and not when it is dead. */
  laterFor(owner: ToyReplica, ms: number, act: () => void): void {
    this.#timers.push({ at: this.#now + ms, owner, act });
  }

  /** An output arrives at the serial port, which confirms it to the primary after a while. */
  receive({ epoch, index, output }: Positioned<Output>): void {
    const before = this.#passedOn.length;
    this.serial.receive({ epoch, index }, output.data);
    if (this.#passedOn.length > before) this.watch((checker) => checker.delivered?.(output));
    if (!this.confirms) return;
    this.later(this.confirmMs, () => {
      if (this.primary.isPrimary) this.primary.primary.confirmed({ epoch, index });
    });
  }

  wentLive(replica: ToyReplica): void {
    if (this.primary.slot === replica.slot) this.primary.fence();
    this.primary = replica;
    this.backup = null;
    for (const message of this.inputs.resume(replica.primary.lastInput)) {
      if (message.type === 'input' && message.input.device === 'serial')
        replica.input(message.sequence, message.input.data);
    }
  }

  #newChannel(): ToyChannel {
    const channel = new ToyChannel(() => this.#now, this.latencyMs);
    this.#channels.push(channel);
    return channel;
  }

  #replica(role: ConstructorParameters<typeof ToyReplica>[3]): ToyReplica {
    const name = `r${this.replicas.length + 1}`;
    const replica = new ToyReplica(this, name, new ToyMachine(this.#machine), role);
    this.replicas.push(replica);
    return replica;
  }

  #turn(): void {
    this.#now += 1;
    for (const channel of this.#channels) channel.turn();
    const due = this.#timers.filter(({ at, owner }) => at <= this.#now && !owner?.stopped);
    this.#timers = this.#timers.filter((timer) => !due.includes(timer));
    for (const { owner, act } of due) if (owner?.alive !== false) act();
    for (const replica of this.replicas) replica.turn();
  }
}
