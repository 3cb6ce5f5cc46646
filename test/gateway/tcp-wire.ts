/**
 * Two of our TCP endpoints with a wire between them that loses, delays, repeats and reorders, in virtual time.
 *
 * Invariant: everything that happens follows from the seed. What crosses the wire are bytes: each segment is written
 * and parsed on its way.
 */
import { Connection, type ConnectionOptions } from '../../main/gateway/tcp/connection.ts';
import { SegmentWriter, resetFor } from '../../main/gateway/nat/tcp-segments.ts';
import { FLAG, parseTcp, type TcpSegment } from '../../main/gateway/wire/tcp.ts';
import { seeded } from '../support/mulberry.ts';

export interface WireFaults {
  /** Probabilities. */
  readonly loss: number;
  readonly repeat: number;
  /** Milliseconds that a segment takes, at least and at most: where they differ, segments overtake each other. */
  readonly delayMin: number;
  readonly delayMax: number;
}

export const PERFECT: WireFaults = { loss: 0, repeat: 0, delayMin: 1, delayMax: 1 };

const ADDRESSES = { client: 0x0a00020f, server: 0x0a000202 } as const;
export type Side = keyof typeof ADDRESSES;

/** What an application at one end does. */
export interface Script {
  /** Bytes it sends before it finishes. */
  readonly bytes: number;
  /** How many bytes it writes at once at most. */
  readonly chunk: number;
  /** Reads so many bytes in a millisecond. */
  readonly readsPerMs: number;
  /** When it has sent everything: at once, after the other, or not at all. */
  readonly finishes: 'first' | 'last' | 'never';
}

export const QUIET: Script = { bytes: 0, chunk: 1, readsPerMs: 1e9, finishes: 'last' };

const PERIOD = 65_537;
const PATTERN = Uint8Array.from(
  { length: 4 * PERIOD },
  (_, at) => ((at % PERIOD) * 31 + ((at % PERIOD) >>> 8) * 17) & 255,
);

/** The bytes of a stream from `at` on, `count` up to 65,537: every stream of its own salt is another. */
export function pattern(salt: number, at: number, count: number): Uint8Array {
  const start = (at + salt * 1009) % PERIOD;
  return PATTERN.subarray(start, start + count);
}

export class Peer {
  readonly connection: Connection;
  readonly script: Script;
  written = 0;
  received = 0;
  /** Where a piece stood that was not what the other sent. */
  wrongAt: number | null = null;
  ended = false;
  /** The handshake was done, as this end sees it. */
  opened = false;
  readonly #salt: number;
  #readable = 0;

  constructor(connection: Connection, script: Script, salt: number) {
    this.connection = connection;
    this.script = script;
    this.#salt = salt;
  }

