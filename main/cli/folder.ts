/** The command line's commands of the inventory's folders. */
import { withHost, type Command, type Invocation } from './command.ts';
import type { Client } from './client.ts';
import type { Folders } from '../../preload/contract/folder.ts';

/** A command that answers with all folders. */
function folders(
  words: string,
  takes: readonly string[],
  help: string,
  call: (client: Client, positionals: readonly string[]) => Promise<Folders>,
): Command {
  const run = (invocation: Invocation): Promise<void> =>
    withHost(invocation, async (client) => {
      const all = await call(client, invocation.positionals);
      const none = 'No folders yet. Make one: lockstep folder create FOLDER';
      if (invocation.json) invocation.print(JSON.stringify(all));
      else if (words === 'folder list') invocation.print(all.length === 0 ? none : all.join('\n'));
    });
  return { words, takes, help, run };
}

const move: Command = {
  words: 'vm move',
  takes: ['NAME', 'FOLDER?'],
  help: 'Put a VM into a folder, such as Lab/Web, which is made where it does not exist; without FOLDER out of all',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm = '', folder = ''] = invocation.positionals;
      const view = await client.call('vm.move', { vm, folder });
      if (invocation.json) invocation.print(JSON.stringify(view));
    }),
};

export const folderCommands: readonly Command[] = [
  move,
  folders('folder list', [], 'List the folders of the inventory', (client) => client.call('folder.list', {})),
  folders('folder create', ['FOLDER'], 'Make a folder, such as Lab or Lab/Web', (client, [folder = '']) =>
    client.call('folder.create', { folder }),
  ),
  folders('folder rename', ['FOLDER', 'TO'], 'Give a folder another path', (client, [folder = '', to = '']) =>
    client.call('folder.rename', { folder, to }),
  ),
  folders('folder delete', ['FOLDER'], 'Delete a folder; what is in it moves up', (client, [folder = '']) =>
    client.call('folder.delete', { folder }),
  ),
];
