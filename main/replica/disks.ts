/**
 * Carries out the guest's block requests on the images in the datastore. A request's completion becomes an input, so
 * the data a guest reads reach it only at an epoch head: the head is our bounce buffer (Scales et al., 2010, section
 * 3.4).
 *
 * Invariants: requests to one drive are carried out one after the other, in the order of the guest; while `quiesce`
 * is on, completions are kept back until every request has one, and then come together, so that a head exists after
 * which the machine waits for no disk.
 */
import { DiskImage } from '../datastore/image.ts';
import { encodeDiskInput } from '../machine/devices/disk.ts';
import type { DiskRequest, Drive } from '../machine/machine.ts';

const NOTHING = new Uint8Array();

export class Disks {
  readonly #images: ReadonlyMap<Drive, DiskImage>;
  readonly #complete: (completion: Uint8Array) => void;
  readonly #failed: (message: string) => void;
  readonly #fence: Promise<void>;
  readonly #tails = new Map<Drive, Promise<void>>();
  #outstanding = 0;
  #kept: Uint8Array[] | null = null;

  private constructor(
    images: ReadonlyMap<Drive, DiskImage>,
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
   * Opens the images. `complete` gets each completion as a disk input's data; `failed` hears of errors of the host's
   * disk. No request is carried out before `fence` resolves.
   * @throws {Error} when an image cannot be opened.
   */
  static async open(
    paths: readonly (readonly [Drive, string])[],
    complete: (completion: Uint8Array) => void,
    failed: (message: string) => void,
    fence: Promise<void> = Promise.resolve(),
  ): Promise<Disks> {
    const images = new Map<Drive, DiskImage>();
    for (const [drive, path] of paths) images.set(drive, await DiskImage.open(path, drive === 'cdrom'));
    return new Disks(images, complete, failed, fence);
  }

  issue(request: DiskRequest): void {
    this.#outstanding += 1;
    const before = this.#tails.get(request.drive) ?? this.#fence;
    this.#tails.set(
      request.drive,
      before.then(() => this.#carryOut(request)),
    );
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

  async close(): Promise<void> {
    for (const image of this.#images.values()) await image.close();
  }

  async #carryOut(request: DiskRequest): Promise<void> {
    let completion: Uint8Array;
    try {
      const data = await this.#perform(request);
      completion = encodeDiskInput({ id: request.id, status: 'ok', data });
    } catch (error) {
      this.#failed(`${request.operation} on ${request.drive} failed: ${(error as Error).message}`);
      completion = encodeDiskInput({ id: request.id, status: 'error', data: NOTHING });
    }
    this.#outstanding -= 1;
    if (this.#kept) {
      this.#kept.push(completion);
      this.#settle();
    } else {
      this.#complete(completion);
    }
  }

  async #perform(request: DiskRequest): Promise<Uint8Array> {
    const image = this.#images.get(request.drive);
    if (!image) throw new Error(`there is no ${request.drive}`);
    if (request.operation === 'read') return image.read(request.offset, request.length);
    if (request.operation === 'write') await image.write(request.offset, request.data ?? NOTHING);
    else await image.flush();
    return NOTHING;
  }

  #settle(): void {
    if (this.#outstanding > 0 || !this.#kept) return;
    for (const completion of this.#kept.splice(0)) this.#complete(completion);
  }
}
