/**
 * The frames of a VM's NIC, written to a pcapng file while they pass.
 *
 * Invariants: writing never holds up a frame; what waits to be written is bounded, and frames beyond are missing from
 * the file, which says at its end how many. A file that cannot be written ends the capture, never the network.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { FRAME_BYTES_MAX } from './wire/ethernet.ts';
import {
  enhancedPacket,
  interfaceDescription,
  interfaceStatistics,
  sectionHeader,
  type Direction,
} from './wire/pcapng.ts';

export const WAITING_BYTES_MAX = 4 << 20;

export interface CaptureCounters {
  readonly frames: number;
  readonly dropped: number;
}

export class Capture {
  readonly file: string;
  readonly #handle: FileHandle;
  /** Called when writing failed, once. */
  readonly #failed: (why: string) => void;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | null = null;
  #ended = false;
  #frames = 0;
  #dropped = 0;

  /** Begins a file, which must not exist. @throws {Error} (rejects) that names what is wrong and what to do. */
  static async start(file: string, name: string, failed: (why: string) => void): Promise<Capture> {
    let handle: FileHandle;
    try {
      handle = await open(file, 'wx', 0o600);
    } catch (error) {
      throw new Error(cannotOpen(file, error as NodeJS.ErrnoException), { cause: error });
    }
    const capture = new Capture(file, handle, failed);
    capture.#write(sectionHeader('Lockstep'));
    capture.#write(interfaceDescription(name, FRAME_BYTES_MAX));
    return capture;
  }

  private constructor(file: string, handle: FileHandle, failed: (why: string) => void) {
    this.file = file;
    this.#handle = handle;
    this.#failed = failed;
  }

  get counters(): CaptureCounters {
    return { frames: this.#frames, dropped: this.#dropped };
  }

  /** `wallMs` is milliseconds since 1970, fractions and all. */
  add(frame: Uint8Array, direction: Direction, wallMs: number): void {
    if (this.#ended) return;
    this.#frames += 1;
    if (this.#waitingBytes + frame.length > WAITING_BYTES_MAX) this.#dropped += 1;
    else this.#write(enhancedPacket(frame, nanoseconds(wallMs), direction));
  }

  /** Writes what waits and closes the file. */
  async stop(wallMs: number): Promise<CaptureCounters> {
    if (this.#ended) return this.counters;
    this.#ended = true;
    this.#write(interfaceStatistics(nanoseconds(wallMs), this.#frames, this.#dropped));
    await this.#writing;
    await this.#handle.close().catch(() => {});
    return this.counters;
  }

  #write(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#writing ??= this.#drain();
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const bytes = Buffer.concat(this.#waiting.splice(0));
        for (let at = 0; at < bytes.length; ) at += (await this.#handle.write(bytes, at)).bytesWritten;
        this.#waitingBytes -= bytes.length;
      }
      this.#writing = null;
    } catch (error) {
      this.#waiting = [];
      const wasEnded = this.#ended;
      this.#ended = true;
      await this.#handle.close().catch(() => {});
      if (!wasEnded) this.#failed(`${this.file} cannot be written: ${(error as Error).message}`);
    }
  }
}

function nanoseconds(wallMs: number): bigint {
  // A double holds milliseconds since 1970 to a quarter of a microsecond.
  const whole = Math.floor(wallMs);
  return BigInt(whole) * 1_000_000n + BigInt(Math.floor((wallMs - whole) * 1e6));
}

function cannotOpen(file: string, error: NodeJS.ErrnoException): string {
  if (error.code === 'EEXIST') return `${file} exists: choose another name, or remove it`;
  if (error.code === 'ENOENT') return `${file}: there is no such folder`;
  return `${file} cannot be written: ${error.message}`;
}
