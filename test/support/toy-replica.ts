/**
 * One replica of a toy pair: a machine, its role in the protocol, and the places where it can be killed.
 *
 * Invariant: a replica that is dead has no effect any more, even when it dies in the middle of a step.
 */
import zlib from 'node:zlib';
import { Backup, type BackupState } from '../../main/ft/backup.ts';
import { completionOf } from '../../main/machine/devices/disk.ts';
import type { DiskSlot } from '../../main/datastore/leases.ts';
import type { Input, Output } from '../../main/ft/entry.ts';
import type { Environment, FtEvent, FtSettings, Outside } from '../../main/ft/environment.ts';
import { decodeMessage, type ChunkEntry, type SnapshotEntry } from '../../main/ft/log.ts';
import type { Positioned } from '../../main/ft/output.ts';
import { Primary, type PrimaryState } from '../../main/ft/primary.ts';
import type { Checker } from './checkers.ts';
import type { ToyEnd } from './toy-channel.ts';
import type { ToyMachine, ToyRequest } from './toy-machine.ts';
import type { ToyDisk, ToyLease } from './toy-storage.ts';

/** What a replica does that others notice; it can be killed just before or just after any of these. */
export type Effect = 'send' | 'emit' | 'issue' | 'claim' | 'won';

/** What a replica finds around it: its pair. Times in milliseconds. */
interface Surroundings {
  readonly now: number;
  readonly settings: FtSettings;
  readonly primary: { readonly name: string };
  readonly backup: { readonly slot: DiskSlot } | null;
  readonly lease: ToyLease;
  readonly disks: { readonly [slot in DiskSlot]: ToyDisk };
  readonly inputs: { committed(sequence: number): void };
  readonly shown: string[];
  readonly epochMs: number;
  readonly backupEpochsPerMs: number;
  readonly restoreMs: number;
  readonly leaseMs: number;
  readonly diskMs: number;
  readonly backupDiskMs: number;
  readonly deathIsTold: boolean;
  random(limit: number): number;
  watch(tell: (checker: Checker) => void): void;
  later(ms: number, act: () => void): void;
  laterFor(owner: ToyReplica, ms: number, act: () => void): void;
  receive(output: Positioned<Output>): void;
  wentLive(replica: ToyReplica): void;
}
type Role = { primary: Primary<ToyRequest, string>; backup: null } | { primary: null; backup: Backup<ToyRequest> };

export class ToyReplica {
  readonly name: string;
  readonly machine: ToyMachine;
  /** Which disk it uses. */
  readonly slot: DiskSlot;
  readonly reports: FtEvent[] = [];
  /** Whose decisions it executes: its primary's, then its own. */
  #line: string;
  alive = true;
  readonly #pair: Surroundings;
  #role: Role;
  #end: ToyEnd | null = null;
  #inputs: Input[] = [];
  #inputsSeen = 0;
  #captureWanted = false;
  /** Disk requests under way, and completions kept back while the machine is about to be captured. */
  #requests = 0;
  #kept: Input[] = [];
  /** Carried out one after the other; the first is under way. */
  #queue: ToyRequest[] = [];
  /** Counts the queues that were given up. */
  #queueNumber = 0;
  /** Requests that are not tried any longer, and that nobody is told of: a head has completed them. */
  readonly #abandoned = new Set<number>();
  /** How often its disk has failed while it was a backup. */
  diskErrors = 0;
  #stopped = false;
  #fenced = false;
  #nextEpochAt = 0;
  #tickAt = 0;
  #parts: Uint8Array[] = [];
  #announced: SnapshotEntry | null = null;
  #fate: { effect: Effect; when: 'before' | 'after'; countdown: number } | null = null;

