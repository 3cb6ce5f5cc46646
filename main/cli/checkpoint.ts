/**
 * The command line's commands of automatic checkpoints.
 *
 * Invariant: nobody goes back to a checkpoint without having been told what is lost.
 */
import { createInterface } from 'node:readline/promises';
import { lostBy } from '../../preload/contract/checkpoint.ts';
import { CommandError, type CheckpointView, type VmView } from '../../preload/contract/contract.ts';
import { telling, withHost, type Command, type Invocation } from './command.ts';
import { span, time } from './checkpoint-lines.ts';
import { inWords } from './print.ts';

/** What going back to it means, for whoever has to decide. */
function whatIsLost(name: string, checkpoint: CheckpointView): string {
  const { at, ranUntil } = checkpoint;
  const ran =
    ranUntil === null ? [] : [`It is known to have run until ${time(ranUntil)}: ${span(lostBy(checkpoint))} are lost.`];
  return [
    `"${name}" becomes what it was at its automatic checkpoint of ${time(at)} UTC (${span(Date.now() - at)} ago).`,
    ...ran,
    'That is memory and disk: what was written to its disk since then is lost, too. ("lockstep power on" starts the',
    'guest anew instead, and keeps its disk as it is.)',
  ].join('\n');
}

/** @throws {CommandError} `refused` where nobody says yes. */
async function confirmed(invocation: Invocation, question: string): Promise<void> {
  if (invocation.options['yes'] === true) return;
  process.stderr.write(`${question}\n`);
  const no = new CommandError('refused', 'Nothing was done. Add --yes to do it without a question.');
  if (!process.stdin.isTTY || invocation.json) throw no;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question('Resume from it? [y/N] ');
    if (!/^y(es)?$/i.test(answer.trim())) throw no;
  } finally {
    terminal.close();
  }
}

const take: Command = {
  words: 'checkpoint take',
  takes: ['NAME'],
  help: 'Take a checkpoint of a running VM now, in the place of the last automatic one; also while it is Protected',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm = ''] = invocation.positionals;
      const taken = await telling(client, invocation, 'checkpoint.take', client.call('checkpoint.take', { vm }));
      const stood = `the guest stood still for ${Math.round(taken.stunMs)} ms`;
      const text = `Took a checkpoint (${inWords(taken.bytes)}); ${stood}.`;
      invocation.print(invocation.json ? JSON.stringify(taken) : text);
    }),
};

const resume: Command = {
  words: 'checkpoint resume',
  takes: ['NAME'],
  options: { yes: true },
  help:
    'Resume a VM that was powered off unexpectedly from its last automatic checkpoint: memory and disk become what ' +
    'they were then, and what was done since is lost; tells how much that is and asks, unless --yes is given',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm = ''] = invocation.positionals;
      const { id, name, power, checkpoint } = await client.call('vm.show', { vm });
      // Where it is refused anyway, the host says why.
      if (power === 'off' && checkpoint) await confirmed(invocation, whatIsLost(name, checkpoint));
      const work = client.call('checkpoint.resume', { vm: id });
      const view: VmView = await telling(client, invocation, 'checkpoint.resume', work);
      if (invocation.json) invocation.print(JSON.stringify(view));
    }),
};

export const checkpointCommands: readonly Command[] = [take, resume];
