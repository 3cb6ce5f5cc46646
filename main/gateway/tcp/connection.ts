/**
 * One TCP connection (RFC 9293), seen from our end: a state machine without sockets and without a clock.
 *
 * Invariant: nothing leaves but through `output`, and only in `flush` (resets excepted): whoever hands over a batch of
 * segments flushes once, and so one acknowledgement answers the batch. What the peer sends can close the connection,
 * but never make it throw or keep more than its capacity.
 */
import { FLAG, type TcpHeader, type TcpSegment } from '../wire/tcp.ts';
import { type Received, Receiver } from './receiver.ts';
import type { SendBuffer } from './send-buffer.ts';
import { type Outgoing, Sender } from './sender.ts';
import { positionOf, sequenceOf } from './sequence.ts';
import {
  CHALLENGE_INTERVAL_MS,
  KEEPALIVE_IDLE_MS,
  KEEPALIVE_INTERVAL_MS,
  KEEPALIVE_PROBES,
  TIME_WAIT_MS,
} from './timers.ts';

/** RFC 9293, section 3.3.2. In `listen` the peer's SYN was heard and not answered yet. */
export type TcpState =
  | 'listen'
  | 'syn-sent'
  | 'syn-received'
  | 'established'
  | 'fin-wait-1'
  | 'fin-wait-2'
  | 'close-wait'
  | 'closing'
  | 'last-ack'
  | 'time-wait'
  | 'closed';

/** Why a connection is closed. `refused`: reset before it was established. `silent`: the peer answers nothing. */
export type CloseReason = 'finished' | 'reset' | 'refused' | 'silent' | 'aborted';

/** Where segments go: `length` bytes of `data` from `position` on stand behind the header, which is used again. */
export type SegmentOutput = (header: Readonly<TcpHeader>, data: SendBuffer, position: number, length: number) => void;

export interface ConnectionOptions {
  readonly localPort: number;
  readonly remotePort: number;
  /** Unpredictable 32 bits (RFC 6528). */
  readonly initialSequence: number;
  /** The longest segment that the wire carries, in bytes of data. */
  readonly mss: number;
  /** The most that is kept in one direction, in bytes: decides the window scale. */
  readonly bufferBytesMax: number;
  /** How much may be kept at present: at most `bufferBytesMax`, less where memory is short. */
  readonly capacity: () => number;
  /** Whether the way to the peer takes another segment with data now; after false, `flush` when it does again. */
  readonly room: () => boolean;
  readonly output: SegmentOutput;
}

