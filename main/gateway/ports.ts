/**
 * The gateway's end of a VM's virtual NIC. It outlives every failover: replicas come and go, the port stays.
 *
 * Invariants: what the guest sent is passed on exactly once and in order, because positions at or before the last one
 * seen are dropped; what was confirmed has been passed on. Frames to the guest go to the live replica of the highest
 * generation; while there is none, or its link is full, they wait in a bounded queue, and beyond it are dropped and
 * counted.
 */
import { decodeToGateway, encodeToReplica, type ToGatewayFrame } from '../transport/frames.ts';
import type { Transport } from '../transport/transport.ts';

export const QUEUE_FRAMES_MAX = 1024;
const QUEUE_BYTES_MAX = 2 << 20;
/** What a link may hold that has not left this process. Not less than what transports call drained. */
const LINK_BYTES_MAX = 1 << 18;

export interface PortCounters {
  /** To the guest. */
  framesIn: number;
  bytesIn: number;
  /** From the guest, each once. */
  framesOut: number;
  bytesOut: number;
  /** To the guest, because its queue was full. */
  dropped: number;
  /** From the guest, because another replica had sent them before. */
  repeated: number;
}

export interface PortHooks {
  /** A frame of the guest; a view. */
  received(frame: Uint8Array): void;
  /** A frame on its way to the guest. */
  delivered(frame: Uint8Array): void;
  wentLive(generation: number): void;
  /** There is room in the queue again, after there was none. */
  ready(): void;
  /** A replica sent what is no message; its link was closed. */
  broken(why: string): void;
  /** Calls back at the end of this turn of the event loop. */
  soon(callback: () => void): void;
}

interface Link {
  readonly transport: Transport;
  confirming: boolean;
  draining: boolean;
}

export class VmPort {
  readonly counters: PortCounters = {
    framesIn: 0,
    bytesIn: 0,
    framesOut: 0,
    bytesOut: 0,
    dropped: 0,
    repeated: 0,
  };
  readonly #hooks: PortHooks;
  readonly #links = new Set<Link>();
  #live: Link | null = null;
  #generation = 0;
  #seen = { epoch: 0, index: -1 };
  /** Encoded: the frames themselves may be views of something larger. */
  #queue: Uint8Array[] = [];
  #queueBytes = 0;
  #wasFull = false;
  #closed = false;

  constructor(hooks: PortHooks) {
    this.#hooks = hooks;
  }

  get generation(): number {
    return this.#generation;
  }

  get linkCount(): number {
    return this.#links.size;
  }

  get writable(): boolean {
    return this.#queue.length < QUEUE_FRAMES_MAX && this.#queueBytes < QUEUE_BYTES_MAX;
  }

  /** Another replica of the VM is at the other end. */
  link(transport: Transport): void {
    if (this.#closed) {
      transport.close();
      return;
    }
    const link: Link = { transport, confirming: false, draining: false };
    this.#links.add(link);
    transport.onClose(() => {
      this.#links.delete(link);
      if (this.#live === link) this.#live = null;
    });
    transport.onMessage((bytes) => {
      const message = decodeToGateway(bytes);
      if (message) this.#receive(link, message);
      else this.#break(link);
    });
  }

  /** Takes a frame to the guest. False when there was no room. */
  deliver(frame: Uint8Array): boolean {
    if (!this.writable) {
      this.counters.dropped += 1;
      this.#wasFull = true;
      return false;
    }
    this.counters.framesIn += 1;
    this.counters.bytesIn += frame.length;
    this.#hooks.delivered(frame);
    const message = encodeToReplica({ kind: 'frame', data: frame });
    this.#queue.push(message);
    this.#queueBytes += message.length;
    this.#flush();
    return true;
  }

  /** The VM is off. */
  close(): void {
    this.#closed = true;
    for (const { transport } of this.#links) transport.close();
    this.#queue = [];
    this.#queueBytes = 0;
  }

  #receive(link: Link, message: ToGatewayFrame): void {
    if (this.#closed) return;
    if (message.kind === 'live') {
      if (message.generation < this.#generation) return;
      this.#generation = message.generation;
      this.#live = link;
      this.#hooks.wentLive(message.generation);
      this.#flush();
      return;
    }
    const { epoch, index, data } = message;
    if (epoch < this.#seen.epoch || (epoch === this.#seen.epoch && index <= this.#seen.index)) {
      this.counters.repeated += 1;
    } else {
      this.#seen = { epoch, index };
      this.counters.framesOut += 1;
      this.counters.bytesOut += data.length;
      this.#hooks.received(data);
    }
    this.#confirm(link);
  }

  /** At most once for each turn of the event loop: a confirmation covers all before it. */
  #confirm(link: Link): void {
    if (link.confirming) return;
    link.confirming = true;
    this.#hooks.soon(() => {
      link.confirming = false;
      if (this.#links.has(link)) link.transport.send(encodeToReplica({ kind: 'confirm', ...this.#seen }));
    });
  }

  #flush(): void {
    const link = this.#live;
    if (!link || link.draining) return;
    let sent = 0;
    for (const message of this.#queue) {
      if (link.transport.unsentBytes() > LINK_BYTES_MAX) break;
      link.transport.send(message);
      this.#queueBytes -= message.length;
      sent += 1;
    }
    this.#queue = sent === this.#queue.length ? [] : this.#queue.slice(sent);
    if (this.#queue.length > 0) this.#waitFor(link);
    // Half empty, not merely not full: else every frame that leaves would call for one more.
    if (!this.#wasFull || this.#queue.length > QUEUE_FRAMES_MAX / 2 || this.#queueBytes > QUEUE_BYTES_MAX / 2) return;
    this.#wasFull = false;
    this.#hooks.ready();
  }

  #waitFor(link: Link): void {
    link.draining = true;
    void link.transport.drained().then(() => {
      link.draining = false;
      this.#flush();
    });
  }

  #break(link: Link): void {
    link.transport.close();
    this.#hooks.broken('a replica sent something that is no message of its link');
  }
}
