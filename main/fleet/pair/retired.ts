/**
 * Replicas that have lost their role and still live: a former primary that hangs, a secondary that was cut off.
 *
 * Invariants: each has the time to find out by itself that it has lost, and to say so, and is ended when it does not;
 * where a disk is shared, a successor hears `fenced` only when its former primary's process has ended, since a write
 * that the former one had begun could otherwise reach the disk after one of the successor's to the same place; and
 * where each has its own, the disk of one of these is nobody else's before it has ended (`end`).
 */
import type { FtEvent } from '../../ft/environment.ts';
import type { FromReplica } from '../../replica/messages.ts';
import type { Replica } from './replica.ts';

/** A replica that is still there after this long is ended, in milliseconds. */
const RETIREMENT_MS = 30_000;

export interface RetiredOutside {
  /** An output that was already on its way. */
  output(message: Extract<FromReplica, { type: 'serial' | 'sound' }>): void;
  halted(replica: Replica, event: Extract<FtEvent, { type: 'halted' }>): void;
  /** A former primary was ended for the sake of a shared disk. */
  fenced(former: Replica): void;
  /** One of them has ended. */
  ended(): void;
}

export class RetiredReplicas {
  readonly #outside: RetiredOutside;
  readonly #replicas = new Set<Replica>();
  /** Former primaries that are being ended, each with the successor that waits for it. */
  readonly #fences = new Map<Replica, Replica>();

  constructor(outside: RetiredOutside) {
    this.#outside = outside;
  }

  all(): Iterable<Replica> {
    return this.#replicas;
  }

  add(replica: Replica): void {
    if (!replica.alive) return;
    this.#replicas.add(replica);
    const timer = setTimeout(() => replica.kill(), RETIREMENT_MS);
    timer.unref();
    replica.listen({
      message: (message) => {
        if (message.type === 'ft' && message.event.type === 'halted') this.#outside.halted(replica, message.event);
        else if ('index' in message) this.#outside.output(message);
      },
      exit: () => {
        clearTimeout(timer);
        this.#ended(replica);
      },
    });
  }

  /** Tells the successor as soon as the former primary can no longer write to a disk that both may write to. */
  fence(former: Replica, successor: Replica, sharedDisk: boolean): void {
    if (sharedDisk && former.alive) {
      this.#fences.set(former, successor);
      former.kill();
    } else {
      successor.send({ type: 'fenced' });
    }
  }

  kill(): void {
    for (const replica of this.#replicas) replica.kill();
  }

  /** Ends them all. @returns whether none is left; where one is, `ended` follows. */
  end(): boolean {
    this.kill();
    return this.#replicas.size === 0;
  }

  #ended(replica: Replica): void {
    this.#replicas.delete(replica);
    const successor = this.#fences.get(replica);
    if (successor) {
      this.#fences.delete(replica);
      successor.send({ type: 'fenced' });
      this.#outside.fenced(replica);
    }
    this.#outside.ended();
  }
}
