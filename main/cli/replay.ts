/**
 * `lockstep replay`: replays a recording in a process of its own. No host is needed.
 *
 * Invariant: exit status 0 exactly when the whole recording (or all of it up to `--to`) was replayed without a
 * difference; everything else is a message that says what is wrong, and where.
 */
import { fork } from 'node:child_process';
import path from 'node:path';
import { CommandError } from '../../preload/contract/contract.ts';
import type { FromReplay, ReplayOrder, ReplayOutcome } from '../replica/replay-messages.ts';
import type { Command, Invocation } from './command.ts';

/** `entry` is what a replay process runs. */
export function replayCommand(entry: string): Command {
  return {
    words: 'replay',
    takes: ['FILE'],
    options: { to: 'EPOCH', verify: true },
    help: 'Replay a recording, to its end or to an epoch; --verify compares every hash on the way',
    run: (invocation) => run(entry, invocation),
  };
}

async function run(entry: string, { positionals, options, json, print }: Invocation): Promise<void> {
  const [file = ''] = positionals;
  const to = options['to'] === undefined ? null : Number(options['to']);
  if (to !== null && (!Number.isSafeInteger(to) || to < 0 || options['to'] === '')) {
    throw new CommandError('usage', `--to takes an epoch, a whole number from 0, not "${options['to']}".`);
  }
  const order: ReplayOrder = { file: path.resolve(file), to, verify: options['verify'] === true };
  const outcome = await inAnotherProcess(entry, order, (epoch, fraction) => {
    if (!json) process.stderr.write(`epoch ${epoch}, ${(fraction * 100).toFixed(0)} % of the recording\n`);
  });
  print(json ? JSON.stringify(outcome) : closingLine(outcome, order.verify));
  const { mismatch, problem } = outcome;
  if (mismatch) {
    throw new CommandError(
      'failed',
      `The replay differs from the recording at epoch ${mismatch.epoch}: ${mismatch.message}.`,
    );
  }
  if (problem !== null) throw new CommandError('failed', problem);
}

function closingLine(outcome: ReplayOutcome, verify: boolean): string {
  const { vm, firstEpoch, epoch, epochs, instructions, seconds, hashes } = outcome;
  const compared = verify ? `${hashes} hashes equal` : 'no hashes compared';
  const where = `epochs ${firstEpoch} to ${epoch} of "${vm}"`;
  const work = `${epochs} epochs, ${(instructions / 1e6).toFixed(1)} M instructions, ${seconds.toFixed(1)} s`;
  return `Replayed ${where}: ${work} of the guest; ${compared}.`;
}

function inAnotherProcess(
  entry: string,
  order: ReplayOrder,
  progress: (epoch: number, fraction: number) => void,
): Promise<ReplayOutcome> {
  return new Promise((resolve, reject) => {
    const child = fork(entry, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.on('message', (message: FromReplay) => {
      if (message.type === 'progress') progress(message.epoch, message.fraction);
      else if (message.type === 'done') resolve(message.outcome);
      else reject(new CommandError('failed', message.message));
    });
    child.on('error', reject);
    // After an outcome this changes nothing.
    child.on('exit', (code, signal) =>
      reject(new CommandError('failed', `The replay process ended (${signal ?? `exit code ${code}`}).`)),
    );
    child.send(order);
  });
}
