/**
 * A disk that is opened when it is used: a backup that goes live on a shared disk has no say before its former user
 * has ended, and must see all that it wrote.
 *
 * Invariant: the file is not opened before the fence; where that fails, the operation fails, and the next one tries it
 * again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { DiskError, type BlockDevice } from './device.ts';
import { diskBytes, openDisk } from './open.ts';

/** What cannot be opened is tried so many times, this far apart in milliseconds. */
const TRIES = 5;
const PAUSE_MS = 20;

/** A file, or what says which one it is at this moment. */
export type DiskName = string | (() => string);

export function nameOf(file: DiskName): string {
  return typeof file === 'string' ? file : file();
}

export class LateDisk implements BlockDevice {
  readonly byteLength: number;
  readonly #file: () => string;
  readonly #fence: Promise<void>;
  readonly #readOnly: boolean;
  #opening: Promise<BlockDevice> | null = null;
  #disk: BlockDevice | null = null;
  #closed = false;

  /**
   * `file` is asked anew when it is opened: its former user may have begun another one.
   * @throws {Error} when there is no such disk.
   */
  constructor(file: DiskName, readOnly: boolean, fence: Promise<void>) {
    this.#file = () => nameOf(file);
    this.byteLength = diskBytes(this.#file());
    this.#readOnly = readOnly;
    this.#fence = fence;
  }

  get path(): string {
    return this.#disk?.path ?? this.#file();
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    return (this.#disk ?? (await this.#open())).read(offset, length);
  }

  async readInto(target: Uint8Array, offset: number): Promise<void> {
    return (this.#disk ?? (await this.#open())).readInto(target, offset);
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    return (this.#disk ?? (await this.#open())).write(offset, data);
  }

  async flush(): Promise<void> {
    return (this.#disk ?? (await this.#open())).flush();
  }

  async close(): Promise<void> {
    // What is being opened at this moment is closed then: nobody waits for a fence that may never come.
    this.#closed = true;
    await this.#disk?.close();
  }

  #open(): Promise<BlockDevice> {
    this.#opening ??= this.#openNow().finally(() => (this.#opening = null));
    return this.#opening;
  }

  async #openNow(): Promise<BlockDevice> {
    await this.#fence;
    const disk = this.#closed ? null : await openSettled(this.#file, this.#readOnly);
    if (this.#closed) await disk?.close();
    if (this.#closed || !disk) throw new Error(`${this.path} is closed`);
    this.#disk = disk;
    return disk;
  }
}

/**
 * Opens a disk of which layers may be merged at this very moment: one that was just there is gone then, and not needed.
 * `file` is asked anew at each try. @throws as `openDisk`.
 */
export async function openSettled(file: DiskName, readOnly: boolean): Promise<BlockDevice> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await openDisk(nameOf(file), readOnly);
    } catch (error) {
      const gone = error instanceof DiskError || (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (!gone || tries === TRIES) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
