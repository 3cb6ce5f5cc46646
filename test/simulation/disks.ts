/**
 * The disk as one replica uses it: what main/replica/disks.ts does with images, on the simulated shared disk.
 *
 * Invariants: requests are carried out one after the other in the order of the guest; a new primary carries out none
 * before its predecessor is fenced off; while `quiesce` is on, completions come together. A request that is under way
 * when its process dies has happened or never will, before anybody hears of the death.
 */
import type { ToyRequest } from '../support/toy-machine.ts';
import type { Replica } from './replica.ts';
import type { World } from './world.ts';

export class SimDisks {
  readonly #world: World;
  readonly #replica: Replica;
  readonly #complete: (completion: Uint8Array) => void;
  #fenced: boolean;
  #queue: ToyRequest[] = [];
  #underWay: ToyRequest | null = null;
  #outstanding = 0;
  #kept: Uint8Array[] | null = null;
  #closed = false;

  constructor(world: World, replica: Replica, fenced: boolean, complete: (completion: Uint8Array) => void) {
    this.#world = world;
    this.#replica = replica;
    this.#fenced = fenced;
    this.#complete = complete;
  }

  issue(request: ToyRequest): void {
    this.#outstanding += 1;
    this.#queue.push(request);
    this.#next();
  }

  /** The former primary can no longer write. */
  fenced(): void {
    this.#fenced = true;
    this.#next();
  }

  quiesce(on: boolean): void {
    if (on) {
      this.#kept ??= [];
      this.#settle();
      return;
    }
    const kept = this.#kept ?? [];
    this.#kept = null;
    for (const completion of kept) this.#complete(completion);
  }

  close(): void {
    this.#closed = true;
    this.#queue = [];
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
    time.after(conditions.diskMs * (0.5 + random.next()), () => {
      // The process died meanwhile.
      if (this.#underWay !== request) return;
      const completion = this.#perform(request);
      this.#underWay = null;
      this.#replica.process.post(() => this.#done(completion));
    });
  }

  #perform(request: ToyRequest): Uint8Array {
    const { conditions, disk, random, coverage } = this.#world;
    this.#world.usesDisk(this.#replica);
    const fails = random.chance(conditions.diskErrors);
    if (!fails || random.chance(0.5)) {
      this.#world.watch((checker) => checker.performed?.(this.#replica, request));
      const completion = disk.perform(request);
      if (!fails) return completion;
    }
    coverage.add('diskErrors');
    return disk.fail(request);
  }

  #done(completion: Uint8Array): void {
    this.#outstanding -= 1;
    if (this.#kept) {
      this.#kept.push(completion);
      this.#settle();
    } else {
      this.#complete(completion);
    }
    this.#next();
  }

  #settle(): void {
    if (this.#outstanding > 0 || !this.#kept) return;
    for (const completion of this.#kept.splice(0)) this.#complete(completion);
  }
}
