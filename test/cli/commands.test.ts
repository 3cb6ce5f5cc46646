// The command line's commands, over the real control socket: what each prints for people, and as JSON.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { commands } from '../../main/cli/commands.ts';
import { startControl } from '../../main/web/control.ts';
import { CommandError, commands as contractCommands, topics } from '../../preload/contract/contract.ts';
import { encodeScreen } from '../../preload/contract/screen.ts';
import { report } from '../support/fake-processes.ts';
import { openFleet, type TestFleet } from '../support/fleet.ts';
import { temporaryFolder } from '../support/folder.ts';

/** What these give, the command line has in another form: `vm list`, `console text` and `console screenshot`. */
const PAGE_ONLY = new Set(['inventory', 'screen']);

type Options = { readonly [name: string]: string | boolean };

interface Cli extends TestFleet {
  /** Runs a command; what it printed, a line each. */
  lockstep(words: string, positionals?: readonly string[], options?: Options): Promise<string[]>;
  json(words: string, positionals?: readonly string[], options?: Options): Promise<unknown>;
}

async function cli(): Promise<Cli> {
  const fleet = openFleet();
  const control = await startControl(fleet.fleet, fleet.dataFolder, () => null);
  onTestFinished(() => control.close());
  const lockstep = async (
    words: string,
    positionals: readonly string[] = [],
    options: Options = {},
    json = false,
  ): Promise<string[]> => {
    const printed: string[] = [];
    const command = commands.find((candidate) => candidate.words === words);
    await command?.run({
      positionals,
      options,
      json,
      dataFolder: fleet.dataFolder,
      print: (text) => printed.push(...text.split('\n')),
    });
    return printed;
  };
  return {
    ...fleet,
    lockstep: (words, positionals, options) => lockstep(words, positionals, options),
    json: async (words, positionals, options) =>
      JSON.parse((await lockstep(words, positionals, options, true)).join('\n')),
  };
}

async function withRunningVm(): Promise<Cli> {
  const test = await cli();
  await test.lockstep('vm create', ['web'], { sample: 'test' });
  await test.lockstep('power on', ['web']);
  return test;
}

describe('vm', () => {
  test('list says how to make the first one, and then shows a table', async () => {
    const { lockstep, json } = await cli();
    expect(await lockstep('vm list')).toEqual([
      'No virtual machines yet. Make one: lockstep vm create NAME --sample linux',
    ]);
    expect(await json('vm list')).toEqual([]);
    await lockstep('vm create', ['a longer name'], { sample: 'test', memory: '64' });
    await lockstep('vm create', ['web'], { sample: 'linux' });
    expect(await lockstep('vm list')).toEqual([
      'NAME           POWER  FAULT TOLERANCE  MEMORY  GUEST',
      'a longer name  off    not configured   64 MB   Test guest',
      'web            off    not configured   128 MB  Sample Linux',
    ]);
  });

  test('show tells what it is made of', async () => {
    const { lockstep, json, guests } = await cli();
    await lockstep('vm create', ['web'], { bzimage: guests.linux.bzimage, cmdline: 'quiet' });
    const lines = await lockstep('vm show', ['WEB']);
    expect(lines).toEqual(
      expect.arrayContaining([
        'Name                web',
        'Power               off',
        'Guest               Linux kernel',
        'Memory              128 MB',
        `bzimage             ${guests.linux.bzimage}`,
        'Command line        quiet',
        'Fault Tolerance     not configured',
        'failureTimeoutMs    500',
        'lagHardMs           1000',
      ]),
    );
    expect(await json('vm show', ['web'])).toMatchObject({ name: 'web', hardware: { cmdline: 'quiet' } });
  });

  test('create and delete say what was done, as JSON what there is', async () => {
    const { lockstep, json } = await cli();
    expect(await json('vm create', ['web'], { sample: 'test' })).toMatchObject({ name: 'web', power: 'off' });
    expect(await lockstep('vm delete', ['web'])).toEqual([]);
    await expect(lockstep('vm delete', ['web'])).rejects.toMatchObject({ code: 'notFound' });
    await lockstep('vm create', ['web'], { sample: 'test' });
    expect(await json('vm delete', ['web'])).toBeNull();
  });

  test('create takes numbers for numbers only', async () => {
    const { lockstep } = await cli();
    for (const memory of ['', 'x', '64MB', 'Infinity']) {
      await expect(lockstep('vm create', ['web'], { sample: 'test', memory })).rejects.toThrow(
        new CommandError('usage', `--memory takes a number, not "${memory}".`),
      );
    }
  });
});

