/**
 * The sending half of a connection: what may be sent now, what must be sent again, and when to worry.
 *
 * Invariant: everything between `una` and `max` was sent and is not acknowledged; `next` goes back to `una` when all of
 * it is to be sent again. Positions: 0 is the SYN, data begin at 1, the FIN stands behind them (see sequence.ts).
 */
import { Congestion } from './congestion.ts';
import { SendBuffer } from './send-buffer.ts';
import { HANDSHAKE_MS_MAX, RetransmissionTimeout, SILENCE_MS_MAX } from './timers.ts';

/** One segment that is to go out: `length` bytes of data from `position` on. */
export interface Outgoing {
  readonly position: number;
  readonly length: number;
  readonly syn: boolean;
  readonly fin: boolean;
  /** The last of what there is to send at present. */
  readonly push: boolean;
}

/** What a timeout asks for: nothing (send on), a question for the window, or the end. */
export type TimeoutOutcome = 'send' | 'probe' | 'dead';

export class Sender {
  readonly buffer = new SendBuffer(1);
  readonly timeout = new RetransmissionTimeout();
  readonly #room: () => boolean;
  readonly #emit: (segment: Outgoing) => void;
  #congestion: Congestion;
  #mss: number;
  #una = 0;
  #next = 0;
  #max = 0;
  #finished = false;
  /** The peer's window in bytes, the greatest there was, and the segment that told it (RFC 9293: WL1, WL2). */
  #window = 0;
  #windowMax = 0;
  #windowFrom = { position: -1, acknowledgment: -1 };
  /** The end of the segment whose round trip is being measured. */
  #timed: { readonly end: number; readonly at: number } | null = null;
  /** What the deadline is for: an acknowledgement, or a window; null when it has to be set anew. */
  #waitsFor: 'nothing' | 'acknowledgement' | 'window' | null = null;
  #deadlineMs = Infinity;
  /** Since when timeouts passed and nothing was heard. */
  #silentSince: number | null = null;
  #resendFirst = false;
  /** A window that is too small to be worth filling is filled all the same: nothing better came. */
  #fillSmallWindow = false;
  #resent = 0;

  /** `room`: whether the way to the peer takes another segment with data now. */
  constructor(mss: number, room: () => boolean, emit: (segment: Outgoing) => void) {
    this.#mss = mss;
    this.#congestion = new Congestion(mss);
    this.#room = room;
    this.#emit = emit;
  }

  get una(): number {
    return this.#una;
  }

  /** Position after the last that was ever sent. */
  get max(): number {
    return this.#max;
  }

  /** Where a segment without data stands: where the peer expects the next, but not beyond its window. */
  get acceptablePosition(): number {
    return Math.max(this.#una, Math.min(this.#max, this.#una + this.#window));
  }

  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** Whether the peer has all data; it may still lack the FIN. */
  get dataAcknowledged(): boolean {
    return this.#finished && this.#una >= this.buffer.end;
  }

  get finAcknowledged(): boolean {
    return this.#finished && this.#una > this.buffer.end;
  }

  /** Whether nothing is under way and nothing waits. */
  get idle(): boolean {
    return this.#una === this.#total;
  }

  /** Segments that were sent more than once. */
  get resent(): number {
    return this.#resent;
  }

  get window(): number {
    return this.#window;
  }

  /** The position after everything that is to be sent, the FIN included. */
  get #total(): number {
    return this.buffer.end + (this.#finished ? 1 : 0);
  }

  get #flight(): number {
    return this.#next - this.#una;
  }

  /** The peer's handshake says which segments it takes. */
  setMss(mss: number): void {
    this.#mss = mss;
    this.#congestion = new Congestion(mss);
  }

  /** No more data: a FIN goes out behind the last. */
  finish(): void {
    this.#finished = true;
  }

  /** A valid segment came: the peer lives. */
  heard(): void {
    this.#silentSince = null;
  }

  /**
   * The peer has everything before `position`, which is not beyond `max`.
   * `plain`: the segment carries nothing else; `window` in bytes.
   */
  acknowledged(position: number, window: number, plain: boolean, nowMs: number): void {
    if (position > this.#una) {
      this.#advance(position, nowMs);
    } else if (plain && position === this.#una && window === this.#window && this.#flight > 0) {
      this.#resendFirst ||= this.#congestion.duplicate(this.#una, this.#flight, this.#max);
    }
  }

  #advance(position: number, nowMs: number): void {
    const acked = position - this.#una;
    if (this.#timed && position >= this.#timed.end) {
      this.timeout.sample(nowMs - this.#timed.at);
      this.#timed = null;
    }
    this.#una = position;
    this.#next = Math.max(this.#next, position);
    this.buffer.release(Math.min(position, this.buffer.end));
    this.timeout.reset();
    this.#resendFirst = this.#congestion.advanced(position, acked, this.#flight);
    this.#waitsFor = null;
  }

