#!/usr/bin/env node
/**
 * The command line's entry: finds the command, checks its arguments, runs it.
 *
 * Invariant: exit status 0 is done, 1 failed (a message on standard error says what and what to do), 2 bad usage.
 */
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import type { Command, Invocation } from './cli/command.ts';
import { commands } from './cli/commands.ts';
import { replayCommand } from './cli/replay.ts';
import { defaultDataFolder, replayEntry, version } from './paths.ts';
import { CommandError } from '../preload/contract.ts';
import { requestLink, requestLogout } from './web/control.ts';

/** What becomes of VMs that run when the host is told to end. */
const ON_EXIT = ['suspend', 'power-off'] as const;

const serveCommand: Command = {
  words: 'serve',
  takes: [],
  options: {
    host: 'ADDRESS',
    port: 'N',
    listen: 'ADDRESS:PORT',
    'tls-cert': 'FILE',
    'tls-key': 'FILE',
    'guest-memory': 'MB',
    'no-host-loopback': true,
    'on-exit': ON_EXIT.join('|'),
    'no-open': true,
  },
  help:
    'Run the headless host: the console in a browser, and this command line (127.0.0.1, a free port); ' +
    'beyond loopback only with a certificate; --no-host-loopback keeps guests from the ports of this computer; ' +
    'at SIGTERM or SIGINT running VMs are suspended, or with --on-exit power-off powered off',
  run: runServe,
};

const linkCommand: Command = {
  words: 'link',
  takes: [],
  help: 'Print a link that lets one more browser in',
  async run({ dataFolder, json, print }) {
    const url = await requestLink(dataFolder).catch(() => {
      throw new CommandError('failed', `No Lockstep host runs for "${dataFolder}". Start one with: lockstep serve`);
    });
    if (url === null) throw new CommandError('failed', 'This host has no web page: it is the desktop application.');
    print(json ? JSON.stringify({ url }) : url);
  },
};

const logoutCommand: Command = {
  words: 'logout',
  takes: [],
  help: 'Log every browser out; links that were printed and not opened are no good any more',
  async run({ dataFolder, json, print }) {
    const sessions = await requestLogout(dataFolder).catch(() => {
      throw new CommandError('failed', `No Lockstep host runs for "${dataFolder}". Start one with: lockstep serve`);
    });
    if (sessions === null)
      throw new CommandError('failed', 'This host has no web page: it is the desktop application.');
    print(json ? JSON.stringify({ sessions }) : `Logged out: ${sessions}.`);
  },
};

const all = [serveCommand, linkCommand, logoutCommand, ...commands, replayCommand(replayEntry)];

function onExit(wanted: string | undefined): (typeof ON_EXIT)[number] {
  const found = wanted === undefined ? ON_EXIT[0] : ON_EXIT.find((how) => how === wanted);
  if (found) return found;
  throw new CommandError('usage', `--on-exit takes ${ON_EXIT.join(' or ')}, not "${wanted}".`);
}

async function runServe({ options, dataFolder, json, print }: Invocation): Promise<void> {
  const { host, port } = listening(options);
  const ending = onExit(text(options['on-exit']));
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  // Loaded here: the other commands start faster without the host's modules.
  const { limitsOf } = await import('./fleet/limits.ts');
  const { readTls } = await import('./web/certificate.ts');
  const limits = limitsOf(text(options['guest-memory']));
  const [certFile, keyFile] = [text(options['tls-cert']), text(options['tls-key'])];
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new CommandError('usage', '--tls-cert and --tls-key belong together: give both, or neither.');
  }
  const tls = certFile !== undefined && keyFile !== undefined ? readTls(certFile, keyFile) : null;
  const { prepareCheckout } = await import('./prepare.ts');
  await prepareCheckout(progress);
  const { serve } = await import('./serve.ts');
  const hostLoopback = !options['no-host-loopback'];
  const served = await serve({ dataFolder, host, port, tls, limits, hostLoopback });
  print(json ? JSON.stringify({ url: served.url, pid: process.pid }) : `Lockstep runs. Open ${served.url}`);
  if (!options['no-open'] && !json) openBrowser(served.url);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await served.close(ending === 'suspend' ? 'suspend' : 'powerOff');
}

function text(option: string | boolean | undefined): string | undefined {
  return option === undefined ? undefined : String(option);
}

