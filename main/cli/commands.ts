/**
 * The command line's commands, as data: what each is called, what it takes, and what it does.
 *
 * Invariant: usage text, parsing and behaviour come from this one table; every command that prints understands
 * `--json`.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { FT_STATES, FAULTS, type CommandName, type RecordingEnd } from '../../preload/contract.ts';
import { CommandError } from '../../preload/contract.ts';
import { Client } from './client.ts';
import { eventLine, ftDetails, metricsLine, vmDetails, vmTable } from './print.ts';
import { attachSerial } from './serial.ts';

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
  /** The names of its positional arguments; one that ends in `?` may be left out, the last, in `…`, be repeated. */
  readonly takes: readonly string[];
  /** Its options: the name of the value, or `true` for a switch. */
  readonly options?: { readonly [name: string]: string | true };
  readonly help: string;
  readonly run: (invocation: Invocation) => Promise<void>;
}

async function withHost(invocation: Invocation, work: (client: Client) => Promise<void>): Promise<void> {
  const client = await Client.connect(invocation.dataFolder);
  try {
    await work(client);
  } finally {
    client.close();
  }
}

/** A command that calls one of the contract's and shows the result. */
function simple(
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
function number(name: string, text: string | boolean | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text === '' || !Number.isFinite(value))
    throw new CommandError('usage', `--${name} takes a number, not "${text}".`);
  return value;
}

const create: Command = {
  words: 'vm create',
  takes: ['NAME'],
  options: {
    sample: 'linux|test',
    memory: 'MB',
    bzimage: 'FILE',
    initrd: 'FILE',
    cmdline: 'TEXT',
    hda: 'FILE',
    cdrom: 'FILE',
    fda: 'FILE',
  },
  help: 'Create a VM: a sample, or your own kernel, disk, CD or floppy image',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [name] = invocation.positionals;
      const { memory, ...files } = invocation.options;
      const memoryMB = number('memory', memory);
      const args = { name, ...files, ...(memoryMB === undefined ? {} : { memoryMB }) };
      const vm = await client.call('vm.create', args as never);
      invocation.print(invocation.json ? JSON.stringify(vm) : `Created "${vm.name}".`);
    }),
};

const set: Command = {
  words: 'vm set',
  takes: ['NAME', 'KEY=VALUE …'],
  help:
    'Set failureTimeoutMs, hashIntervalEpochs, lagThrottleMs, lagHardMs, diskMode (shared|separate) or ' +
    'diskReads (log|backup) of a VM; ' +
    'effective from the next power-on or start of a secondary',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [name, ...assignments] = invocation.positionals;
      const settings = assignments.map((assignment) => {
        const [, key = '', value = ''] = /^([^=]+)=(.*)$/.exec(assignment) ?? [];
        if (value.trim() === '') throw new CommandError('usage', `KEY=VALUE is needed, not "${assignment}".`);
        return [key, Number.isFinite(Number(value)) ? Number(value) : value] as const;
      });
      const vm = await client.call('vm.set', { vm: name, ...Object.fromEntries(settings) } as never);
      invocation.print(invocation.json ? JSON.stringify(vm) : vmDetails(vm));
    }),
};

const wait: Command = {
  words: 'ft wait',
  takes: ['NAME'],
  options: { for: FT_STATES.join('|'), timeout: 'SECONDS' },
  help: 'Wait until the pair is in a state (protected unless said otherwise; 60 s unless said otherwise)',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm] = invocation.positionals;
      const timeoutSeconds = number('timeout', invocation.options['timeout']);
      const args = {
        vm,
        for: invocation.options['for'] ?? 'protected',
        ...(timeoutSeconds !== undefined && { timeoutSeconds }),
      };
      const status = await client.call('ft.wait', args as never);
      invocation.print(invocation.json ? JSON.stringify(status) : ftDetails(status));
    }),
};

const screenshot: Command = {
  words: 'console screenshot',
  takes: ['NAME', 'FILE.png'],
  help: 'Save the screen as a PNG image',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm = '', file = ''] = invocation.positionals;
      const { width, height, pngBase64 } = await client.call('console.screenshot', { vm });
      await writeFile(file, Buffer.from(pngBase64, 'base64'));
      invocation.print(
        invocation.json ? JSON.stringify({ file, width, height }) : `Saved ${width}×${height} to ${file}.`,
      );
    }),
};

/** `console type` and `console key`: a VM and one more argument, nothing to show. */
function keyboard(
  words: string,
  name: 'console.type' | 'console.key',
  argument: string,
  key: string,
  help: string,
): Command {
  return {
    words,
    takes: ['NAME', argument],
    help,
    run: (invocation) =>
      withHost(invocation, async (client) => {
        const [vm, value = ''] = invocation.positionals;
        // A shell passes \n as two characters; people mean the Enter key.
        const text = name === 'console.type' ? value.replaceAll('\\n', '\n') : value;
        await client.call(name, { vm, [key]: text } as never);
        if (invocation.json) invocation.print('null');
      }),
  };
}

