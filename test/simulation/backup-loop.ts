/**
 * A backup's loop: what main/replica/backup-runner.ts does with timers and sockets, on simulated time.
 *
 * Invariant: the snapshot is restored when all of it has arrived; what came before a promotion is not lost by it.
 */
import { BACKLOG_HEADS_MAX } from '../../main/ft/constants.ts';
import { Backup } from '../../main/ft/backup.ts';
import type { ChunkEntry, SnapshotEntry } from '../../main/ft/log.ts';
import type { ToyRequest } from '../support/toy-machine.ts';
import { SimDisks } from './disks.ts';
import type { LinkEnd } from './link.ts';
import type { LoopReplica } from './parts.ts';

/** How long it executes before it looks at its messages, in milliseconds. */
const TURN_MS = 2;

export class BackupLoop {
  readonly backup: Backup<ToyRequest>;
  readonly #replica: LoopReplica;
  readonly #end: LinkEnd;
  readonly #promoted: () => void;
  /** Those on which it carries out requests itself. */
  readonly disks: SimDisks;
  #running = true;
  #planned = false;
  #announced: SnapshotEntry | null = null;
  #parts: Uint8Array[] = [];
  #missing = 0;
  #behindMax = BACKLOG_HEADS_MAX + 1;

  /** `promote`: it won, and its disks are open. */
  constructor(replica: LoopReplica, end: LinkEnd, promote: () => void) {
    this.#replica = replica;
    this.#end = end;
    this.#promoted = promote;
    const { world } = replica;
    this.disks = new SimDisks(replica, { fenced: true, retries: true }, (data, id) => {
      this.backup.diskDone(id, { device: 'disk', sequence: 0, data });
      this.#wake();
    });
    const environment = replica.environment(
      () => this.#end,
      (result) => {
        this.backup.claimAnswered(result, this.#now);
        if (this.backup.state === 'live') this.#promote();
      },
    );
    this.backup = new Backup(
      {
        ...environment,
        snapshot: (part) => this.#assemble(part),
        ownDisk: {
          carryOut: (request) => {
            world.coverage.add('ownRequests');
            this.disks.issue(request);
          },
          abandon: (id) => this.disks.abandon(id),
        },
        pauseChannel: (paused) => {
          if (paused) world.coverage.add('backlogFull');
          end.pause(paused);
        },
      },
      this.#now,
    );
    end.listen(
      (message) => {
        if (!this.#running) return;
        this.backup.receive(message, this.#now);
        this.#checkBacklog();
        this.#wake();
      },
      (why) => this.lostPrimary(`the logging channel closed (${why})`),
    );
    this.#tick();
  }

  get #now(): number {
    return this.#replica.process.now;
  }

  lostPrimary(why: string): void {
    if (!this.#running) return;
    this.backup.lostPrimary(why, this.#now);
    this.#wake();
  }

  /** It has halted. */
  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#end.close('closed by the backup');
    this.#replica.end(this.disks);
  }

  killed(): void {
    this.#running = false;
    this.disks.killed();
    this.#end.close('the backup died');
  }

  #tick(): void {
    if (!this.#running) return;
    this.backup.tick(this.#now);
    this.#replica.process.after(this.backup.tickInMs(this.#now), () => this.#tick());
  }

  /** What came while it was restored is limited by the primary; from then on its backlog only grows to the limit. */
  #checkBacklog(): void {
    const { world, name } = this.#replica;
    const { behind, state } = this.backup;
    if (state === 'restoring') this.#behindMax = Math.max(BACKLOG_HEADS_MAX, behind) + 1;
    if (behind > this.#behindMax) world.violation(`${name} keeps ${behind} heads`);
  }

  #wake(delayMs = 0): void {
    if (this.#planned || !this.#running || !this.backup.hasWork) return;
    this.#planned = true;
    this.#replica.process.after(delayMs, () => this.#turn());
  }

  #turn(): void {
    this.#planned = false;
    const { world, machine, line } = this.#replica;
    const costMs = world.conditions.backupEpochMs;
    let spentMs = 0;
    while (this.#running && this.backup.hasWork && spentMs < TURN_MS) {
      const { epoch } = machine;
      this.backup.step(this.#now);
      // Between two pieces of an epoch anything may happen.
      if (machine.epoch === epoch) break;
      spentMs += costMs;
      world.watch((checker) => checker.executed?.(line, epoch, machine.chain));
      world.trace(() => `${this.#replica.name} replayed ${epoch} ${machine.chain.toString(16)}`);
    }
    this.#wake(spentMs);
  }

  #assemble(part: SnapshotEntry | ChunkEntry): void {
    if (part.kind === 'snapshot') {
      this.#announced = part;
      this.#parts = [];
      this.#missing = part.descriptionBytes + part.pagesBytes;
      return;
    }
    this.#parts.push(part.data);
    this.#missing -= part.size;
    const announced = this.#announced;
    if (this.#missing > 0 || !announced) return;
    const bytes = Buffer.concat(this.#parts);
    this.#replica.process.after(this.#replica.world.conditions.restoreMs, () => {
      if (!this.#running || this.backup.state !== 'restoring') return;
      const description = bytes.subarray(0, announced.descriptionBytes);
      this.#replica.machine.restore({ description, pages: bytes.subarray(announced.descriptionBytes) });
      this.backup.restored(this.#now);
      this.#wake();
    });
  }

  /** It won: its disks are opened, and it is a primary. */
  #promote(): void {
    this.#running = false;
    this.#end.close('the backup went live');
    // What it was reading from a shared disk is nobody's any more; on its own disk everything goes on.
    if (this.#replica.world.shared) this.disks.close();
    this.#replica.process.after(this.#replica.world.conditions.openMs, this.#promoted);
  }
}
