/**
 * The command line's commands of suspending and of snapshots.
 */
import { CommandError, type SnapshotView, type VmView } from '../../preload/contract/contract.ts';
import { simple, telling, withHost, write, type Command } from './command.ts';
import { inWords } from './print.ts';

/** The tree as lines, children under their parents, oldest first. */
export function tree(snapshots: readonly SnapshotView[]): string {
  if (snapshots.length === 0) return 'No snapshots. Take one: lockstep snapshot take NAME SNAP';
  const lines: string[] = [];
  const under = (parent: string | null, depth: number): void => {
    for (const one of snapshots.filter((snapshot) => snapshot.parent === parent)) {
      const when = new Date(one.takenAt).toISOString().slice(0, 19).replace('T', ' ');
      const kind = one.machine ? `running, epoch ${one.machine.epoch}` : 'powered off';
      const here = one.current ? '  (you are here)' : '';
      const note = one.note === '' ? '' : `  ${one.note}`;
      lines.push(`${'  '.repeat(depth)}${one.name}  ${when}  ${kind}  ${inWords(one.bytes)}${here}${note}`);
      under(one.id, depth + 1);
    }
  };
  under(null, 0);
  return lines.join('\n');
}

const take: Command = {
  words: 'snapshot take',
  takes: ['NAME', 'SNAP'],
  options: { note: 'TEXT' },
  help: 'Take a snapshot: memory, devices and disk of one moment; also while Fault Tolerance protects the VM',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm = '', name = ''] = invocation.positionals;
      const { note } = invocation.options;
      const args = { vm, name, ...(note === undefined ? {} : { note: String(note) }) };
      const taken = await telling(client, invocation, 'snapshot.take', client.call('snapshot.take', args));
      const text = `Took the snapshot "${taken.name}" (${inWords(taken.bytes)}).`;
      invocation.print(invocation.json ? JSON.stringify(taken) : text);
    }),
};

const revert: Command = {
  words: 'snapshot revert',
  takes: ['NAME', 'SNAP'],
  help: 'Take a VM back to a snapshot; what it has become since is lost, unless it is in another one',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm = '', snapshot = ''] = invocation.positionals;
      const work = client.call('snapshot.revert', { vm, snapshot });
      const view = await telling(client, invocation, 'snapshot.revert', work);
      if (invocation.json) invocation.print(JSON.stringify(view));
    }),
};

const remove: Command = {
  words: 'snapshot delete',
  takes: ['NAME', 'SNAP'],
  help: 'Delete a snapshot; its children stay, and what they need of its disk',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm = '', snapshot = ''] = invocation.positionals;
      await client.call('snapshot.delete', { vm, snapshot });
      if (invocation.json) invocation.print('null');
    }),
};

const thumbnail: Command = {
  words: 'snapshot thumbnail',
  takes: ['NAME', 'SNAP', 'FILE.png'],
  options: { force: true },
  help: 'Save the small picture of the screen that a snapshot has; --force replaces a file that exists',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm = '', snapshot = '', file = ''] = invocation.positionals;
      const { pngBase64 } = await client.call('snapshot.thumbnail', { vm, snapshot });
      if (pngBase64 === null) throw new CommandError('failed', `The snapshot "${snapshot}" has no picture.`);
      await write(file, Buffer.from(pngBase64, 'base64'), invocation.options['force'] === true);
      if (invocation.json) invocation.print(JSON.stringify({ file }));
    }),
};

const suspend: Command = {
  words: 'power suspend',
  takes: ['NAME'],
  help: 'Save the state of a running VM in a file and power it off; "power resume" or "power on" goes on from there',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm = ''] = invocation.positionals;
      const view: VmView = await telling(client, invocation, 'power.suspend', client.call('power.suspend', { vm }));
      if (invocation.json) invocation.print(JSON.stringify(view));
    }),
};

export const snapshotCommands: readonly Command[] = [
  suspend,
  simple(
    'power resume',
    'power.resume',
    'Let a paused guest go on, or a suspended VM from its saved state',
    () => null,
  ),
  take,
  simple('snapshot list', 'snapshot.list', 'Show the snapshots of a VM as a tree', tree),
  revert,
  remove,
  thumbnail,
  simple('power unpause', 'power.unpause', 'Let a paused guest go on', () => null),
];
