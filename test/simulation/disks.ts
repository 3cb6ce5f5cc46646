/**
 * A disk as one replica uses it: what main/replica/disks.ts does with images, on the simulated ones.
 *
 * Invariants: requests are carried out one after the other in the order of the guest; a new primary carries out none
 * before its predecessor is fenced off; while `quiesce` is on, completions come together; what fails is tried again as
 * long as these are a backup's. A request that is under way when its process dies has happened or never will, before
 * anybody hears of the death.
 */
import type { DiskSlot } from '../../main/datastore/leases.ts';
import type { ToyRequest } from '../support/toy-machine.ts';
import type { LoopReplica, Surroundings } from './parts.ts';

const RETRY_MS = 5;

export class SimDisks {
  readonly #world: Surroundings;
  readonly #replica: LoopReplica;
  readonly #slot: DiskSlot;
  #complete: (completion: Uint8Array, id: number) => void;
  #fenced: boolean;
  #retries: boolean;
  #queue: ToyRequest[] = [];
  #underWay: ToyRequest | null = null;
  readonly #abandoned = new Set<number>();
  #outstanding = 0;
  #kept: (() => void)[] | null = null;
  #closed = false;

  constructor(
    replica: LoopReplica,
    options: { readonly fenced: boolean; readonly retries: boolean },
    complete: (completion: Uint8Array, id: number) => void,
  ) {
    this.#world = replica.world;
    this.#replica = replica;
    this.#slot = replica.slot;
    this.#fenced = options.fenced;
    this.#retries = options.retries;
    this.#complete = complete;
  }

  /** Whether nothing is to be carried out any more. */
  get idle(): boolean {
    return !this.#underWay && this.#queue.length === 0;
  }

  issue(request: ToyRequest): void {
    this.#outstanding += 1;
    this.#queue.push(request);
    this.#next();
  }

  /** The request was completed otherwise: it is not tried again, and completes silently. */
  abandon(id: number): void {
    this.#abandoned.add(id);
  }

  /** The former primary can no longer write. */
  fenced(): void {
    this.#fenced = true;
    this.#next();
  }

  /** A backup's disks become a primary's. */
  goLive(complete: (completion: Uint8Array) => void): void {
    this.#complete = complete;
    this.#retries = false;
  }

  quiesce(on: boolean): void {
    if (on) {
      this.#kept ??= [];
      this.#settle();
      return;
    }
    const kept = this.#kept ?? [];
    this.#kept = null;
    for (const complete of kept) complete();
  }

  close(): void {
    this.#closed = true;
    this.#queue = [];
  }

  /** What fails has failed; completions are nobody's. */
  drain(): void {
    this.#retries = false;
    this.#complete = () => {};
  }

  /** The process is killed. */
  killed(): void {
    const request = this.#underWay;
    this.#underWay = null;
    if (request && this.#world.random.chance(0.5)) this.#perform(request);
    this.close();
  }

  #next(): void {
    if (this.#underWay || !this.#fenced || this.#closed) return;
    const request = this.#queue.shift();
    if (!request) return;
    this.#underWay = request;
    const { conditions, time, random } = this.#world;
    const delayMs = conditions.diskMs * (0.5 + random.next());
    time.after(delayMs, () => {
      // The process died meanwhile.
      if (this.#underWay !== request) return;
      const { failed, completion } = this.#perform(request);
      this.#replica.process.post(() => this.#performed(request, failed, completion));
    });
  }

  #performed(request: ToyRequest, failed: boolean, completion: Uint8Array): void {
    if (this.#underWay !== request) return;
    this.#underWay = null;
    if (failed && this.#retries && !this.#abandoned.has(request.id) && !this.#closed) {
      this.#queue.unshift(request);
      this.#replica.process.after(RETRY_MS, () => this.#next());
      return;
    }
    this.#done(completion, request.id);
  }

  #perform(request: ToyRequest): { failed: boolean; completion: Uint8Array } {
    const { conditions, disks, random, coverage } = this.#world;
    // What a backup was reading when it went live is nobody's any more.
    if (!this.#closed) this.#world.usesDisk(this.#replica, request);
    this.#world.trace(
      () => `${this.#replica.name} ${request.operation} ${request.id} block ${request.offset / 512} on ${this.#slot}`,
    );
    const fails = random.chance(conditions.diskErrors);
    if (!fails || random.chance(0.5)) {
      this.#world.watch((checker) => checker.performed?.(this.#replica, request));
      const completion = disks[this.#slot].perform(request, this.#replica.name);
      if (!fails) return { failed: false, completion };
    }
    coverage.add('diskErrors');
    return { failed: true, completion: disks[this.#slot].fail(request) };
  }

  #done(completion: Uint8Array, id: number): void {
    this.#outstanding -= 1;
    const wanted = !this.#abandoned.delete(id);
    const complete = (): void => this.#complete(completion, id);
    if (this.#kept) {
      if (wanted) this.#kept.push(complete);
      this.#settle();
    } else if (wanted) {
      complete();
    }
    this.#next();
  }

  #settle(): void {
    if (this.#outstanding > 0 || !this.#kept) return;
    for (const complete of this.#kept.splice(0)) complete();
  }
}
