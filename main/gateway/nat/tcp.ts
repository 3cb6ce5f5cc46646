/**
 * TCP between guests and the host: segments find their connection, connections their socket.
 *
 * Invariant: a guest's SYN is answered only after the host's side is connected. Whatever happens to a connection in one
 * turn of the event loop, from either side, is answered once, at its end. Connections and their memory are limited, for
 * one guest and for all.
 */
import { randomBytes } from 'node:crypto';
import { createConnection, createServer, type Socket } from 'node:net';
import { Connection, type ConnectionOptions } from '../tcp/connection.ts';
import type { Forward, ForwardListener, ForwardTarget, ListeningForward } from '../forwards.ts';
import { contains, hostDestination, isUnicast } from '../subnet.ts';
import type { ConnectionCounts, TransportLayer, TransportPacket } from '../transport-layer.ts';
import { type Ipv4Address, parseAddress } from '../wire/ipv4.ts';
import { FLAG, parseTcp, type TcpSegment } from '../wire/tcp.ts';
import { Binding, type Endpoints } from './tcp-binding.ts';
import { SegmentWriter, mssFor, resetFor } from './tcp-segments.ts';
import { TCP_LIMITS, type TcpConnectionInfo, type TcpCounters, type TcpLimits, type TcpOptions } from './tcp-types.ts';

/** Ports that forwarded connections seem to come from (RFC 6335, section 6: dynamic ports). */
const FIRST_PORT = 49_152;
const PORTS = 65_536 - FIRST_PORT;
/** No connection has less memory in a direction than this, however many there are. */
const CAPACITY_BYTES_MIN = 1 << 15;
/** A guest that reached its limit is reported again after it had so many fewer. */
const LIMIT_SLACK = 0.9;

/** Connections to a forward that the operating system keeps until they are accepted. */
const BACKLOG = 1024;

export class Tcp implements TransportLayer, ForwardListener {
  readonly #options: TcpOptions;
  readonly #limits: TcpLimits;
  readonly #counters: TcpCounters;
  readonly #segments = new SegmentWriter();
  /** Every binding that is not done. */
  readonly #bindings = new Set<Binding>();
  /** Those that segments may still be for. */
  readonly #byEndpoints = new Map<string, Binding>();
  readonly #perGuest = new Map<Ipv4Address, number>();
  readonly #reported = new Set<Ipv4Address>();
  readonly #changed = new Set<Binding>();
  /** Those that found the guest's queue full, by guest. */
  readonly #blocked = new Map<Ipv4Address, Set<Binding>>();
  /** Connections that a guest ever had. */
  readonly #totals = new Map<Ipv4Address, number>();
  /** The binding of the last segment: the next is most often for the same. */
  #last: Binding | null = null;
  #flushing = false;
  #nextPort = randomBytes(4).readUInt32LE() % PORTS;
  #capacity: number;
  #closed = false;

  constructor(options: TcpOptions) {
    this.#options = options;
    this.#limits = options.limits ?? TCP_LIMITS;
    this.#counters = options.counters;
    this.#capacity = this.#limits.bufferBytesMax;
  }

  /** A packet from a guest. What it causes is sent when the turn of the event loop is over, with that of its batch. */
  receive({ source, destination, payload }: TransportPacket, nowMs: number): void {
    const segment = parseTcp(payload, source, destination);
    if (!segment || segment.sourcePort === 0 || segment.destinationPort === 0) {
      this.#counters.malformed += 1;
      return;
    }
    this.#counters.segmentsFromGuests += 1;
    this.#counters.bytesFromGuests += segment.payload.length;
    const endpoints = {
      guest: source,
      guestPort: segment.sourcePort,
      remote: destination,
      remotePort: segment.destinationPort,
    };
    const binding = this.#find(endpoints);
    if (binding && !binding.connection.yieldsTo(segment)) {
      binding.connection.receive(segment, nowMs);
      this.#change(binding);
      return;
    }
    if (binding) this.#forget(binding);
    if ((segment.flags & (FLAG.syn | FLAG.ack | FLAG.rst | FLAG.fin)) === FLAG.syn)
      this.#open(endpoints, segment, nowMs);
    else this.#refuse(endpoints, segment);
  }

  /** Looks at what is due. Call it every 50 ms or so: timeouts are no more precise than that. */
  tick(nowMs: number): void {
    for (const binding of this.#bindings) {
      binding.tick(nowMs);
      if (binding.connection.state === 'closed') this.#change(binding);
    }
  }

  /** The guest runs again, after a failover or a pause: what was on its way to it is sent again. */
  wentLive(guest: Ipv4Address, nowMs: number): void {
    for (const binding of this.#of(guest)) {
      binding.connection.wentLive(nowMs);
      this.#change(binding);
    }
  }

