// The simulator of the whole protocol: a slice of its histories; a seed is a history; planted bugs are found.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Failure } from './lane.ts';
import { applied, SMALL_LIMITS } from './patch.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';

const root = path.resolve(import.meta.dirname, '../..');
/** A slice of some seconds. */
const SLICE = Number(process.env['LOCKSTEP_RUNS'] ?? 500);
/** A planted bug must show within so many seeds. */
const SEEDS_MAX = 5000;

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
  const never = ['failovers', 'lostArbitration', 'unreachable', 'liveWithBacklog', 'requestsAgain', 'logFull'].filter(
    (what) => !counts[what],
  );
  expect(never).toEqual([]);
}, 300_000);

test('a slice with the limits of the product', async () => {
  const { failures } = await summary([String(Date.now()), '--runs', '100', '--real-limits', '--workers', '1']);
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

describe('a planted bug is found:', () => {
  test.concurrent.each(PLANTED_BUGS)('$name', { timeout: 600_000 }, async ({ name, breaks }) => {
    const { runs, failures } = await summary(['1', '--runs', String(SEEDS_MAX), '--workers', '1', '--plant', name]);
    expect(failures.length, `${name}: ${breaks}`).toBe(1);
    process.stdout.write(`${name}: found by seed ${failures[0]?.seed}, after ${runs} runs\n`);
  });
});
