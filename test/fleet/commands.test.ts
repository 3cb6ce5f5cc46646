// Commands as they come through a door: arguments parsed first, every error one that the user can act on.

import { once } from 'node:events';
import path from 'node:path';
import fc from 'fast-check';
import { decode as decodePng } from 'fast-png';
import { describe, expect, test } from 'vitest';
import { carryOut } from '../../main/fleet/commands.ts';
import { CommandError, commands, type CommandName } from '../../preload/contract/contract.ts';
import { encodeScreen } from '../../preload/contract/screen.ts';
import { nextMessage, startChild } from '../support/children.ts';
import { eventually } from '../support/eventually.ts';
import { openFleet, type TestFleet } from '../support/fleet.ts';
import { temporaryFolder } from '../support/folder.ts';
import { holdsAsync } from '../support/random.ts';

async function refusal(promise: Promise<unknown>): Promise<CommandError> {
  const error = await promise.then(
    () => new Error('nothing was refused'),
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(CommandError);
  return error as CommandError;
}

async function withVm(): Promise<TestFleet> {
  const test = openFleet();
  await test.call('vm.create', { name: 'web', sample: 'test' });
  return test;
}

async function withRunningVm(): Promise<TestFleet> {
  const test = await withVm();
  await test.call('power.on', { vm: 'web' });
  return test;
}

describe('a command', () => {
  test.each(['vm.explode', '', 'constructor', '__proto__', 'toString'])('named "%s" does not exist', async (name) => {
    const error = await refusal(carryOut(openFleet().fleet, name, {}));
    expect([error.code, error.message]).toEqual(['usage', `There is no command "${name}".`]);
  });

  test.each([
    ['vm.show', {}, 'vm: '],
    ['vm.show', { vm: '' }, 'vm: name the VM'],
    ['vm.show', { vm: 5 }, 'vm: name the VM'],
    ['vm.show', { vm: 'web', more: 1 }, 'more: '],
    ['vm.show', null, 'vm: '],
    ['vm.show', 'web', 'vm.show: '],
    ['vm.create', { name: '' }, 'name: a VM name needs at least one character'],
    ['vm.create', { name: '-x' }, 'begins with a letter or a digit'],
    ['vm.create', { name: 'a/b' }, 'a VM name is made of letters, digits'],
    ['vm.create', { name: 'a ' }, 'a VM name is made of'],
    ['vm.create', { name: 'a'.repeat(65) }, 'a VM name has at most 64 characters'],
    ['vm.create', { name: 'a', sample: 'windows' }, 'the samples are: linux, test'],
    ['vm.create', { name: 'a', sample: 'test', memoryMB: 15 }, 'memory is at least 16 MB'],
    ['vm.create', { name: 'a', sample: 'test', memoryMB: 2049 }, 'memory is at most 2048 MB'],
    ['vm.create', { name: 'a', sample: 'test', memoryMB: 64.5 }, 'memory is a whole number of MB'],
    ['vm.create', { name: 'a', sample: 'test', memoryMB: '64' }, 'memory is a number of MB'],
    ['vm.create', { name: 'a', hda: '' }, 'a file path cannot be empty'],
    ['vm.create', { name: 'a', sample: 'linux', cmdline: 'x'.repeat(2048) }, 'at most 2047 characters'],
    ['ft.wait', { vm: 'web', for: 'happiness' }, 'the states are: notConfigured, vmNotRunning, starting'],
    ['ft.wait', { vm: 'web', for: 'protected', timeoutSeconds: -1 }, 'timeoutSeconds'],
    ['fault', { vm: 'web', kind: 'earthquake' }, 'the faults are: crash-primary, crash-secondary'],
    ['console.type', { vm: 'web', text: 'x'.repeat(4097) }, 'at most 4096 characters can be typed at once'],
    ['event.list', { limit: 0 }, 'limit'],
    ['event.list', { limit: 10_001 }, 'limit'],
    ['event.list', { since: -1 }, 'since'],
  ] as const)('%s with %j is wrong usage, which says what is wrong', async (name, args, why) => {
    const error = await refusal(carryOut((await withVm()).fleet, name, args));
    expect([error.code, error.message]).toEqual(['usage', expect.stringContaining(why)]);
  });

  test('for a VM that does not exist says which there are', async () => {
    const { fleet } = openFleet();
    const named = Object.entries(commands).filter(([, { entries }]) => 'vm' in entries || 'network' in entries);
    for (const [name] of named) {
      if (['vm.create', 'event.list'].includes(name)) continue;
      const forward = { protocol: 'tcp', hostPort: 80, guestPort: 80, id: 1 };
      const words = {
        for: 'protected',
        kind: 'crash-primary',
        text: 'x',
        combo: 'a',
        file: '/x',
        drive: 'cdrom',
        name: 'x',
        snapshot: 'none',
        folder: name === 'media.folder' ? '/' : 'nowhere',
        to: 'somewhere',
      };
      const args = { vm: 'nobody', network: 'nowhere', ...words, ...forward };
      const known = Object.fromEntries(
        Object.entries(args).filter(([key]) => key in commands[name as CommandName].entries),
      );
      if (name === 'snapshot.take') known['name'] = 'none';
      expect(await refusal(carryOut(fleet, name, known)), name).toMatchObject({ code: 'notFound' });
    }
  });

  test('with whatever arguments is done or refused, and does nothing worse', async () => {
    const { fleet } = await withVm();
    const name = fc.constantFrom(...Object.keys(commands).filter((command) => command !== 'ft.wait'));
    const value = fc.oneof(fc.constantFrom('web', 'nobody', '', 'a'), fc.jsonValue({ maxDepth: 1 }));
    const args = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.dictionary(fc.constantFrom('vm', 'name', 'kind', 'text', 'combo', 'limit', 'since', '__proto__'), value),
    );
    await holdsAsync(
      fc.asyncProperty(name, args, async (command, given) => {
        try {
          await carryOut(fleet, command, given);
        } catch (error) {
          expect(error).toBeInstanceOf(CommandError);
          expect((error as Error).message).not.toBe('');
        }
      }),
      300,
    );
  });
});