/** What a peer takes that does not say (RFC 9293, section 3.7.1). */
const MSS_DEFAULT = 536;
/** A peer that takes less than this gets this (Linux: 48). */
const MSS_MIN = 64;
/** How many duplicate acknowledgements one batch may cause: more than enough for the peer to see a loss. */
const DUPLICATES_PER_BATCH = 16;

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  readonly #header: TcpHeader;
  readonly #scale: number;
  #state: TcpState = 'closed';
  #reason: CloseReason | null = null;
  /** How far the peer's windows are shifted. */
  #peerScale = 0;
  /** Whether both sides scale. */
  #scaling = true;
  #ackDue = false;
  #duplicatesDue = 0;
  #challengedAt = -Infinity;
  #heardAt = 0;
  #probes = 0;
  #probeDue = false;
  #timeWaitEndsAt = Infinity;

  private constructor(options: ConnectionOptions, nowMs: number) {
    this.#options = options;
    this.#scale = scaleFor(options.bufferBytesMax);
    this.#receiver = new Receiver(options.capacity, options.mss);
    this.#sender = new Sender(options.mss, options.room, (segment) => this.#emit(segment));
    this.#heardAt = nowMs;
    this.#header = {
      sourcePort: options.localPort,
      destinationPort: options.remotePort,
      sequence: 0,
      acknowledgment: 0,
      flags: 0,
      window: 0,
      mss: null,
      windowScale: null,
    };
  }

  /** We open: the SYN leaves with the next `flush`. */
  static connect(options: ConnectionOptions, nowMs: number): Connection {
    const connection = new Connection(options, nowMs);
    connection.#state = 'syn-sent';
    return connection;
  }

  /** The peer opens with this SYN. It is answered after `accept`, or by `abort`. */
  static listen(options: ConnectionOptions, syn: TcpSegment, nowMs: number): Connection {
    const connection = new Connection(options, nowMs);
    connection.#state = 'listen';
    connection.#takeSyn(syn);
    return connection;
  }

  get state(): TcpState {
    return this.#state;
  }

  /** null until the state is `closed`. */
  get reason(): CloseReason | null {
    return this.#reason;
  }

  /** Whether the handshake is done and the connection exists. */
  get isOpen(): boolean {
    switch (this.#state) {
      case 'closed':
      case 'listen':
      case 'syn-sent':
      case 'syn-received':
        return false;
      default:
        return true;
    }
  }

  /** How many more bytes `write` should be given. */
  get writable(): number {
    return Math.max(0, this.#options.capacity() - this.#sender.buffer.length);
  }

  /** Bytes in memory, both directions. */
  get buffered(): number {
    return this.#sender.buffer.length + this.#receiver.readable;
  }

  /** Whether the peer has said that it sends no more, and all it sent was read. */
  get ended(): boolean {
    return this.#receiver.finReached && this.#receiver.readable === 0;
  }

  /** Segments that were sent more than once. */
  get resent(): number {
    return this.#sender.resent;
  }

  get roundTripMs(): number | null {
    return this.#sender.timeout.roundTripMs;
  }

  /** Answers the SYN of a connection in `listen`. */
  accept(): void {
    if (this.#state === 'listen') this.#state = 'syn-received';
  }

  /** Takes all of it, without a copy where it is large: `writable` says how much is wise. */
  write(bytes: Uint8Array): void {
    if (this.#state !== 'closed' && !this.#sender.finished) this.#sender.buffer.append(bytes);
  }

  /** The next bytes from the peer; null when there are none now. */
  read(): Uint8Array | null {
    return this.#receiver.read();
  }

  /** We send no more: a FIN follows the last byte. The peer may go on. */
  finish(): void {
    if (this.#sender.finished) return;
    this.#sender.finish();
    if (this.#state === 'established') this.#state = 'fin-wait-1';
    else if (this.#state === 'close-wait') this.#state = 'last-ack';
  }

  /** Ends it with a reset. */
  abort(reason: CloseReason = 'aborted'): void {
    if (this.#state === 'closed') return;
    const sequence = this.#state === 'listen' ? 0 : this.#sequenceOf(this.#sender.max);
    // Whoever has not answered our SYN yet gets no acknowledgement: there is nothing to acknowledge.
    const flags = this.#state === 'syn-sent' ? FLAG.rst : FLAG.rst | FLAG.ack;
    const unsent = this.#state === 'syn-sent' && this.#sender.max === 0;
    if (!unsent && this.#state !== 'time-wait') this.#sendHeader(flags, sequence);
    this.#close(reason);
  }

  /** Whether a connection that only waits for old segments to die makes room for this SYN (RFC 9293, section 3.6.1). */
  yieldsTo(segment: TcpSegment): boolean {
    if (this.#state !== 'time-wait' || (segment.flags & (FLAG.syn | FLAG.ack | FLAG.rst)) !== FLAG.syn) return false;
    return this.#receiver.positionOf(segment.sequence) > this.#receiver.next;
  }

  receive(segment: TcpSegment, nowMs: number): void {
    switch (this.#state) {
      case 'closed':
        return;
      case 'listen':
        return this.#receiveInListen(segment, nowMs);
      case 'syn-sent':
        return this.#receiveInSynSent(segment, nowMs);
      case 'syn-received':
      case 'established':
      case 'fin-wait-1':
      case 'fin-wait-2':
      case 'close-wait':
      case 'closing':
      case 'last-ack':
      case 'time-wait':
        return this.#receiveSynchronized(segment, nowMs);
    }
  }

  /** Sends what may and must be sent. */
  flush(nowMs: number): void {
    if (this.#state === 'closed' || this.#state === 'listen') return;
    if (this.#state !== 'time-wait') this.#sender.transmit(nowMs);
    if (!this.isOpen) return;
    if (this.#probeDue) this.#sendProbe();
    const duplicates = Math.min(this.#duplicatesDue, DUPLICATES_PER_BATCH);
    for (let count = 0; count < duplicates; count++) this.#sendAck();
    if (this.#ackDue || this.#receiver.windowUpdateDue) this.#sendAck();
  }

  /** When `tick` has something to do. */
  get deadlineMs(): number {
    if (this.#state === 'closed' || this.#state === 'listen') return Infinity;
    if (this.#state === 'time-wait') return this.#timeWaitEndsAt;
    return Math.min(this.#sender.deadlineMs, this.#keepaliveAt);
  }

  get #keepaliveAt(): number {
    if (!this.isOpen || !this.#sender.idle) return Infinity;
    return this.#heardAt + KEEPALIVE_IDLE_MS + this.#probes * KEEPALIVE_INTERVAL_MS;
  }

  /** Time has passed. */
  tick(nowMs: number): void {
    if (nowMs < this.deadlineMs) return;
    if (this.#state === 'time-wait') return this.#close('finished');
    if (nowMs >= this.#sender.deadlineMs) {
      const outcome = this.#sender.timedOut(nowMs);
      if (outcome === 'dead') return this.abort('silent');
      this.#probeDue ||= outcome === 'probe';
    } else {
      if (this.#probes >= KEEPALIVE_PROBES) return this.abort('silent');
      this.#probes += 1;
      this.#probeDue = true;
    }
    this.flush(nowMs);
  }

  /**
   * The peer went live again after a failover: what was on its way may be lost. What is unacknowledged goes out again
   * at once, with it the state of our window, and no timeout remembers what was before.
   */
  wentLive(nowMs: number): void {
    this.#heardAt = nowMs;
    this.#probes = 0;
    if (this.#state === 'closed' || this.#state === 'listen') return;
    if (this.#state !== 'time-wait') this.#probeDue ||= this.#sender.startAgain();
    this.#ackDue = this.isOpen;
    this.flush(nowMs);
  }

  #receiveInListen(segment: TcpSegment, nowMs: number): void {
    const { flags } = segment;
    if (flags & FLAG.rst) {
      if (this.#receiver.positionOf(segment.sequence) === this.#receiver.next) this.#close('reset');
    } else if ((flags & (FLAG.syn | FLAG.ack)) === FLAG.syn) {
      // The peer gave up and tries again, or repeats itself: the last one counts.
      this.#takeSyn(segment);
      this.#heardAt = nowMs;
    }
  }

  #receiveInSynSent(segment: TcpSegment, nowMs: number): void {
    const { flags } = segment;
    const acknowledges = (flags & FLAG.ack) !== 0;
    if (acknowledges && segment.acknowledgment !== this.#sequenceOf(1)) {
      if ((flags & FLAG.rst) === 0) this.#sendHeader(FLAG.rst, segment.acknowledgment);
      return;
    }
    if (flags & FLAG.rst) {
      if (acknowledges) this.#close('refused');
      return;
    }
    if ((flags & FLAG.syn) === 0) return;
    this.#takeSyn(segment);
    this.#heard(nowMs);
    this.#ackDue = true;
    if (acknowledges) {
      this.#sender.acknowledged(1, segment.window, false, nowMs);
      this.#sender.updateWindow(segment.window, 0, 1);
      this.#establish();
    } else {
      // Both opened at once: our SYN goes out again, with an acknowledgement.
      this.#state = 'syn-received';
      this.#sender.startAgain();
    }
  }

  #takeSyn(segment: TcpSegment): void {
    this.#receiver.begin(segment.sequence);
    this.#scaling = segment.windowScale !== null;
    this.#peerScale = segment.windowScale ?? 0;
    this.#receiver.setScale(this.#scaling ? this.#scale : 0);
    this.#sender.setMss(Math.min(this.#options.mss, Math.max(MSS_MIN, segment.mss ?? MSS_DEFAULT)));
  }

  #establish(): void {
    this.#state = this.#sender.finished ? 'fin-wait-1' : 'established';
  }

  #receiveSynchronized(segment: TcpSegment, nowMs: number): void {
    const { flags, payload } = segment;
    const fin = (flags & FLAG.fin) !== 0;
    const position = this.#receiver.positionOf(segment.sequence);
    if (this.#state === 'syn-received' && flags & FLAG.syn && position === 0) {
      // Our answer was lost.
      if ((flags & FLAG.ack) === 0) {
        this.#sender.startAgain();
        return;
      }
      if (segment.acknowledgment !== this.#sequenceOf(1)) return;
      this.#heard(nowMs);
      this.#sender.acknowledged(1, segment.window, false, nowMs);
      this.#sender.updateWindow(segment.window, 0, 1);
      this.#ackDue = true;
      return this.#establish();
    }
    if (!this.#receiver.acceptable(position, payload.length + (fin ? 1 : 0))) {
      if ((flags & FLAG.rst) === 0) this.#unacceptable(payload.length > 0 || fin, nowMs);
      return;
    }
    if (flags & FLAG.rst) {
      // RFC 5961, section 3: only the very next number resets; others make the peer say it again.
      if (position === this.#receiver.next) this.#close(this.#reasonOfReset());
      else this.#challenge(nowMs);
      return;
    }
    if (flags & FLAG.syn) return this.#challenge(nowMs);
    if ((flags & FLAG.ack) === 0 || !this.#receiveAck(segment, position, nowMs)) return;
    this.#receiveData(position, payload, fin, nowMs);
  }

  #reasonOfReset(): CloseReason {
    if (this.#state === 'syn-received') return 'refused';
    // Everything has arrived on both sides: nobody loses anything by it.
    return this.#receiver.finReached && this.#sender.dataAcknowledged ? 'finished' : 'reset';
  }

  /** @returns whether the rest of the segment may be looked at. */
  #receiveAck(segment: TcpSegment, position: number, nowMs: number): boolean {
    const { acknowledgment, flags, payload } = segment;
    const sender = this.#sender;
    const acknowledged = positionOf(this.#options.initialSequence, acknowledgment, sender.una);
    if (this.#state === 'syn-received') {
      if (acknowledged !== 1) {
        this.#sendHeader(FLAG.rst, acknowledgment);
        return false;
      }
      this.#establish();
    } else if (acknowledged > sender.max) {
      this.#challenge(nowMs);
      return false;
    }
    this.#heard(nowMs);
    if (acknowledged < sender.una) return true;
    const window = segment.window * 2 ** this.#peerScale;
    const plain = payload.length === 0 && (flags & FLAG.fin) === 0;
    sender.acknowledged(acknowledged, window, plain, nowMs);
    sender.updateWindow(window, position, acknowledged);
    if (sender.finAcknowledged) this.#ourFinArrived(nowMs);
    return this.#reason === null;
  }

  #ourFinArrived(nowMs: number): void {
    if (this.#state === 'fin-wait-1') this.#state = 'fin-wait-2';
    else if (this.#state === 'closing') this.#waitOut(nowMs);
    else if (this.#state === 'last-ack') this.#close('finished');
  }

  #receiveData(position: number, payload: Uint8Array, fin: boolean, nowMs: number): void {
    const ended = this.#receiver.finReached;
    const received: Received = this.#receiver.accept(position, payload, fin);
    if (received === 'gap') this.#duplicatesDue += 1;
    else if (received !== 'nothing') this.#ackDue = true;
    if (!this.#receiver.hasGap) this.#duplicatesDue = 0;
    if (this.#receiver.finReached && !ended) {
      if (this.#state === 'established') this.#state = 'close-wait';
      else if (this.#state === 'fin-wait-1') this.#state = 'closing';
      else if (this.#state === 'fin-wait-2') this.#waitOut(nowMs);
    } else if (fin && this.#state === 'time-wait') {
      this.#waitOut(nowMs);
    }
  }

  #waitOut(nowMs: number): void {
    this.#state = 'time-wait';
    this.#timeWaitEndsAt = nowMs + TIME_WAIT_MS;
  }

  #heard(nowMs: number): void {
    this.#heardAt = nowMs;
    this.#probes = 0;
    this.#sender.heard();
  }

  /** Outside the window. A repeat is answered with the rest of its batch, anything else seldom. */
  #unacceptable(carriesData: boolean, nowMs: number): void {
    if (carriesData) this.#ackDue = true;
    else this.#challenge(nowMs);
  }

  /** Says where we are, seldom: two ends that disagree must not answer each other for ever. */
  #challenge(nowMs: number): void {
    if (nowMs - this.#challengedAt < CHALLENGE_INTERVAL_MS) return;
    this.#challengedAt = nowMs;
    this.#ackDue = true;
  }

  #close(reason: CloseReason): void {
    this.#state = 'closed';
    this.#reason = reason;
    this.#sender.buffer.clear();
    if (reason !== 'finished') this.#receiver.clear();
  }

  #sequenceOf(position: number): number {
    return sequenceOf(this.#options.initialSequence, position);
  }

  #emit({ position, length, syn, fin, push }: Outgoing): void {
    const acknowledges = this.#state !== 'syn-sent';
    const header = this.#header;
    header.flags = (syn ? FLAG.syn : 0) | (fin ? FLAG.fin : 0) | (push ? FLAG.psh : 0) | (acknowledges ? FLAG.ack : 0);
    header.sequence = this.#sequenceOf(position);
    header.mss = syn ? this.#options.mss : null;
    header.windowScale = syn && this.#scaling ? this.#scale : null;
    this.#finishHeader(acknowledges, syn);
    this.#options.output(header, this.#sender.buffer, position, length);
    if (acknowledges) this.#ackDue = false;
  }

  #sendAck(): void {
    this.#sendHeader(FLAG.ack, this.#sequenceOf(this.#sender.acceptablePosition));
    this.#ackDue = false;
    this.#duplicatesDue = 0;
  }

  /** An old sequence number without data: whatever the peer thinks, it answers with its acknowledgement and window. */
  #sendProbe(): void {
    this.#probeDue = false;
    this.#sendHeader(FLAG.ack, this.#sequenceOf(this.#sender.una - 1));
  }

  #sendHeader(flags: number, sequence: number): void {
    const header = this.#header;
    header.flags = flags;
    header.sequence = sequence;
    header.mss = null;
    header.windowScale = null;
    this.#finishHeader((flags & FLAG.ack) !== 0, false);
    this.#options.output(header, this.#sender.buffer, 0, 0);
  }

  #finishHeader(acknowledges: boolean, syn: boolean): void {
    this.#header.acknowledgment = acknowledges ? this.#receiver.nextSequence : 0;
    this.#header.window = this.#receiver.offerWindow(syn);
  }
}

/** The smallest shift with which a window of so many bytes fits into the header. */
function scaleFor(bytes: number): number {
  let scale = 0;
  while (scale < 14 && bytes >> scale > 0xffff) scale += 1;
  return scale;
}
