/**
 * `npm run fuzz -- [TARGET…] [--runs N] [--seconds N] [--seed S] [--out FOLDER] [--input FILE]`: gives changed samples
 * to everything that takes bytes from outside, all targets or these, 10 seconds each unless said otherwise; `--list`
 * names them, `--input` tries the bytes of one file. The same seed draws the same inputs.
 *
 * Invariant: exit status 0 when every input was taken or refused in an orderly way, 1 when one was not; then target,
 * seed and the file with the input are said. A target that may send packets runs in a network namespace of its own;
 * where that cannot be had it is not run, and that is status 1 as well.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Tally } from './runs.ts';
import { supervise } from './supervise.ts';
import type { Target } from './target.ts';
import { TARGETS } from './targets/index.ts';

const SECONDS = 10;
const HANG_MS = 60_000;
const PROGRESS_MS = 30_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    out: { type: 'string', default: os.tmpdir() },
    input: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** @throws {Error} that names the option. */
function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} takes a whole number, not "${text}"`);
  return value;
}

/** @throws {Error} when there is no such target. */
function chosen(): readonly Target[] {
  if (positionals.length === 0) return TARGETS;
  return positionals.map((wanted) => {
    const target = TARGETS.find(({ name }) => name === wanted);
    if (!target) throw new Error(`There is no target "${wanted}"; there are: ${TARGETS.map((t) => t.name).join(', ')}`);
    return target;
  });
}

function line(name: string, tally: Tally): string {
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const parts = [
    `${tally.runs} runs in ${tally.seconds.toFixed(1)} s`,
    `${tally.accepted} accepted`,
    `${tally.refused} refused`,
    `at most ${mib(tally.allocatedMax)} by one run`,
    `process +${mib(tally.grownMax)}`,
    `slowest ${tally.slowestMs.toFixed(1)} ms`,
  ];
  return `${name.padEnd(12)} ${parts.join(', ')}`;
}

/** @returns whether nothing was found. */
async function one(target: Target): Promise<boolean> {
  const { network, name } = target;
  if (network && spawnSync('unshare', ['--user', '--map-root-user', '--net', 'true']).status !== 0) {
    say(`${name.padEnd(12)} not run: its packets must not leave a network namespace of their own (Linux's unshare)`);
    return false;
  }
  let saidAt = performance.now();
  const runsMax = values.runs === undefined ? Number.MAX_SAFE_INTEGER : whole('--runs', values.runs);
  const seconds = values.seconds ?? (values.runs === undefined ? String(SECONDS) : null);
  const plan = {
    module: path.join(import.meta.dirname, 'targets/index.ts'),
    target,
    seed: whole('--seed', values.seed),
    runsMax,
    secondsMax: seconds === null ? 1e9 : whole('--seconds', seconds),
    hangMs: HANG_MS,
    folder: values.out,
    ...(values.input === undefined ? {} : { only: path.resolve(values.input) }),
  };
  const { tally, finding } = await supervise(plan, (now) => {
    if (performance.now() - saidAt < PROGRESS_MS) return;
    saidAt = performance.now();
    say(`${line(name, now)} …`);
  });
  if (tally) say(line(name, tally));
  if (tally?.note) say(`${' '.repeat(13)}${tally.note}`);
  if (!finding) return true;
  say(`\n${name}, seed ${plan.seed}: ${finding.why}\nThe input: ${finding.file}`);
  say(`Again: npm run fuzz -- ${name} --input ${finding.file}, or with --seed ${plan.seed}\n`);
  return false;
}

if (values.list) {
  for (const { name, about } of TARGETS) say(`${name.padEnd(12)} ${about}`);
} else {
  mkdirSync(values.out, { recursive: true });
  say(`seed ${values.seed}`);
  for (const target of chosen()) if (!(await one(target))) process.exitCode = 1;
}