  constructor(
    pair: Surroundings,
    name: string,
    machine: ToyMachine,
    role: { slot: DiskSlot } & ({ generation: number } | { log: ToyEnd }),
  ) {
    this.slot = role.slot;
    this.#pair = pair;
    this.name = name;
    this.#line = 'log' in role ? pair.primary.name : name;
    this.machine = machine;
    if ('generation' in role) {
      const primary = new Primary(this.#environment(), this.#outside(), { generation: role.generation, lastInput: 0 });
      this.#role = { primary, backup: null };
    } else {
      this.#attach(role.log);
      const environment = {
        ...this.#environment(),
        snapshot: (part: SnapshotEntry | ChunkEntry) => this.#assemble(part),
        pauseChannel: (paused: boolean) => void (role.log.paused = paused),
        ownDisk: {
          carryOut: (request: ToyRequest) => this.#carryOut(request),
          abandon: (id: number) => void this.#abandoned.add(id),
        },
      };
      this.#role = { primary: null, backup: new Backup(environment, pair.now) };
    }
  }

  get state(): PrimaryState | BackupState | 'dead' {
    if (!this.alive) return 'dead';
    return (this.#role?.primary ?? this.#role?.backup)?.state ?? 'restoring';
  }

  /** The protocol's own object, where this replica is a primary. */
  get primary(): Primary<ToyRequest, string> {
    if (!this.#role.primary) throw new Error(`${this.name} is no primary`);
    return this.#role.primary;
  }

  get backup(): Backup<ToyRequest> {
    if (!this.#role.backup) throw new Error(`${this.name} is no backup`);
    return this.#role.backup;
  }

  get isPrimary(): boolean {
    return this.alive && this.#role.primary !== null && this.state !== 'halted';
  }

  /** It dies just before or just after its `count`th effect of this kind from now on. */
  dieAt(when: 'before' | 'after', effect: Effect, count = 1): void {
    this.#fate = { effect, when, countdown: count };
  }

  /** As `kill -9` does. The last `unsent` messages that it has sent never leave the computer. */
  die(unsent = 0): void {
    if (!this.alive) return;
    this.alive = false;
    if (this.#pair.deathIsTold) this.#end?.close(`${this.name} died`, unsent);
  }

  /** As SIGSTOP and SIGCONT do. */
  stop(stopped: boolean): void {
    this.#stopped = stopped;
    if (this.#end) this.#end.asleep = stopped;
  }

  /** Its requests can no longer reach a disk: the fleet ends a process for that. */
  fence(): void {
    this.#fenced = true;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Fault Tolerance is turned off. */
  endProtection(): void {
    this.#stopCapturing();
    this.primary.endProtection(this.#pair.now);
    this.#drop('Fault Tolerance was turned off');
  }

  /** The machine is to stand still, or to go on. */
  pause(paused: boolean): void {
    this.primary.pause(paused, this.#pair.now);
  }

  /** One millisecond of its life. */
  turn(): void {
    const { now } = this.#pair;
    if (!this.alive || this.#stopped) return;
    const { primary, backup } = this.#role;
    if (now >= this.#tickAt) {
      const role = primary ?? backup;
      role.tick(now);
      this.#tickAt = now + role.tickInMs(now);
    }
    if (primary) this.#runPrimary(primary);
    else for (let i = 0; i < this.#pair.backupEpochsPerMs && this.alive && backup.hasWork; i++) this.#replay(backup);
  }

  /** An input from outside; sent twice around a failover, taken once. */
  input(sequence: number, data: Uint8Array): void {
    if (!this.isPrimary || sequence <= this.#inputsSeen) return;
    this.#inputsSeen = sequence;
    this.#inputs.push({ device: 'serial', sequence, data });
  }

  /** A backup stands by at the other end. */
  protect(end: ToyEnd): void {
    this.#attach(end);
    this.primary.greet();
    this.#captureWanted = true;
  }

  /** The fleet says that the peer's process ended. */
  peerDied(why: string): void {
    this.#lostPeer(why);
  }

  #lostPeer(why: string): void {
    if (!this.alive) return;
    this.#stopCapturing();
    this.#role.primary?.lostBackup(why, this.#pair.now);
    this.#role.backup?.lostPrimary(why, this.#pair.now);
  }

  /* -------------------------------------------------------------- the primary's loop ------------------------ */

  #runPrimary(primary: Primary<ToyRequest, string>): void {
    const { now } = this.#pair;
    if (this.#captureWanted && primary.state === 'alone' && this.machine.pendingRequests.length === 0)
      this.#capture(primary);
    const busy = Number.isFinite(this.#pair.epochMs);
    while (busy && this.alive && now >= this.#nextEpochAt && primary.stalled() === null) {
      const inputs = this.#inputs.splice(0, 16);
      const slices = this.#captureWanted && inputs.some((input) => input.device === 'disk') ? 0 : 1;
      const { epoch } = this.machine;
      primary.step({ advanceUs: this.#pair.random(2000), rate: 5120, slices, inputs }, now);
      this.#executed(epoch);
      this.#nextEpochAt = Math.max(this.#nextEpochAt, now - 1) + this.#pair.epochMs + primary.throttleSleepMs(now);
    }
  }

  #replay(backup: Backup<ToyRequest>): void {
    const { epoch } = this.machine;
    backup.step(this.#pair.now);
    if (this.machine.epoch > epoch) this.#executed(epoch);
  }

  #executed(epoch: number): void {
    this.#pair.watch((checker) => checker.executed?.(this.#line, epoch, this.machine.chain));
  }

  #capture(primary: Primary<ToyRequest, string>): void {
    this.#stopCapturing();
    const { description, pages } = this.machine.capture();
    const { backup } = this.#pair;
    if (backup && backup.slot !== this.slot) this.#disk.copyTo(this.#pair.disks[backup.slot]);
    primary.startBackup({ descriptionBytes: description.length, pagesBytes: pages.length }, this.#pair.now);
    for (const data of [description, pages]) primary.sendChunk({ size: data.length, data });
  }

  #stopCapturing(): void {
    this.#captureWanted = false;
    this.#inputs.push(...this.#kept.splice(0));
  }

  get #disk(): ToyDisk {
    return this.#pair.disks[this.slot];
  }

  /** What the operating system has begun it ends, whatever becomes of the process. */
  #carryOut(request: ToyRequest): void {
    this.#queue.push(request);
    if (this.#queue.length === 1) this.#perform();
  }

  #perform(): void {
    const [request] = this.#queue;
    if (!request || this.#fenced) return;
    const pair = this.#pair;
    const queue = this.#queueNumber;
    pair.later(this.#role?.backup ? pair.backupDiskMs : pair.diskMs, () => {
      const data = this.#disk.perform(request, this.name);
      pair.laterFor(this, 0, () => {
        if (queue !== this.#queueNumber) return undefined;
        const done = completionOf({ device: 'disk', sequence: 0, data })?.ok;
        const { backup } = this.#role;
        if (backup && !done) this.diskErrors += 1;
        const abandoned = this.#abandoned.has(request.id);
        if (backup && !done && !abandoned) return this.#perform();
        this.#queue.shift();
        if (!backup) this.#diskDone(abandoned ? null : data);
        else if (!abandoned) backup.diskDone(request.id, { device: 'disk', sequence: 0, data });
        return this.#perform();
      });
    });
  }

  #diskDone(data: Uint8Array | null): void {
    this.#requests -= 1;
    if (data) this.#kept.push({ device: 'disk', sequence: 0, data });
    if (!this.#captureWanted || this.#requests === 0) this.#inputs.push(...this.#kept.splice(0));
  }

  /* -------------------------------------------------------------- the backup's snapshot --------------------- */

  #assemble(part: SnapshotEntry | ChunkEntry): void {
    if (part.kind === 'snapshot') {
      this.#announced = part;
      this.#parts = [];
      return;
    }
    this.#parts.push(part.data);
    const [description, pages] = this.#parts;
    if (!description || !pages || !this.#announced) return;
    this.#pair.laterFor(this, this.#pair.restoreMs, () => {
      if (this.#role.backup?.state !== 'restoring') return;
      this.machine.restore({ description, pages });
      this.#role.backup.restored(this.#pair.now);
    });
  }

  /* -------------------------------------------------------------- the world for the protocol ---------------- */

  #attach(end: ToyEnd): void {
    this.#end = end;
    end.onMessage = (message) => {
      if (!this.alive || end !== this.#end) return;
      for (const entry of readable(message)) this.#pair.watch((checker) => checker.received?.(this, entry));
      (this.#role.primary ?? this.#role.backup)?.receive(message, this.#pair.now);
    };
    end.onClose = (why) => {
      if (end === this.#end) this.#lostPeer(`the logging channel closed (${why})`);
    };
  }

  #environment(): Environment<ToyRequest> {
    const pair = this.#pair;
    return {
      machine: this.machine,
      channel: {
        send: (message) => this.#effect('send', () => this.#send(message)),
        unsentBytes: () => this.#end?.unsentBytes() ?? 0,
      },
      checksum: zlib.crc32,
      completionOf,
      claim: (generation) => this.#effect('claim', () => this.#claim(generation)),
      report: (event) => this.#report(event),
      get settings() {
        return pair.settings;
      },
    };
  }

  #send(message: Uint8Array): void {
    for (const entry of readable(message)) this.#pair.watch((checker) => checker.sent?.(this, entry));
    this.#end?.send(message);
  }

  #outside(): Outside<ToyRequest, string> {
    return {
      emit: (output) =>
        this.#effect('emit', () => {
          this.#pair.watch((checker) => checker.emitted?.(this, output));
          this.#pair.receive(output);
        }),
      issue: (request) =>
        this.#effect('issue', () => {
          this.#pair.watch((checker) => checker.issued?.(this, request));
          this.#requests += 1;
          this.#carryOut(request);
        }),
      show: (view) => void (this.alive && this.#pair.shown.push(view)),
      committed: (sequence) => void (this.alive && this.#pair.inputs.committed(sequence)),
    };
  }

  #effect(effect: Effect, act: () => void): void {
    if (!this.alive) return;
    const fate = this.#fate?.effect === effect && --this.#fate.countdown === 0 ? this.#fate : null;
    if (fate?.when === 'before') this.die();
    if (!this.alive) return;
    act();
    if (fate?.when === 'after') this.die();
  }

  /** The storage acts at one moment and answers at a later one; a replica may die, or be stopped, in between. */
  #claim(generation: number): void {
    const pair = this.#pair;
    pair.later(pair.leaseMs, () => {
      const result = pair.lease.testAndSet(this.name, generation, this.slot);
      if (result.outcome === 'won') pair.watch((checker) => checker.claimed?.(this.name, generation + 1));
      pair.laterFor(this, pair.leaseMs, () => this.#claimAnswered(result));
    });
  }

  #claimAnswered(result: Parameters<Backup<ToyRequest>['claimAnswered']>[0]): void {
    const answer = (): void => (this.#role.primary ?? this.#role.backup)?.claimAnswered(result, this.#pair.now);
    if (result.outcome !== 'won') return answer();
    this.#effect('won', answer);
    if (this.alive && this.#role.backup?.state === 'live') this.#promote(this.#role.backup);
  }

  #promote(backup: Backup<ToyRequest>): void {
    this.#drop(`${this.name} went live`);
    this.#line = this.name;
    // On a shared disk what this backup was reading is nobody's any more; on its own disk everything goes on.
    const own = this.#pair.settings.diskMode === 'separate';
    if (!own) {
      this.#queue = [];
      this.#queueNumber += 1;
    }
    this.#requests = this.#queue.length;
    this.#inputs.push(...backup.ownCompletions);
    const primary = backup.promote(this.#environment(), this.#outside());
    this.#inputsSeen = primary.lastInput;
    this.#role = { primary, backup: null };
    if (this.alive) this.#pair.wentLive(this);
  }

  #report(event: FtEvent): void {
    if (!this.alive) return;
    this.reports.push(event);
    this.#pair.watch((checker) => checker.reported?.(this, event));
    if (event.type === 'backupLost' || event.type === 'halted') this.#drop(`${this.name}: ${event.why}`);
  }

  #drop(why: string): void {
    this.#end?.close(why);
    this.#end = null;
  }
}

/** The entries of a message; none of one that was damaged on the way. */
function readable(message: Uint8Array): ReturnType<typeof decodeMessage> {
  try {
    return decodeMessage(message, zlib.crc32);
  } catch {
    return [];
  }
}
