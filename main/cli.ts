#!/usr/bin/env node
/**
 * The command line's entry: finds the command, checks its arguments, runs it.
 *
 * Invariant: exit status 0 is done, 1 failed (a message on standard error says what and what to do), 2 bad usage.
 */
import { spawn } from 'node:child_process';
import { aboutCommands } from './cli/about.ts';
import type { Command, Invocation } from './cli/command.ts';
import { commands } from './cli/commands.ts';
import { parse } from './cli/parse.ts';
import { replayCommand } from './cli/replay.ts';
import { defaultDataFolder, replayEntry, version } from './paths.ts';
import { CommandError } from '../preload/contract/contract.ts';
import { requestLink, requestLogout } from './web/control.ts';

/** What tells a host to end: a service manager, Ctrl+C, a terminal that is closed. */
const TOLD_TO_END = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
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
    'at SIGTERM, SIGINT or SIGHUP running VMs are suspended, or with --on-exit power-off powered off',
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

const own = [serveCommand, linkCommand, logoutCommand, ...commands, replayCommand(replayEntry)];
const all: readonly Command[] = [...own, ...aboutCommands(version, () => all)];

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
    // Whoever says it twice (a terminal and `npm start` both pass Ctrl+C on) does not interrupt the end that has begun.
    for (const signal of TOLD_TO_END) process.on(signal, () => resolve());
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

// A terminal that was closed takes no more messages: what goes on does not end of that.
process.stderr.on('error', () => {});
// Whoever reads our output may stop reading, as `head` does: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

try {
  const { command, invocation } = parse(all, process.argv.slice(2), defaultDataFolder);
  await command.run(invocation);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof CommandError && error.code === 'usage' ? 2 : 1;
}
