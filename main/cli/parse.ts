/**
 * From words to a command and its arguments.
 *
 * Invariant: what is parsed fits the command's own table entry; everything else is bad usage, with what is right, or
 * with what was probably meant.
 */
import { parseArgs } from 'node:util';
import { CommandError } from '../../preload/contract/contract.ts';
import type { Command, Invocation } from './command.ts';
import { meant } from './suggest.ts';

const GENERAL = {
  json: { type: 'boolean' },
  data: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

export interface Parsed {
  readonly command: Command;
  readonly invocation: Invocation;
}

export function usageOf(command: Command, withOptions = true): string {
  const takes = command.takes.map((name) => (name.endsWith('?') ? `[${name.slice(0, -1)}]` : name));
  const options = Object.entries(command.options ?? {}).map(([name, value]) =>
    value === true ? `[--${name}]` : `[--${name} ${value}]`,
  );
  return ['lockstep', command.words, ...takes, ...(withOptions ? options : [])].join(' ');
}

/** The command whose words these begin with. */
function commandOf(all: readonly Command[], words: readonly string[]): Command | undefined {
  for (const count of [2, 1]) {
    const found = all.find((candidate) => candidate.words === words.slice(0, count).join(' '));
    if (found && words.length >= count) return found;
  }
  return undefined;
}

/** @throws {CommandError} `usage`, with what was probably meant. */
export function find(all: readonly Command[], words: readonly string[]): Command {
  const command = commandOf(all, words);
  if (command) return command;
  const said = words.join(' ');
  const probably = meant(all, words);
  if (probably !== null) throw new CommandError('usage', `"${said}" is no command. ${probably}`);
  const group = all.filter((candidate) => candidate.words.startsWith(`${words[0]} `));
  if (group.length > 0) {
    const usages = group.map((one) => usageOf(one)).join('\n');
    throw new CommandError('usage', `"${said}" is no command. There are:\n${usages}`);
  }
  throw new CommandError('usage', `"${words[0]}" is no command. "lockstep help" lists them.`);
}

/**
 * What `lockstep` was called with; no command at all, and `--help` anywhere, mean the command `help`.
 * @throws {CommandError} `usage`.
 */
export function parse(all: readonly Command[], argv: readonly string[], defaultData: () => string): Parsed {
  const loose = parseArgs({ args: [...argv], options: GENERAL, strict: false, allowPositionals: true });
  const words = firstWords(argv);
  if (loose.values.help || words.length === 0) {
    if (!loose.values.help && argv.length > 0) {
      throw new CommandError('usage', 'Which command? "lockstep help" lists them.');
    }
    const about = commandOf(all, words)?.words.split(' ') ?? [];
    const json = loose.values.json === true ? ['--json'] : [];
    return parse(all, ['help', ...about, ...json], defaultData);
  }
  const command = find(all, words);
  const parsed = strictly(command, argv);
  const { json, data, help: _help, ...options } = parsed.values as { [name: string]: string | boolean | undefined };
  const positionals = parsed.positionals.slice(command.words.split(' ').length);
  const needed = command.takes.filter((name) => !name.endsWith('?')).length;
  const most = command.takes.at(-1)?.includes('…') ? Number.POSITIVE_INFINITY : command.takes.length;
  if (positionals.length < needed || positionals.length > most) {
    throw new CommandError('usage', `Usage: ${usageOf(command)}`);
  }
  const dataFolder = data ? String(data) : defaultData();
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  return { command, invocation: { positionals, options, json: json === true, dataFolder, print } };
}

function strictly(command: Command, argv: readonly string[]) {
  const own = Object.fromEntries(
    Object.entries(command.options ?? {}).map(
      ([name, value]) => [name, { type: value === true ? 'boolean' : 'string' }] as const,
    ),
  );
  try {
    return parseArgs({ args: [...argv], options: { ...own, ...GENERAL }, allowPositionals: true });
  } catch (error) {
    throw new CommandError('usage', `${(error as Error).message}\nUsage: ${usageOf(command)}`);
  }
}

/** The words of the command come first, whatever options stand around them. */
function firstWords(argv: readonly string[]): string[] {
  const words: string[] = [];
  for (let at = 0; at < argv.length && words.length < 2; at++) {
    const argument = argv[at] ?? '';
    if (argument === '--data') at += 1;
    else if (!argument.startsWith('-')) words.push(argument);
  }
  return words;
}
