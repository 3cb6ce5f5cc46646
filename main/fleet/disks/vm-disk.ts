/**
 * The hard disk of one VM: the user's own file (slot A) and, where replicas have separate disks, a copy in the
 * datastore (slot B).
 *
 * Invariant: which of the two is true is what the lease says; here it is only remembered, to be shown.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import type { FtSettings } from '../../../preload/contract/contract.ts';
import { diskBytes, isOverlay } from '../../datastore/disk/open.ts';
import { topOf, type TopNames } from '../../datastore/disk/top.ts';
import { beginGeneration, chooseSlot, diskSlot, type DiskSlot } from '../../datastore/leases.ts';

const FOLDER = 'disks';

export class VmDisk {
  readonly #datastore: string;
  readonly #vm: string;
  #own: string | undefined;
  /** Where the layers of its snapshots are. */
  readonly layers: string;
  #slot: DiskSlot = 'A';

  /** `own` is the user's file; a VM without one has no hard disk. `layers` is the folder of its snapshots. */
  constructor(datastore: string, vm: string, own: string | undefined, layers: string) {
    this.#datastore = datastore;
    this.#vm = vm;
    this.#own = own;
    this.layers = layers;
    try {
      this.reload();
    } catch {
      // The datastore may be away for now: a power-on reads it again, and then says why it cannot.
    }
  }

  /** Which image is true. */
  get slot(): DiskSlot {
    return this.#slot;
  }

  /** The image that is true; undefined for a VM without a hard disk. */
  get current(): string | undefined {
    return this.file(this.#slot);
  }

  /** The file that is written to; undefined for a VM without a hard disk. */
  file(slot: DiskSlot): string | undefined {
    const names = this.names(slot);
    return names && topOf(names);
  }

  /** A disk has a top from its first snapshot on (datastore/disk/top.ts). */
  names(slot: DiskSlot): TopNames | undefined {
    if (this.#own === undefined) return undefined;
    const own = slot === 'A' ? this.#own : path.join(this.#datastore, FOLDER, `${this.#vm}-hda.img`);
    return { own, top: path.join(this.layers, `top-${slot}.lsd`) };
  }

  /** All its images, true or not; none for a VM without a hard disk. */
  get images(): readonly string[] {
    const [own, copy] = [this.file('A'), this.file('B')];
    return own === undefined || copy === undefined ? [] : [own, copy];
  }

  /**
   * The settings that can hold with this disk: a secondary cannot read a shared overlay by itself, since the primary
   * changes its map meanwhile. What is read there travels in the log.
   */
  settings(wanted: FtSettings): FtSettings {
    const shared = wanted.diskMode === 'shared' && this.current !== undefined && isOverlay(this.current);
    return shared ? { ...wanted, diskReads: 'log' } : wanted;
  }

  /** In bytes; undefined for a VM without a hard disk. @throws {Error} when the image that is true is gone. */
  bytes(): number | undefined {
    return this.current === undefined ? undefined : diskBytes(this.current);
  }

  /** Reads the lease. @throws {Error} when it cannot be read. */
  reload(): void {
    this.#slot = diskSlot(this.#datastore, this.#vm);
  }

  /** A failover has made this image the true one. @returns whether it was another before. */
  moved(slot: DiskSlot): boolean {
    const changed = slot !== this.#slot;
    this.#slot = slot;
    return changed;
  }

  /** The user's file is another one from now on. */
  replace(own: string): void {
    this.#own = own;
  }

  /** Of a VM that is off: the user's own file, or what stands on it, is the true disk. @throws when that cannot be. */
  chooseOwn(): void {
    const generation = beginGeneration(this.#datastore, this.#vm, `host ${process.pid}`);
    chooseSlot(this.#datastore, this.#vm, generation, 'A');
    this.reload();
  }

  /** Both images are equal and nobody uses them: the user's own is the true one again, if the lease can be written. */
  preferOwn(generation: number): boolean {
    try {
      chooseSlot(this.#datastore, this.#vm, generation, 'A');
      this.reload();
    } catch {
      // Then the copy stays the true one.
    }
    return this.#slot === 'A';
  }

  /** Of a VM that is deleted: removes the copy. @returns the copy, where it is the true one and therefore stays. */
  remove(): string | null {
    const copy = this.names('B')?.own;
    if (copy === undefined || copy === this.#own) return null;
    if (this.#slot === 'B') return copy;
    rmSync(copy, { force: true });
    return null;
  }
}

interface Moved {
  readonly file: string;
  /** Its own file `again`, or an `other` one. */
  readonly where: 'again' | 'other';
}
type Tell = (
  kind: 'disk.moved',
  severity: 'info' | 'warning',
  message: string,
  data: { [key in keyof Moved]: Moved[key] },
) => void;

/** After a power-off: the user's own file is the true disk whenever that can be. `equal`: both are. */
export function settleDisk(disk: VmDisk, equal: boolean, generation: number, tell: Tell): void {
  try {
    // A replica may have won the test-and-set and died before it could say so.
    disk.reload();
  } catch {
    // The datastore is away: a power-on reads it again, and then says why it cannot.
  }
  if (disk.slot === 'A' || disk.current === undefined) return;
  if (equal && disk.preferOwn(generation)) {
    const words = `Both disks are equal: the virtual machine's disk is "${disk.current}" again.`;
    return tell('disk.moved', 'info', words, { file: disk.current, where: 'again' });
  }
  const words =
    `The virtual machine's disk is in "${disk.current}". ` +
    'It is in its own file again after a power-off while Protected with separate disks.';
  tell('disk.moved', 'warning', words, { file: disk.current, where: 'other' });
}

/** The image that the first one's peer uses where each has its own. */
export function otherSlot(slot: DiskSlot): DiskSlot {
  return slot === 'A' ? 'B' : 'A';
}
