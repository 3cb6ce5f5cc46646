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
/** A slice of some seconds. */
const SLICE = Number(process.env['LOCKSTEP_RUNS'] ?? 150);
/** Bugs that the first seeds show, of every part of the protocol. */
const QUICKLY_FOUND = [
  'gate-never-closed',
  'read-overtakes-write',
  'backup-skips-test-and-set',
  'forget-reemission',
  'inputs-lose-their-number',
  'write-missing-on-the-second-disk',
];
const QUICK_SEEDS_MAX = 100;

interface Summary {
  readonly firstSeed: number;
  readonly runs: number;
  readonly failures: readonly Failure[];
  readonly counts: { readonly [what: string]: number };
}

/** Runs `npm run simulate` as a user does. */
function simulate(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [path.join(root, 'test/simulation/simulate.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => said.push(bytes));
  return new Promise((resolve) => child.on('close', () => resolve(Buffer.concat(said).toString())));
}

async function summary(args: readonly string[]): Promise<Summary> {
  const said = await simulate(args);
  return JSON.parse(said.trim().split('\n').at(-1) ?? '') as Summary;
}

test('whatever happens to a pair, one guest lives on, and the outside sees one continuation of it', async () => {
  const seed = process.env['LOCKSTEP_SEED'] ?? String(Date.now());
  const { runs, failures, counts } = await summary([seed, '--runs', String(SLICE)]);
  expect(failures, `repeat it: npm run simulate -- ${failures[0]?.seed} --trace`).toEqual([]);
  expect(runs).toBe(SLICE);
  // What never happens proves nothing.
  const never = ['failovers', 'liveWithBacklog', 'requestsAgain', 'logFull'].filter((what) => !counts[what]);
  expect(never).toEqual([]);
}, 300_000);

test('a slice with the limits of the product', async () => {
  const { failures } = await summary([String(Date.now()), '--runs', '20', '--real-limits', '--workers', '1']);
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

test('planted bugs are found, and the check says after how many seeds', async () => {
  const said = await simulate(['--planted', ...QUICKLY_FOUND, '--runs', String(QUICK_SEEDS_MAX)]);
  const { missed, found } = JSON.parse(said.trim().split('\n').at(-1) ?? '') as { missed: string[]; found: number };
  expect(missed).toEqual([]);
  expect(found).toBe(QUICKLY_FOUND.length);
  for (const name of QUICKLY_FOUND) expect(said).toMatch(new RegExp(`found after +\\d+ seeds?, [\\d.]+ s: ${name} `));
}, 300_000);

test('a planted bug that so few seeds do not show is a failure', async () => {
  const said = await simulate(['--planted', 'starting-log-unbounded', '--runs', '3']);
  expect(JSON.parse(said.trim().split('\n').at(-1) ?? '')).toMatchObject({ missed: ['starting-log-unbounded'] });
}, 300_000);