  /** The guest's queue has room again. Whoever waited first is not always first. */
  ready(guest: Ipv4Address): void {
    const blocked = [...(this.#blocked.get(guest) ?? [])];
    this.#blocked.delete(guest);
    const first = blocked.shift();
    if (first) blocked.push(first);
    for (const binding of blocked) this.#change(binding);
  }

  /** The guest is gone: its connections are cut. */
  forget(guest: Ipv4Address): void {
    for (const binding of this.#of(guest)) {
      binding.abort();
      this.#change(binding);
    }
    this.#totals.delete(guest);
    this.#blocked.delete(guest);
  }

  connections(guest: Ipv4Address): ConnectionCounts {
    return { open: this.#perGuest.get(guest) ?? 0, total: this.#totals.get(guest) ?? 0 };
  }

  /**
   * Listens on the host. Connections that came in go on after `close`.
   * @throws {Error} (rejects) with the operating system's `code` when it cannot listen.
   */
  listen(forward: Forward, target: ForwardTarget): Promise<ListeningForward> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    server.on('connection', (socket) => this.#accept(socket, forward, target));
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: forward.hostAddress, port: forward.hostPort, backlog: BACKLOG, ipv6Only: true }, () => {
        server.off('error', reject);
        // One connection could not be accepted, for want of a file descriptor; the next may.
        server.on('error', () => {});
        resolve({ close: () => void server.close() });
      });
    });
  }

  listConnections(): TcpConnectionInfo[] {
    return [...this.#bindings].map(({ endpoints, connection, forward, sinceMs, bytesFromGuest, bytesToGuest }) => ({
      ...endpoints,
      forward,
      state: connection.state,
      sinceMs,
      bytesFromGuest,
      bytesToGuest,
      buffered: connection.buffered,
      roundTripMs: connection.roundTripMs,
    }));
  }

  /** Cuts every connection. Forwards are closed by those who opened them. */
  close(): void {
    this.#closed = true;
    for (const binding of this.#bindings) binding.abort();
    this.#bindings.clear();
    this.#byEndpoints.clear();
    this.#last = null;
  }

  #of(guest: Ipv4Address): Binding[] {
    return [...this.#bindings].filter(({ endpoints }) => endpoints.guest === guest);
  }

  #find(endpoints: Endpoints): Binding | undefined {
    if (this.#last && sameEndpoints(this.#last.endpoints, endpoints)) return this.#last;
    const binding = this.#byEndpoints.get(keyOf(endpoints));
    this.#last = binding ?? null;
    return binding;
  }

  /** A guest opens a connection. */
  #open(endpoints: Endpoints, syn: TcpSegment, nowMs: number): void {
    const host = hostDestination(this.#options.host.reach, endpoints.remote);
    if (host === null) {
      this.#counters.misdirected += 1;
      return this.#refuse(endpoints, syn);
    }
    if (!this.#admit(endpoints.guest)) return this.#refuse(endpoints, syn);
    const connection = Connection.listen(this.#connectionOptions(endpoints), syn, nowMs);
    const socket = createConnection({ host, port: endpoints.remotePort, allowHalfOpen: true });
    this.#counters.openedByGuests += 1;
    this.#bind(endpoints, connection, socket, null);
  }

  /** Somebody connects to a forward. */
  #accept(socket: Socket, forward: Forward, target: ForwardTarget): void {
    const guest = target.guest();
    if (guest === null) target.refused();
    const endpoints = guest === null ? null : this.#endpointsFor(socket, guest, forward.guestPort);
    if (this.#closed || !endpoints || !this.#admit(endpoints.guest)) {
      socket.on('error', () => {});
      socket.resetAndDestroy();
      return;
    }
    const connection = Connection.connect(this.#connectionOptions(endpoints), this.#options.now());
    this.#counters.openedByForwards += 1;
    this.#bind(endpoints, connection, socket, forward.id);
  }

  /**
   * Whom the guest sees: the peer as it is; where the guest could not answer that (the host itself, IPv6, its own
   * network), the gateway; another port where this one is taken. Null when there is none.
   */
  #endpointsFor(socket: Socket, guest: Ipv4Address, guestPort: number): Endpoints | null {
    const { subnet } = this.#options.host.reach;
    const own = parseAddress(socket.remoteAddress ?? '');
    const remote = own !== null && isUnicast(own) && !contains(subnet, own) ? own : subnet.gateway;
    let remotePort = socket.remotePort ?? FIRST_PORT;
    for (let tried = 0; tried < PORTS; tried++) {
      const endpoints = { guest, guestPort, remote, remotePort };
      if (!this.#byEndpoints.has(keyOf(endpoints))) return endpoints;
      this.#nextPort = (this.#nextPort + 1) % PORTS;
      remotePort = FIRST_PORT + this.#nextPort;
    }
    return null;
  }

  #bind(endpoints: Endpoints, connection: Connection, socket: Socket, forward: string | null): void {
    const onChange = (changed: Binding): void => this.#change(changed);
    const binding = new Binding({ ...endpoints, connection, socket, forward, nowMs: this.#options.now(), onChange });
    this.#bindings.add(binding);
    this.#byEndpoints.set(keyOf(endpoints), binding);
    this.#perGuest.set(endpoints.guest, (this.#perGuest.get(endpoints.guest) ?? 0) + 1);
    this.#totals.set(endpoints.guest, (this.#totals.get(endpoints.guest) ?? 0) + 1);
    this.#share();
    this.#change(binding);
  }

  #connectionOptions(endpoints: Endpoints): ConnectionOptions {
    const { host } = this.#options;
    const { guest, guestPort, remote, remotePort } = endpoints;
    return {
      localPort: remotePort,
      remotePort: guestPort,
      initialSequence: randomBytes(4).readUInt32LE(),
      mss: mssFor(host.mtu),
      bufferBytesMax: this.#limits.bufferBytesMax,
      capacity: () => this.#capacity,
      room: () => host.writable(guest),
      output: (header, from, position, length) => {
        this.#counters.segmentsToGuests += 1;
        this.#counters.bytesToGuests += length;
        host.send(this.#segments.segment(header, { from, position, length }, remote, guest));
      },
    };
  }

  /** Whether this guest may have one more connection. */
  #admit(guest: Ipv4Address): boolean {
    const { connectionsPerGuestMax, connectionsMax } = this.#limits;
    const full = (): boolean =>
      (this.#perGuest.get(guest) ?? 0) >= connectionsPerGuestMax || this.#bindings.size >= connectionsMax;
    if (!full()) return true;
    const expendable = this.#of(guest).find((binding) => binding.expendable);
    if (expendable) this.#forget(expendable);
    if (!full()) return true;
    this.#counters.limited += 1;
    if (!this.#reported.has(guest)) {
      this.#reported.add(guest);
      this.#options.limited(guest, this.#perGuest.get(guest) ?? 0);
    }
    return false;
  }

  /** Memory is shared evenly where there are many connections. */
  #share(): void {
    const { bufferBytesMax, buffersBytesMax } = this.#limits;
    const even = Math.floor(buffersBytesMax / (2 * Math.max(1, this.#bindings.size)));
    this.#capacity = Math.min(bufferBytesMax, Math.max(CAPACITY_BYTES_MIN, even));
  }

  #refuse({ guest, remote }: Endpoints, segment: TcpSegment): void {
    const reset = resetFor(segment);
    if (!reset) return;
    this.#counters.segmentsToGuests += 1;
    this.#options.host.send(this.#segments.segment(reset, null, remote, guest));
  }

  /** Something happened to it: it is looked at when this turn of the event loop is over. */
  #change(binding: Binding): void {
    this.#changed.add(binding);
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    const changed = [...this.#changed];
    this.#changed.clear();
    if (this.#closed) return;
    const nowMs = this.#options.now();
    for (const binding of changed) {
      binding.pump(nowMs);
      if (!this.#options.host.writable(binding.endpoints.guest)) this.#block(binding);
      if (binding.done) this.#forget(binding);
      else if (binding.connection.state === 'closed') this.#release(binding);
    }
  }

  /** The guest's queue is full: what it could not send goes on with `ready`. */
  #block(binding: Binding): void {
    const { guest } = binding.endpoints;
    const blocked = this.#blocked.get(guest);
    if (blocked) blocked.add(binding);
    else this.#blocked.set(guest, new Set([binding]));
  }

  /** Its endpoints may be used again. */
  #release(binding: Binding): void {
    if (this.#last === binding) this.#last = null;
    const key = keyOf(binding.endpoints);
    if (this.#byEndpoints.get(key) === binding) this.#byEndpoints.delete(key);
  }

  #forget(binding: Binding): void {
    this.#release(binding);
    if (!this.#bindings.delete(binding)) return;
    this.#blocked.get(binding.endpoints.guest)?.delete(binding);
    this.#account(binding);
    const { guest } = binding.endpoints;
    const left = (this.#perGuest.get(guest) ?? 1) - 1;
    if (left > 0) this.#perGuest.set(guest, left);
    else this.#perGuest.delete(guest);
    if (left < this.#limits.connectionsPerGuestMax * LIMIT_SLACK) this.#reported.delete(guest);
    this.#share();
  }

  #account({ connection, forward }: Binding): void {
    const counters = this.#counters;
    counters.resent += connection.resent;
    switch (connection.reason) {
      case 'refused':
        if (forward === null) counters.refusedByHosts += 1;
        else counters.refusedByGuests += 1;
        return;
      case 'reset':
      case 'silent':
      case 'aborted':
        counters.broken += 1;
        return;
      case 'finished':
      case null:
        return;
    }
  }
}

function keyOf({ guest, guestPort, remote, remotePort }: Endpoints): string {
  return `${guest}:${guestPort}-${remote}:${remotePort}`;
}

function sameEndpoints(one: Endpoints, other: Endpoints): boolean {
  return (
    one.remotePort === other.remotePort &&
    one.guestPort === other.guestPort &&
    one.guest === other.guest &&
    one.remote === other.remote
  );
}
