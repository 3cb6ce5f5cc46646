/**
 * The command line about itself: help, completion for shells, the manual page.
 *
 * Invariant: all of it comes from the one table of commands.
 */
import { CommandError } from '../../preload/contract/contract.ts';
import { Client } from './client.ts';
import type { Command, Invocation } from './command.ts';
import { completionScript, SHELLS, type Shell } from './completion.ts';
import { EXAMPLES } from './examples.ts';
import { manual } from './manual.ts';
import { find, usageOf } from './parse.ts';

const GENERAL_HELP = [
  'Everywhere: --json prints JSON, --data DIR chooses the data folder (also LOCKSTEP_DATA), --help shows help.',
  'Exit status: 0 done, 1 failed, 2 bad usage.',
];

export function aboutCommands(version: string, all: () => readonly Command[]): readonly Command[] {
  return [helpCommand(version, all), completionCommand(all), manualCommand(version, all)];
}

function helpCommand(version: string, all: () => readonly Command[]): Command {
  return {
    words: 'help',
    takes: ['COMMAND …?'],
    help: 'Show all commands, or what one does, with examples',
    async run({ positionals, json, print }) {
      const chosen = positionals.length === 0 ? all() : chosenBy(all(), positionals);
      const [only] = chosen;
      if (json) print(JSON.stringify(chosen.map(asData)));
      else print(chosen.length === 1 && only ? commandHelp(only) : overview(version, chosen));
    },
  };
}

/** One command, or those of a group. @throws {CommandError} `usage`. */
function chosenBy(all: readonly Command[], words: readonly string[]): readonly Command[] {
  const group = all.filter((command) => command.words.startsWith(`${words[0]} `));
  return words.length === 1 && group.length > 0 ? group : [find(all, words)];
}

/** What programs are told of a command. */
function asData({ words, takes, options = {}, help }: Command): object {
  return { words, takes, options, help, examples: EXAMPLES[words] ?? [] };
}

function overview(version: string, chosen: readonly Command[]): string {
  const lines = chosen.map((command) => `  ${usageOf(command, false)}\n      ${command.help}`);
  return [
    `Lockstep ${version}: fault-tolerant virtual machines.`,
    '',
    ...lines,
    '',
    '"lockstep help COMMAND" shows its options, and examples.',
    ...GENERAL_HELP,
  ].join('\n');
}

function commandHelp(command: Command): string {
  const options = Object.entries(command.options ?? {}).map(([name, value]) =>
    value === true ? `  --${name}` : `  --${name} ${value}`,
  );
  const examples = (EXAMPLES[command.words] ?? []).map((example) => `  lockstep ${example}`);
  return [
    `Usage: ${usageOf(command, false)}${options.length > 0 ? ' [options]' : ''}`,
    '',
    `${command.help}.`,
    ...(options.length > 0 ? ['', 'Options:', ...options] : []),
    ...(examples.length > 0 ? ['', 'Examples:', ...examples] : []),
    '',
    ...GENERAL_HELP,
  ].join('\n');
}

const NAMES = 'names';

function completionCommand(all: () => readonly Command[]): Command {
  return {
    words: 'completion',
    takes: [[...SHELLS, NAMES].join('|')],
    help:
      'Print what completes this command line in a shell, for its startup file; ' +
      `"${NAMES}": the names of the VMs, which it asks for`,
    async run(invocation) {
      const [what] = invocation.positionals;
      if (what === NAMES) return printNames(invocation);
      const shell = SHELLS.find((one) => one === what);
      if (!shell) throw new CommandError('usage', `Completion is made for ${SHELLS.join(', ')}, not for "${what}".`);
      const script = completionScript(shell satisfies Shell, all());
      return invocation.print(invocation.json ? JSON.stringify(script) : script.trimEnd());
    },
  };
}

/** Nobody looks at errors while completing: without a host there are no names. */
async function printNames({ dataFolder, json, print }: Invocation): Promise<void> {
  const client = await Client.connect(dataFolder).catch(() => null);
  if (!client) return json ? print('[]') : undefined;
  try {
    const names = (await client.call('vm.list', {})).map(({ name }) => name);
    if (json) print(JSON.stringify(names));
    else if (names.length > 0) print(names.join('\n'));
  } finally {
    client.close();
  }
}

function manualCommand(version: string, all: () => readonly Command[]): Command {
  return {
    words: 'man',
    takes: [],
    help: 'Print the manual page (roff), as it is installed beside this program',
    async run({ json, print }) {
      const page = manual(version, all());
      print(json ? JSON.stringify(page) : page.trimEnd());
    },
  };
}
