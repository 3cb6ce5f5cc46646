// A slice of the simulator of the whole protocol: its histories, and some of the planted bugs, which are found. All of
// them are looked for by `npm run simulate -- --planted`.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Failure } from './lane.ts';
import { applied, SMALL_LIMITS } from './patch.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';

const root = path.resolve(import.meta.dirname, '../..');
/** A slice of three seconds, unless so many histories are wanted. */
const RUNS = process.env['LOCKSTEP_RUNS'];
const SLICE = RUNS === undefined ? ['--minutes', '0.05', '--workers', '1'] : ['--runs', RUNS];
/** Bugs that the first seeds show, and one that they do not. */
const QUICKLY_FOUND = ['gate-never-closed', 'read-overtakes-write', 'forget-reemission', 'forget-pending-requests'];
const HIDDEN = 'starting-log-unbounded';
const QUICK_SEEDS_MAX = 60;

interface Summary {
  readonly firstSeed: number;
  readonly runs: number;
  readonly failures: readonly Failure[];
  readonly counts: { readonly [what: string]: number };
}

/** Runs `npm run simulate` as a user does; it must end with this status, where one is given. */
function simulate(args: readonly string[], wanted?: number): Promise<string> {
  const child = spawn(process.execPath, [path.join(root, 'test/simulation/simulate.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => said.push(bytes));
  return new Promise((resolve, reject) =>
    child.on('close', (status) => {
      if (wanted === undefined || status === wanted) resolve(Buffer.concat(said).toString());
      else reject(new Error(`it ended with ${status}, not ${wanted}`));
    }),
  );
}

async function summary(args: readonly string[]): Promise<Summary> {
  const said = await simulate(args);
  return JSON.parse(said.trim().split('\n').at(-1) ?? '') as Summary;
}

test('whatever happens to a pair, one guest lives on, and the outside sees one continuation of it', async () => {
  const seed = process.env['LOCKSTEP_SEED'] ?? String(Date.now());
  const { runs, failures, counts } = await summary([seed, ...SLICE]);
  expect(failures, `repeat it: npm run simulate -- ${failures[0]?.seed} --trace`).toEqual([]);
  expect(runs).toBeGreaterThan(0);
  // What never happens proves nothing; how much three seconds are depends on the computer.
  if (runs < 100) return;
  const never = ['failovers', 'liveWithBacklog', 'requestsAgain', 'logFull'].filter((what) => !counts[what]);
  expect(never).toEqual([]);
}, 300_000);

test('a slice with the limits of the product finds nothing wrong', async () => {
  const { failures } = await summary([String(Date.now()), '--runs', '10', '--real-limits', '--workers', '1']);
  expect(failures).toEqual([]);
}, 300_000);

test('the same seed gives the same history, byte for byte', async () => {
  const [first, second, other] = await Promise.all(['17', '17', '18'].map((seed) => simulate([seed, '--trace'])));
  expect(first?.length).toBeGreaterThan(1000);
  expect(second).toBe(first);
  expect(other).not.toBe(first);
}, 60_000);

test('every patch fits exactly one place of the sources as they are', () => {
  for (const patch of [...SMALL_LIMITS, ...PLANTED_BUGS]) {
    const text = readFileSync(path.join(root, patch.file), 'utf8');
    expect(applied(text, patch), patch.find).not.toBe(text);
  }
});

test('planted bugs are found, after how many seeds is said, and one that is not found is a failure', async () => {
  const said = await simulate(['--planted', ...QUICKLY_FOUND, HIDDEN, '--runs', String(QUICK_SEEDS_MAX)], 1);
  for (const name of QUICKLY_FOUND) expect(said).toMatch(new RegExp(`found after +\\d+ seeds?, [\\d.]+ s: ${name} `));
  expect(said).toMatch(new RegExp(`NOT FOUND in +${QUICK_SEEDS_MAX} seeds, [\\d.]+ s: ${HIDDEN} `));
  const last = JSON.parse(said.trim().split('\n').at(-1) ?? '') as object;
  expect(last).toMatchObject({ found: QUICKLY_FOUND.length, missed: [HIDDEN] });
}, 300_000);
