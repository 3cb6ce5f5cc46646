/**
 * A disk in whose place another one can be put while it is used.
 *
 * Invariant: every operation is carried out whole on one of the two; the former one is closed when its last operation
 * has ended.
 */
import { assert } from '../../ft/assert.ts';
import type { BlockDevice } from './device.ts';

export class SwitchableDisk implements BlockDevice {
  #disk: BlockDevice;
  #underWay = new Set<Promise<unknown>>();

  constructor(disk: BlockDevice) {
    this.#disk = disk;
  }

  get path(): string {
    return this.#disk.path;
  }

  get byteLength(): number {
    return this.#disk.byteLength;
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return this.#during(this.#disk.read(offset, length));
  }

  readInto(target: Uint8Array, offset: number): Promise<void> {
    return this.#during(this.#disk.readInto(target, offset));
  }

  write(offset: number, data: Uint8Array): Promise<void> {
    return this.#during(this.#disk.write(offset, data));
  }

  flush(): Promise<void> {
    return this.#during(this.#disk.flush());
  }

  close(): Promise<void> {
    return this.#disk.close();
  }

  /** Everything from now on goes to this one, which reads the same at this moment. */
  switchTo(disk: BlockDevice): void {
    assert(disk.byteLength === this.byteLength, 'what takes the place of a disk is as large');
    const [former, left] = [this.#disk, [...this.#underWay]];
    this.#disk = disk;
    this.#underWay = new Set();
    void Promise.allSettled(left)
      .then(() => former.close())
      .catch(() => {
        // It was only read since its last flush: there is nothing to lose.
      });
  }

  async #during<T>(operation: Promise<T>): Promise<T> {
    const set = this.#underWay;
    set.add(operation);
    try {
      return await operation;
    } finally {
      set.delete(operation);
    }
  }
}
