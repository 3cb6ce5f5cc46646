/** A pipe in memory for tests of the bridge. Invariant: nothing happens unless the test does it. */
import type { Connect, Message, PipeEvents } from '../../../renderer/host/bridge.ts';
import type { ClientMessage, HostMessage } from '../../../preload/contract/messages.ts';

export class MemoryHost {
  /** What the page sent over the connections so far; text parsed. */
  readonly received: (ClientMessage | Uint8Array)[] = [];
  connections = 0;
  #events: PipeEvents | null = null;

  readonly connect: Connect = (events) => {
    this.connections++;
    this.#events = events;
    return { send: (message) => this.received.push(parse(message)), close: () => {} };
  };

  open(): void {
    this.#events?.open();
  }

  lose(refused = false): void {
    this.#events?.closed(refused);
  }

  tell(message: HostMessage | Uint8Array): void {
    this.#events?.message(message instanceof Uint8Array ? message : JSON.stringify(message));
  }

  /** The last text message of a kind. */
  last<K extends ClientMessage['kind']>(kind: K): Extract<ClientMessage, { kind: K }> {
    const found = this.received.findLast((message) => !(message instanceof Uint8Array) && message.kind === kind);
    if (!found) throw new Error(`the page sent no "${kind}"`);
    return found as Extract<ClientMessage, { kind: K }>;
  }
}

function parse(message: Message): ClientMessage | Uint8Array {
  return typeof message === 'string' ? (JSON.parse(message) as ClientMessage) : message;
}
