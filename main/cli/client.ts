/**
 * The command line's end of the conversation: calls and subscriptions over the control socket.
 *
 * Invariant: an answer or an error comes for every call, also when the host dies meanwhile.
 */
import type { WebSocket } from 'ws';
import {
  CommandError,
  type CommandArgs,
  type CommandName,
  type CommandResults,
  type TopicArgs,
  type TopicData,
  type TopicName,
} from '../../preload/contract/contract.ts';
import { decodeBytes, encodeBytes, type HostMessage, type WireError } from '../../preload/contract/messages.ts';
import { connectControl } from '../web/control.ts';

export interface Subscriber<T extends TopicName> {
  data?(data: TopicData[T]): void;
  bytes?(bytes: Uint8Array): void;
  /** The subscription is over; by an error where one is given. */
  end(error: CommandError | null): void;
}

export interface Subscription {
  send(bytes: Uint8Array): void;
  /** Bytes that have not left this process. */
  unsentBytes(): number;
}

const LOST = 'The Lockstep host has ended. Start it again with: lockstep serve';

export class Client {
  readonly #socket: WebSocket;
  readonly #calls = new Map<number, { resolve: (result: unknown) => void; reject: (error: CommandError) => void }>();
  readonly #subscriptions = new Map<number, Subscriber<TopicName>>();
  #numbers = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = 'nodebuffer';
    socket.on('message', (data, isBinary) => {
      if (isBinary) this.#bytes(data as Buffer);
      else this.#handle(JSON.parse((data as Buffer).toString('utf8')) as HostMessage);
    });
    socket.on('error', () => {
      // `close` follows.
    });
    socket.on('close', () => this.#lost());
  }

  /** @throws {CommandError} when no host serves this data folder. */
  static async connect(dataFolder: string): Promise<Client> {
    try {
      return new Client(await connectControl(dataFolder));
    } catch {
      throw new CommandError(
        'failed',
        `No Lockstep host runs for the data folder "${dataFolder}". ` +
          'Start one with: lockstep serve (or open the application).',
      );
    }
  }

  call<C extends CommandName>(command: C, args: CommandArgs<C>): Promise<CommandResults[C]> {
    this.#numbers += 1;
    const id = this.#numbers;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.#socket.send(JSON.stringify({ kind: 'call', id, command, args }));
    });
  }

  subscribe<T extends TopicName>(topic: T, args: TopicArgs<T>, subscriber: Subscriber<T>): Subscription {
    this.#numbers += 1;
    const subscription = this.#numbers;
    this.#subscriptions.set(subscription, subscriber as Subscriber<TopicName>);
    this.#socket.send(JSON.stringify({ kind: 'subscribe', subscription, topic, args }));
    return {
      send: (bytes) => this.#socket.send(encodeBytes(subscription, bytes)),
      unsentBytes: () => this.#socket.bufferedAmount,
    };
  }

  close(): void {
    this.#socket.close();
  }

  #bytes(message: Buffer): void {
    const { subscription, bytes } = decodeBytes(message);
    this.#subscriptions.get(subscription)?.bytes?.(bytes);
  }

  #handle(message: HostMessage): void {
    switch (message.kind) {
      case 'result':
        this.#calls.get(message.id)?.resolve(message.result);
        this.#calls.delete(message.id);
        return;
      case 'error':
        this.#calls.get(message.id)?.reject(commandError(message.error));
        this.#calls.delete(message.id);
        return;
      case 'data':
        this.#subscriptions.get(message.subscription)?.data?.(message.data as never);
        return;
      case 'end':
        this.#subscriptions.get(message.subscription)?.end(message.error && commandError(message.error));
        this.#subscriptions.delete(message.subscription);
    }
  }

  #lost(): void {
    const error = new CommandError('failed', LOST);
    for (const call of this.#calls.values()) call.reject(error);
    for (const subscriber of this.#subscriptions.values()) subscriber.end(error);
    this.#calls.clear();
    this.#subscriptions.clear();
  }
}

function commandError(error: WireError): CommandError {
  return new CommandError(error.code, error.message);
}
