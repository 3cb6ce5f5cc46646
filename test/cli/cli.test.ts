// `lockstep` as a real process: exit status 0 for done, 1 for failed, 2 for bad usage, and what it says.

import { once } from 'node:events';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { commands } from '../../main/cli/commands.ts';
import { startControl } from '../../main/web/control.ts';
import { eventually, moment } from '../support/eventually.ts';
import { openFleet, type TestFleet } from '../support/fleet.ts';
import { temporaryFolder } from '../support/folder.ts';
import { run, start, type Ran } from './lockstep.ts';

/** A host without a web page, as the desktop application is one. */
async function host(link: () => string | null = () => null): Promise<TestFleet & { close(): Promise<void> }> {
  const fleet = openFleet();
  const control = await startControl(fleet.fleet, fleet.dataFolder, link);
  let closed = false;
  const close = async (): Promise<void> => {
    if (!closed) await control.close();
    closed = true;
  };
  onTestFinished(close);
  return { ...fleet, close };
}

/** Bad usage: nothing on standard output, and the sentence on standard error. */
function usage(stderr: string): Ran {
  return { status: 2, stdout: '', stderr };
}

test('help lists every command, asked for or not', async () => {
  const [bare, asked] = await Promise.all([run([]), run(['help'])]);
  expect(bare).toMatchObject({ status: 0, stderr: '' });
  expect(asked).toEqual(bare);
  for (const { words } of commands) expect(bare.stdout).toContain(`  lockstep ${words}`);
  expect(bare.stdout).toContain('Exit status: 0 done, 1 failed, 2 bad usage.');
});