test('the host is shown', async () => {
  const { call, dataFolder } = openFleet();
  expect(await call('host.show', {})).toEqual({
    version: '9.9.9',
    gatewayPid: null,
    dataFolder,
    recordingsFolder: path.join(dataFolder, 'recordings'),
    hostName: expect.any(String),
    pid: process.pid,
  });
});

describe('ft.wait', () => {
  test('resolves at once where it is so already, and when it becomes so', async () => {
    const { call } = await withRunningVm();
    expect(await call('ft.wait', { vm: 'web', for: 'notConfigured', timeoutSeconds: 0 })).toMatchObject({
      status: 'notConfigured',
    });
    const waiting = call('ft.wait', { vm: 'web', for: 'protected' });
    await call('ft.on', { vm: 'web' });
    expect(await waiting).toMatchObject({ status: 'protected' });
  });

  test('that takes too long says what is so instead, and where to look', async () => {
    const { call } = await withVm();
    expect(await refusal(call('ft.wait', { vm: 'WEB', for: 'protected', timeoutSeconds: 0.01 }))).toMatchObject({
      code: 'timeout',
      message: '"web" is notConfigured after 0.01 s, not protected. "lockstep events web" says why.',
    });
  });

  test('ends when the VM is deleted, also when its time is up in that moment', async () => {
    const { call } = await withVm();
    const waits = [0.02, 60].map((timeoutSeconds) =>
      refusal(call('ft.wait', { vm: 'web', for: 'protected', timeoutSeconds })),
    );
    await call('vm.delete', { vm: 'web' });
    expect((await Promise.all(waits)).map(({ code }) => code)).toEqual(['notFound', 'notFound']);
  });

  test('does not keep a host alive that is closed', async () => {
    const host = startChild('./host.ts', import.meta.url, [temporaryFolder(), temporaryFolder()]);
    await nextMessage(host);
    host.send('wait, and close');
    const [code] = (await once(host, 'exit')) as [number | null];
    expect(code).toBe(0);
  });
});