  /** The window that a segment at `position` with this acknowledgement tells; older news is ignored. */
  updateWindow(window: number, position: number, acknowledgment: number): void {
    const from = this.#windowFrom;
    if (position < from.position || (position === from.position && acknowledgment < from.acknowledgment)) return;
    this.#windowFrom = { position, acknowledgment };
    this.#window = window;
    this.#windowMax = Math.max(this.#windowMax, window);
    if (window > 0 && this.#waitsFor === 'window') this.#waitsFor = null;
  }

  /** Sends what may be sent now. */
  transmit(nowMs: number): void {
    if (this.#resendFirst) this.#sendFirstAgain();
    if (this.#next === 0) {
      this.#send({ position: 0, length: 0, syn: true, fin: false, push: false }, nowMs);
    } else if (this.#una > 0) {
      while (this.#room() && this.#sendNext(nowMs));
    }
    this.#fillSmallWindow = false;
    this.#arm(nowMs);
  }

  /** @returns whether there was something that may be sent. */
  #sendNext(nowMs: number): boolean {
    const position = this.#next;
    const data = this.buffer.end - position;
    if (position >= this.#total) return false;
    const windowRoom = this.#una + this.#window - position;
    const room = Math.min(windowRoom, this.#una + this.#congestion.window - position);
    const length = Math.floor(Math.max(0, Math.min(data, room, this.#mss)));
    // The silly window syndrome (RFC 9293, section 3.8.6.2.1): no crumbs because of a small window.
    const crumb = length < data && length < this.#mss && length < this.#windowMax / 2;
    if (crumb && !(this.#fillSmallWindow && this.#flight === 0)) return false;
    // The congestion window is no reason to keep a FIN back.
    const fin = this.#finished && length === data && windowRoom > length;
    if (length === 0 && !fin) return false;
    this.#send({ position, length, syn: false, fin, push: length === data }, nowMs);
    return true;
  }

  #send(segment: Outgoing, nowMs: number): void {
    const end = segment.position + segment.length + (segment.syn || segment.fin ? 1 : 0);
    if (segment.position < this.#max) {
      this.#resent += 1;
      this.#timed = null;
    } else if (!this.#timed) {
      this.#timed = { end, at: nowMs };
    }
    this.#next = end;
    this.#max = Math.max(this.#max, end);
    this.#emit(segment);
  }

  #sendFirstAgain(): void {
    this.#resendFirst = false;
    const position = this.#una;
    if (position >= this.#max || position === 0) return;
    const length = Math.min(this.#mss, this.buffer.end - position, this.#max - position);
    const fin = this.#finished && position + length === this.buffer.end && this.#max > this.buffer.end;
    this.#timed = null;
    this.#resent += 1;
    this.#waitsFor = null;
    this.#emit({ position, length, syn: false, fin, push: false });
  }

  #arm(nowMs: number): void {
    const needed = this.#flight > 0 ? 'acknowledgement' : this.#una < this.#total ? 'window' : 'nothing';
    if (needed === this.#waitsFor) return;
    this.#waitsFor = needed;
    this.#deadlineMs = needed === 'nothing' ? Infinity : nowMs + this.timeout.currentMs;
  }

  /** The deadline has passed. `transmit` follows; with `probe`, the caller asks the peer for its window too. */
  timedOut(nowMs: number): TimeoutOutcome {
    this.#silentSince ??= nowMs;
    const silenceMax = this.#una === 0 ? HANDSHAKE_MS_MAX : SILENCE_MS_MAX;
    this.timeout.backOff();
    if (nowMs + this.timeout.currentMs - this.#silentSince > silenceMax) return 'dead';
    if (this.#flight > 0) {
      this.#congestion.timedOut(this.#flight, this.#max);
      this.#goBack();
      return 'send';
    }
    this.#waitsFor = null;
    this.#fillSmallWindow = true;
    return this.#window === 0 ? 'probe' : 'send';
  }

  /**
   * What was under way may be lost, through no fault of the path: everything unacknowledged goes out again with the
   * next `transmit`, and timeouts begin anew.
   * @returns whether the peer must be asked for its window, because the answer may be among what was lost.
   */
  startAgain(): boolean {
    this.timeout.reset();
    this.#silentSince = null;
    this.#congestion.restart(this.#max);
    const windowClosed = this.#flight === 0 && !this.idle;
    this.#goBack();
    return windowClosed;
  }

  #goBack(): void {
    this.#next = this.#una;
    this.#timed = null;
    this.#resendFirst = false;
    this.#waitsFor = null;
  }
}
