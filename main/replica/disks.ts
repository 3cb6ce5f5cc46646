/**
 * Carries out the guest's block requests on the images in the datastore. A request's completion becomes an input, so
 * the data a guest reads reach it only at an epoch head: the head is our bounce buffer (Scales et al., 2010, section
 * 3.4).
 *
 * Invariants: requests to one drive are carried out one after the other, in the order in which they are issued; while
 * `quiesce` is on, completions are kept back until every request has one, and then come together, so that a head
 * exists after which the machine waits for no disk. A backup's requests are tried until they work: only the primary's
 * disk decides what the guest sees fail. A lack of room is no failure: what is to be written waits for it.
 */
import { assert, AssertionError } from '../ft/assert.ts';
import type { BlockDevice } from '../datastore/disk/device.ts';
import { LateDisk, openSettled, type DiskName } from '../datastore/disk/late.ts';
import { SwitchableDisk } from '../datastore/disk/switchable.ts';
import { encodeDiskInput } from '../machine/devices/disk.ts';
import type { DiskRequest, Drive } from '../machine/machine.ts';
import { freeBytes, isNoRoom, type NoRoom } from '../datastore/room.ts';
import { Discs } from './discs.ts';

const NOTHING = new Uint8Array();
/** A backup's failed request is tried again after this long, in milliseconds. */
const RETRY_MS = 100;
/** One that has failed for this long is hopeless. */
export const HOPELESS_MS = 10_000;

/** What waits for room is tried again after this long, in milliseconds. */
const ROOM_RETRY_MS = 500;

/** Requests of every kind; bytes read and written. */
export interface DiskCounters {
  readonly requests: number;
  readonly bytes: number;
}

/** Hears of a part of a drive that may have changed. */
type WriteListener = (drive: Drive, offset: number, length: number) => void;

export class Disks {
  readonly #images: ReadonlyMap<Drive, SwitchableDisk>;
  readonly #discs = new Discs();
  readonly #failed: (message: string) => void;
  readonly #fence: Promise<void>;
  readonly #tails = new Map<Drive, Promise<void>>();
  #complete: (completion: Uint8Array) => void;
  #hopeless: ((message: string) => void) | null = null;
  /** Requests that were completed otherwise. */
  readonly #abandoned = new Set<number>();
  #onWritten: WriteListener | null = null;
  #outstanding = 0;
  #requests = 0;
  #bytes = 0;
  #kept: Uint8Array[] | null = null;
  #errors = 0;
  #closed = false;
  /** Nobody waits for room any more: what finds none has failed. */
  #hurried = false;
  #noRoom: NoRoom | null = null;
  #onRoom: ((noRoom: NoRoom | null) => void) | null = null;
  #tryNow: () => void = () => {};

  private constructor(
    images: ReadonlyMap<Drive, SwitchableDisk>,
    complete: (completion: Uint8Array) => void,
    failed: (message: string) => void,
    fence: Promise<void>,
  ) {
    this.#fence = fence;
    this.#images = images;
    this.#complete = complete;
    this.#failed = failed;
  }

  /**
   * Opens the images; the disc in the CD-ROM drive is opened when the guest reads it. `complete` gets each completion
   * as a disk input's data; `failed` hears of errors of the host's disk. No request is carried out, and no disk
   * opened, before `fence` resolves: until then another process writes to it.
   * @throws {Error} when an image cannot be opened.
   */
  static async open(
    files: readonly (readonly [Exclude<Drive, 'cdrom'>, DiskName])[],
    complete: (completion: Uint8Array) => void,
    failed: (message: string) => void,
    fence?: Promise<void>,
    readOnly = false,
  ): Promise<Disks> {
    const images = new Map<Drive, SwitchableDisk>();
    for (const [drive, file] of files) {
      const disk = fence ? new LateDisk(file, readOnly, fence) : await openSettled(file, readOnly);
      images.set(drive, new SwitchableDisk(disk));
    }
    return new Disks(images, complete, failed, fence ?? Promise.resolve());
  }