describe('the console', () => {
  const cells = (text: string): Uint32Array =>
    Uint32Array.from([...text.padEnd(20)].flatMap((character) => [character.charCodeAt(0), 0xffffff, 0]));
  const picture = encodeScreen({
    kind: 'text',
    full: true,
    columns: 20,
    rows: 2,
    cursor: { row: 1, column: 2, first: 13, last: 14 },
    font: { width: 8, height: 16, rows: new Uint16Array(256 * 16).fill(0x8000) },
    lines: ['web login:', '$'].map((text, row) => ({ row, cells: cells(text) })),
  });

  test('is read as text, and taken as a picture', async () => {
    const { call, processes } = await withRunningVm();
    const replica = processes.last('boot');
    const wellBehaved = replica.react;
    replica.react = (message) => {
      if (message.type === 'picture') replica.says({ type: 'screen', full: true, data: picture });
      wellBehaved(message);
    };
    expect(await call('console.text', { vm: 'web' })).toEqual({ lines: ['web login:', '$'] });
    const { width, height, pngBase64 } = await call('console.screenshot', { vm: 'web' });
    expect([width, height]).toEqual([160, 32]);
    expect(decodePng(Buffer.from(pngBase64, 'base64'))).toMatchObject({ width: 160, height: 32, channels: 4 });
  });

  test('that is powered off meanwhile gives no picture, in words', async () => {
    const { call } = await withRunningVm();
    const text = refusal(call('console.text', { vm: 'web' }));
    await call('power.off', { vm: 'web' });
    expect(await text).toMatchObject({
      code: 'failed',
      message: '"web" shows no picture: it was powered off, or does not answer.',
    });
  });

  test('takes keys: one run of scan codes for each character, and a combination as one', async () => {
    const { call, processes } = await withRunningVm();
    await call('console.type', { vm: 'web', text: 'aB' });
    await call('console.key', { vm: 'web', combo: 'ctrl+c' });
    const codes = processes
      .last('boot')
      .gotOf('input')
      .map(({ input }) => {
        return input.device === 'console' && input.input.kind === 'keys' ? [...input.input.codes] : null;
      });
    expect(codes).toEqual([
      [0x1e, 0x9e],
      [0x2a, 0x30, 0xb0, 0xaa],
      [0x1d, 0x2e, 0xae, 0x9d],
    ]);
  });

  test('refuses text whole when a character has no key, and a combination that is none', async () => {
    const { call, processes } = await withRunningVm();
    expect(await refusal(call('console.type', { vm: 'web', text: 'ok€' }))).toMatchObject({ code: 'usage' });
    expect(await refusal(call('console.key', { vm: 'web', combo: 'any' }))).toMatchObject({ code: 'usage' });
    expect(processes.last('boot').gotOf('input')).toEqual([]);
  });

  test('of a VM that is off is refused', async () => {
    const { call } = await withVm();
    const off = { code: 'refused', message: '"web" is powered off: power it on to use its console.' };
    expect(await refusal(call('console.text', { vm: 'web' }))).toMatchObject(off);
    expect(await refusal(call('console.type', { vm: 'web', text: 'x' }))).toMatchObject(off);
    expect(await refusal(call('console.key', { vm: 'web', combo: 'a' }))).toMatchObject(off);
  });
});

test('events are listed for all, for one VM, from an id on, and so many at most', async () => {
  const { call } = await withVm();
  await call('vm.create', { name: 'mail', sample: 'test' });
  const kinds = async (args: object): Promise<string[]> => (await call('event.list', args)).map(({ kind }) => kind);
  expect(await kinds({})).toEqual(['host.started', 'vm.created', 'vm.created']);
  expect(await kinds({ vm: 'mail' })).toEqual(['vm.created']);
  expect(await kinds({ since: 1, limit: 1 })).toEqual(['vm.created']);
  await eventually(async () => expect(await call('event.list', { since: 3 })).toEqual([]));
});
