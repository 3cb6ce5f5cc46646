// The guide's commands work as they are written: each page's, in its order, on a host of its own.

import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { TestHost } from '../support/host.ts';
import { commandsOf, type Command } from './commands.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
const PAGES = ['README.md', ...readdirSync(path.join(root, 'docs', 'guide')).map((name) => `docs/guide/${name}`)];
const PATIENCE_MS = 120_000;

interface Ended {
  readonly status: number | null;
  readonly output: string;
}

/** A reader's terminal: a folder of his own, and `lockstep` on the PATH. */
class Terminal {
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'lockstep-guide-'));
  readonly #env: NodeJS.ProcessEnv;

  constructor(dataFolder: string) {
    const shim = path.join(this.#folder, 'lockstep');
    writeFileSync(shim, `#!/bin/sh\nexec "${process.execPath}" "${path.join(root, 'main', 'cli.ts')}" "$@"\n`);
    chmodSync(shim, 0o755);
    this.#env = { ...process.env, LOCKSTEP_DATA: dataFolder, PATH: `${this.#folder}:${process.env['PATH']}` };
  }

  /** What attaches itself to a terminal finds its input at its end. */
  run({ text }: Command): Promise<Ended> {
    return new Promise((resolve) => {
      const child = spawn('bash', ['-euc', text], {
        cwd: this.#folder,
        env: this.#env,
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: PATIENCE_MS,
        killSignal: 'SIGKILL',
      });
      let output = '';
      const take = (bytes: Buffer): void => void (output += String(bytes));
      child.stdout.on('data', take);
      child.stderr.on('data', take);
      child.on('close', (status) => resolve({ status, output }));
    });
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

describe('the commands of', () => {
  test.each(PAGES.filter((page) => commandsOf(readFileSync(path.join(root, page), 'utf8')).length > 0))(
    '%s work as they are written',
    async (page) => {
      const commands = commandsOf(readFileSync(path.join(root, page), 'utf8'));
      const host = new TestHost();
      const terminal = new Terminal(host.dataFolder);
      try {
        // What the page starts, the harness has started: the host ends with the test.
        await host.start();
        for (const command of commands.filter(({ how }) => how !== 'serve')) {
          const { status, output } = await terminal.run(command);
          expect(status, `${page}:${command.line}: ${command.text}\n${output}`).toBe(0);
        }
      } finally {
        terminal.close();
        await host.stop();
        host.remove();
      }
    },
    10 * 60_000,
  );
});

describe('a page', () => {
  test('has its commands in blocks marked sh, a line each', () => {
    const page =
      'Text\n```sh\nlockstep one\n# a remark\n\nlockstep two\n```\n```\nnpm ci\n```\n```sh serve\nthree\n```\n';
    expect(commandsOf(page)).toEqual([
      { how: 'run', line: 3, text: 'lockstep one' },
      { how: 'run', line: 6, text: 'lockstep two' },
      { how: 'serve', line: 12, text: 'three' },
    ]);
  });

  test('with a mark that nobody knows is refused', () => {
    expect(() => commandsOf('```sh later\nlockstep one\n```\n')).toThrow('line 1');
  });

  test('of the guide is in its list', () => {
    const index = readFileSync(path.join(root, 'docs', 'guide', 'README.md'), 'utf8');
    for (const name of readdirSync(path.join(root, 'docs', 'guide')).filter((file) => file !== 'README.md')) {
      expect(index).toContain(`(${name})`);
    }
  });
});
