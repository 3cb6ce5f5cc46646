/**
 * Messages over a stream socket: each one's length (32 bits, little endian) before its bytes.
 *
 * Invariant: a length beyond MESSAGE_BYTES_MAX closes the link before anything is allocated for it.
 */
import type { Socket } from 'node:net';
import { MESSAGE_BYTES_MAX, type Transport } from './transport.ts';

const LENGTH_BYTES = 4;
/** Below this many unsent bytes the link counts as drained. */
const DRAINED_BYTES = 1 << 18;

/** Wraps a connected socket. */
export function socketTransport(socket: Socket): Transport {
  let onMessage: ((message: Uint8Array) => void) | null = null;
  let onClose: ((why: string) => void) | null = null;
  let why: string | null = null;
  const assembler = new MessageAssembler((message) => {
    // One piece may hold messages behind the one that made the listener close the link.
    if (why === null) onMessage?.(message);
  });

  const closed = (reason: string): void => {
    if (why !== null) return;
    why = reason;
    socket.destroy();
    onClose?.(reason);
  };
  // Nobody listens yet: leave the bytes in the kernel.
  socket.pause();
  socket.setNoDelay(true);
  socket.on('data', (bytes) => {
    try {
      assembler.push(bytes as Buffer);
    } catch (error) {
      closed((error as Error).message);
    }
  });
  socket.on('error', (error) => closed(error.message));
  socket.on('close', () => closed('the link was closed'));

  return {
    send(message) {
      if (why === null) socket.write(framed(message));
    },
    unsentBytes: () => socket.writableLength,
    async drained() {
      while (why === null && socket.writableLength > DRAINED_BYTES) {
        await new Promise<void>((resolve) => {
          const done = (): void => {
            socket.off('drain', done);
            socket.off('close', done);
            resolve();
          };
          socket.on('drain', done);
          socket.on('close', done);
        });
      }
    },
    pause(paused) {
      if (paused) socket.pause();
      else if (onMessage) socket.resume();
    },
    onMessage(listener) {
      onMessage = listener;
      socket.resume();
    },
    onClose(listener) {
      onClose = listener;
      if (why !== null) listener(why);
    },
    close: () => closed('closed by this side'),
  };
}

function framed(message: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + message.length);
  bytes.writeUInt32LE(message.length, 0);
  bytes.set(message, LENGTH_BYTES);
  return bytes;
}

/** Cuts a stream of bytes into messages. */
export class MessageAssembler {
  readonly #deliver: (message: Uint8Array) => void;
  #parts: Buffer[] = [];
  #length = 0;
  #needed = LENGTH_BYTES;

  constructor(deliver: (message: Uint8Array) => void) {
    this.#deliver = deliver;
  }

  /** @throws {RangeError} when the stream announces a message beyond the limit. */
  push(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    if (this.#length < this.#needed) return;
    let rest = this.#parts.length === 1 ? bytes : Buffer.concat(this.#parts, this.#length);
    this.#needed = LENGTH_BYTES;
    while (rest.length >= LENGTH_BYTES) {
      const length = rest.readUInt32LE(0);
      if (length > MESSAGE_BYTES_MAX) throw new RangeError(`the peer announced a message of ${length} bytes`);
      this.#needed = LENGTH_BYTES + length;
      if (rest.length < this.#needed) break;
      this.#deliver(rest.subarray(LENGTH_BYTES, this.#needed));
      rest = rest.subarray(this.#needed);
      this.#needed = LENGTH_BYTES;
    }
    this.#parts = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
  }
}
