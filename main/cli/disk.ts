/**
 * The command line's commands of disk files.
 */
import path from 'node:path';
import { CommandError, type DiskCheckView, type DiskView } from '../../preload/contract/contract.ts';
import { DISK_EXPORT_FORMATS, parseSize } from '../../preload/contract/disk.ts';
import { telling, withHost, type Command, type Invocation } from './command.ts';
import { inWords, pairs } from './print.ts';

/** A size that the user gave. @throws {CommandError} `usage`. */
export function size(text: string | boolean | undefined): number {
  try {
    return parseSize(String(text));
  } catch (error) {
    throw new CommandError('usage', `${(error as Error).message}.`);
  }
}

/** Prints what a command answered. */
function show<T>({ json, print }: Invocation, result: T, text: (result: T) => string): void {
  print(json ? JSON.stringify(result) : text(result));
}

/** The host may have another working folder. */
function at(invocation: Invocation, index: number): string {
  return path.resolve(invocation.positionals[index] ?? '');
}

function details(disk: DiskView): string {
  return pairs([
    ['File', disk.file],
    ['Format', disk.format === 'lsd' ? 'Lockstep disk' : 'raw image'],
    ['Size', `${inWords(disk.bytes)} (${disk.bytes} bytes)`],
    ['File takes up', inWords(disk.diskBytes)],
    ...(disk.clusterBytes === null ? [] : [['Cluster', inWords(disk.clusterBytes)] as const]),
    ...(disk.uuid === null ? [] : [['Id', disk.uuid] as const]),
    ...disk.chain.slice(1).map((file) => ['Stands on', file] as const),
    ...(disk.committing ? [['State', 'half merged into the disk it stands on'] as const] : []),
    ['Used by', disk.vms.length === 0 ? 'no VM' : disk.vms.join(', ')],
  ]);
}

function checked(check: DiskCheckView): string {
  const listed = check.problems.map(({ where, message }) => (where === null ? message : `At ${where}: ${message}`));
  const more = check.problemsLeftOut === 0 ? [] : [`… and ${check.problemsLeftOut} more.`];
  const repaired = check.repaired.map((words) => `Repaired: ${words}`);
  const sum = `${check.clustersChecked} clusters checked, ${inWords(check.unusedBytes)} of the file not used.`;
  return [...listed, ...more, ...repaired, sum].join('\n');
}

const create: Command = {
  words: 'disk create',
  takes: ['FILE.lsd', 'SIZE?'],
  options: { parent: 'FILE' },
  help:
    'Make a thin disk (SIZE such as 4G), or with --parent an overlay that holds what is changed of another disk, ' +
    'which must not be written to from then on',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [, bytes] = invocation.positionals;
      const { parent } = invocation.options;
      const made = await client.call('disk.create', {
        file: at(invocation, 0),
        ...(bytes === undefined ? {} : { bytes: size(bytes) }),
        ...(parent === undefined ? {} : { parent: path.resolve(String(parent)) }),
      });
      show(invocation, made, details);
    }),
};

const info: Command = {
  words: 'disk info',
  takes: ['FILE'],
  help: 'Show what a disk is made of, and who uses it',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      show(invocation, await client.call('disk.info', { file: at(invocation, 0) }), details);
    }),
};

const check: Command = {
  words: 'disk check',
  takes: ['FILE.lsd'],
  options: { repair: true },
  help: 'Check a disk: its map, the checksums of all it holds, the disks it stands on; --repair what loses nothing',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const repair = invocation.options['repair'] === true;
      const work = client.call('disk.check', { file: at(invocation, 0), repair });
      const result = await telling(client, invocation, 'disk.check', work);
      show(invocation, result, checked);
      const count = result.problems.length + result.problemsLeftOut;
      if (count > 0) throw new CommandError('failed', `The disk has ${count} problem${count === 1 ? '' : 's'}.`);
    }),
};

const compact: Command = {
  words: 'disk compact',
  takes: ['FILE.lsd'],
  help: 'Give back what a disk does not need; there must be room for a second one meanwhile',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const work = client.call('disk.compact', { file: at(invocation, 0) });
      const result = await telling(client, invocation, 'disk.compact', work);
      show(invocation, result, ({ before, after }) => `${inWords(before)} before, ${inWords(after)} now.`);
    }),
};

const resize: Command = {
  words: 'disk resize',
  takes: ['FILE', 'SIZE'],
  help: 'Make a disk larger; the guest then has to enlarge its partitions',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const bytes = size(invocation.positionals[1]);
      show(invocation, await client.call('disk.resize', { file: at(invocation, 0), bytes }), details);
    }),
};

const importing: Command = {
  words: 'disk import',
  takes: ['IMAGE', 'FILE.lsd?'],
  help:
    'Make a disk of an image: raw, qcow2, vmdk, vdi, vhd or vhdx (all but raw by qemu-img); without FILE in the ' +
    'data folder',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const named = invocation.positionals[1] === undefined ? {} : { file: at(invocation, 1) };
      const work = client.call('disk.import', { source: at(invocation, 0), ...named });
      show(invocation, await telling(client, invocation, 'disk.import', work), details);
    }),
};

const exporting: Command = {
  words: 'disk export',
  takes: ['FILE', 'IMAGE'],
  options: { format: DISK_EXPORT_FORMATS.join('|') },
  help: 'Write a disk, with all that it stands on, as one image: raw, or by qemu-img qcow2',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const format = String(invocation.options['format'] ?? 'raw') as (typeof DISK_EXPORT_FORMATS)[number];
      const work = client.call('disk.export', { file: at(invocation, 0), target: at(invocation, 1), format });
      const result = await telling(client, invocation, 'disk.export', work);
      show(invocation, result, ({ file }) => `Exported to ${file}.`);
    }),
};

export const diskCommands: readonly Command[] = [create, info, check, compact, resize, importing, exporting];
