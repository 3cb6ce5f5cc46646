/**
 * The page's end of a door: calls with answers and subscriptions with data, over any pipe that carries messages.
 *
 * Invariant: every call settles exactly once, with its answer or with an error, also when the connection is lost; a
 * subscription survives lost connections (it is made again under a new number) until it is cancelled or the host ends
 * it.
 */
import {
  CommandError,
  type CommandArgs,
  type CommandName,
  type CommandResults,
  type TopicArgs,
  type TopicData,
  type TopicName,
} from '../../preload/contract/contract.ts';
import { decodeBytes, encodeBytes, type ClientMessage, type HostMessage } from '../../preload/contract/messages.ts';

export type Message = string | Uint8Array;

/** One open connection. `close` is for the page going away; it reports nothing back. */
export interface Pipe {
  send(message: Message): void;
  close(): void;
}

export interface PipeEvents {
  open(): void;
  message(message: Message): void;
  /** It is over: `refused` when the host does not accept this session, and trying again would not help. */
  closed(refused: boolean): void;
}

/** Begins a connection. Exactly one of `open` and `closed` follows; `closed` may follow `open`. */
export type Connect = (events: PipeEvents) => Pipe;

export type ConnectionPhase = 'connecting' | 'open' | 'lost' | 'refused';

export interface SubscriptionHandlers<T extends TopicName> {
  /** Before the first message, and again after every reconnection: forget what the last connection said. */
  begin?(): void;
  data?(data: TopicData[T]): void;
  bytes?(bytes: Uint8Array): void;
  end?(error: CommandError | null): void;
}

export interface Subscription {
  send(bytes: Uint8Array): void;
  cancel(): void;
}

export interface Bridge {
  call<C extends CommandName>(command: C, args: CommandArgs<C>): Promise<CommandResults[C]>;
  /** `args` may be a function: it is asked again at every reconnection. */
  subscribe<T extends TopicName>(
    topic: T,
    args: TopicArgs<T> | (() => TopicArgs<T>),
    handlers: SubscriptionHandlers<T>,
  ): Subscription;
  close(): void;
}

export interface BridgeOptions {
  readonly connect: Connect;
  readonly onPhase: (phase: ConnectionPhase) => void;
  /** Milliseconds before the next attempt, by how many have failed in a row. */
  readonly backOff?: (failures: number) => number;
}

export const LOST_MESSAGE = 'The connection to Lockstep was lost; whether the command was carried out is not known.';
export const NOT_CONNECTED_MESSAGE = 'There is no connection to Lockstep: wait until it is back, then try again.';

const BACK_OFF_FIRST_MS = 250;
const BACK_OFF_MAX_MS = 5000;

/** Doubles from a quarter of a second to five seconds. */
export function backOff(failures: number): number {
  return Math.min(BACK_OFF_MAX_MS, BACK_OFF_FIRST_MS * 2 ** Math.min(failures, 10));
}

interface PendingCall {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: CommandError) => void;
}

interface OpenSubscription {
  number: number;
  readonly topic: TopicName;
  readonly args: () => unknown;
  readonly handlers: {
    begin?(): void;
    data?(data: never): void;
    bytes?(bytes: Uint8Array): void;
    end?(error: CommandError | null): void;
  };
}

/** Connects at once, and again whenever the connection is lost. */
export function createBridge(options: BridgeOptions): Bridge {
  return new PipeBridge(options);
}

class PipeBridge implements Bridge {
  readonly #options: BridgeOptions;
  readonly #calls = new Map<number, PendingCall>();
  readonly #subscriptions = new Set<OpenSubscription>();
  readonly #byNumber = new Map<number, OpenSubscription>();
  #pipe: Pipe | null = null;
  #open = false;
  #closed = false;
  #failures = 0;
  #lastNumber = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(options: BridgeOptions) {
    this.#options = options;
    options.onPhase('connecting');
    this.#connect();
  }

  call<C extends CommandName>(command: C, args: CommandArgs<C>): Promise<CommandResults[C]> {
    return new Promise((resolve, reject) => {
      if (!this.#open) return reject(new CommandError('failed', NOT_CONNECTED_MESSAGE));
      const id = ++this.#lastNumber;
      this.#calls.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.#send({ kind: 'call', id, command, args });
    });
  }

  subscribe<T extends TopicName>(
    topic: T,
    args: TopicArgs<T> | (() => TopicArgs<T>),
    handlers: SubscriptionHandlers<T>,
  ): Subscription {
    const entry: OpenSubscription = {
      number: 0,
      topic,
      args: typeof args === 'function' ? (args as () => TopicArgs<T>) : () => args,
      handlers,
    };
    this.#subscriptions.add(entry);
    if (this.#open) this.#begin(entry);
    return {
      send: (bytes) => {
        if (this.#open && this.#byNumber.get(entry.number) === entry) {
          this.#pipe?.send(encodeBytes(entry.number, bytes));
        }
      },
      cancel: () => {
        if (!this.#subscriptions.delete(entry)) return;
        if (this.#byNumber.delete(entry.number)) this.#send({ kind: 'unsubscribe', subscription: entry.number });
      },
    };
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#pipe?.close();
    this.#forgetConnection();
  }

  #connect(): void {
    this.#pipe = this.#options.connect({
      open: () => this.#opened(),
      message: (message) => this.#received(message),
      closed: (refused) => this.#lost(refused),
    });
  }

  #opened(): void {
    if (this.#closed) return;
    this.#open = true;
    this.#failures = 0;
    this.#options.onPhase('open');
    for (const entry of this.#subscriptions) this.#begin(entry);
  }

  #lost(refused: boolean): void {
    if (this.#closed) return;
    this.#forgetConnection();
    this.#options.onPhase(refused ? 'refused' : 'lost');
    if (refused) return;
    const wait = (this.#options.backOff ?? backOff)(this.#failures++);
    this.#retry = setTimeout(() => this.#connect(), wait);
  }

  #forgetConnection(): void {
    this.#open = false;
    this.#pipe = null;
    this.#byNumber.clear();
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.reject(new CommandError('failed', LOST_MESSAGE));
  }

  #begin(entry: OpenSubscription): void {
    entry.number = ++this.#lastNumber;
    this.#byNumber.set(entry.number, entry);
    entry.handlers.begin?.();
    this.#send({ kind: 'subscribe', subscription: entry.number, topic: entry.topic, args: entry.args() });
  }

  #send(message: ClientMessage): void {
    if (this.#open) this.#pipe?.send(JSON.stringify(message));
  }

  #received(message: Message): void {
    if (typeof message !== 'string') {
      const { subscription, bytes } = decodeBytes(message);
      this.#byNumber.get(subscription)?.handlers.bytes?.(bytes);
      return;
    }
    const parsed = JSON.parse(message) as HostMessage;
    if (parsed.kind === 'data') {
      this.#byNumber.get(parsed.subscription)?.handlers.data?.(parsed.data as never);
      return;
    }
    if (parsed.kind === 'end') {
      const entry = this.#byNumber.get(parsed.subscription);
      if (!entry) return;
      this.#byNumber.delete(parsed.subscription);
      this.#subscriptions.delete(entry);
      entry.handlers.end?.(parsed.error ? new CommandError(parsed.error.code, parsed.error.message) : null);
      return;
    }
    const call = this.#calls.get(parsed.id);
    if (!call) return;
    this.#calls.delete(parsed.id);
    if (parsed.kind === 'result') call.resolve(parsed.result);
    else call.reject(new CommandError(parsed.error.code, parsed.error.message));
  }
}
