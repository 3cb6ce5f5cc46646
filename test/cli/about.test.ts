// What the command line says of itself: help, examples, completion in real shells, the manual page; and that nothing of
// the contract is missing from it or from the page.

import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { aboutCommands } from '../../main/cli/about.ts';
import type { Command } from '../../main/cli/command.ts';
import { SHELLS } from '../../main/cli/completion.ts';
import { EXAMPLES } from '../../main/cli/examples.ts';
import { find, parse } from '../../main/cli/parse.ts';
import { distance, VMRUN } from '../../main/cli/suggest.ts';
import { startControl } from '../../main/web/control.ts';
import { commands as contract, topics } from '../../preload/contract/contract.ts';
import { openFleet } from '../support/fleet.ts';
import { run } from './lockstep.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
const cli = path.join(root, 'main', 'cli.ts');

/** The whole table, as the program itself tells it. */
const helped = spawnSync(process.execPath, [cli, 'help', '--json'], { encoding: 'utf8' });
const all = (JSON.parse(helped.stdout) as (Command & { examples: string[] })[]).map((command) => ({
  ...command,
  run: () => Promise.reject(new Error('only the table is looked at')),
}));

/** What a shell makes of each line: its words. */
function shellWords(lines: readonly string[]): string[][] {
  const script = lines.map((line) => `printf '%s\\0' ${line}; printf '\\n'`).join('\n');
  const { stdout } = spawnSync('bash', ['-c', script], { encoding: 'latin1' });
  return stdout
    .split('\0\n')
    .slice(0, -1)
    .map((line) => line.split('\0'));
}

test('every command has an example, and every example is parsed as that command', () => {
  const listed = all.flatMap(({ words, examples }) =>
    examples.length === 0 ? [{ words, line: '' }] : lines(words, examples),
  );
  expect(listed.filter(({ line }) => line === '')).toEqual([]);
  expect(Object.keys(EXAMPLES).filter((words) => !all.some((command) => command.words === words))).toEqual([]);
  const split = shellWords(listed.map(({ line }) => line));
  expect(split.map((words) => parse(all, words, () => '/data').command.words)).toEqual(
    listed.map(({ words }) => words),
  );
});

function lines(words: string, examples: readonly string[]): { words: string; line: string }[] {
  return examples.map((line) => ({ words, line }));
}

test('examples that change nothing do what they say', async () => {
  const { fleet, dataFolder, call } = openFleet();
  await call('vm.create', { name: 'web', sample: 'test' });
  const control = await startControl(fleet, dataFolder, () => null);
  onTestFinished(() => control.close());
  const harmless = ['host show', 'vm list', 'vm show', 'forward list', 'network list', 'alarms', 'ft status', 'help'];
  const chosen = shellWords(harmless.flatMap((words) => EXAMPLES[words] ?? []));
  const results = await Promise.all(chosen.map((words) => run([...words, '--data', dataFolder])));
  expect(results.filter(({ status }) => status !== 0)).toEqual([]);
});

describe('a misspelt command', () => {
  test.each([
    ['vm lst', 'Did you mean "lockstep vm list"?'],
    ['pwoer on web', 'Did you mean "lockstep power on"?'],
    ['ft test-failvoer web', 'Did you mean "lockstep ft test-failover"?'],
    ['evnets', 'Did you mean "lockstep events"?'],
    ['stop web', 'lockstep power shutdown NAME, or lockstep power off NAME'],
    ['LISTPORTFORWARDINGS', 'lockstep forward list'],
    ['xyzzy plugh', '"xyzzy" is no command. "lockstep help" lists them.'],
  ])('"%s" is answered with what was meant', (said, answer) => {
    expect(() => find(all, said.split(' '))).toThrow(answer);
  });

  test('is as far from a right one as letters have to be changed', () => {
    const pairs = [
      ['list', 'list'],
      ['lst', 'list'],
      ['power', 'pwoer'],
      ['', 'abc'],
      ['kitten', 'sitting'],
    ] as const;
    expect(pairs.map(([one, other]) => distance(one, other))).toEqual([0, 1, 1, 3, 3]);
  });

  test('what vmrun calls something is a command here', () => {
    const missing = Object.values(VMRUN)
      .flat()
      .filter((usage) => !all.some(({ words }) => usage === words || usage.startsWith(`${words} `)));
    expect(missing).toEqual([]);
  });
});