test('host show tells where things are', async () => {
  const { lockstep, dataFolder } = await cli();
  expect(await lockstep('host show')).toEqual(
    expect.arrayContaining([
      'Version     9.9.9',
      `Data        ${dataFolder}`,
      `Recordings  ${path.join(dataFolder, 'recordings')}`,
    ]),
  );
});

test('power and ft do what they say, and ft status shows the pair', async () => {
  const { lockstep, json, processes } = await withRunningVm();
  expect(await lockstep('ft on', ['web'])).toEqual([]);
  expect((await lockstep('ft wait', ['web']))[0]).toBe('Fault Tolerance Status     Protected');
  processes.last('boot').says({ type: 'report', report: report() });
  const status = await lockstep('ft status', ['web']);
  expect(status).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^Primary location +\S+, pid \d+, epoch 1234$/),
      expect.stringMatching(/^Secondary location +\S+, pid \d+, epoch 0$/),
      'Generation                 1',
      'Lag                        1.5 ms',
      'Log Bandwidth              300.0 kbit/s',
      'Output delay, p50 and p99  0.2 ms, 1.0 ms',
      'Last failover              –',
    ]),
  );
  expect(await json('ft status', ['web'])).toMatchObject({
    status: 'protected',
    reason: null,
    generation: 1,
    lagMs: 1.5,
  });
  await expect(lockstep('ft wait', ['web'], { for: 'needSecondary', timeout: '0.01' })).rejects.toMatchObject({
    code: 'timeout',
  });
  await lockstep('ft off', ['web']);
  await lockstep('power off', ['web']);
  expect(await json('vm list')).toEqual([expect.objectContaining({ power: 'off', ftEnabled: false })]);
});

test('metrics are one line for people', async () => {
  const { lockstep, json, processes } = await withRunningVm();
  processes.last('boot').says({ type: 'report', report: report({ logBitsPerSecond: 3.2e6 }) });
  expect(await lockstep('metrics', ['web'])).toEqual([
    expect.stringMatching(
      /^\S+Z {2}50\.0 M instructions\/s {2}cpu 80 % \+ – {2}lag 1\.5 ms {2}log 3\.20 Mbit\/s {2}output delay 0\.2 ms/,
    ),
  ]);
  expect(await json('metrics', ['web'])).toMatchObject({ throttle: 0, secondary: null });
});

test('events are a line each, of one VM or of all, after an id', async () => {
  const { lockstep, json } = await withRunningVm();
  const lines = await lockstep('events');
  expect(lines).toHaveLength(3);
  expect(lines[1]).toMatch(/^ {4}2 {2}\d{4}-\S+Z {2}info {5}web: The virtual machine was created\.$/);
  expect(await lockstep('events', ['web'], { since: '2' })).toEqual([expect.stringContaining('Powered on.')]);
  expect(await lockstep('events', [], { since: '99' })).toEqual([]);
  expect(await json('events', [], { since: '99' })).toEqual([]);
});

test('the console is typed on, read, and saved as a picture', async () => {
  const { lockstep, json, processes } = await withRunningVm();
  const replica = processes.last('boot');
  expect(await lockstep('console type', ['web', 'a\\n'])).toEqual([]);
  expect(await json('console key', ['web', 'enter'])).toBeNull();
  const codes = replica
    .gotOf('input')
    .map(({ input }) => input.device === 'console' && input.input.kind === 'keys' && [...input.input.codes]);
  expect(codes).toEqual([
    [0x1e, 0x9e],
    [0x1c, 0x9c],
    [0x1c, 0x9c],
  ]);

  const wellBehaved = replica.react;
  replica.react = (message) => {
    if (message.type === 'picture')
      replica.says({ type: 'screen', full: true, data: encodeScreen({ kind: 'blank', full: true }) });
    wellBehaved(message);
  };
  expect(await json('console text', ['web'])).toEqual({ lines: [] });
  const file = path.join(temporaryFolder(), 'screen.png');
  expect(await lockstep('console screenshot', ['web', file])).toEqual([`Saved 720×400 to ${file}.`]);
  expect(readFileSync(file).subarray(1, 4).toString()).toBe('PNG');
});

