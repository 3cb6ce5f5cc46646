/**
 * The whole torture of a list of programs: recorded in one process, repeated cold in another, and warm and by clones in
 * a third.
 *
 * Invariant: a process gets its jobs as an argument and leaves results and files; nothing else is shared.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Job, Recorded, Repeated, RepeatJob } from './torture.ts';

export interface Plan {
  readonly programs: readonly string[];
  readonly seed: number;
  /** For each program, see `RecordJob`. */
  readonly seconds: number;
  readonly clones: number;
  /** Whether there is more than the repetition from power-on and the clones: takes a process and a history more. */
  readonly warm: boolean;
}

export interface Row {
  readonly program: string;
  /** Of virtual time. */
  readonly seconds: number;
  readonly epochs: number;
  readonly instructions: number;
  readonly modules: number;
  readonly hashes: number;
  readonly fullHashes: number;
  readonly machines: number;
  readonly clones: number;
  /** Modules that those who repeated compiled a second time on the way. */
  readonly optimised: number;
  readonly differences: readonly string[];
}

/** Does the jobs, one after the other, in a process of their own. */
async function inOneProcess(jobs: readonly Job[]): Promise<unknown[]> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'worker.ts'), JSON.stringify(jobs)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [text, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (errors = (errors + part).slice(-4000)));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === 0) return JSON.parse(text) as unknown[];
  const what = jobs.map(({ program, seed, kind }) => `${program}, seed ${seed}, ${kind}`).join('; ');
  throw new Error(`${what}: ended with ${code}\n${errors}`);
}

/** @throws {Error} when a process fails; what differs is in the rows. */
export async function torture(plan: Plan): Promise<Row[]> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lockstep-torture-'));
  const { programs, seed, seconds, clones } = plan;
  try {
    const jobs = programs.map((program): Job => {
      return { kind: 'record', program, seed, seconds, clones, file: path.join(folder, program) };
    });
    const recorded = (await inOneProcess(jobs)) as Recorded[];
    const job = (kind: RepeatJob['kind']) => (program: string, index: number) => {
      return { kind, program, seed, file: path.join(folder, program), snapshots: recorded[index]?.snapshots ?? [] };
    };
    const [cold, clone] = [programs.map(job('cold')), programs.map(job('clones'))];
    const results = plan.warm
      ? [...(await inOneProcess(cold)), ...(await inOneProcess([...programs.map(job('warm')), ...clone]))]
      : await inOneProcess([...cold, ...clone]);
    return programs.map((program, index) => {
      const its = results.filter((_, at) => at % programs.length === index) as Repeated[];
      return rowOf(program, recorded[index] as Recorded, its);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function rowOf(program: string, recorded: Recorded, results: readonly Repeated[]): Row {
  const { printed, snapshots, ...figures } = recorded;
  if (printed === '' || /^!/m.test(printed)) throw new Error(`${program} is broken; it printed: '${printed}'`);
  const sum = (of: (result: Repeated) => number) => results.reduce((total, result) => total + of(result), 0);
  return {
    program,
    ...figures,
    hashes: sum(({ hashes }) => hashes),
    fullHashes: sum(({ fullHashes }) => fullHashes),
    machines: sum(({ machines }) => machines),
    clones: snapshots.length,
    optimised: sum(({ optimised }) => optimised),
    differences: results.flatMap(({ differences }) => differences),
  };
}

/** The rows as a table in Markdown. */
export function table(rows: readonly Row[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  const heads = [
    'Program',
    'Guest s',
    'Epochs',
    'M instructions',
    'Modules',
    'Machines',
    'Clones',
    'Optimised',
    'Hashes',
    'Full',
  ];
  return [
    line([...heads, 'Differences']),
    line([...heads, ''].map(() => '---')),
    ...rows.map((row) =>
      line([
        row.program,
        row.seconds.toFixed(1),
        row.epochs,
        Math.round(row.instructions / 1e6),
        row.modules,
        row.machines,
        row.clones,
        row.optimised,
        row.hashes,
        row.fullHashes,
        row.differences.length,
      ]),
    ),
  ].join('\n');
}