test('whoever stops reading the output ends the command, without a word', async () => {
  const cli = path.join(import.meta.dirname, '../../main/cli.ts');
  const child = spawn(process.execPath, [cli, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let errors = '';
  child.stderr.on('data', (bytes) => (errors += String(bytes)));
  const [status] = (await once(child, 'close')) as [number];
  expect([status, errors]).toEqual([0, '']);
});

test('bad usage is told with what is right, and exit status 2', async () => {
  const results = await Promise.all([
    run(['explode']),
    run(['ft', 'explode']),
    run(['vm', 'show']),
    run(['power', 'on', 'web', '--gently']),
    run(['serve', '--port', '70000']),
  ]);
  expect(results).toEqual([
    usage('"explode" is no command. "lockstep help" lists them.\n'),
    usage(
      expect.stringMatching(
        /^"ft explode" is no command\. There are:\nlockstep ft on NAME\nlockstep ft off NAME\n/,
      ) as string,
    ),
    usage('Usage: lockstep vm show NAME\n'),
    usage(expect.stringMatching(/^Unknown option '--gently'.*\nUsage: lockstep power on NAME\n$/s) as string),
    usage('--port takes a number from 0 to 65535, not "70000".\n'),
  ]);
});

test('without a host, everything says how to start one, and exit status 1', async () => {
  const [folder, other] = [temporaryFolder(), temporaryFolder()];
  const message = (data: string): string =>
    `No Lockstep host runs for the data folder "${data}". Start one with: lockstep serve (or open the application).\n`;
  const [list, typed, link] = await Promise.all([
    run(['vm', 'list'], { LOCKSTEP_DATA: folder }),
    run(['--data', other, '--json', 'console', 'type', 'web', '--', '-x'], { LOCKSTEP_DATA: folder }),
    run(['link', `--data=${other}`]),
  ]);
  expect(list).toEqual({ status: 1, stdout: '', stderr: message(folder) });
  expect(typed).toEqual({ status: 1, stdout: '', stderr: message(other) });
  expect(link).toEqual({
    status: 1,
    stdout: '',
    stderr: `No Lockstep host runs for "${other}". Start one with: lockstep serve\n`,
  });
});

test('with a host, commands are done, failed or refused as bad usage by it', async () => {
  const { dataFolder: data, call } = await host();
  await call('vm.create', { name: 'mail', sample: 'test' });
  const [created, exists, empty, contradiction] = await Promise.all([
    run(['vm', 'create', 'web', '--sample', 'linux', '--memory', '64', '--data', data]),
    run(['vm', 'create', 'mail', '--sample', 'test', '--json', '--data', data]),
    run(['vm', 'create', 'nothing', '--data', data]),
    run(['vm', 'create', 'odd', '--sample', 'linux', '--memory', 'much', '--data', data]),
  ]);
  expect(created).toEqual({
    status: 1,
    stdout: '',
    stderr: expect.stringMatching(/^The initrd .* give the VM at least 67 MB\.\n$/),
  });
  expect(exists).toEqual({ status: 1, stdout: '', stderr: expect.stringMatching(/^There is already a VM "mail"/) });
  expect(empty).toEqual(usage(expect.stringMatching(/^Say what the VM boots: --sample linux/) as string));
  expect(contradiction).toEqual(usage('--memory takes a number, not "much".\n'));

  const [made, listed] = [
    await run(['vm', 'create', 'web', '--sample', 'linux', '--data', data]),
    await run(['vm', 'list', '--json', '--data', data]),
  ];
  expect(made).toEqual({ status: 0, stdout: 'Created "web".\n', stderr: '' });
  expect(JSON.parse(listed.stdout)).toEqual([
    expect.objectContaining({ name: 'mail' }),
    expect.objectContaining({ name: 'web' }),
  ]);
});

test('a link comes from a host with a web page, and from no other', async () => {
  const [page, application] = [await host(() => 'http://127.0.0.1:1/?token=t'), await host()];
  const relative = path.relative(process.cwd(), page.dataFolder);
  const [text, none] = await Promise.all([
    run(['link', '--data', relative]),
    run(['link', '--json', '--data', application.dataFolder]),
  ]);
  expect(text).toEqual({ status: 0, stdout: 'http://127.0.0.1:1/?token=t\n', stderr: '' });
  expect(none).toEqual({
    status: 1,
    stdout: '',
    stderr: 'This host has no web page: it is the desktop application.\n',
  });
});

describe('the serial port', () => {
  test('is standard input and output, byte for byte; after the input ends the answer is still heard', async () => {
    const { dataFolder: data, call, processes } = await host();
    await call('vm.create', { name: 'web', sample: 'test' });
    await call('power.on', { vm: 'web' });
    const replica = processes.last('boot');
    replica.prints(1, 0, 'login: ');
    let epoch = 1;
    const wellBehaved = replica.react;
    replica.react = (message) => {
      wellBehaved(message);
      if (message.type !== 'input' || message.input.device !== 'serial') return;
      replica.prints((epoch += 1), 0, Buffer.from(message.input.data).toString().toUpperCase());
    };
    const attached = start(['serial', 'attach', 'web', '--history', '--data', data]);
    await eventually(() => expect(attached.printed.stdout).toBe('login: '));
    // The user thinks for a while.
    await moment(600);
    attached.child.stdin?.end('root\nĀ');
    expect(await attached.end).toEqual({ status: 0, stdout: 'login: ROOT\nĀ', stderr: '' });
  });

  test('ends when the VM is powered off, also while the input goes on', async () => {
    const { dataFolder: data, call, processes } = await host();
    await call('vm.create', { name: 'web', sample: 'test' });
    await call('power.on', { vm: 'web' });
    const attached = start(['serial', 'attach', 'web', '--data', data]);
    await eventually(() => {
      processes.last('boot').prints(Date.now(), 0, '.');
      expect(attached.printed.stdout).not.toBe('');
    });
    await call('power.off', { vm: 'web' });
    expect(await attached.end).toMatchObject({ status: 0, stderr: '' });

    const { end } = start(['serial', 'attach', 'web', '--data', data]);
    const off = '"web" is powered off: power it on to use its console.\n';
    expect(await end).toEqual({ status: 1, stdout: '', stderr: off });
  });
});

test('whoever follows events hears them until the host ends, and then that it has ended', async () => {
  const { dataFolder: data, call, close } = await host();
  const follower = start(['events', '--follow', '--json', '--data', data]);
  const kinds = (): string[] =>
    follower.printed.stdout
      .trim()
      .split('\n')
      .map((line) => (line ? (JSON.parse(line) as { kind: string }).kind : ''));
  await eventually(() => expect(kinds()).toEqual(['host.started']));
  await call('vm.create', { name: 'web', sample: 'test' });
  await eventually(() => expect(kinds()).toEqual(['host.started', 'vm.created']));
  await close();
  expect(await follower.end).toMatchObject({
    status: 1,
    stderr: 'The Lockstep host has ended. Start it again with: lockstep serve\n',
  });
});