  /** Lets the application do what it can. */
  act(otherSalt: number, elapsedMs: number): void {
    const { connection, script } = this;
    this.opened ||= connection.isOpen;
    while (connection.isOpen && this.written < script.bytes && connection.writable > 0) {
      const count = Math.min(script.chunk, script.bytes - this.written, connection.writable);
      connection.write(pattern(this.#salt, this.written, count));
      this.written += count;
    }
    this.#readable = Math.min(script.readsPerMs * 1000, this.#readable + script.readsPerMs * elapsedMs);
    while (this.#readable > 0) {
      const bytes = connection.read();
      if (!bytes) break;
      this.#readable -= bytes.length;
      if (Buffer.compare(bytes, pattern(otherSalt, this.received, bytes.length)) !== 0) this.wrongAt ??= this.received;
      this.received += bytes.length;
    }
    this.ended ||= connection.ended;
    const turn = script.finishes === 'first' || (script.finishes === 'last' && this.ended);
    if (turn && this.written === script.bytes) connection.finish();
  }
}

interface Travelling {
  readonly due: number;
  readonly number: number;
  readonly to: Side;
  readonly bytes: Uint8Array;
}

export interface WireOptions {
  readonly seed: number;
  readonly faults?: WireFaults;
  readonly capacity?: number;
  readonly mss?: { readonly client: number; readonly server: number };
  readonly client?: Script;
  readonly server?: Script;
  /** The server answers the SYN so many milliseconds after it came. */
  readonly acceptAfterMs?: number;
}

export class Wire {
  nowMs = 1000;
  faults: WireFaults;
  readonly client: Peer;
  server: Peer | null = null;
  /** Every segment that was sent, before the wire did anything to it. */
  readonly log: { readonly at: number; readonly from: Side; readonly segment: TcpSegment }[] = [];
  /** The most that either end ever kept. */
  bufferedMax = 0;
  keepLog = false;
  readonly #options: WireOptions;
  readonly #random: () => number;
  readonly #segments = new SegmentWriter();
  #travelling: Travelling[] = [];
  #sent = 0;
  #acceptAt = Infinity;

  constructor(options: WireOptions) {
    this.#options = options;
    this.#random = seeded(options.seed);
    this.faults = options.faults ?? PERFECT;
    const connection = Connection.connect(this.#connectionOptions('client'), this.nowMs);
    this.client = new Peer(connection, options.client ?? QUIET, 1);
    connection.flush(this.nowMs);
  }

  /** Runs until `done`, or nothing will happen any more. @throws after so many milliseconds of virtual time. */
  run(done: () => boolean, msMax = 3_600_000): void {
    const end = this.nowMs + msMax;
    this.step(0);
    while (!done()) {
      const next = this.#nextEvent();
      if (next === Infinity) return;
      if (next > end) throw new Error(`not done after ${msMax} ms: ${this.describe()}`);
      this.step(next - this.nowMs);
    }
  }

  /** Lets so much time pass, with all that happens in it. */
  runFor(ms: number): void {
    const end = this.nowMs + ms;
    while (this.nowMs < end) this.step(Math.min(this.#nextEvent(), end) - this.nowMs);
  }

  describe(): string {
    const peer = ({ connection, written, received, script }: Peer): string =>
      `${connection.state} (${connection.reason ?? 'no reason'}), wrote ${written} of ${script.bytes}, got ${received}`;
    const server = this.server ? peer(this.server) : 'none';
    return `client ${peer(this.client)}; server ${server}; seed ${this.#options.seed}`;
  }

  /** What is on its way in this direction, or both, is lost. */
  dropAll(to?: Side): void {
    this.#travelling = this.#travelling.filter((packet) => to !== undefined && packet.to !== to);
  }

  /** Lets the wire carry a segment that neither end made. */
  inject(to: Side, segment: TcpSegment): void {
    this.#peer(to)?.connection.receive(segment, this.nowMs);
    this.step(0);
  }

  step(elapsedMs: number): void {
    this.nowMs += Math.max(0, elapsedMs);
    const due = this.#travelling.filter((packet) => packet.due <= this.nowMs);
    this.#travelling = this.#travelling.filter((packet) => packet.due > this.nowMs);
    due.sort((one, other) => one.due - other.due || one.number - other.number);
    for (const packet of due) this.#deliver(packet);
    if (this.server && this.nowMs >= this.#acceptAt) this.server.connection.accept();
    for (const [peer, salt] of this.#peers()) {
      this.bufferedMax = Math.max(this.bufferedMax, peer.connection.buffered);
      peer.connection.tick(this.nowMs);
      peer.act(salt, elapsedMs);
      peer.connection.flush(this.nowMs);
    }
  }

  #peers(): [Peer, number][] {
    return this.server
      ? [
          [this.client, 2],
          [this.server, 1],
        ]
      : [[this.client, 2]];
  }

  #peer(side: Side): Peer | null {
    return side === 'client' ? this.client : this.server;
  }

  #nextEvent(): number {
    const arrivals = this.#travelling.map(({ due }) => due);
    const peers = this.#peers().map(([peer]) => peer);
    const slow = peers.some(({ connection, script }) => script.readsPerMs < 1e6 && connection.buffered > 0);
    const pending = this.#acceptAt > this.nowMs ? this.#acceptAt : Infinity;
    const deadlines = peers.map(({ connection }) => Math.max(this.nowMs + 1, connection.deadlineMs));
    return Math.min(...arrivals, ...deadlines, pending, slow ? this.nowMs + 20 : Infinity);
  }

  #connectionOptions(side: Side): ConnectionOptions {
    const { capacity = 1 << 16, mss = { client: 1460, server: 1460 } } = this.#options;
    const [from, to] = side === 'client' ? (['client', 'server'] as const) : (['server', 'client'] as const);
    return {
      localPort: side === 'client' ? 40_000 : 80,
      remotePort: side === 'client' ? 80 : 40_000,
      // Some begin close to the wrap.
      initialSequence: (0xffff_ffff - Math.floor(this.#random() * (this.#random() < 0.5 ? 5000 : 2 ** 32))) >>> 0,
      mss: mss[side],
      bufferBytesMax: capacity,
      capacity: () => capacity,
      room: () => true,
      output: (header, data, position, length) => {
        const segment = { from: data, position, length };
        this.#send(from, to, this.#segments.segment(header, segment, ADDRESSES[from], ADDRESSES[to]).payload);
      },
    };
  }

  #send(from: Side, to: Side, bytes: Uint8Array): void {
    if (this.keepLog) {
      const segment = parseTcp(bytes, ADDRESSES[from], ADDRESSES[to]);
      if (!segment) throw new Error('an endpoint sent something that is no segment');
      this.log.push({ at: this.nowMs, from, segment });
    }
    const { loss, repeat, delayMin, delayMax } = this.faults;
    if (this.#random() < loss) return;
    const copies = this.#random() < repeat ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const due = this.nowMs + delayMin + this.#random() * (delayMax - delayMin);
      this.#travelling.push({ due, number: this.#sent++, to, bytes });
    }
  }

  #deliver({ to, bytes }: Travelling): void {
    const from = to === 'client' ? 'server' : 'client';
    const segment = parseTcp(bytes, ADDRESSES[from], ADDRESSES[to]);
    if (!segment) throw new Error('a segment did not survive its way');
    if (to === 'server' && !this.server) {
      if ((segment.flags & (FLAG.syn | FLAG.ack)) !== FLAG.syn) return;
      const connection = Connection.listen(this.#connectionOptions('server'), segment, this.nowMs);
      this.server = new Peer(connection, this.#options.server ?? QUIET, 2);
      this.#acceptAt = this.nowMs + (this.#options.acceptAfterMs ?? 0);
      return;
    }
    const connection = this.#peer(to)?.connection;
    if (connection?.state !== 'closed') return connection?.receive(segment, this.nowMs);
    const reset = resetFor(segment);
    if (reset) this.#send(to, from, this.#segments.segment(reset, null, ADDRESSES[to], ADDRESSES[from]).payload);
  }
}
