/**
 * A guest's network card with our own TCP endpoint behind it, on the same thread as the gateway's TCP: what one sends
 * the other gets in the next turn of the event loop, in batches.
 *
 * Invariant: as on a virtual machine, nothing is lost unless a test says so; the queue to the guest is bounded, and the
 * gateway's TCP is told when it has room again.
 */
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { Duplex } from 'node:stream';
import { mssFor, SegmentWriter, resetFor } from '../../main/gateway/nat/tcp-segments.ts';
import { Tcp } from '../../main/gateway/nat/tcp.ts';
import { type TcpCounters, tcpCounters, type TcpLimits } from '../../main/gateway/nat/tcp-types.ts';
import { parseSubnet, type Subnet } from '../../main/gateway/subnet.ts';
import { Connection, type ConnectionOptions } from '../../main/gateway/tcp/connection.ts';
import type { TransportPacket } from '../../main/gateway/transport-layer.ts';
import { FLAG, parseTcp, type TcpSegment } from '../../main/gateway/wire/tcp.ts';

export const GUEST = 0x0a4d0002;
export const GATEWAY = 0x0a4d0001;

/** Segments that wait for the guest: with more the gateway's TCP has to wait. */
const QUEUE_MAX = 512;

/** A guest's socket as a stream of Node's. */
export class GuestSocket extends Duplex {
  readonly connection: Connection;
  readonly #changed: () => void;
  #pendingWrite: { readonly bytes: Uint8Array; readonly done: () => void } | null = null;
  #reading = true;
  #opened = false;

  constructor(connection: Connection, changed: () => void) {
    super({ allowHalfOpen: true });
    this.connection = connection;
    this.#changed = changed;
    // A reset is looked at by those who expect it.
    this.on('error', () => {});
  }

  override _write(bytes: Uint8Array, _encoding: string, done: () => void): void {
    this.#pendingWrite = { bytes, done };
    this.#changed();
  }

  override _final(done: () => void): void {
    this.connection.finish();
    this.#changed();
    done();
  }

  override _read(): void {
    this.#reading = true;
    this.#changed();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // Node destroys a stream whose both ends are through; the connection still has to deliver what was written.
    if (error || !this.readableEnded || !this.writableFinished) this.connection.abort();
    done(error);
  }

  pump(nowMs: number): void {
    const { connection } = this;
    if (connection.isOpen && !this.#opened) {
      this.#opened = true;
      this.emit('connect');
    }
    const pending = this.#pendingWrite;
    if (pending && connection.isOpen && connection.writable > 0) {
      this.#pendingWrite = null;
      connection.write(pending.bytes);
      pending.done();
    }
    while (this.#reading) {
      const bytes = connection.read();
      if (!bytes) break;
      this.#reading = this.push(bytes);
    }
    if (connection.ended && !this.readableEnded) this.push(null);
    connection.flush(nowMs);
    if (connection.state === 'closed' && connection.reason !== 'finished' && !this.destroyed) {
      this.destroy(new Error(`connection ${connection.reason}`));
    }
  }
}

export interface GuestOptions {
  readonly mtu?: number;
  readonly limits?: TcpLimits;
  readonly capacity?: number;
}

export class Guest {
  readonly tcp: Tcp;
  readonly counters: TcpCounters = tcpCounters();
  readonly limited: number[] = [];
  /** Called for a connection to a port; without it the port is closed. */
  readonly servers = new Map<number, (socket: GuestSocket) => void>();
  /** While true, everything to the guest is lost. */
  deaf = false;
  /** Segments that were in the queue at most. */
  queueMax = 0;
  readonly #sockets = new Map<string, GuestSocket>();
  readonly #segments = new SegmentWriter();
  readonly #mtu: number;
  readonly #capacity: number;
  #toGuest: TransportPacket[] = [];
  #toGateway: TransportPacket[] = [];
  #scheduled = false;
  #full = false;
  #port = 1024;
  readonly #timer: NodeJS.Timeout;

  constructor({ mtu = 1500, limits, capacity = 1 << 18 }: GuestOptions = {}) {
    this.#mtu = mtu;
    this.#capacity = capacity;
    const host = {
      reach: { subnet: parseSubnet('10.77.0.0/24') as Subnet, hostLoopback: true },
      mtu,
      send: (packet: TransportPacket) => this.#queue(packet),
      writable: () => {
        this.#full ||= this.#toGuest.length >= QUEUE_MAX;
        return !this.#full;
      },
    };
    const counters = this.counters;
    const limited = (_guest: number, connections: number): void => void this.limited.push(connections);
    this.tcp = new Tcp({ host, now: () => performance.now(), counters, limited, ...(limits ? { limits } : {}) });
    this.#timer = setInterval(() => this.#tick(), 20);
  }