test('help shows one command with its options and examples, or a group', async () => {
  const [one, asked, group] = await Promise.all([
    run(['help', 'vm', 'clone']),
    run(['vm', 'clone', '--help']),
    run(['help', 'disk']),
  ]);
  expect(one.stdout).toMatch(/^Usage: lockstep vm clone NAME NEW \[options\]\n/);
  expect(one.stdout).toContain('\nExamples:\n  lockstep vm clone web web-2\n');
  expect(asked).toEqual(one);
  expect([group.status, group.stdout]).toEqual([0, expect.stringContaining('  lockstep disk compact FILE.lsd\n')]);
  expect(group.stdout).not.toContain('lockstep vm ');
});

/** What a shell offers behind each of these. */
const CASES: readonly (readonly [words: readonly string[], offered: readonly string[]])[] = [
  [['pow'], ['power']],
  [
    ['vm', 'c'],
    ['create', 'clone'],
  ],
  [
    ['power', 'on', ''],
    ['One', 'two words'],
  ],
  [['--data', '/tmp', 'vm', 'show', 't'], ['two words']],
  [['ft', 'wait', 'One', '--for', 'p'], ['protected']],
  [['vm', 'clone', 'One', 'new', '--l'], ['--linked']],
  [
    ['media', 'insert', 'One', ''],
    ['cdrom', 'fda'],
  ],
  [['vm', 'clone', 'One', ''], []],
  [['vm', 'nonsense', ''], []],
];

/** Nothing is offered that does not begin with what was typed: zsh and fish see to that themselves. */
const kept = (offered: readonly string[], words: readonly string[]): string[] =>
  offered.filter((one) => one !== '' && one.startsWith(words.at(-1) ?? '')).toSorted();

function compare(stdout: string): void {
  const found = stdout.split('--8<--\n').slice(0, -1);
  expect(found.map((text, index) => kept(text.split('\n'), CASES[index]?.[0] ?? []))).toEqual(
    CASES.map(([, offered]) => offered.toSorted()),
  );
}

const quote = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(' ');
const installed = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;
const scriptOf = (shell: string): string =>
  spawnSync(process.execPath, [cli, 'completion', shell], { encoding: 'utf8' }).stdout;

describe('completion', () => {
  test.skipIf(!installed('bash'))(
    'in bash offers commands, options, values, and the names of the VMs that there are',
    async () => {
      const { fleet, dataFolder, call } = openFleet();
      await call('vm.create', { name: 'One', sample: 'test' });
      await call('vm.create', { name: 'two words', sample: 'test' });
      const control = await startControl(fleet, dataFolder, () => null);
      onTestFinished(() => control.close());
      const asked = CASES.map(
        ([words]) => `COMP_WORDS=(lockstep ${quote(words)}); COMP_CWORD=${words.length}
_lockstep; for one in "\${COMPREPLY[@]}"; do eval "printf '%s\\n' $one"; done; echo '--8<--'`,
      );
      const program = `lockstep() { '${process.execPath}' '${cli}' "$@"; }\n${scriptOf('bash')}\n${asked.join('\n')}\n`;
      // Not waited for at once: the host that is asked for names lives in this process.
      const child = spawn('bash', ['--norc', '-s'], { env: { ...process.env, LOCKSTEP_DATA: dataFolder } });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (bytes) => (stdout += String(bytes)));
      child.stderr.on('data', (bytes) => (stderr += String(bytes)));
      child.stdin.end(program);
      await new Promise((resolve) => child.on('close', resolve));
      expect(stderr).toBe('');
      compare(stdout);
    },
  );

  test.skipIf(!installed('bash'))('in bash offers files where a file is wanted', () => {
    const script = `${scriptOf('bash')}
COMP_WORDS=(lockstep vm import '${root}/electron'); COMP_CWORD=3; _lockstep; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' });
    expect(stdout.trim().split('\n').toSorted()).toEqual(
      ['electron-builder.yml', 'electron.vite.config.ts'].map((name) => `${root}/${name}`),
    );
  });

  test.skipIf(!installed('zsh'))('in zsh offers the same', () => {
    const asked = CASES.map(
      ([words]) => `words=(lockstep ${quote(words)}); CURRENT=$#words; _lockstep; print -- '--8<--'`,
    );
    const program = [
      `compadd() { [[ $1 == -- ]] && shift; (($#)) && print -rl -- "$@"; }; compdef() { :; }; _files() { :; }`,
      `lockstep() { print -l One 'two words'; }`,
      scriptOf('zsh'),
      ...asked,
    ];
    compare(spawnSync('zsh', ['-f', '-c', program.join('\n')], { encoding: 'utf8' }).stdout);
  });

  test.skipIf(!installed('fish'))('in fish offers the same', () => {
    const line = (words: readonly string[]): string => ['lockstep', ...words].join(' ');
    const asked = CASES.map(([words]) => `complete -C '${line(words)}'; echo '--8<--'`);
    const program = [`function lockstep; printf '%s\\n' One 'two words'; end`, scriptOf('fish'), ...asked];
    compare(spawnSync('fish', ['-N', '-c', program.join('\n')], { encoding: 'utf8' }).stdout);
  });

  test('without a host offers no names, and says nothing', async () => {
    const ran = await run(['completion', 'names', '--data', '/nowhere/at/all']);
    expect(ran).toEqual({ status: 0, stdout: '', stderr: '' });
    expect((await run(['completion', 'tcsh'])).stderr).toMatch(
      /^Completion is made for bash, zsh, fish, not for "tcsh"/,
    );
  });
});

