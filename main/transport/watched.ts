/**
 * A link whose other end is a process of this computer: it closes as soon as that process is ending.
 *
 * A process that was killed keeps its sockets until the kernel has taken back its memory: 10 to 100 ms for a replica of
 * some hundred MB, measured. Linux says at once that it is on its way out (`PF_EXITING` among the flags of
 * /proc/PID/stat, proc(5)): it will execute nothing any more. So a link that is silent for longer than is usual for it
 * has a look. Elsewhere, and for another computer, the link closes when it closes.
 *
 * Invariant: what is said of a process is true when it is said and stays true: none that could go on is taken for dead.
 * What had arrived from it is delivered first.
 */
import { readFileSync } from 'node:fs';
import type { Transport } from './transport.ts';

/** include/linux/sched.h: PF_EXITING. */
const EXITING = 0x4;
/** Where the flags stand in the line, counted from behind the name in parentheses, which may hold anything. */
const FLAGS_FIELD = 6;
/** A look takes some 20 µs; between two are so many milliseconds, and so many usual gaps between messages. */
const LOOK_MS_MIN = 3;
const LOOK_MS_MAX = 100;
const GAPS = 2;
/** Weight of the newest gap in the moving average. */
const GAP_WEIGHT = 0.1;

/** The flags of a process; null where there is no such process, or /proc does not show it. */
function flagsOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[FLAGS_FIELD]);
  } catch {
    return null;
  }
}

/** Whether a process that /proc has shown before executes nothing any more. */
export function isEnding(pid: number): boolean {
  const flags = flagsOf(pid);
  return flags === null || (flags & EXITING) !== 0;
}

/** `pid`: the process at the other end. */
export class WatchedTransport implements Transport {
  readonly #inner: Transport;
  readonly #pid: number;
  #onClose: ((why: string) => void) | null = null;
  #why: string | null = null;
  #heardAt = performance.now();
  #gapMs = LOOK_MS_MAX;
  #timer: NodeJS.Timeout | undefined;

  constructor(inner: Transport, pid: number) {
    this.#inner = inner;
    this.#pid = pid;
    // Where it cannot be seen now (another system, a /proc that is hidden) not seeing it later says nothing.
    if (flagsOf(pid) !== null) this.#lookIn(LOOK_MS_MAX);
    inner.onClose((why) => this.#closed(why));
  }

  send(message: Uint8Array): void {
    this.#inner.send(message);
  }

  unsentBytes(): number {
    return this.#inner.unsentBytes();
  }

  drained(): Promise<void> {
    return this.#inner.drained();
  }

  pause(paused: boolean): void {
    this.#inner.pause(paused);
  }

  onMessage(listener: (message: Uint8Array) => void): void {
    this.#inner.onMessage((message) => {
      const now = performance.now();
      const gapMs = now - this.#heardAt;
      this.#gapMs += (gapMs - this.#gapMs) * GAP_WEIGHT;
      this.#heardAt = now;
      // Where messages are few, each puts the look off: the process is awake, and need not be woken to find that out.
      if (gapMs > LOOK_MS_MIN && this.#timer) this.#lookIn(this.#patienceMs);
      listener(message);
    });
  }

  onClose(listener: (why: string) => void): void {
    this.#onClose = listener;
    if (this.#why !== null) listener(this.#why);
  }

  close(): void {
    this.#lookNoMore();
    this.#inner.close();
  }

  #closed(why: string): void {
    if (this.#why !== null) return;
    this.#why = why;
    this.#lookNoMore();
    this.#onClose?.(why);
  }

  get #patienceMs(): number {
    return Math.min(LOOK_MS_MAX, Math.max(LOOK_MS_MIN, this.#gapMs * GAPS));
  }

  #lookIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), Math.max(1, ms));
  }

  #lookNoMore(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const silentMs = performance.now() - this.#heardAt;
    if (silentMs < this.#patienceMs) return this.#lookIn(this.#patienceMs - silentMs);
    if (!isEnding(this.#pid)) return this.#lookIn(this.#patienceMs);
    this.#lookNoMore();
    // Sockets are read between timers and immediates: what the process has still sent comes first.
    setImmediate(() => {
      this.#closed(`process ${this.#pid} at its other end is ending`);
      this.#inner.close();
    });
  }
}
