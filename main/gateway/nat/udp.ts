/**
 * UDP between the guests and the host's sockets: one socket for each flow, that is for each pair of a guest's port and
 * a port of somebody outside.
 *
 * Invariants: the number of sockets is bounded, in all and for one guest; the flow that was silent longest gives way.
 * A socket is connected, so the kernel lets only the other side of the flow answer, and a closed port is heard of.
 */
import dgram from 'node:dgram';
import { hostDestination } from '../subnet.ts';
import type { ConnectionCounts } from '../transport-layer.ts';
import type { Forward, ForwardListener, ForwardTarget, ListeningForward } from '../forwards.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';
import { UdpForward } from './udp-forward.ts';
import type { Datagram, UdpHost } from './datagram.ts';

const FLOWS_MAX = 1024;
export const FLOWS_PER_GUEST_MAX = 256;
/** RFC 4787, requirement 5: not less than two minutes. */
const FLOW_IDLE_MS = 120_000;
/** What the kernel has not taken yet of one flow; more is dropped, as a router would. */
const UNSENT_BYTES_MAX = 1 << 20;
/** Datagrams that wait until their socket is connected. */
const CONNECTING_MAX = 16;

interface Flow {
  readonly datagram: Omit<Datagram, 'payload'>;
  readonly socket: dgram.Socket;
  /** Null once the socket is connected. */
  waiting: Uint8Array[] | null;
  usedAt: number;
}

export class UdpNat implements ForwardListener {
  readonly #host: UdpHost;
  /** The one whose guest was silent longest first. */
  readonly #flows = new Map<string, Flow>();
  readonly #forwards = new Set<UdpForward>();
  readonly #totals = new Map<Ipv4Address, number>();
  #dropped = 0;

  constructor(host: UdpHost) {
    this.#host = host;
  }

  /** Datagrams of guests that could not be passed on. */
  get dropped(): number {
    return this.#dropped;
  }

  connections(guest: Ipv4Address): ConnectionCounts {
    return { open: this.#flowsOf(guest).length, total: this.#totals.get(guest) ?? 0 };
  }

  /** True when the datagram answers one that came in by a forward; it is on its way then. */
  answerForward(datagram: Datagram, nowMs: number): boolean {
    for (const forward of this.#forwards) if (forward.answer(datagram, nowMs)) return true;
    return false;
  }

  /** From a guest to the outside. False when nothing outside has this address. */
  send(datagram: Datagram, nowMs: number): boolean {
    const address = hostDestination(this.#host.reach, datagram.destination);
    if (address === null || datagram.destinationPort === 0) return false;
    const key = keyOf(datagram);
    const flow = this.#flows.get(key) ?? this.#open(key, datagram, address);
    flow.usedAt = nowMs;
    this.#flows.delete(key);
    this.#flows.set(key, flow);
    if (!flow.waiting) this.#pass(flow, datagram.payload);
    else if (flow.waiting.length < CONNECTING_MAX) flow.waiting.push(datagram.payload.slice());
    else this.#dropped += 1;
    return true;
  }

  async listen(forward: Forward, target: ForwardTarget): Promise<ListeningForward> {
    const listening = await UdpForward.listen(forward, target, this.#host);
    this.#forwards.add(listening);
    return {
      close: () => {
        this.#forwards.delete(listening);
        listening.close();
      },
    };
  }

  /** Closes what was silent for too long. */
  tick(nowMs: number): void {
    for (const [key, flow] of this.#flows) {
      if (nowMs - flow.usedAt > FLOW_IDLE_MS) this.#close(key, flow);
    }
    for (const forward of this.#forwards) forward.tick(nowMs);
  }

  /** The guest is gone. */
  forget(guest: Ipv4Address): void {
    for (const [key, flow] of this.#flowsOf(guest)) this.#close(key, flow);
    this.#totals.delete(guest);
  }

  close(): void {
    for (const [key, flow] of this.#flows) this.#close(key, flow);
    for (const forward of this.#forwards) forward.close();
    this.#forwards.clear();
  }

  #flowsOf(guest: Ipv4Address): [string, Flow][] {
    return [...this.#flows].filter(([, flow]) => flow.datagram.source === guest);
  }

  #open(key: string, datagram: Datagram, address: string): Flow {
    this.#makeRoom(datagram.source);
    const { source, sourcePort, destination, destinationPort } = datagram;
    const lookup: dgram.SocketOptions['lookup'] = (name, _options, done) => done(null, name, 4);
    const socket = dgram.createSocket({ type: 'udp4', lookup });
    const flow: Flow = {
      datagram: { source, sourcePort, destination, destinationPort },
      socket,
      waiting: [],
      usedAt: 0,
    };
    this.#flows.set(key, flow);
    this.#totals.set(source, (this.#totals.get(source) ?? 0) + 1);
    socket.on('error', (error: NodeJS.ErrnoException) => this.#failed(key, flow, error));
    socket.on('message', (payload) => {
      flow.usedAt = this.#host.now();
      this.#host.send({
        source: destination,
        sourcePort: destinationPort,
        destination: source,
        destinationPort: sourcePort,
        payload,
      });
    });
    socket.once('connect', () => {
      if (this.#flows.get(key) !== flow) return;
      const waiting = flow.waiting ?? [];
      flow.waiting = null;
      for (const payload of waiting) this.#pass(flow, payload);
    });
    socket.connect(destinationPort, address);
    return flow;
  }

  #makeRoom(guest: Ipv4Address): void {
    const own = this.#flowsOf(guest);
    const [oldest] = own.length >= FLOWS_PER_GUEST_MAX ? own : this.#flows.size >= FLOWS_MAX ? this.#flows : [];
    if (oldest) this.#close(...oldest);
  }

  #pass(flow: Flow, payload: Uint8Array): void {
    if (flow.socket.getSendQueueSize() > UNSENT_BYTES_MAX) {
      this.#dropped += 1;
      return;
    }
    // The kernel takes it later than this call, and the payload is a view of a buffer that is used again.
    flow.socket.send(payload.slice(), (error) => {
      if (error) this.#failed(keyOf(flow.datagram), flow, error);
    });
  }

  #failed(key: string, flow: Flow, error: NodeJS.ErrnoException): void {
    if (this.#flows.get(key) !== flow) return;
    this.#dropped += 1;
    // Nobody there: the guest is told as it would be by the host itself. The flow stays, somebody may come.
    if (error.code === 'ECONNREFUSED') this.#host.unreachable(flow.datagram, 'port');
    else if (error.code === 'EMSGSIZE') return;
    else {
      this.#host.unreachable(flow.datagram, 'host');
      this.#close(key, flow);
    }
  }

  #close(key: string, flow: Flow): void {
    this.#flows.delete(key);
    flow.socket.close();
  }
}

function keyOf({ source, sourcePort, destination, destinationPort }: Omit<Datagram, 'payload'>): string {
  return `${source}:${sourcePort} ${destination}:${destinationPort}`;
}