test('what packages install is what the command line prints (npm run manual)', () => {
  const at = (name: string): string => readFileSync(path.join(root, 'resources', 'cli', name), 'utf8');
  const about = aboutCommands('', () => all);
  expect(about.map(({ words }) => words)).toEqual(['help', 'completion', 'man']);
  const names = { bash: 'lockstep.bash', zsh: '_lockstep', fish: 'lockstep.fish' };
  for (const shell of SHELLS) expect(at(`completion/${names[shell]}`).trim()).toBe(scriptOf(shell).trim());
  const printed = spawnSync(process.execPath, [cli, 'man'], { encoding: 'utf8' }).stdout;
  expect(at('lockstep.1').trim()).toBe(printed.trim());
});

test.skipIf(!installed('groff'))('groff sets the manual page without a warning', () => {
  const file = path.join(root, 'resources', 'cli', 'lockstep.1');
  const args = ['-man', '-Tutf8', '-P-cbou', '-ww', file];
  const { status, stdout, stderr } = spawnSync('groff', args, { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  for (const { words } of all) expect(stdout).toContain(`lockstep ${words}`);
});

/* ------------------------------------------------------------------ nothing of the contract is missing ----------- */

function textBelow(folder: string): string {
  return readdirSync(path.join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}

/** What has no form there on purpose, and why. */
const NOT_IN_CLI: { readonly [name: string]: string } = {
  inventory: 'a topic for pages that stay open: "vm list" asks once, "events --follow" goes on',
  screen: 'moving pictures: "console screenshot" and "console text" show one',
};
const NOT_ON_PAGE: { readonly [name: string]: string } = {
  'host.show': 'the inventory, which the page is told, has it',
  'vm.list': 'the inventory has it',
  'vm.show': 'the inventory has it',
  'ft.status': 'the inventory has it',
  'ft.wait': 'a page is told of every change: only a script has to wait',
  'console.text': 'the console shows the screen',
  'console.type': 'the console takes keys',
  'disk.create': 'a new disk is made with its VM or in its settings, an overlay by a snapshot or a linked clone',
  'folder.list': 'the folders are in the inventory, which the page is told of',
};

test.each([
  ['command line', textBelow('main/cli'), NOT_IN_CLI],
  ['page', textBelow('renderer'), NOT_ON_PAGE],
] as const)(
  'every command and topic of the contract has a form on the %s, or a reason why not',
  (_where, text, reasons) => {
    const names = [...Object.keys(contract), ...Object.keys(topics)];
    const missing = names.filter((name) => !text.includes(`'${name}'`));
    expect(missing.filter((name) => !(name in reasons))).toEqual([]);
  },
);
