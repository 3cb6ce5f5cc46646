/**
 * One client's conversation, whichever door it came through: calls are answered, subscriptions are fed.
 *
 * Invariants: nothing a client sends can do more than end its own session; a client that does not read is not written
 * to without bound (its pictures are left out, and past a limit it is cut off); when the door closes, every
 * subscription ends. What it changes is written down (audit.ts).
 */
import * as v from 'valibot';
import { CommandError, topics, type ParsedTopicArgs, type TopicName } from '../../preload/contract/contract.ts';
import { ALARMS_LIMIT_MAX } from '../../preload/contract/history.ts';
import { decodeConsoleInput, decodeSeen } from '../../preload/contract/input.ts';
import {
  ClientMessage,
  decodeBytes,
  encodeBytes,
  type HostMessage,
  type WireError,
} from '../../preload/contract/messages.ts';
import { isAudit } from '../store/events.ts';
import type { Caller } from './watch/audit.ts';
import { asCommandError, carryOutFor, parseArgs, vmOf } from './commands.ts';
import type { Fleet } from './fleet.ts';
import { PictureFlow } from './outside/picture-flow.ts';

/** A pipe of messages to one client. */
export interface Door {
  readonly caller: Caller;
  send(message: string | Uint8Array): void;
  /** Bytes handed to `send` that the client has not taken. */
  unsentBytes(): number;
  /** Closes the door for what the client did. */
  refuse(why: string): void;
  /** Stops or goes on reading from the client, where the door can. */
  pause(paused: boolean): void;
}

const SUBSCRIPTIONS_MAX = 64;
/** Calls of one client that have no answer yet. */
export const CALLS_MAX = 256;
const METRICS_MS = 1000;
/** Serial input goes to the guest in pieces of at most this, in bytes. */
const SERIAL_PIECE_BYTES = 64 << 10;
/** Events are sent in pieces of this many. */
const EVENTS_BATCH = 1000;
/** A subscriber to tasks first hears of this many. */
const TASKS_FIRST = 100;
/** Sound is left out while this much is unsent. */
const SOUND_UNSENT_MAX = 256 << 10;
/** A client that leaves this much unread is cut off. */
const UNSENT_MAX = 64 << 20;

interface Subscription {
  readonly cancel: () => void;
  /** Returns whether it is something that a user typed, or moved. */
  readonly bytes?: (bytes: Uint8Array) => boolean;
}

/** What a topic needs to feed its subscriber. */
interface Feed {
  data(data: unknown): void;
  bytes(bytes: Uint8Array): void;
  end(): void;
}

type Topic<T extends TopicName> = (session: Session, args: ParsedTopicArgs<T>, feed: Feed) => Subscription;

export class Session {
  readonly fleet: Fleet;
  readonly door: Door;
  readonly #subscriptions = new Map<number, Subscription>();
  #closed = false;
  #calls = 0;
  #waits = 0;

  constructor(fleet: Fleet, door: Door) {
    this.fleet = fleet;
    this.door = door;
  }

  /** A message of the client: text is JSON, bytes belong to a subscription. */
  receive(message: string | Uint8Array): void {
    if (this.#closed) return;
    try {
      if (typeof message !== 'string') {
        const { subscription, bytes } = decodeBytes(message);
        this.#subscriptions.get(subscription)?.bytes?.(bytes);
        return;
      }
      this.#handle(v.parse(ClientMessage, JSON.parse(message)));
    } catch (error) {
      if (error instanceof CommandError) return; // Input to a guest that is not there any more is dropped.
      this.door.refuse(`a message cannot be read: ${(error as Error).message}`);
    }
  }

  /** Reads nothing more from the client until there is room; for several at once, until all have it. */
  waitFor(room: Promise<void>): void {
    this.#waits += 1;
    if (this.#waits === 1) this.door.pause(true);
    void room.then(() => {
      this.#waits -= 1;
      if (this.#waits === 0) this.door.pause(false);
    });
  }

  /** The door was closed. */
  close(): void {
    this.#closed = true;
    for (const subscription of this.#subscriptions.values()) subscription.cancel();
    this.#subscriptions.clear();
  }

  #handle(message: ClientMessage): void {
    switch (message.kind) {
      case 'call':
        void this.#call(message.id, message.command, message.args);
        return;
      case 'subscribe':
        this.#subscribe(message.subscription, message.topic, message.args);
        return;
      case 'unsubscribe':
        this.#subscriptions.get(message.subscription)?.cancel();
        this.#subscriptions.delete(message.subscription);
    }
  }

  async #call(id: number, command: string, args: unknown): Promise<void> {
    if (this.#calls >= CALLS_MAX) {
      const error = new CommandError('refused', `${CALLS_MAX} calls wait for their answers: wait for some of them.`);
      this.#send({ kind: 'error', id, error: wireError(error) });
      return;
    }
    this.#calls += 1;
    try {
      const result = await carryOutFor(this.fleet, this.door.caller, command, args);
      this.#send({ kind: 'result', id, result });
    } catch (error) {
      this.#send({ kind: 'error', id, error: wireError(error) });
    } finally {
      this.#calls -= 1;
    }
  }

  #subscribe(number: number, topic: string, args: unknown): void {
    try {
      if (!Object.hasOwn(topics, topic)) throw new CommandError('usage', `There is no topic "${topic}".`);
      if (this.#subscriptions.has(number)) throw new CommandError('usage', `Subscription ${number} is in use.`);
      if (this.#subscriptions.size >= SUBSCRIPTIONS_MAX) {
        throw new CommandError('refused', `A client can have ${SUBSCRIPTIONS_MAX} subscriptions.`);
      }
      const name = topic as TopicName;
      const open = feeds[name] as Topic<TopicName>;
      const feed: Feed = {
        data: (data) => this.#send({ kind: 'data', subscription: number, data }),
        bytes: (bytes) => this.#sendRaw(encodeBytes(number, bytes)),
        end: () => {
          this.#subscriptions.delete(number);
          this.#send({ kind: 'end', subscription: number, error: null });
        },
      };
      const opened = open(this, parseArgs(topic, topics[name], args) as never, feed);
      this.#subscriptions.set(number, this.#audited(opened, args));
    } catch (error) {
      this.#send({ kind: 'end', subscription: number, error: wireError(error) });
    }
  }

  /** That somebody uses a console is written down; what they type is not. */
  #audited({ cancel, bytes }: Subscription, args: unknown): Subscription {
    if (!bytes) return { cancel };
    const vm = vmOf(this.fleet, args);
    const heard = (data: Uint8Array): boolean => {
      const typed = bytes(data);
      if (vm && typed) this.fleet.audit.typed(this.door.caller, vm);
      return typed;
    };
    return { cancel, bytes: heard };
  }

  #send(message: HostMessage): void {
    this.#sendRaw(JSON.stringify(message));
  }

