/**
 * A learning Ethernet switch.
 *
 * Invariants: a port with a MAC address of its own sends from that address only, and frames to it go nowhere else,
 * whatever anybody claims; what was learned is bounded. The switch holds no frame: queues belong to the ports, whose
 * `deliver` says whether there was room.
 */
import { isGroup, parseEthernet, type MacAddress } from './wire/ethernet.ts';

/** Addresses learned at ports without one of their own. */
export const LEARNED_MAX = 1024;
/** IEEE 802.1D's recommendation, in milliseconds. */
export const LEARNED_MS = 300_000;
/** Destinations 01:80:c2:00:00:00 to 0f are for the next bridge only (IEEE 802.1D, table 7-10). */
const LINK_LOCAL_FIRST = 0x0180c2000000;
const LINK_LOCAL_LAST = 0x0180c200000f;

export interface PortOptions {
  /** The only address behind this port; null where there may be many (an uplink). */
  readonly mac: MacAddress | null;
  /** Takes a frame to the port's other side. False when there was no room for it. */
  deliver(frame: Uint8Array): boolean;
}

export interface SwitchCounters {
  malformed: number;
  spoofed: number;
}

export interface SwitchPort {
  readonly counters: Readonly<SwitchCounters>;
  /** A frame from the port's other side. True when it arrived anywhere. */
  send(frame: Uint8Array, nowMs: number): boolean;
  disconnect(): void;
}

class Port implements SwitchPort {
  readonly options: PortOptions;
  readonly counters: SwitchCounters = { malformed: 0, spoofed: 0 };
  readonly #owner: EthernetSwitch;

  constructor(owner: EthernetSwitch, options: PortOptions) {
    this.#owner = owner;
    this.options = options;
  }

  send(frame: Uint8Array, nowMs: number): boolean {
    return this.#owner.forward(this, frame, nowMs);
  }

  disconnect(): void {
    this.#owner.disconnect(this);
  }
}

export class EthernetSwitch {
  readonly #ports = new Set<Port>();
  readonly #own = new Map<MacAddress, Port>();
  /** In the order in which they were last seen. */
  readonly #learned = new Map<MacAddress, { readonly port: Port; readonly seenAt: number }>();

  /** @throws {Error} when another port has the address. */
  connect(options: PortOptions): SwitchPort {
    const { mac } = options;
    if (mac !== null && (isGroup(mac) || this.#own.has(mac)))
      throw new Error('every port has a MAC address of its own');
    const port = new Port(this, options);
    this.#ports.add(port);
    if (mac !== null) {
      this.#own.set(mac, port);
      this.#learned.delete(mac);
    }
    return port;
  }

  get learnedCount(): number {
    return this.#learned.size;
  }

  /** Called by ports. */
  forward(from: Port, bytes: Uint8Array, nowMs: number): boolean {
    if (!this.#ports.has(from)) return false;
    const frame = parseEthernet(bytes);
    if (!frame) {
      from.counters.malformed += 1;
      return false;
    }
    const { source, destination } = frame;
    if (from.options.mac === null ? this.#own.has(source) : from.options.mac !== source) {
      from.counters.spoofed += 1;
      return false;
    }
    if (from.options.mac === null) this.#learn(source, from, nowMs);
    if (destination >= LINK_LOCAL_FIRST && destination <= LINK_LOCAL_LAST) return false;
    const to = isGroup(destination) ? null : this.#portOf(destination, nowMs);
    if (to) return to !== from && to.options.deliver(bytes);
    return this.#flood(from, bytes, isGroup(destination));
  }

  /** Called by ports. */
  disconnect(port: Port): void {
    this.#ports.delete(port);
    if (port.options.mac !== null) this.#own.delete(port.options.mac);
    for (const [mac, entry] of this.#learned) if (entry.port === port) this.#learned.delete(mac);
  }

  #portOf(mac: MacAddress, nowMs: number): Port | null {
    const own = this.#own.get(mac);
    if (own) return own;
    const entry = this.#learned.get(mac);
    return entry && nowMs - entry.seenAt <= LEARNED_MS ? entry.port : null;
  }

  /** A port with an address of its own has nobody else behind it, so an unknown address need not be sought there. */
  #flood(from: Port, bytes: Uint8Array, group: boolean): boolean {
    let arrived = false;
    for (const port of this.#ports) {
      if (port === from || (!group && port.options.mac !== null)) continue;
      if (port.options.deliver(bytes)) arrived = true;
    }
    return arrived;
  }

  #learn(mac: MacAddress, port: Port, nowMs: number): void {
    this.#learned.delete(mac);
    if (this.#learned.size >= LEARNED_MAX) {
      const [oldest] = this.#learned.keys();
      if (oldest !== undefined) this.#learned.delete(oldest);
    }
    this.#learned.set(mac, { port, seenAt: nowMs });
  }
}
