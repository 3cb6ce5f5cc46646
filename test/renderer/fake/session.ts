/**
 * TEST DOUBLE: one client of the fake host.
 *
 * Invariant: messages are those of preload/contract/messages.ts, checked both ways.
 */
import * as v from 'valibot';
import {
  CommandError,
  commands,
  topics,
  type CommandName,
  type TopicName,
} from '../../../preload/contract/contract.ts';
import { decodeSeen } from '../../../preload/contract/input.ts';
import { ClientMessage, decodeBytes, encodeBytes, type HostMessage } from '../../../preload/contract/messages.ts';
import type { FakeWorld } from './world.ts';

type Send = (message: string | Uint8Array) => void;

export class FakeSession {
  readonly #world: FakeWorld;
  readonly #send: Send;
  readonly #stops = new Map<number, () => void>();

  constructor(world: FakeWorld, send: Send) {
    this.#world = world;
    this.#send = send;
  }

  receive(message: string | Uint8Array): void {
    if (typeof message !== 'string') {
      const received = decodeBytes(message);
      // How many pictures it has shown is no input.
      if (decodeSeen(received.bytes) === null) this.#world.received.push(received);
      return;
    }
    const parsed = v.parse(ClientMessage, JSON.parse(message));
    if (parsed.kind === 'call') void this.#call(parsed.id, parsed.command, parsed.args);
    else if (parsed.kind === 'subscribe') this.#subscribe(parsed.subscription, parsed.topic, parsed.args);
    else {
      this.#stops.get(parsed.subscription)?.();
      this.#stops.delete(parsed.subscription);
    }
  }

  close(): void {
    for (const stop of this.#stops.values()) stop();
    this.#stops.clear();
  }

  #tell(message: HostMessage): void {
    this.#send(JSON.stringify(message));
  }

  async #call(id: number, command: string, args: unknown): Promise<void> {
    try {
      if (!Object.hasOwn(commands, command)) throw new CommandError('usage', `no command "${command}"`);
      const name = command as CommandName;
      const parsed = v.safeParse(commands[name], args);
      if (!parsed.success) throw new CommandError('usage', parsed.issues[0].message);
      const result = await this.#world.perform(name, parsed.output as { readonly [key: string]: unknown });
      this.#tell({ kind: 'result', id, result });
    } catch (error) {
      const known = error instanceof CommandError ? error : new CommandError('failed', String(error));
      this.#tell({ kind: 'error', id, error: { code: known.code, message: known.message } });
    }
  }

  #subscribe(subscription: number, topic: string, args: unknown): void {
    const parsed = v.parse(topics[topic as TopicName], args) as { readonly vm?: string; readonly since?: number };
    const stop = this.#world.follow(topic as TopicName, parsed, {
      data: (data) => this.#tell({ kind: 'data', subscription, data }),
      bytes: (bytes) => this.#send(encodeBytes(subscription, bytes)),
      end: () => {
        this.#stops.delete(subscription);
        this.#tell({ kind: 'end', subscription, error: null });
      },
    });
    this.#stops.set(subscription, stop);
  }
}