  #sendRaw(message: string | Uint8Array): void {
    if (this.#closed) return;
    if (this.door.unsentBytes() > UNSENT_MAX) {
      this.door.refuse('the client does not read what it asked for');
      return;
    }
    this.door.send(message);
  }
}

const feeds: { readonly [T in TopicName]: Topic<T> } = {
  inventory: ({ fleet }, _args, feed) => {
    const tell = (): void => feed.data(fleet.inventory());
    const cancel = fleet.follow(tell);
    tell();
    return { cancel };
  },
  events: ({ fleet }, args, feed) => {
    const vm = args.vm === undefined ? undefined : fleet.vm(args.vm).id;
    // Without `since` only the newest: a window that opens does not need a year of history.
    let batch = fleet.events.list({ vm, since: args.since, limit: EVENTS_BATCH });
    feed.data(batch);
    while (args.since !== undefined && batch.length === EVENTS_BATCH) {
      batch = fleet.events.list({ vm, since: batch.at(-1)?.id ?? 0, limit: EVENTS_BATCH });
      feed.data(batch);
    }
    const cancel = fleet.events.follow((event) => {
      if (isAudit(event.kind)) return;
      if (vm === undefined || event.vm?.id === vm) feed.data([event]);
    });
    return { cancel };
  },
  tasks: ({ fleet }, args, feed) => {
    const vm = args.vm === undefined ? undefined : fleet.vm(args.vm).id;
    feed.data(fleet.tasks.list({ vm, limit: TASKS_FIRST }));
    const cancel = fleet.tasks.follow((task) => {
      if (vm === undefined || task.vm.id === vm) feed.data([task]);
    });
    return { cancel };
  },
  alarms: ({ fleet }, args, feed) => {
    const vm = args.vm === undefined ? undefined : fleet.vm(args.vm).id;
    feed.data(fleet.alarms.list({ vm, all: false, limit: ALARMS_LIMIT_MAX }));
    const cancel = fleet.alarms.follow((alarm) => {
      if (vm === undefined || alarm.vm.id === vm) feed.data([alarm]);
    });
    return { cancel };
  },
  metrics: ({ fleet }, args, feed) => {
    const vm = fleet.vm(args.vm);
    const tell = (): void => {
      if (vm.power !== 'off') feed.data(vm.metrics());
    };
    tell();
    const timer = setInterval(tell, METRICS_MS);
    return { cancel: () => clearInterval(timer) };
  },
  screen: ({ fleet, door }, args, feed) => {
    const vm = fleet.vm(args.vm);
    const { screen } = vm.ends;
    const flow = new PictureFlow(
      door,
      (message) => feed.bytes(message),
      () => screen.refresh(),
    );
    const bytes = (message: Uint8Array): boolean => {
      const seen = decodeSeen(message);
      if (seen === null) vm.input({ device: 'console', input: decodeConsoleInput(message) });
      else flow.seen(seen);
      return seen === null;
    };
    return { cancel: screen.watch((message, full) => flow.show(message, full)), bytes };
  },
  sound: ({ fleet, door }, args, feed) => {
    const vm = fleet.vm(args.vm);
    vm.require('console');
    const data = (bytes: Uint8Array): void => {
      // Sound that comes late is no use: a slow listener misses some.
      if (door.unsentBytes() < SOUND_UNSENT_MAX) feed.bytes(bytes);
    };
    return { cancel: vm.ends.sound.listen({ data, end: () => feed.end() }) };
  },
  serial: (session, args, feed) => {
    const vm = session.fleet.vm(args.vm);
    vm.require('console');
    if (args.history) feed.bytes(vm.ends.serial.history());
    const cancel = vm.ends.serial.attach({ data: (bytes) => feed.bytes(bytes), end: () => feed.end() });
    let tail: Promise<void> = Promise.resolve();
    const type = async (data: Uint8Array): Promise<void> => {
      for (let at = 0; at < data.length; at += SERIAL_PIECE_BYTES) {
        await vm.ends.inputRoom();
        if (vm.power === 'off') return;
        vm.input({ device: 'serial', data: data.slice(at, at + SERIAL_PIECE_BYTES) });
      }
    };
    const bytes = (data: Uint8Array): boolean => {
      tail = tail.then(() => type(data)).catch(() => feed.end());
      session.waitFor(tail);
      return true;
    };
    return { cancel, bytes };
  },
};

function wireError(error: unknown): WireError {
  const { code, message } = asCommandError(error);
  return { code, message };
}
