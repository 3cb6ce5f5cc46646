/**
 * A network's way out through a socket that speaks QEMU's stream framing: passt, gvproxy, vde, or a QEMU guest.
 *
 * Invariants: it connects for as long as it is not closed, waiting longer after each failure up to RETRY_MS_MAX; what
 * it could not send is bounded, and dropped and counted beyond. While nobody is connected nothing waits: frames of
 * then would be stale.
 */
import net from 'node:net';
import { FRAME_BYTES_MAX } from './wire/ethernet.ts';
import { serializeStreamFrame, StreamFrames } from './wire/stream.ts';

const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5000;
export const UNSENT_BYTES_MAX = 4 << 20;

/** A local socket's path, or a TCP port. */
export type UplinkAddress = { readonly path: string } | { readonly host: string; readonly port: number };

export interface UplinkHooks {
  /** A frame from the other side. */
  received(frame: Uint8Array): void;
  connected(): void;
  /** Once for each connection, and once where there was none to begin with. `why` is for people. */
  lost(why: string): void;
}

export class Uplink {
  readonly #address: UplinkAddress;
  readonly #hooks: UplinkHooks;
  #socket: net.Socket | null = null;
  #connected = false;
  #told = false;
  #retryMs = RETRY_MS_MIN;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;
  #dropped = 0;

  constructor(address: UplinkAddress, hooks: UplinkHooks) {
    this.#address = address;
    this.#hooks = hooks;
    this.#connect();
  }

  get connected(): boolean {
    return this.#connected;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** False when the frame was dropped. */
  deliver(frame: Uint8Array): boolean {
    const socket = this.#socket;
    if (!socket || !this.#connected || socket.writableLength + frame.length > UNSENT_BYTES_MAX) {
      this.#dropped += 1;
      return false;
    }
    socket.write(serializeStreamFrame(frame));
    return true;
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#socket?.destroy();
  }

  #connect(): void {
    this.#timer = null;
    const address = this.#address;
    const socket = 'path' in address ? net.connect(address.path) : net.connect(address.port, address.host);
    const frames = new StreamFrames();
    let why = 'the other side closed the connection';
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('connect', () => {
      this.#connected = true;
      this.#told = false;
      this.#retryMs = RETRY_MS_MIN;
      this.#hooks.connected();
    });
    socket.on('data', (bytes) => {
      const whole = frames.push(bytes as Buffer);
      if (!whole) {
        why = `it announced a frame of more than ${FRAME_BYTES_MAX} bytes: it does not speak QEMU's framing`;
        socket.destroy();
        return;
      }
      for (const frame of whole) this.#hooks.received(frame);
    });
    socket.on('error', (error) => {
      why = error.message;
    });
    socket.on('close', () => this.#lost(why));
  }

  #lost(why: string): void {
    const wasConnected = this.#connected;
    this.#connected = false;
    this.#socket = null;
    if (this.#closed) return;
    this.#timer = setTimeout(() => this.#connect(), this.#retryMs);
    this.#retryMs = Math.min(RETRY_MS_MAX, this.#retryMs * 2);
    if (!wasConnected && this.#told) return;
    this.#told = true;
    this.#hooks.lost(why);
  }
}