  connect(port: number, address = GATEWAY): GuestSocket {
    this.#port += 1;
    const connection = Connection.connect(this.#options(this.#port, address, port), performance.now());
    return this.#add(connection, this.#port, address, port);
  }

  /** Waits until the connection is open. @throws when it is refused. */
  async open(port: number, address?: number): Promise<GuestSocket> {
    const socket = this.connect(port, address);
    await once(socket, 'connect');
    return socket;
  }

  /** A segment as the guest could make it. */
  send(segment: TcpSegment, destination = GATEWAY): void {
    const data = null;
    this.#toGateway.push({ ...this.#segments.segment(segment, data, GUEST, destination) });
    this.#schedule();
  }

  close(): void {
    clearInterval(this.#timer);
    this.tcp.close();
    for (const socket of this.#sockets.values()) socket.destroy();
  }

  #queue(packet: TransportPacket): boolean {
    if (this.deaf) return true;
    this.#toGuest.push(packet);
    this.queueMax = Math.max(this.queueMax, this.#toGuest.length);
    this.#schedule();
    return true;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#exchange();
    });
  }

  #exchange(): void {
    const [toGuest, toGateway] = [this.#toGuest, this.#toGateway];
    this.#toGuest = [];
    this.#toGateway = [];
    const touched = new Set<GuestSocket>();
    for (const packet of toGuest) {
      const socket = this.#deliver(packet);
      if (socket) touched.add(socket);
    }
    for (const socket of touched) this.#pump(socket);
    for (const packet of toGateway) this.tcp.receive(packet, performance.now());
    if (this.#full) {
      this.#full = false;
      this.tcp.ready(GUEST);
    }
  }

  #deliver({ source, payload }: TransportPacket): GuestSocket | null {
    const segment = parseTcp(payload, source, GUEST);
    if (!segment) throw new Error('the gateway sent something that is no segment');
    const known = this.#sockets.get(`${segment.destinationPort} ${source}:${segment.sourcePort}`);
    if (known) {
      known.connection.receive(segment, performance.now());
      return known;
    }
    const serve = this.servers.get(segment.destinationPort);
    if (serve && (segment.flags & (FLAG.syn | FLAG.ack)) === FLAG.syn) {
      const options = this.#options(segment.destinationPort, source, segment.sourcePort);
      const connection = Connection.listen(options, segment, performance.now());
      connection.accept();
      const socket = this.#add(connection, segment.destinationPort, source, segment.sourcePort);
      serve(socket);
      return socket;
    }
    const reset = resetFor(segment);
    if (reset) this.send({ ...reset, payload: new Uint8Array() }, source);
    return null;
  }

  #add(connection: Connection, port: number, address: number, remotePort: number): GuestSocket {
    const key = `${port} ${address}:${remotePort}`;
    const socket = new GuestSocket(connection, () => queueMicrotask(() => this.#pump(socket)));
    this.#sockets.set(key, socket);
    queueMicrotask(() => this.#pump(socket));
    return socket;
  }

  #pump(socket: GuestSocket): void {
    socket.pump(performance.now());
    if (socket.connection.state !== 'closed') return;
    for (const [key, known] of this.#sockets) if (known === socket) this.#sockets.delete(key);
  }

  #tick(): void {
    const nowMs = performance.now();
    this.tcp.tick(nowMs);
    for (const socket of this.#sockets.values()) {
      if (nowMs < socket.connection.deadlineMs) continue;
      socket.connection.tick(nowMs);
      this.#pump(socket);
    }
  }

  #options(localPort: number, address: number, remotePort: number): ConnectionOptions {
    return {
      localPort,
      remotePort,
      initialSequence: randomBytes(4).readUInt32LE(),
      mss: mssFor(this.#mtu),
      bufferBytesMax: this.#capacity,
      capacity: () => this.#capacity,
      room: () => true,
      output: (header, from, position, length) => {
        this.#toGateway.push(this.#segments.segment(header, { from, position, length }, GUEST, address));
        this.#schedule();
      },
    };
  }
}
