/**
 * Runs a machine as a backup: restores the snapshot, executes the log behind the primary, and becomes a primary when
 * the pair has lost its own.
 *
 * Invariant: until it is promoted it sends nothing but acknowledgements to its peer and reports to the fleet.
 */
import zlib from 'node:zlib';
import { Backup, type BackupEnvironment } from '../ft/backup.ts';
import { DecodeError } from '../ft/bytes.ts';
import { decodeMessage, encodeEntry, isSync } from '../ft/log.ts';
import { completionOf } from '../machine/devices/disk.ts';
import { openDisc } from '../datastore/disc.ts';
import type { Disc, DiskRequest, Machine } from '../machine/machine.ts';
import type { Transport } from '../transport/transport.ts';
import { SnapshotReceiver } from './snapshot-transfer.ts';
import { at, reach, sendAt } from './crash-points.ts';
import { DiskSyncTarget } from './disk-sync-target.ts';
import { sameDisc } from './discs.ts';
import type { Disks } from './disks.ts';
import { PrimaryRunner, type PrimaryParts } from './primary-runner.ts';
import { startReporting, type Reporting, type RoleNumbers } from './reporter.ts';
import { Ticker } from './ticker.ts';

/** How long heads are executed before the channel is looked at again, in milliseconds. */
const TURN_MS = 1;

export class BackupRunner {
  readonly #parts: PrimaryParts;
  readonly #machine: Machine;
  readonly #peer: Transport;
  readonly #backup: Backup<DiskRequest>;
  readonly #disks: Disks | null;
  readonly #sync: DiskSyncTarget | null;
  readonly #promoted: (runner: PrimaryRunner) => void;
  readonly #stops: (() => void)[] = [];
  readonly #reporting: Reporting;
  readonly #early: ((runner: PrimaryRunner) => void)[] = [];
  #disc: Disc | null = null;
  #primaryWaits = false;
  #scheduled = false;
  #running = true;

