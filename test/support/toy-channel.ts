/**
 * A logging channel in memory: whole messages, in order, with a delay, on a clock that a test turns by hand.
 *
 * Invariants: nothing is delivered outside `turn`; nothing is delivered to a side after it was told of the closing. A
 * cut channel tells nobody: what was sent waits, as in a network that is down, and arrives when it is healed.
 */

/** One side's view of the channel. */
export class ToyEnd {
  readonly channel: ToyChannel;
  peer: ToyEnd | null = null;
  /** Messages on their way to this side, and when they are due. */
  readonly arriving: { readonly at: number; readonly message: Uint8Array }[] = [];
  /** This side does not read, by its own will. */
  paused = false;
  /** This side's process is stopped. */
  asleep = false;
  /** What becomes of a message on its way to this side; null when it is lost. */
  tamper: (message: Uint8Array) => Uint8Array | null = (message) => message;
  onMessage: (message: Uint8Array) => void = () => {};
  onClose: (why: string) => void = () => {};
  closedAt = Number.POSITIVE_INFINITY;
  closedWhy = '';

  constructor(channel: ToyChannel) {
    this.channel = channel;
  }

  send(message: Uint8Array): void {
    const { peer } = this;
    if (!peer || this.channel.closed) return;
    const due = this.channel.now() + this.channel.latencyMs;
    peer.arriving.push({ at: Math.max(due, peer.arriving.at(-1)?.at ?? 0), message: message.slice() });
  }

  /** What the other side does not read piles up here. */
  unsentBytes(): number {
    const { peer } = this;
    if (!peer || (!peer.paused && !peer.asleep && !this.channel.isCut)) return 0;
    return peer.arriving.reduce((sum, { message }) => sum + message.length, 0);
  }

  /** This side closes the channel; the last `dropped` of its messages are lost with it. */
  close(why: string, dropped = 0): void {
    const { peer } = this;
    if (!peer || this.channel.closed) return;
    peer.arriving.splice(Math.max(0, peer.arriving.length - dropped));
    this.channel.close(why);
  }
}

export class ToyChannel {
  readonly now: () => number;
  readonly primary: ToyEnd;
  readonly backup: ToyEnd;
  /** From sending to receiving, in milliseconds; applies to what is sent from now on. */
  latencyMs: number;
  #cut = false;
  #closed = false;

  constructor(now: () => number, latencyMs: number) {
    this.now = now;
    this.latencyMs = latencyMs;
    this.primary = new ToyEnd(this);
    this.backup = new ToyEnd(this);
    this.primary.peer = this.backup;
    this.backup.peer = this.primary;
  }

  get isCut(): boolean {
    return this.#cut;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Nothing gets through any more, and nobody is told. */
  cut(): void {
    this.#cut = true;
  }

  /** What was sent meanwhile arrives now, late. */
  heal(): void {
    this.#cut = false;
  }

  /** Both sides are told, after what was sent before. */
  close(why: string): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const end of [this.primary, this.backup]) {
      end.closedAt = Math.max(this.now() + this.latencyMs, end.arriving.at(-1)?.at ?? 0);
      end.closedWhy = why;
    }
  }

  /** Delivers what is due. */
  turn(): void {
    if (this.#cut) return;
    for (const end of [this.primary, this.backup]) this.#deliver(end);
  }

  #deliver(end: ToyEnd): void {
    for (;;) {
      const next = end.arriving[0];
      if (!next || next.at > this.now() || end.paused || end.asleep) break;
      end.arriving.shift();
      const message = end.tamper(next.message);
      if (message) end.onMessage(message);
    }
    if (end.closedAt > this.now() || end.arriving.length > 0 || end.asleep) return;
    end.closedAt = Number.POSITIVE_INFINITY;
    end.onClose(end.closedWhy);
  }
}
