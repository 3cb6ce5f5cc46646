/**
 * A small file system in memory that a test fills (Linux, as root).
 *
 * Invariant: it is gone after the test; without root there is none, and the test says that it was skipped.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export class SmallDisk {
  readonly folder = mkdtempSync(path.join(os.tmpdir(), 'lockstep-small-'));
  readonly #filler = path.join(this.folder, 'filler');

  /** Of so many MiB. @throws {Error} where it cannot be mounted. */
  constructor(mib: number) {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mib}m,mode=700`, 'lockstep-test', this.folder]);
  }

  static get possible(): boolean {
    return process.platform === 'linux' && process.getuid?.() === 0;
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.folder);
    return bavail * bsize;
  }

  /** Takes up all that is free but for so many bytes. */
  fill(leaveBytes = 0): void {
    const file = openSync(this.#filler, 'a');
    const piece = Buffer.alloc(65_536);
    try {
      while (this.freeBytes > leaveBytes) {
        writeSync(file, piece, 0, Math.max(1, Math.min(piece.length, this.freeBytes - leaveBytes)));
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  }

  /** Gives back what was taken. */
  empty(): void {
    rmSync(this.#filler, { force: true });
  }

  remove(): void {
    execFileSync('umount', ['-l', this.folder]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
