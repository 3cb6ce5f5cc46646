/**
 * The logging channel between two processes, as a stream socket gives it.
 *
 * What it guarantees, however it is delayed, narrowed, cut or broken: messages arrive whole, once and in order, or the
 * channel closes. So nothing here repeats or reorders: a network that did would be hidden by the stream, and a new pair
 * gets a new channel. A cut tells nobody, in one direction or both; what was sent waits and arrives when it is healed.
 * When one side closes or dies, any number of its last messages is lost, also such as had left.
 *
 * The one thing beyond the guarantee is `loseHead`: a head is lost and what follows arrives. The protocol promises to
 * notice that.
 */
import { entryKind } from '../../main/ft/log.ts';
import type { Random } from './random.ts';
import type { SimProcess } from './process.ts';
import type { Timeline } from './timeline.ts';

/** Bytes on the way and unread: more is not taken from the sender. */
const WINDOW_BYTES = 4096;

export interface LinkConditions {
  /** One way, in milliseconds; each message may take up to twice as long. */
  latencyMs: number;
  /** Bytes that leave in a millisecond. */
  bytesPerMs: number;
}

interface Packet {
  readonly message: Uint8Array;
  lost: boolean;
}

/** One process's end. */
export class LinkEnd {
  readonly process: SimProcess;
  readonly #link: Link;
  peer!: LinkEnd;
  #onMessage: (message: Uint8Array) => void = () => {};
  #onClose: (why: string) => void = () => {};
  /** Nobody reads before somebody listens. */
  #open = false;
  /** What has not left. */
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #leaving = false;
  #cut = false;
  #closed = false;
  #arrivedAt = 0;
  /** What is on the way to this side. */
  #flying: Packet[] = [];
  #inbox: Uint8Array[] = [];
  #unreadBytes = 0;
  #reading = false;
  #loseHead = false;
  /** The channel has broken, and this side does not know it yet. */
  #broken = false;
  /** The other side has closed, and this one will hear of it. */
  #closing: string | null = null;

  constructor(link: Link, process: SimProcess) {
    this.#link = link;
    this.process = process;
  }

  get closed(): boolean {
    return this.#closed;
  }

  unsentBytes(): number {
    return this.#unsentBytes;
  }

  send(message: Uint8Array): void {
    if (this.#closed || this.#broken) return;
    this.#unsent.push(message);
    this.#unsentBytes += message.length;
    this.pump();
  }

  listen(onMessage: (message: Uint8Array) => void, onClose: (why: string) => void): void {
    this.#onMessage = onMessage;
    this.#onClose = onClose;
    this.#open = true;
    this.pause(false);
    this.#link.time.after(0, () => this.#tellClosed());
  }

  pause(paused: boolean): void {
    this.#reading = !paused;
    if (paused) return;
    for (let unread = this.#inbox.length; unread > 0; unread--) {
      this.#link.time.after(0, () => this.process.post(() => this.#read()));
    }
  }

  /** Nothing leaves this side any more, or again. */
  cut(cut: boolean): void {
    this.#cut = cut;
    if (cut) return;
    this.pump();
    this.peer.#tellClosed();
  }

  /** The next head that leaves never arrives. */
  loseHead(): void {
    this.#loseHead = true;
  }

  /** This side closes, or its process has died. */
  close(why: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unsent = [];
    this.#unsentBytes = 0;
    this.#inbox = [];
    const { peer } = this;
    const { random } = this.#link;
    if (random.chance(0.5)) {
      const from = random.below(peer.#flying.length + 1);
      for (const packet of peer.#flying.slice(from)) packet.lost = true;
    }
    peer.#closing ??= why;
    this.#link.time.after(0, () => peer.#tellClosed());
  }

  /** The channel breaks: what was on the way to this side may be lost, and it is told. */
  breakOff(why: string): void {
    const { random, time } = this.#link;
    const from = random.below(this.#flying.length + 1);
    for (const packet of this.#flying.slice(from)) packet.lost = true;
    this.#cut = false;
    this.#broken = true;
    this.#unsent = [];
    this.#unsentBytes = 0;
    this.#closing ??= why;
    time.after(0, () => this.#tellClosed());
  }

  /** Lets leave what may. */
  pump(): void {
    while (!this.#cut && !this.#closed && !this.#leaving && this.peer.#unreadBytes < WINDOW_BYTES) {
      const message = this.#unsent.shift();
      if (!message) return;
      const { bytesPerMs } = this.#link.conditions;
      if (bytesPerMs >= 1e6) {
        this.#launch(message);
        continue;
      }
      this.#leaving = true;
      this.#link.time.after(message.length / bytesPerMs, () => {
        this.#leaving = false;
        if (this.#closed || this.#broken) return;
        this.#launch(message);
        this.pump();
      });
    }
  }

  #launch(message: Uint8Array): void {
    this.#unsentBytes -= message.length;
    const { time, random, conditions } = this.#link;
    const { peer } = this;
    const packet: Packet = { message, lost: false };
    if (this.#loseHead && entryKind(message) === 'head') {
      this.#loseHead = false;
      packet.lost = true;
    }
    peer.#flying.push(packet);
    peer.#unreadBytes += message.length;
    const due = time.now + conditions.latencyMs * (1 + random.next());
    peer.#arrivedAt = Math.max(peer.#arrivedAt, due);
    time.at(peer.#arrivedAt, () => peer.#arrive(packet));
  }

  #arrive(packet: Packet): void {
    this.#flying.shift();
    if (packet.lost || this.#closed) {
      this.#unreadBytes -= packet.message.length;
    } else {
      this.#inbox.push(packet.message);
      this.process.post(() => this.#read());
    }
    this.#tellClosed();
  }

  #read(): void {
    if (!this.#reading || this.#closed) return;
    const message = this.#inbox.shift();
    if (!message) return;
    this.#unreadBytes -= message.length;
    this.peer.pump();
    this.#onMessage(message);
    this.#tellClosed();
  }

  /** Tells this side, when everything before has arrived and been read. */
  #tellClosed(): void {
    if (this.#closing === null || this.#closed || this.peer.#cut || !this.#open) return;
    if (this.#flying.length > 0 || this.#inbox.length > 0) return;
    const why = this.#closing;
    this.process.post(() => {
      if (this.#closed || this.#inbox.length > 0) return;
      this.#closed = true;
      this.#unsent = [];
      this.#unsentBytes = 0;
      this.#onClose(why);
    });
  }
}

export class Link {
  readonly time: Timeline;
  readonly random: Random;
  readonly conditions: LinkConditions;
  readonly a: LinkEnd;
  readonly b: LinkEnd;

  constructor(
    time: Timeline,
    random: Random,
    conditions: LinkConditions,
    ends: { readonly a: SimProcess; readonly b: SimProcess },
  ) {
    this.time = time;
    this.random = random;
    this.conditions = conditions;
    this.a = new LinkEnd(this, ends.a);
    this.b = new LinkEnd(this, ends.b);
    this.a.peer = this.b;
    this.b.peer = this.a;
  }

  /** Which ways are cut: from `a`, from `b`. */
  cut(fromA: boolean, fromB: boolean): void {
    this.a.cut(fromA);
    this.b.cut(fromB);
  }

  /** It breaks by itself: both sides are told, and lose what was on the way. */
  break(why: string): void {
    if (this.a.closed || this.b.closed) return;
    for (const end of [this.a, this.b]) end.breakOff(why);
  }
}
