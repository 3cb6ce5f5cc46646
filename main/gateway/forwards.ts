/**
 * The port forwards of a network: a port of the host that leads to a port of a VM, for TCP and UDP.
 *
 * Invariant: a forward in the table is listening, whether its VM is on or off; one that cannot listen is not in the
 * table, and whoever asked for it is told what is wrong and what to do.
 */
import { isIP } from 'node:net';
import type { Ipv4Address } from './wire/ipv4.ts';

export interface Forward {
  readonly id: string;
  readonly protocol: 'tcp' | 'udp';
  /** An IPv4 or IPv6 address of the host; 127.0.0.1 is reachable from this computer only, 0.0.0.0 from everywhere. */
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly vm: string;
  readonly guestPort: number;
}

/** Who listens on the host for the forwards of one protocol. */
export interface ForwardListener {
  /**
   * Listens until the answer's `close` is called. `guest` is asked for every connection or datagram: null while the VM
   * is off; then it is refused, and `refused` is called.
   * @throws {Error} (rejects) with the operating system's `code` when it cannot listen.
   */
  listen(forward: Forward, target: ForwardTarget): Promise<ListeningForward>;
}

export interface ForwardTarget {
  guest(): Ipv4Address | null;
  refused(): void;
}

export interface ListeningForward {
  close(): void;
}

export const FORWARDS_MAX = 1024;

export interface ForwardTableParts {
  readonly listeners: { readonly [P in Forward['protocol']]: ForwardListener };
  /** Where the VM is; null while it is off. */
  guest(vm: string): Ipv4Address | null;
  /** The first time that somebody came for a VM that is off, since it was last on. */
  refused(forward: Forward): void;
}

export class ForwardTable {
  readonly #parts: ForwardTableParts;
  readonly #entries = new Map<string, Entry>();

  constructor(parts: ForwardTableParts) {
    this.#parts = parts;
  }

  list(): readonly { readonly forward: Forward; readonly refused: number }[] {
    return [...this.#entries.values()].map(({ forward, refused }) => ({ forward, refused }));
  }

  /** @returns null when it listens, else what is wrong with it and what to do. */
  async add(forward: Forward): Promise<string | null> {
    const wrong = invalid(forward) ?? this.#conflict(forward);
    if (wrong !== null) return wrong;
    const entry: Entry = { forward, listening: null, removed: false, refused: 0, told: false };
    this.#entries.set(forward.id, entry);
    const target = { guest: () => this.#guest(entry), refused: () => this.#refused(entry) };
    try {
      const listening = await this.#parts.listeners[forward.protocol].listen(forward, target);
      // It may have been removed while the socket was opened.
      if (entry.removed) listening.close();
      else entry.listening = listening;
      return null;
    } catch (error) {
      this.#entries.delete(forward.id);
      return cannotListen(forward, error as NodeJS.ErrnoException);
    }
  }

  /** @returns false when there is none with this id. */
  remove(id: string): boolean {
    const entry = this.#entries.get(id);
    if (!entry) return false;
    this.#entries.delete(id);
    entry.removed = true;
    entry.listening?.close();
    return true;
  }

  close(): void {
    for (const id of this.#entries.keys()) this.remove(id);
  }

  #guest(entry: Entry): Ipv4Address | null {
    const guest = this.#parts.guest(entry.forward.vm);
    if (guest !== null) entry.told = false;
    return guest;
  }

  #refused(entry: Entry): void {
    entry.refused += 1;
    if (entry.told) return;
    entry.told = true;
    this.#parts.refused(entry.forward);
  }

  #conflict(forward: Forward): string | null {
    if (this.#entries.has(forward.id)) return `there is a forward ${forward.id} already`;
    return this.#entries.size < FORWARDS_MAX ? null : `a network has at most ${FORWARDS_MAX} forwards: remove some`;
  }
}

interface Entry {
  readonly forward: Forward;
  listening: ListeningForward | null;
  removed: boolean;
  refused: number;
  /** Somebody was refused, and that was said. */
  told: boolean;
}

/** What is wrong with a forward before anything is tried. */
export function invalid(forward: Forward): string | null {
  if (forward.protocol !== 'tcp' && forward.protocol !== 'udp') {
    return `${String(forward.protocol)} cannot be forwarded: only tcp and udp can`;
  }
  if (isIP(forward.hostAddress) === 0) {
    return `"${forward.hostAddress}" is no address: write one of this computer's, like 127.0.0.1 or 0.0.0.0`;
  }
  const ports = [forward.hostPort, forward.guestPort];
  const wrong = ports.find((port) => !Number.isInteger(port) || port < 1 || port > 0xffff);
  return wrong === undefined ? null : `${wrong} is no port: ports are from 1 to 65535`;
}

/** The operating system's refusal, with the remedy. */
function cannotListen(forward: Forward, error: NodeJS.ErrnoException): string {
  const { protocol, hostAddress, hostPort } = forward;
  switch (error.code) {
    case 'EADDRINUSE':
      return `${protocol} port ${hostPort} of ${hostAddress} is in use: choose another port, or end what uses it`;
    case 'EACCES':
    case 'EPERM':
      return `${protocol} port ${hostPort} is for privileged programs: choose one of 1024 or above`;
    case 'EADDRNOTAVAIL':
      return `this computer has no address ${hostAddress}: use one of its own, 127.0.0.1 or 0.0.0.0`;
    default:
      return `cannot listen on ${protocol} port ${hostPort} of ${hostAddress}: ${error.message}`;
  }
}
