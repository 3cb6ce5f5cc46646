/**
 * A file in memory that remembers every write and sync, and what a crash at any moment would have left of it.
 *
 * Invariant: a killed process leaves all writes that had begun, the last perhaps in part; a power cut leaves all that
 * was synced, and of what came later any part, sector by sector.
 */
import type { DiskFile } from '../../../main/datastore/disk/device.ts';

const SECTOR_BYTES = 512;

type Operation = { readonly offset: number; readonly bytes: Buffer } | 'sync';

export class ForgetfulFile implements DiskFile {
  readonly path: string;
  readonly #start: Buffer;
  #content: Buffer<ArrayBuffer>;
  readonly operations: Operation[] = [];

  constructor(start: Uint8Array = Buffer.alloc(0), path = 'memory.lsd') {
    this.path = path;
    this.#start = Buffer.from(start);
    this.#content = Buffer.from(start);
  }

  size(): Promise<number> {
    return Promise.resolve(this.#content.length);
  }

  read(target: Uint8Array, offset: number): Promise<number> {
    const part = this.#content.subarray(offset, offset + target.length);
    target.set(part);
    return Promise.resolve(part.length);
  }

  write(bytes: Uint8Array, offset: number): Promise<void> {
    const operation = { offset, bytes: Buffer.from(bytes) };
    this.operations.push(operation);
    this.#content = apply(this.#content, operation);
    return Promise.resolve();
  }

  sync(): Promise<void> {
    this.operations.push('sync');
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /**
   * What its process leaves when it is killed after `count` operations and `part` (0 to 1) of the next. The computer
   * runs on: what was not synced is still not.
   */
  killed(count: number, part = 0): ForgetfulFile {
    const left = new ForgetfulFile(this.#start, this.path);
    const next = this.operations[count];
    const begun = next && next !== 'sync' ? Math.floor(next.bytes.length * part) : 0;
    left.operations.push(...this.operations.slice(0, count));
    if (next && next !== 'sync' && begun > 0) left.operations.push({ ...next, bytes: next.bytes.subarray(0, begun) });
    for (const operation of left.operations) left.#content = apply(left.#content, operation);
    return left;
  }

  /** The same after a power cut: `survives` says of each sector that was not synced whether it was written. */
  powerCut(count: number, survives: () => boolean): ForgetfulFile {
    const synced = this.operations.slice(0, count).lastIndexOf('sync') + 1;
    let content = Buffer.from(this.#start);
    for (const operation of this.operations.slice(0, synced)) content = apply(content, operation);
    for (const operation of this.operations.slice(synced, count)) {
      if (operation === 'sync') continue;
      for (let at = 0; at < operation.bytes.length; at += SECTOR_BYTES) {
        if (!survives()) continue;
        const bytes = operation.bytes.subarray(at, at + SECTOR_BYTES);
        content = apply(content, { offset: operation.offset + at, bytes });
      }
    }
    return new ForgetfulFile(content, this.path);
  }
}

function apply(content: Buffer<ArrayBuffer>, operation: Operation): Buffer<ArrayBuffer> {
  if (operation === 'sync') return content;
  const { offset, bytes } = operation;
  let target = content;
  if (offset + bytes.length > content.length) {
    target = Buffer.alloc(offset + bytes.length);
    content.copy(target);
  }
  bytes.copy(target, offset);
  return target;
}