  /** What was carried out since it was opened. */
  get carriedOut(): DiskCounters {
    return { requests: this.#requests, bytes: this.#bytes };
  }

  image(drive: Drive): BlockDevice | undefined {
    return this.#images.get(drive);
  }

  issue(request: DiskRequest): void {
    this.#outstanding += 1;
    this.#after(request.drive, () => this.#carryOut(request));
  }

  /** Completions go elsewhere from now on. */
  deliverTo(complete: (completion: Uint8Array) => void): void {
    this.#complete = complete;
  }

  /** From now on these are a backup's: what fails is tried again. `hopeless` is told at every try after a long time. */
  retry(hopeless: (message: string) => void): void {
    this.#hopeless = hopeless;
  }

  /** From now on these are a primary's: what fails has failed. */
  goLive(): void {
    this.#hopeless = null;
  }

  /** Something that is to be written waits for room; null where nothing does. */
  get noRoom(): NoRoom | null {
    return this.#noRoom;
  }

  /** `listener` hears at every vain try what there is no room for, and null when there was. */
  followRoom(listener: (noRoom: NoRoom | null) => void): void {
    this.#onRoom = listener;
  }

  /** What waits for room is tried at once. */
  tryAgain(): void {
    this.#tryNow();
  }

  /** This request under way was completed otherwise: it is not tried again, and completes silently. */
  abandon(id: number): void {
    this.#abandoned.add(id);
  }

  /** Nothing that is issued from now on is carried out before this resolves. */
  hold(until: Promise<void>): void {
    for (const drive of [...this.#images.keys(), 'cdrom'] as const) this.#after(drive, () => until);
  }

  /**
   * Puts what `make` gives in the place of a drive's image, after all that was issued until now, which is flushed, and
   * before all that follows. Rejects as that does; everything is as before then.
   */
  replace(drive: Drive, make: () => Promise<BlockDevice>): Promise<void> {
    const image = this.#images.get(drive);
    if (!image) return Promise.reject(new Error(`there is no ${drive}`));
    return new Promise((resolve, reject) => {
      const work = async (): Promise<void> => {
        await image.flush();
        image.switchTo(await make());
      };
      this.#after(drive, () => work().then(resolve, reject));
    });
  }

  /** Tells of every write that was tried, after it; null: nobody listens any more. */
  track(listener: WriteListener | null): void {
    this.#onWritten = listener;
  }

  /** Keeps completions back until all can come together, or lets them flow again. */
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

  /** Carries out what was issued and makes it last. Resolves to whether that went well. */
  async drain(): Promise<boolean> {
    this.goLive();
    this.#errors = 0;
    this.#hurry();
    await Promise.all(this.#tails.values());
    try {
      for (const image of this.#images.values()) await image.flush();
    } catch {
      return false;
    }
    return this.#errors === 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#hurry();
    for (const image of this.#images.values()) await image.close();
    await this.#discs.close();
  }

  #after(drive: Drive, act: () => Promise<void>): void {
    const before = this.#tails.get(drive) ?? this.#fence;
    this.#tails.set(drive, before.then(act));
  }

  async #carryOut(request: DiskRequest): Promise<void> {
    const completion = await this.#untilDone(request);
    this.#outstanding -= 1;
    assert(this.#outstanding >= 0, 'what completes was issued');
    this.#requests += 1;
    this.#bytes += request.length;
    const wanted = !this.#abandoned.delete(request.id) && !this.#closed;
    if (this.#kept) {
      if (wanted) this.#kept.push(completion);
      this.#settle();
    } else if (wanted) {
      this.#complete(completion);
    }
  }

  async #untilDone(request: DiskRequest): Promise<Uint8Array> {
    const { id, operation, drive } = request;
    const startedAt = performance.now();
    for (let tries = 0; ; tries += 1) {
      try {
        const data = await this.#perform(request);
        this.#tellRoom(null);
        return encodeDiskInput({ id, status: 'ok', data });
      } catch (error) {
        // No error of the disk, to be told to the guest: this replica is wrong about itself.
        if (error instanceof AssertionError) throw error;
        if (await this.#waitedForRoom(request, error)) continue;
        const why = `${operation} on ${drive} failed: ${(error as Error).message}`;
        const again = this.#hopeless !== null && !this.#abandoned.has(id) && !this.#closed;
        // A lack of room is told by the primary, who waits for it too where it is the same.
        const worthTelling = again ? tries === 0 && !isNoRoom(error) : true;
        if (!this.#closed && worthTelling) this.#failed(again ? `${why}; it is tried again` : why);
        if (!again) {
          this.#errors += 1;
          return encodeDiskInput({ id, status: 'error', data: NOTHING });
        }
        if (performance.now() - startedAt > HOPELESS_MS) this.#hopeless?.(`${why}, for ${HOPELESS_MS / 1000} s`);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async #perform(request: DiskRequest): Promise<Uint8Array> {
    const { drive, operation, offset, length, disc } = request;
    if (disc !== undefined) return this.#discs.read(disc, offset, length);
    const image = this.#images.get(drive);
    if (!image) throw new Error(`there is no ${drive}`);
    if (operation === 'read') return image.read(offset, length);
    if (operation === 'flush') {
      await image.flush();
      return NOTHING;
    }
    try {
      await image.write(offset, request.data ?? NOTHING);
    } finally {
      this.#onWritten?.(drive, offset, length);
    }
    return NOTHING;
  }

  /** A primary that finds no room waits, and is told no error. @returns whether it is to be tried again. */
  async #waitedForRoom({ drive, operation }: DiskRequest, error: unknown): Promise<boolean> {
    const file = this.#images.get(drive)?.path;
    const waits = operation !== 'read' && this.#hopeless === null && !this.#closed && !this.#hurried;
    if (!waits || file === undefined || !isNoRoom(error)) return false;
    this.#tellRoom({ file, freeBytes: await freeBytes(file) });
    await new Promise<void>((resolve) => {
      this.#tryNow = resolve;
      setTimeout(resolve, ROOM_RETRY_MS);
    });
    return true;
  }

  #tellRoom(noRoom: NoRoom | null): void {
    if (noRoom === null && this.#noRoom === null) return;
    this.#noRoom = noRoom;
    this.#onRoom?.(noRoom);
  }

  #hurry(): void {
    this.#hurried = true;
    this.#tryNow();
  }

  #settle(): void {
    if (this.#outstanding > 0 || !this.#kept) return;
    for (const completion of this.#kept.splice(0)) this.#complete(completion);
  }
}
