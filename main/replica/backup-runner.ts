/**
 * Runs a machine as a backup: restores the snapshot, executes the log behind the primary, and becomes a primary when
 * the pair has lost its own.
 *
 * Invariant: until it is promoted it sends nothing but acknowledgements to its peer and reports to the fleet.
 */
import zlib from 'node:zlib';
import { HEARTBEAT_MS } from '../ft/constants.ts';
import { Backup } from '../ft/backup.ts';
import type { DiskRequest, Machine } from '../machine/machine.ts';
import type { Transport } from '../transport/transport.ts';
import { SnapshotReceiver } from './checkpoint.ts';
import { PrimaryRunner, type PrimaryParts } from './primary-runner.ts';
import { startReporting } from './reporter.ts';

/** How long heads are executed before the channel is looked at again, in milliseconds. */
const TURN_MS = 1;

export class BackupRunner {
  readonly #parts: PrimaryParts;
  readonly #machine: Machine;
  readonly #peer: Transport;
  readonly #backup: Backup<DiskRequest>;
  readonly #promoted: (runner: PrimaryRunner) => void;
  readonly #stops: (() => void)[] = [];
  readonly #early: ((runner: PrimaryRunner) => void)[] = [];
  #scheduled = false;
  #running = true;

  /** `promoted` hears of the primary that this backup has become. */
  constructor(parts: PrimaryParts, peer: Transport, promoted: (runner: PrimaryRunner) => void) {
    this.#parts = parts;
    this.#machine = parts.machine;
    this.#peer = peer;
    this.#promoted = promoted;
    const receiver = new SnapshotReceiver(
      (snapshot) => this.#restore(snapshot),
      (error) => this.#failed(error),
    );
    this.#backup = new Backup<DiskRequest>(
      {
        machine: parts.machine,
        channel: { send: (message) => peer.send(message), unsentBytes: () => peer.unsentBytes() },
        checksum: zlib.crc32,
        claim: (generation) => this.#claim(generation),
        report: (event) => {
          parts.send({ type: 'ft', event });
          if (event.type === 'halted') this.#halt();
        },
        settings: parts.spec.settings,
        snapshot: (part) => receiver.receive(part),
        pauseChannel: (paused) => peer.pause(paused),
      },
      performance.now(),
    );
    const tick = setInterval(() => this.#backup.tick(performance.now()), HEARTBEAT_MS / 2);
    this.#stops.push(() => clearInterval(tick));
    this.#stops.push(startReporting(parts.machine, () => this.#numbers(), parts.send));
    peer.onMessage((message) => {
      this.#backup.receive(message, performance.now());
      this.#wake();
    });
    peer.onClose((why) => this.lostPrimary(`the logging channel closed (${why})`));
  }

  /** The channel closed, or the fleet says that the primary's process ended. */
  lostPrimary(why: string): void {
    this.#backup.lostPrimary(why, performance.now());
    this.#wake();
  }

  /** For what is meant for a primary: the fleet sends it when it hears "live", before the disks are open. */
  whenPromoted(act: (runner: PrimaryRunner) => void): void {
    this.#early.push(act);
  }

  /** A fault made on purpose: one bit of the guest's memory changes. */
  corrupt(): void {
    this.#machine.corrupt();
  }

  #restore(snapshot: Parameters<Machine['restore']>[0]): void {
    try {
      this.#machine.restore(snapshot);
    } catch (error) {
      this.#failed(error as Error);
      return;
    }
    if (!this.#running || this.#backup.state !== 'restoring') return;
    this.#backup.restored(performance.now());
    this.#wake();
  }

  #wake(): void {
    if (this.#scheduled || !this.#running || !this.#backup.hasWork) return;
    this.#scheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    const until = performance.now() + TURN_MS;
    do {
      if (!this.#running) return;
      this.#backup.step(performance.now());
    } while (this.#backup.hasWork && performance.now() < until);
    this.#wake();
  }

  #claim(generation: number): void {
    void this.#parts.arbiter.claim(generation).then((result) => {
      const wonAt = performance.now();
      this.#backup.claimAnswered(result, wonAt);
      if (this.#backup.state === 'live') return this.#promote(wonAt);
      return undefined;
    });
  }

  async #promote(wonAt: number): Promise<void> {
    this.#end();
    try {
      const runner = await PrimaryRunner.start(
        this.#parts,
        (environment, outside) => this.#backup.promote(environment, outside),
        {
          firstEpoch: () => this.#parts.send({ type: 'resumed', liveMs: performance.now() - wonAt }),
          fence: this.#parts.fenced,
        },
      );
      this.#promoted(runner);
      for (const act of this.#early) act(runner);
    } catch (error) {
      this.#failed(error as Error);
    }
  }

  #end(): void {
    this.#running = false;
    for (const stop of this.#stops) stop();
    this.#peer.close();
  }

  #halt(): void {
    this.#end();
    this.#parts.halted();
  }

  #failed(error: Error): void {
    this.#parts.send({ type: 'failed', message: `The secondary could not go on: ${error.message}` });
    this.#halt();
  }

  #numbers(): Parameters<typeof startReporting>[1] extends () => infer N ? N : never {
    return {
      role: 'backup',
      generation: 0,
      lagMs: null,
      vLockstepIntervalMs: null,
      logBytes: null,
      outputDelayMs: null,
      outputsHeld: this.#backup.outputsKept,
      throttle: 0,
      stalls: 0,
    };
  }
}
