/**
 * `npm test`: everything a change must pass, in some minutes. Prepares the checkout, checks types, lint and format,
 * runs the tests, and ends with what failed, by name and reason, and the line `N passed, N failed, N skipped`.
 *
 * Invariant: exit status 0 exactly when nothing failed; a step that could not run counts as failed.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { prepareCheckout } from '../main/prepare.ts';
import { ensureChromium } from './support/chromium.ts';

const root = path.resolve(import.meta.dirname, '..');
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const counts = { passed: 0, failed: 0, skipped: 0 };
/** What failed, said again at the end: who reads a log of CI sees its last lines. */
const failures: string[] = [];
const REASON_LINES_MAX = 12;

function failed(name: string, reason = ''): void {
  counts.failed += 1;
  const lines = stripVTControlCharacters(reason).split('\n').slice(0, REASON_LINES_MAX);
  failures.push([`failed: ${name}`, ...lines].join('\n    ').trimEnd());
}

/** Runs a command in the open. @returns whether it ended well. */
function run(command: string, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
  });
}

/** One named step that passes or fails as a whole. */
async function step(name: string, work: () => Promise<boolean | void>): Promise<void> {
  say(`\n== ${name}`);
  try {
    if ((await work()) === false) throw new Error(`${name} failed`);
    counts.passed += 1;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    say(reason);
    failed(name, reason);
  }
}

interface Report {
  readonly numPassedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    /** Why the file as a whole failed; empty when its tests did. */
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** Runs Vitest and adds up what it reports. */
async function tests(name: string, args: readonly string[]): Promise<void> {
  say(`\n== ${name}`);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lockstep-test-'));
  const file = path.join(folder, 'report.json');
  const manifest = createRequire(import.meta.url).resolve('vitest/package.json');
  const vitest = path.join(path.dirname(manifest), 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const well = await run(process.execPath, [vitest, 'run', ...reporters, ...args]);
  try {
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
    counts.passed += report.numPassedTests;
    counts.skipped += report.numPendingTests + report.numTodoTests;
    const before = counts.failed;
    for (const file of report.testResults) {
      const at = path.relative(root, file.name);
      const unwell = file.assertionResults.filter((test) => test.status === 'failed');
      for (const test of unwell) failed(`${at} > ${test.fullName}`, test.failureMessages.join('\n'));
      // A file that could not be loaded, or whose preparation failed, has no tests to count.
      if (file.status === 'failed' && unwell.length === 0) failed(at, file.message);
    }
    if (!well && counts.failed === before) failed(name, 'Vitest ended badly although no test failed: see above');
  } catch {
    failed(name, 'the tests left no report');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await step('guests and page', () => prepareCheckout(say));
await step('browser', () => ensureChromium(say));
await step('types', () => run('tsc', ['-b']));
await step('lint', () => run('oxlint', ['--type-aware', '--deny-warnings']));
await step('format', () => run('biome', ['format', '.']));
const chosen = process.argv.slice(2);
if (chosen.length > 0) {
  await tests('chosen tests', chosen);
} else {
  await tests('tests', ['--exclude', 'test/app/**']);
  // Whole applications, one after the other: each runs up to four busy processes of its own.
  await tests('tests of the whole application', ['test/app', '--no-file-parallelism']);
}
for (const failure of failures) say(`\n${failure}`);
say(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed === 0 ? 0 : 1;
