/**
 * Inside a utility process, before its entry: `process.parentPort`, and ports as objects.
 *
 * Invariant: the entry sees what Electron gives a utility process, and not Node's own IPC to its parent.
 */
import { EventEmitter } from 'node:events';
import type { FromUtility, ToUtility } from './utility-wire.ts';

const send = process.send?.bind(process);
if (!send) throw new Error('a utility process is forked, not started by hand');
const say = (message: FromUtility): void => {
  if (process.connected) send(message);
};

/** @throws {Error} as Electron does for what cannot be cloned. */
function clone(message: unknown): unknown {
  try {
    return structuredClone(message);
  } catch {
    throw new Error('An object could not be cloned.');
  }
}

function refuseTransfer(transfer: readonly unknown[]): void {
  if (transfer.length > 0) throw new TypeError('the stand-in moves ports from main to a utility process only');
}

class Port extends EventEmitter {
  readonly #number: number;
  readonly #queue: unknown[] = [];
  #started = false;
  #closed = false;

  constructor(number: number) {
    super();
    this.#number = number;
  }

  postMessage(message: unknown, transfer: readonly unknown[] = []): void {
    refuseTransfer(transfer);
    const data = clone(message);
    if (!this.#closed) say({ kind: 'port', port: this.#number, data });
  }

  start(): void {
    this.#started = true;
    for (const data of this.#queue.splice(0)) this.emit('message', { data, ports: [] });
  }

  close(): void {
    if (this.#closed) return;
    say({ kind: 'close', port: this.#number });
    this.closed();
  }

  deliver(data: unknown): void {
    if (this.#started) this.emit('message', { data, ports: [] });
    else this.#queue.push(data);
  }

  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    ports.delete(this.#number);
    this.emit('close');
  }
}

const ports = new Map<number, Port>();

class ParentPort extends EventEmitter {
  readonly #early: { data: unknown; ports: Port[] }[] = [];

  constructor() {
    super();
    // As with Electron's, what comes before the first listener waits for it.
    this.on('newListener', (name: string) => {
      if (name === 'message') setImmediate(() => this.#early.splice(0).forEach((event) => this.emit('message', event)));
    });
  }

  postMessage(message: unknown, ...more: unknown[]): void {
    refuseTransfer(more);
    say({ kind: 'message', data: clone(message) });
  }

  deliver(event: { data: unknown; ports: Port[] }): void {
    if (this.listenerCount('message') === 0 || this.#early.length > 0) this.#early.push(event);
    else this.emit('message', event);
  }
}

const parentPort = new ParentPort();

process.on('message', (message: ToUtility) => {
  if (message.kind === 'port') {
    ports.get(message.port)?.deliver(message.data);
  } else if (message.kind === 'closed') {
    ports.get(message.port)?.closed();
  } else {
    const given = message.ports.map((number) => new Port(number));
    given.forEach((port, index) => ports.set(message.ports[index] ?? 0, port));
    parentPort.deliver({ data: message.data, ports: given });
  }
});
// Electron's browser process takes its utility processes with it.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
Object.assign(process, { parentPort, type: 'utility', send: undefined });