test('a fault tells which process it has ended', async () => {
  const { lockstep, processes } = await withRunningVm();
  expect(await lockstep('fault', ['web', 'crash-primary'])).toEqual([
    `Done: crash-primary (process ${processes.last('boot').pid}).`,
  ]);
  await expect(lockstep('fault', ['web', 'earthquake'])).rejects.toMatchObject({ code: 'usage' });
});

test('what was measured over a time is a table of its series, or JSON with every step', async () => {
  const { lockstep, json, fleet, processes } = await withRunningVm();
  processes.last('boot').says({ type: 'report', report: report() });
  expect(await lockstep('metrics', ['web'], { range: '1m' })).toEqual([
    'Nothing was measured in the last 1m: the VM was off.',
  ]);
  fleet.sampler.sample(Date.now());
  const lines = await lockstep('metrics', ['web'], { range: '1h' });
  const text = lines.join('\n');
  expect(lines[0]).toMatch(/^SERIES +LAST +MEAN +PEAK +STEPS$/);
  expect(text).toMatch(/^primaryMemoryMB +200 +200 +200 +1 of 360$/m);
  expect(await json('metrics', ['web'], { range: '10m' })).toMatchObject({ range: '10m', stepMs: 1000, points: 600 });
  await expect(lockstep('metrics', ['web'], { range: '1y' })).rejects.toThrow('the ranges are: 1m, 10m, 1h, 24h');
  await expect(lockstep('metrics', ['web'], { range: '1h', follow: true })).rejects.toMatchObject({ code: 'usage' });
});

test('failovers are told phase by phase', async () => {
  const { lockstep, json, fleet } = await withRunningVm();
  expect(await lockstep('failovers', ['web'])).toEqual(['There was no failover.']);
  const { id, name } = fleet.vm('web');
  const phases = { detectMs: 1, drainMs: 2, arbitrateMs: 3, liveMs: 4, firstOutputMs: 5.5, protectedMs: null };
  const who = { vm: { id, name }, generation: 2, fromPid: 1, toPid: 2, requested: false };
  fleet.failovers.add({ ...phases, ...who, at: 0, reason: 'the channel closed' });
  expect((await lockstep('failovers'))[1]).toMatch(
    /web +1\.0 ms +2\.0 ms +3\.0 ms +4\.0 ms +5\.5 ms +– +the channel closed/,
  );
  expect(await json('failovers', ['web'], { limit: '5' })).toMatchObject([phases]);
});

test('events are found by kind, severity and words, and exported whole as CSV or JSON', async () => {
  const { lockstep, json } = await withRunningVm();
  expect(await lockstep('events', [], { kind: 'power' })).toEqual([expect.stringContaining('Powered on.')]);
  expect(await lockstep('events', [], { search: 'CREATED', limit: '1' })).toHaveLength(1);
  expect(await lockstep('events', [], { severity: 'error' })).toEqual([]);
  await expect(lockstep('events', [], { severity: 'fatal' })).rejects.toMatchObject({ code: 'usage' });
  await expect(lockstep('events', [], { format: 'xml' })).rejects.toThrow('--format takes csv or json');
  const csv = await lockstep('events', [], { format: 'csv' });
  expect(csv[0]?.trim()).toBe('id,time,severity,vm,kind,message,data');
  expect(csv).toHaveLength(4);
  expect(csv[3]).toMatch(/^\d+,\d{4}-\S+Z,info,web,power\.on,Powered on\.,\{\}/);
  const exported = JSON.parse((await lockstep('events', [], { format: 'json' })).join('')) as unknown;
  expect(exported).toEqual(await json('events'));
});

test('tasks are a line each with their outcome', async () => {
  const { lockstep, json } = await withRunningVm();
  await lockstep('ft on', ['web']);
  await lockstep('ft wait', ['web']);
  expect(await lockstep('tasks', ['web'])).toEqual([
    expect.stringMatching(/^ {4}2 {2}\S+Z {2}user {4}web: Turn On Fault Tolerance: done$/),
    expect.stringMatching(/Power on virtual machine: done$/),
  ]);
  expect(await json('tasks', [], { limit: '1' })).toMatchObject([{ kind: 'ft.on', progress: 1, by: 'user' }]);
});

