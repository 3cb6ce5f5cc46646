/**
 * What a command of the command line is, and what most of them need: the host, and numbers.
 *
 * Invariant: whatever a command does, its connection to the host is closed.
 */
import { writeFile } from 'node:fs/promises';
import {
  CommandError,
  type CommandName,
  type TopicArgs,
  type TopicData,
  type TopicName,
} from '../../preload/contract/contract.ts';
import type { TaskKind } from '../../preload/contract/history.ts';
import { Client } from './client.ts';

/** What a command gets: its positional arguments in order, its options, and the general options. */
export interface Invocation {
  readonly positionals: readonly string[];
  readonly options: { readonly [name: string]: string | boolean | undefined };
  readonly json: boolean;
  readonly dataFolder: string;
  readonly print: (text: string) => void;
}

export interface Command {
  /** The words that call it, such as `vm create`. */
  readonly words: string;
  /** The names of its positional arguments; one that ends in `?` may be left out, the last, with `…`, be repeated. */
  readonly takes: readonly string[];
  /** Its options: the name of the value, or `true` for a switch. */
  readonly options?: { readonly [name: string]: string | true };
  readonly help: string;
  readonly run: (invocation: Invocation) => Promise<void>;
}

export async function withHost(invocation: Invocation, work: (client: Client) => Promise<void>): Promise<void> {
  const client = await Client.connect(invocation.dataFolder);
  try {
    await work(client);
  } finally {
    client.close();
  }
}

/** A command that calls one of the contract's and shows the result. */
export function simple(
  words: string,
  name: CommandName,
  help: string,
  show: (result: never) => string | null,
  takes: readonly string[] = ['NAME'],
): Command {
  return {
    words,
    takes,
    help,
    run: (invocation) =>
      withHost(invocation, async (client) => {
        const [vm] = invocation.positionals;
        const result = await client.call(name, (vm === undefined ? {} : { vm }) as never);
        const text = invocation.json ? JSON.stringify(result) : show(result as never);
        if (text !== null) invocation.print(text);
      }),
  };
}

/** Options by the contract's names, numbers as numbers. */
export function number(name: string, text: string | boolean | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text === '' || !Number.isFinite(value))
    throw new CommandError('usage', `--${name} takes a number, not "${text}".`);
  return value;
}

/** @throws {CommandError} `exists` where the file is there and is not to be replaced. */
export async function write(file: string, bytes: Uint8Array, force: boolean): Promise<void> {
  try {
    await writeFile(file, bytes, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new CommandError('exists', `"${file}" exists: choose another name, or replace it with --force.`);
  }
}

/** Shows what a topic says, until it ends or the user has seen enough. */
export function follow<T extends TopicName>(
  client: Client,
  topic: T,
  args: TopicArgs<T>,
  show: (data: TopicData[T]) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    client.subscribe(topic, args, { data: show, end: (error) => (error ? reject(error) : resolve()) });
  });
}

/** Tells how far the host's task is, until the work is done. */
export async function telling<T>(client: Client, { json }: Invocation, kind: TaskKind, work: Promise<T>): Promise<T> {
  let told = -1;
  if (!json) {
    const since = Date.now();
    client.subscribe(
      'tasks',
      {},
      {
        data: (tasks) => {
          const task = tasks.find((one) => one.kind === kind && one.outcome === null && one.startedAt >= since - 1000);
          const percent = Math.floor((task?.progress ?? 0) * 10) * 10;
          if (!task || percent <= told) return;
          told = percent;
          process.stderr.write(`${task.title}: ${percent} %\n`);
        },
        end: () => {},
      },
    );
  }
  return work;
}
