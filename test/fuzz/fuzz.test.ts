// The fuzzer finds what it is made to find; and a short run of all its targets (`npm run fuzz` makes long ones).

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { seed } from '../support/random.ts';
import { TARGETS as BAD } from './bad-targets.ts';
import { fuzz as run } from './runs.ts';
import { supervise, type Result } from './supervise.ts';
import { TARGETS } from './targets/index.ts';
import type { Target } from './target.ts';

const isolated = spawnSync('unshare', ['--user', '--map-root-user', '--net', 'true']).status === 0;
const folder = mkdtempSync(path.join(os.tmpdir(), 'lockstep-fuzz-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string): string => path.join(import.meta.dirname, name);

interface Asked {
  readonly module?: string;
  readonly runsMax?: number;
  readonly hangMs?: number;
}

function fuzz(target: Pick<Target, 'name' | 'network'>, asked: Asked = {}): Promise<Result> {
  const { module = 'bad-targets.ts', runsMax = 50, hangMs = 60_000 } = asked;
  const plan = { module: file(module), target, seed, runsMax, secondsMax: 1e9, hangMs, folder };
  return supervise(plan, () => {});
}

const bad = (name: string): Target => BAD.find((target) => target.name === name) as Target;

describe('the fuzzer', () => {
  test('counts what is accepted and what is refused', async () => {
    const { tally, finding } = await fuzz(bad('good'));
    expect(finding).toBeNull();
    expect(tally).toMatchObject({ runs: 50 });
    expect((tally?.accepted ?? 0) + (tally?.refused ?? 0)).toBe(50);
  });

  test('keeps the input of a finding', async () => {
    const { finding } = await fuzz(bad('throws'), { runsMax: 1000 });
    const [, length] = /TypeError: no room for (\d+)/.exec(finding?.why ?? '') ?? [];
    expect(readFileSync(finding?.file ?? '').length).toBe(Number(length));
  });

  test.each([
    ['rejects', /not caught: Error: nobody waits for this/],
    ['allocates', /a run allocated 6\d{7} bytes for an input of \d+/],
  ])('finds a target that %s', async (name, why) => {
    expect((await fuzz(bad(name))).finding?.why).toMatch(why);
  });

  test('finds a target that loops for ever', async () => {
    const { finding } = await fuzz(bad('loops'), { hangMs: 3000 });
    expect(finding?.why).toBe('a run has not ended after 3000 ms');
  });
});

// Those that need no machine and no fleet; the others' decoders have property tests where they are.
describe('changed samples are taken or refused in an orderly way:', () => {
  const quick = ['channel', 'acknowledge', 'replay', 'sync', 'media', 'link', 'stream', 'wire', 'inputs'];

  test.each(TARGETS.filter(({ name }) => quick.includes(name)))('$name', async (target) => {
    const order = { module: '', target: target.name, seed, runsMax: 30, secondsMax: 1e9 };
    const [tally, why] = await run(target, { ...order, inputFile: path.join(folder, target.name) }, () => {});
    expect(why, `seed ${seed}`).toBeNull();
    expect(tally.runs).toBe(30);
  });
});

// Without a network namespace of its own (Linux, user namespaces allowed) mutated packets could reach somebody.
test.skipIf(!isolated)(
  'a gateway outlives thousands of mutated frames, and serves an honest guest afterwards',
  async () => {
    const target = { name: 'frames', network: true };
    const { tally, finding } = await fuzz(target, { module: 'targets/index.ts', runsMax: 3000 });
    expect(finding).toBeNull();
    expect(tally?.runs).toBe(3000);
    // Some of them opened connections.
    expect(tally?.note).toMatch(/"tcp":\{"open":\d+,"total":[1-9]/);
  },
);