/** `--host ADDRESS --port N`, loopback and a free port by default, or both as `--listen`; IPv6 in brackets there. */
function listening(options: Invocation['options']): { host: string; port: number } {
  const [wanted, number, address] = [text(options['listen']), text(options['port']), text(options['host'])];
  if (wanted !== undefined && (number !== undefined || address !== undefined)) {
    throw new CommandError('usage', '--listen ADDRESS:PORT says it all: leave --host and --port out.');
  }
  const whole = wanted ?? `[${address ?? '127.0.0.1'}]:${number ?? '0'}`;
  const [, bracketed, plain, own] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(whole) ?? [];
  const host = bracketed ?? plain;
  const port = Number(own);
  if (host !== undefined && port <= 65_535) return { host, port };
  throw new CommandError(
    'usage',
    wanted === undefined
      ? `--port takes a number from 0 to 65535, not "${number}".`
      : `--listen takes ADDRESS:PORT, such as 192.168.0.7:8443 or [::]:8443, not "${wanted}".`,
  );
}

function openBrowser(url: string): void {
  const graphical = process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY'];
  if (process.platform === 'linux' && !graphical) return;
  const [command, args] =
    process.platform === 'darwin'
      ? ['open', [url]]
      : process.platform === 'win32'
        ? ['rundll32', ['url.dll,FileProtocolHandler', url]]
        : ['xdg-open', [url]];
  spawn(command as string, args as string[], { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref();
}

function usageOf(command: Command): string {
  const takes = command.takes.map((name) => (name.endsWith('?') ? `[${name.slice(0, -1)}]` : name));
  const options = Object.entries(command.options ?? {}).map(([name, value]) =>
    value === true ? `[--${name}]` : `[--${name} ${value}]`,
  );
  return ['lockstep', command.words, ...takes, ...options].join(' ');
}

function help(): string {
  const lines = all.map((command) => `  ${usageOf(command)}\n      ${command.help}`);
  return [
    `Lockstep ${version}: fault-tolerant virtual machines.`,
    '',
    ...lines,
    '',
    'Everywhere: --json prints JSON, --data DIR chooses the data folder (also LOCKSTEP_DATA), --help shows this.',
    'Exit status: 0 done, 1 failed, 2 bad usage.',
  ].join('\n');
}

function find(words: readonly string[]): { command: Command; rest: readonly string[] } {
  for (const count of [2, 1]) {
    const command = all.find((candidate) => candidate.words === words.slice(0, count).join(' '));
    if (command) return { command, rest: words.slice(count) };
  }
  const group = all.filter((candidate) => candidate.words.startsWith(`${words[0]} `));
  if (group.length > 0) {
    throw new CommandError('usage', `"${words.join(' ')}" is no command. There are:\n${group.map(usageOf).join('\n')}`);
  }
  throw new CommandError('usage', `"${words[0]}" is no command. "lockstep --help" lists them.`);
}

function parse(argv: readonly string[]): { command: Command; invocation: Invocation } | null {
  const general = {
    json: { type: 'boolean' },
    data: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  const loose = parseArgs({ args: [...argv], options: general, strict: false, allowPositionals: true });
  if (loose.values.help || argv.length === 0) return null;
  const { command } = find(firstWords(argv));
  const own = Object.fromEntries(
    Object.entries(command.options ?? {}).map(
      ([name, value]) => [name, { type: value === true ? 'boolean' : 'string' }] as const,
    ),
  );
  let parsed;
  try {
    parsed = parseArgs({ args: [...argv], options: { ...own, ...general }, allowPositionals: true });
  } catch (error) {
    throw new CommandError('usage', `${(error as Error).message}\nUsage: ${usageOf(command)}`);
  }
  const { json, data, help: _help, ...options } = parsed.values as { [name: string]: string | boolean | undefined };
  const positionals = parsed.positionals.slice(command.words.split(' ').length);
  const needed = command.takes.filter((name) => !name.endsWith('?')).length;
  const most = command.takes.at(-1)?.endsWith('…') ? Number.POSITIVE_INFINITY : command.takes.length;
  if (positionals.length < needed || positionals.length > most) {
    throw new CommandError('usage', `Usage: ${usageOf(command)}`);
  }
  const dataFolder = data ? String(data) : defaultDataFolder();
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  return { command, invocation: { positionals, options, json: json === true, dataFolder, print } };
}

/** The words of the command come first, whatever options stand around them. */
function firstWords(argv: readonly string[]): string[] {
  const words: string[] = [];
  for (let at = 0; at < argv.length && words.length < 2; at++) {
    const argument = argv[at] ?? '';
    if (argument === '--data') at += 1;
    else if (!argument.startsWith('-')) words.push(argument);
  }
  if (words.length === 0) throw new CommandError('usage', 'Which command? "lockstep --help" lists them.');
  return words;
}

// Whoever reads our output may stop reading, as `head` does: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

try {
  const parsed = parse(process.argv.slice(2));
  if (parsed) await parsed.command.run(parsed.invocation);
  else process.stdout.write(`${help()}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof CommandError && error.code === 'usage' ? 2 : 1;
}