  /**
   * `promoted` hears of the primary that this backup has become. `disks` are those on which it carries out requests
   * itself (own-disks.ts); null where there are none.
   */
  constructor(
    parts: PrimaryParts,
    peer: Transport,
    promoted: (runner: PrimaryRunner) => void,
    disks: Disks | null = null,
  ) {
    this.#parts = parts;
    this.#machine = parts.machine;
    this.#peer = peer;
    this.#promoted = promoted;
    this.#disks = disks;
    this.#sync = this.#prepareDisks();
    this.#backup = new Backup<DiskRequest>(this.#environment(), performance.now());
    const ticker = new Ticker(
      (now) => this.#backup.tickInMs(now),
      (now) => this.#backup.tick(now),
    );
    this.#stops.push(() => ticker.stop());
    this.#reporting = startReporting(parts.machine, () => this.#numbers(), parts.send);
    this.#stops.push(() => this.#reporting.stop());
    peer.onMessage((message) => {
      if (isSync(message)) return this.#receiveSync(message);
      const now = performance.now();
      this.#backup.receive(message, now);
      ticker.awake(now);
      return this.#wake();
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

  /** The primary stands still for lack of room, and is slowed by nobody. */
  primaryWaits(waits: boolean): void {
    this.#primaryWaits = waits;
  }

  /** A fault made on purpose: one bit of the guest's memory changes. */
  corrupt(): void {
    this.#machine.corrupt();
  }

  #restore(snapshot: Parameters<Machine['restore']>[0]): void {
    try {
      at('restore', () => this.#machine.restore(snapshot));
      this.#reporting.restored();
    } catch (error) {
      this.#failed(error as Error);
      return;
    }
    const ready = Promise.all([this.#sync?.finished, this.#lookAtDisc()]);
    void ready.then(() => {
      if (!this.#running || this.#backup.state !== 'restoring') return;
      this.#backup.restored(performance.now());
      this.#wake();
    });
  }

  #environment(): BackupEnvironment<DiskRequest> {
    const { machine, send, spec } = this.#parts;
    const peer = this.#peer;
    const receiver = new SnapshotReceiver(
      (snapshot) => this.#restore(snapshot),
      (error) => this.#failed(new Error(`the snapshot is of no use: ${error.message}`, { cause: error })),
    );
    return {
      machine,
      channel: {
        send: (message) => sendAt('backup', message, (bytes) => peer.send(bytes)),
        unsentBytes: () => peer.unsentBytes(),
      },
      checksum: zlib.crc32,
      completionOf,
      claim: (generation) => this.#claim(generation),
      report: (event) => {
        send({ type: 'ft', event });
        if (event.type === 'halted') void this.#halt(event.cause === 'poweredOff');
      },
      settings: spec.settings,
      snapshot: (part) => receiver.receive(part),
      pauseChannel: (paused) => peer.pause(paused),
      ownDisk: {
        carryOut: (request) => this.#disks?.issue(request),
        abandon: (id) => this.#disks?.abandon(id),
      },
    };
  }

  /* -------------------------------------------------------------- its own disks ----------------------------- */

  get #ownsDisk(): boolean {
    return this.#parts.spec.settings.diskMode === 'separate';
  }

  /** Requests of its own wait until its disk has been made equal. */
  #prepareDisks(): DiskSyncTarget | null {
    const disks = this.#disks;
    if (!disks) return null;
    disks.deliverTo((data) => {
      const completion = { device: 'disk', sequence: 0, data } as const;
      this.#backup.diskDone(completionOf(completion)?.id ?? -1, completion);
      this.#wake();
    });
    disks.retry((why) => this.#hopeless(why));
    const image = this.#ownsDisk ? disks.image('hda') : undefined;
    if (!image) return null;
    const send = (data: Uint8Array): void => this.#peer.send(encodeEntry({ kind: 'sync', epoch: 0, data }, zlib.crc32));
    const sync = new DiskSyncTarget(image, send, (error) => this.#failed(error));
    disks.hold(sync.finished);
    return sync;
  }

  #receiveSync(message: Uint8Array): void {
    try {
      for (const entry of decodeMessage(message, zlib.crc32))
        if (entry.kind === 'sync') this.#sync?.receive(entry.data);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#failed(error);
    }
  }

  /**
   * A primary that is alive must not be slowed for ever by a backup that cannot follow. One that does not go on either,
   * for lack of the same room, is not slowed.
   */
  #hopeless(why: string): void {
    if (this.#running && !this.#primaryWaits && this.#backup.state === 'replaying') this.#failed(new Error(why));
  }

  /** A disc of which it hears is looked at now: at go-live it would be too late to find that it cannot be read. */
  async #lookAtDisc(): Promise<void> {
    const { disc } = this.#machine;
    if (sameDisc(disc, this.#disc)) return;
    this.#disc = disc;
    if (disc === null) return;
    try {
      await (await openDisc(disc)).close();
    } catch (error) {
      const { state } = this.#backup;
      // A suspected primary has nobody else: better without the disc than not at all.
      if (!this.#running || !sameDisc(disc, this.#disc) || (state !== 'restoring' && state !== 'replaying')) return;
      const why = `cannot read the disc in the CD-ROM drive: ${(error as Error).message}`;
      this.#parts.send({ type: 'diskError', message: `The secondary ${why}.` });
      this.#failed(new Error(`it ${why}`));
    }
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
    // At every turn: without a promise where nothing has changed.
    if (!sameDisc(this.#machine.disc, this.#disc)) void this.#lookAtDisc();
    this.#wake();
  }

  #claim(generation: number): void {
    void at('claim', () => this.#parts.arbiter.claim(generation)).then((result) => {
      const wonAt = performance.now();
      const act = (): void => this.#backup.claimAnswered(result, wonAt);
      if (result.outcome === 'won') at('won', act);
      else act();
      if (this.#backup.state === 'live') return this.#promote(wonAt);
      return undefined;
    });
  }

  async #promote(wonAt: number): Promise<void> {
    reach('before', 'live');
    this.#end();
    const ownDisks = this.#ownsDisk ? this.#disks : null;
    if (!ownDisks) void this.#disks?.close();
    try {
      const runner = await PrimaryRunner.start(
        this.#parts,
        (environment, outside) => this.#backup.promote(environment, outside),
        {
          firstEpoch: () => this.#parts.send({ type: 'resumed', liveMs: performance.now() - wonAt }),
          firstOutput: () => this.#parts.send({ type: 'firstOutput', ms: performance.now() - wonAt }),
          fence: this.#parts.fenced,
          ownDisks,
          completions: () => this.#backup.ownCompletions,
          heardAt: this.#backup.heardAt,
        },
      );
      this.#promoted(runner);
      for (const act of this.#early) act(runner);
      reach('after', 'live');
    } catch (error) {
      this.#failed(error as Error);
    }
  }

  #end(): void {
    this.#running = false;
    for (const stop of this.#stops) stop();
    this.#peer.close();
  }

  async #halt(poweredOff: boolean): Promise<void> {
    this.#end();
    this.#sync?.stop();
    const disks = this.#disks;
    if (disks && poweredOff && this.#ownsDisk && (await disks.drain())) this.#parts.send({ type: 'diskClean' });
    await disks?.close();
    this.#parts.halted();
  }

  #failed(error: Error): void {
    this.#parts.send({ type: 'failed', message: `The secondary could not go on: ${error.message}` });
    void this.#halt(false);
  }

  #numbers(): RoleNumbers {
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
      disk: this.#disks?.carriedOut ?? null,
    };
  }
}