const fault: Command = {
  words: 'fault',
  takes: ['NAME', FAULTS.join('|'), 'MS?'],
  help: 'Make something fail on purpose, or heal it; MS only for delay-channel',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm, kind, delay] = invocation.positionals;
      const ms = number('MS', delay);
      const result = await client.call('fault', { vm, kind, ...(ms !== undefined && { ms }) } as never);
      const hit = result.pid === null ? '' : ` (process ${result.pid})`;
      invocation.print(invocation.json ? JSON.stringify(result) : `Done: ${kind}${hit}.`);
    }),
};

const recordStart: Command = {
  words: 'record start',
  takes: ['NAME', 'FILE'],
  help: 'Record a running VM in a new file: its state, and from then on everything that happens to it',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm = '', file = ''] = invocation.positionals;
      // The host may have another working folder.
      const recording = await client.call('record.start', { vm, file: path.resolve(file) });
      invocation.print(invocation.json ? JSON.stringify(recording) : `Recording to ${recording.file}.`);
    }),
};

const events: Command = {
  words: 'events',
  takes: ['NAME?'],
  options: { follow: true, since: 'ID' },
  help: 'Show what happened, of one VM or of all; --follow goes on',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm] = invocation.positionals;
      const since = number('since', invocation.options['since']);
      const args = { ...(vm !== undefined && { vm }), ...(since !== undefined && { since }) };
      if (!invocation.options['follow']) {
        const list = await client.call('event.list', args);
        if (invocation.json) invocation.print(JSON.stringify(list));
        else if (list.length > 0) invocation.print(list.map(eventLine).join('\n'));
        return;
      }
      await new Promise<void>((resolve, reject) => {
        client.subscribe('events', args, {
          data: (list) => {
            for (const event of list) invocation.print(invocation.json ? JSON.stringify(event) : eventLine(event));
          },
          end: (error) => (error ? reject(error) : resolve()),
        });
      });
    }),
};

const metrics: Command = {
  words: 'metrics',
  takes: ['NAME'],
  options: { follow: true },
  help: 'Show speed, lag, log bandwidth and output delay; --follow goes on, once a second',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm = ''] = invocation.positionals;
      const show = (now: Parameters<typeof metricsLine>[0]): void =>
        invocation.print(invocation.json ? JSON.stringify(now) : metricsLine(now));
      if (!invocation.options['follow']) return show(await client.call('metrics', { vm }));
      return new Promise<void>((resolve, reject) => {
        client.subscribe('metrics', { vm }, { data: show, end: (error) => (error ? reject(error) : resolve()) });
      });
    }),
};

const serial: Command = {
  words: 'serial attach',
  takes: ['NAME'],
  options: { history: true },
  help: "The guest's serial port on standard input and output, as raw bytes; --history begins with what it printed",
  run: (invocation) =>
    withHost(invocation, (client) =>
      attachSerial(client, invocation.positionals[0] ?? '', Boolean(invocation.options['history'])),
    ),
};

export const commands: readonly Command[] = [
  create,
  simple('vm list', 'vm.list', 'List the VMs', vmTable, []),
  simple('vm show', 'vm.show', 'Show what a VM is made of', vmDetails),
  set,
  simple('vm delete', 'vm.delete', 'Delete a VM that is powered off; its image files stay', () => null),
  simple('power on', 'power.on', 'Power a VM on', () => null),
  simple('power off', 'power.off', 'Power a VM off, at once', () => null),
  simple('power reset', 'power.reset', 'Power a VM off and on again, at once', () => null),
  simple('power pause', 'power.pause', 'Let a guest stand still; its secondary stands still with it', () => null),
  simple('power resume', 'power.unpause', 'Let a paused guest go on', () => null),
  simple('ft on', 'ft.on', 'Turn on Fault Tolerance for a running VM', () => null),
  simple('ft off', 'ft.off', 'Turn off Fault Tolerance', () => null),
  simple('ft suspend', 'ft.suspend', 'Suspend Fault Tolerance: stop protecting until it is resumed', () => null),
  simple('ft resume', 'ft.resume', 'Resume Fault Tolerance', () => null),
  simple(
    'ft test-failover',
    'ft.testFailover',
    'Test Failover: end the primary; waits until Protected again',
    () => null,
  ),
  simple(
    'ft test-restart-secondary',
    'ft.testRestartSecondary',
    'Test Restart Secondary: end the secondary; waits until Protected again',
    () => null,
  ),
  simple(
    'ft migrate',
    'ft.migrate',
    'Migrate Secondary: a new process takes its place; waits until Protected again',
    () => null,
  ),
  simple('ft status', 'ft.status', 'Show the state of the pair', ftDetails),
  wait,
  simple('console text', 'console.text', 'Show the screen as text', ({ lines }: { lines: string[] }) =>
    lines.join('\n'),
  ),
  screenshot,
  keyboard('console type', 'console.type', 'TEXT', 'text', 'Type text on the keyboard (\\n is Enter)'),
  keyboard('console key', 'console.key', 'COMBO', 'combo', 'Press a key or a combination such as ctrl+alt+del'),
  serial,
  recordStart,
  simple('record stop', 'record.stop', 'End the recording of a VM', ({ file, epochs, bytes }: RecordingEnd) => {
    return `Recorded ${epochs} epochs, ${(bytes / 2 ** 20).toFixed(1)} MiB, in ${file}.`;
  }),
  events,
  metrics,
  fault,
];
