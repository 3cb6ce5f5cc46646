/**
 * Message ports in the main process: `MessageChannelMain`, and how a port moves into a utility process.
 *
 * Invariant: messages of a port arrive in order, as structured clones; only ports are transferred; a port that closes,
 * or whose process dies, closes the other end after all that was sent before.
 */
import { EventEmitter } from 'node:events';

/** Where one end of a channel is. */
interface End {
  deliver(data: unknown, ports: MessagePortMain[]): void;
  closed(): void;
}

/** A channel: what one side sends reaches the other, wherever it is. */
class Channel {
  readonly #ends: [End | null, End | null] = [null, null];
  #open = true;

  attach(side: 0 | 1, end: End): void {
    this.#ends[side] = end;
  }

  send(from: 0 | 1, data: unknown, ports: MessagePortMain[]): void {
    // Looked up when it arrives: the other end may have moved meanwhile.
    if (this.#open) setImmediate(() => this.#ends[from === 0 ? 1 : 0]?.deliver(data, ports));
  }

  close(from: 0 | 1): void {
    if (!this.#open) return;
    this.#open = false;
    setImmediate(() => this.#ends[from === 0 ? 1 : 0]?.closed());
  }
}

/** What was posted is independent of what the poster does next. @throws {Error} for what cannot be cloned. */
export function cloneForIpc(message: unknown): unknown {
  try {
    return structuredClone(message);
  } catch {
    throw new Error('An object could not be cloned.');
  }
}

/** @throws {TypeError} where something else than ports is transferred, as Electron does. */
export function checkTransfer(transfer: readonly unknown[]): asserts transfer is readonly MessagePortMain[] {
  transfer.forEach((item, index) => {
    if (!(item instanceof MessagePortMain)) throw new TypeError(`Port at index ${index} is not a valid port`);
    if (item.neutered) throw new TypeError(`Port at index ${index} is already neutered`);
  });
  if (new Set(transfer).size < transfer.length) throw new TypeError('Port is duplicated');
}

export class MessagePortMain extends EventEmitter implements End {
  readonly #channel: Channel;
  readonly #side: 0 | 1;
  readonly #queue: { data: unknown; ports: MessagePortMain[] }[] = [];
  #started = false;
  #closed = false;
  /** It was transferred: this object is an empty shell. */
  neutered = false;

  constructor(channel: Channel, side: 0 | 1) {
    super();
    this.#channel = channel;
    this.#side = side;
    channel.attach(side, this);
  }

  postMessage(message: unknown, transfer: readonly unknown[] = []): void {
    const data = cloneForIpc(message);
    checkTransfer(transfer);
    if (transfer.includes(this)) throw new TypeError('Port at index 0 contains the source port');
    if (!this.neutered)
      this.#channel.send(
        this.#side,
        data,
        transfer.map((port) => port.#renewed()),
      );
  }

  start(): void {
    this.#started = true;
    for (const { data, ports } of this.#queue.splice(0)) this.emit('message', { data, ports });
  }

  close(): void {
    if (this.neutered || this.#closed) return;
    this.#channel.close(this.#side);
    this.closed();
  }

  deliver(data: unknown, ports: MessagePortMain[]): void {
    if (this.#started) this.emit('message', { data, ports });
    else this.#queue.push({ data, ports });
  }

  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.emit('close');
  }

  /** What the receiver gets for this port: another object, which takes its place. */
  #renewed(): MessagePortMain {
    const port = new MessagePortMain(this.#channel, this.#side);
    this.neutered = true;
    port.#queue.push(...this.#queue.splice(0));
    return port;
  }

  /** Moves this end elsewhere, with what nobody has read. @returns how that place sends and closes. */
  moveTo(end: End): { send(data: unknown): void; close(): void } {
    this.neutered = true;
    this.#channel.attach(this.#side, end);
    for (const { data, ports } of this.#queue.splice(0)) end.deliver(data, ports);
    return {
      send: (data) => this.#channel.send(this.#side, data, []),
      close: () => this.#channel.close(this.#side),
    };
  }
}

export class MessageChannelMain {
  readonly port1: MessagePortMain;
  readonly port2: MessagePortMain;

  constructor() {
    const channel = new Channel();
    this.port1 = new MessagePortMain(channel, 0);
    this.port2 = new MessagePortMain(channel, 1);
  }
}