test('alarms are a line each, and acknowledged one by one or all at once', async () => {
  const { lockstep, json, processes } = await withRunningVm();
  expect(await lockstep('alarms')).toEqual([]);
  for (const message of ['bad sector', 'worse sector']) processes.last('boot').says({ type: 'diskError', message });
  expect(await lockstep('alarms', ['web'])).toEqual([
    expect.stringMatching(/^ {4}1 {2}\S+Z {2}error {4}web: Virtual machine disk error: worse sector \(2 times\)$/),
  ]);
  expect(await lockstep('vm show', ['web'])).toContain('Alarms              1, 1 not acknowledged');
  expect(await json('alarm acknowledge', ['1'])).toMatchObject([{ id: 1, definition: 'disk.error' }]);
  expect(await lockstep('alarms')).toEqual([]);
  expect(await lockstep('alarms', [], { all: true })).toEqual([
    expect.stringMatching(/\(2 times, acknowledged, cleared\)$/),
  ]);
  expect(await lockstep('alarm acknowledge', [], { all: true, vm: 'web' })).toEqual([]);
  await expect(lockstep('alarm acknowledge', ['7'])).rejects.toMatchObject({ code: 'notFound' });
  await expect(lockstep('alarm acknowledge', [])).rejects.toMatchObject({ code: 'usage' });
});

test('every command and topic of the contract can be reached from the command line', () => {
  const folder = path.resolve(import.meta.dirname, '../../main/cli');
  const source = readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(path.join(folder, name), 'utf8'))
    .join('\n');
  const unreachable = [...Object.keys(contractCommands), ...Object.keys(topics)].filter(
    (name) => !source.includes(`'${name}'`) && !PAGE_ONLY.has(name),
  );
  expect(unreachable).toEqual([]);
});

describe('folders and hardware', () => {
  test('a VM is moved, and its folders are made, listed, renamed and deleted', async () => {
    const { lockstep, json } = await cli();
    await lockstep('vm create', ['web'], { sample: 'test', folder: 'Lab' });
    expect(await lockstep('folder list')).toEqual(['Lab']);
    expect(await json('vm move', ['web', 'Lab/Web'])).toMatchObject({ folder: 'Lab/Web' });
    await lockstep('folder rename', ['Lab', 'Old']);
    await lockstep('folder create', ['New']);
    expect(await json('folder list')).toEqual(['New', 'Old', 'Old/Web']);
    expect((await lockstep('vm show', ['web'])).join('\n')).toMatch(/^Folder +Old\/Web$/m);
    await lockstep('folder delete', ['Old/Web']);
    await lockstep('vm set', ['web', 'folder=New']);
    expect(await json('vm show', ['web'])).toMatchObject({ folder: 'New' });
    await lockstep('vm move', ['web']);
    expect(await json('vm show', ['web'])).toMatchObject({ folder: '' });
  });

  test('vm set changes hardware, settings of Fault Tolerance and the name, in one go', async () => {
    const { lockstep, json } = await cli();
    await lockstep('vm create', ['web'], { sample: 'test' });
    const settings = ['memory=64', 'cmdline=quiet splash', 'name=Web 2', 'failureTimeoutMs=700', 'disk-size=1M'];
    expect(await json('vm set', ['web', ...settings])).toMatchObject({
      name: 'Web 2',
      hardware: { memoryMB: 64, cmdline: 'quiet splash', files: { hda: expect.stringMatching(/\.lsd$/) } },
      ftSettings: { failureTimeoutMs: 700 },
    });
    expect(await json('vm set', ['Web 2', 'cmdline=', 'hda='])).toMatchObject({
      hardware: { cmdline: null, files: {} },
    });
    await lockstep('power on', ['Web 2']);
    await expect(lockstep('vm set', ['Web 2', 'memory=32'])).rejects.toThrow(/while it is off/);
    await expect(lockstep('vm set', ['Web 2', 'failureTimeoutMs='])).rejects.toThrow(/KEY=VALUE/);
  });
});
