/**
 * The command line's commands of whole virtual machines (clone, export, import), of shutting down, and of cancelling.
 */
import path from 'node:path';
import type { VmView } from '../../preload/contract/contract.ts';
import { EXPORT_EXTENSION } from '../../preload/contract/share.ts';
import { number, telling, withHost, type Command, type Invocation } from './command.ts';

function show<T>({ json, print }: Invocation, result: T, text: (result: T) => string): void {
  print(json ? JSON.stringify(result) : text(result));
}

const clone: Command = {
  words: 'vm clone',
  takes: ['NAME', 'NEW'],
  options: { linked: true },
  help:
    'Clone a VM that is off: with a copy of its disk, or --linked with a disk that holds only what differs; ' +
    'the clone has its own MAC address and no port forwards',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm = '', name = ''] = invocation.positionals;
      const linked = invocation.options['linked'] === true;
      const work = client.call('vm.clone', { vm, name, linked });
      show(invocation, await telling(client, invocation, 'vm.clone', work), made);
    }),
};

const exporting: Command = {
  words: 'vm export',
  takes: ['NAME', `FILE${EXPORT_EXTENSION}`],
  options: { force: true },
  help:
    'Write a VM that is off to one file: what it is made of, its disk and your own images, compressed; ' +
    '--force replaces a file that exists',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm = '', file = ''] = invocation.positionals;
      const force = invocation.options['force'] === true;
      const work = client.call('vm.export', { vm, file: path.resolve(file), force });
      const result = await telling(client, invocation, 'vm.export', work);
      show(invocation, result, ({ file: at, bytes }) => `Exported to ${at} (${(bytes / 2 ** 20).toFixed(1)} MB).`);
    }),
};

const importing: Command = {
  words: 'vm import',
  takes: [`FILE${EXPORT_EXTENSION}`, 'NEW?'],
  options: { 'keep-mac': true },
  help: 'Make a VM of an exported file, under its name or another one; --keep-mac keeps its MAC address',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [file = '', name] = invocation.positionals;
      const keepMac = invocation.options['keep-mac'] === true;
      const args = { file: path.resolve(file), keepMac, ...(name !== undefined && { name }) };
      show(invocation, await telling(client, invocation, 'vm.import', client.call('vm.import', args)), made);
    }),
};

function made({ name }: VmView): string {
  return `Created "${name}".`;
}

export const shareCommands: readonly Command[] = [clone, exporting, importing];

export const shutdown: Command = {
  words: 'power shutdown',
  takes: ['NAME'],
  // oxlint-disable-next-line unicorn/no-thenable -- a word of the command line, in a table that nobody awaits
  options: { timeout: 'SECONDS', then: 'off' },
  help:
    'Ask the guest to shut down, and wait until it has (60 s unless said otherwise); --then off powers it off when ' +
    'it has not. The sample Linux is told at its serial console, others by Ctrl+Alt+Del, on which many start again',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm] = invocation.positionals;
      const timeoutSeconds = number('timeout', invocation.options['timeout']);
      const otherwise = invocation.options['then'];
      const args = {
        vm,
        ...(timeoutSeconds !== undefined && { timeoutSeconds }),
        ...(otherwise !== undefined && { otherwise }),
      };
      const view = await client.call('power.shutdown', args as never);
      if (invocation.json) invocation.print(JSON.stringify(view));
    }),
};

export const cancel: Command = {
  words: 'task cancel',
  takes: ['ID'],
  help: 'Cancel a clone, an export, an import, or the making of a disc; it leaves nothing behind',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const id = number('ID', invocation.positionals[0]) ?? 0;
      await client.call('task.cancel', { id });
      if (invocation.json) invocation.print('null');
    }),
};
