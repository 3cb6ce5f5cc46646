/**
 * `npm test`: everything a change must pass, in some minutes. Prepares the checkout, checks types, lint and format,
 * runs the tests, and ends with the line `N passed, N failed, N skipped`.
 *
 * Invariant: exit status 0 exactly when nothing failed; a step that could not run counts as failed.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { prepareCheckout } from '../main/prepare.ts';
import { ensureChromium } from './support/chromium.ts';

const root = path.resolve(import.meta.dirname, '..');
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const counts = { passed: 0, failed: 0, skipped: 0 };

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
    counts.failed += 1;
    say(error instanceof Error ? error.message : String(error));
  }
}

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numFailedTestSuites: number;
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
    counts.failed += report.numFailedTests;
    counts.skipped += report.numPendingTests + report.numTodoTests;
    // A file that could not be loaded has no tests to count.
    if (!well && report.numFailedTests === 0) counts.failed += 1;
  } catch {
    say('the tests left no report');
    counts.failed += 1;
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
say(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed === 0 ? 0 : 1;
