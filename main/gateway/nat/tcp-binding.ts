/**
 * A guest's connection bound to a socket of the host: what one side sends, the other gets.
 *
 * Invariant: at most a connection's capacity is kept in each direction, plus one piece of the socket's. Whoever is full
 * is not read from: the host's socket is paused, the guest's window closes. An end is passed on as an end, behind all
 * data; an error as a reset.
 */
import type { Socket } from 'node:net';
import type { Connection } from '../tcp/connection.ts';
import type { Ipv4Address } from '../wire/ipv4.ts';

/** Who talks to whom, as the guest sees it. */
export interface Endpoints {
  readonly guest: Ipv4Address;
  readonly guestPort: number;
  readonly remote: Ipv4Address;
  readonly remotePort: number;
}

export interface BindingOptions extends Endpoints {
  readonly connection: Connection;
  readonly socket: Socket;
  /** The forward that it came through; null for one that the guest opened. */
  readonly forward: string | null;
  readonly nowMs: number;
  /** Something happened at the host's side: `pump` soon. */
  readonly onChange: (binding: Binding) => void;
}

/** The operating system asks an idle host after this time whether it lives. */
const HOST_KEEPALIVE_MS = 2 * 3_600_000;
/** A host that does not answer for this long is given up. */
const HOST_CONNECT_MS_MAX = 60_000;

export class Binding {
  readonly endpoints: Endpoints;
  readonly connection: Connection;
  readonly forward: string | null;
  readonly sinceMs: number;
  bytesFromGuest = 0;
  bytesToGuest = 0;
  /** Why the host's side failed: the code of the socket's error. */
  hostError: string | null = null;
  readonly #socket: Socket;
  readonly #onChange: (binding: Binding) => void;
  #hostConnected: boolean;
  #hostFull = false;
  #hostEnded = false;
  #hostClosed = false;
  #endPassedOn = false;
  #reading = false;

  constructor(options: BindingOptions) {
    const { guest, guestPort, remote, remotePort, socket } = options;
    this.endpoints = { guest, guestPort, remote, remotePort };
    this.connection = options.connection;
    this.forward = options.forward;
    this.sinceMs = options.nowMs;
    this.#socket = socket;
    this.#onChange = options.onChange;
    this.#hostConnected = !socket.connecting;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, HOST_KEEPALIVE_MS);
    this.#listen();
  }

  /** Whether both sides are closed and nothing is left to carry. */
  get done(): boolean {
    return this.#hostClosed && this.connection.state === 'closed';
  }

  /** Whether all it still does is to wait for old segments to die. */
  get expendable(): boolean {
    return this.#hostClosed && this.connection.state === 'time-wait';
  }

  /** Moves what can be moved, and says to each side what the other has said. */
  pump(nowMs: number): void {
    const { connection } = this;
    if (this.#hostConnected) connection.accept();
    if (this.#hostClosed && !(this.#hostEnded && this.#endPassedOn)) this.#hostFailed();
    this.#toHost();
    if (connection.state === 'closed' && connection.reason !== 'finished') this.#cutHost();
    this.#readHost();
    connection.flush(nowMs);
  }

  /** Time has passed. */
  tick(nowMs: number): void {
    if (!this.#hostConnected && nowMs - this.sinceMs > HOST_CONNECT_MS_MAX) {
      this.hostError = 'ETIMEDOUT';
      this.connection.abort('refused');
    }
    this.connection.tick(nowMs);
  }

  /** Ends both sides with a reset. */
  abort(): void {
    this.connection.abort();
    this.#cutHost();
  }

  #listen(): void {
    const changed = (): void => this.#onChange(this);
    const socket = this.#socket;
    socket.on('connect', () => {
      this.#hostConnected = true;
      changed();
    });
    socket.on('data', (bytes: Buffer) => {
      this.connection.write(bytes);
      this.bytesToGuest += bytes.length;
      changed();
    });
    socket.on('end', () => {
      this.#hostEnded = true;
      this.connection.finish();
      changed();
    });
    socket.on('drain', () => {
      this.#hostFull = false;
      changed();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.hostError ??= error.code ?? error.message;
      changed();
    });
    socket.on('close', () => {
      this.#hostClosed = true;
      changed();
    });
    // Nothing is read before the guest's side is open; a listener for data would start it.
    socket.pause();
  }

  #toHost(): void {
    const { connection } = this;
    while (!this.#hostFull && !this.#hostClosed) {
      const bytes = connection.read();
      if (!bytes) break;
      this.bytesFromGuest += bytes.length;
      this.#hostFull = !this.#socket.write(bytes);
    }
    if (connection.ended && !this.#endPassedOn && !this.#hostClosed) {
      this.#endPassedOn = true;
      this.#socket.end();
    }
  }

  #readHost(): void {
    const { connection } = this;
    const wanted = connection.isOpen && connection.writable > 0;
    if (wanted === this.#reading || this.#hostClosed) return;
    this.#reading = wanted;
    if (wanted) this.#socket.resume();
    else this.#socket.pause();
  }

  #hostFailed(): void {
    const { connection } = this;
    if (connection.state === 'listen') connection.abort('refused');
    else if (connection.state !== 'closed') connection.abort();
  }

  #cutHost(): void {
    if (this.#socket.destroyed) return;
    // A socket that still connects would wait for its connection before it resets it.
    if (this.#socket.connecting) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }
}
