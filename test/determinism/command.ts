/**
 * The whole torture of a list of programs: each is recorded in a process of its own and repeated in three others.
 *
 * Invariant: a process gets its job as an argument and leaves a result and files; nothing else is shared.
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
  /** Of virtual time, for each program. */
  readonly seconds: number;
  readonly clones: number;
}

export interface Row {
  readonly program: string;
  readonly seconds: number;
  readonly epochs: number;
  readonly instructions: number;
  readonly modules: number;
  readonly hashes: number;
  readonly fullHashes: number;
  readonly machines: number;
  readonly clones: number;
  readonly differences: readonly string[];
}

const KINDS = ['cold', 'warm', 'clones'] as const satisfies readonly RepeatJob['kind'][];

async function work(job: Job): Promise<unknown> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'worker.ts'), JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [text, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (errors = (errors + part).slice(-4000)));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${job.program}, seed ${job.seed}, ${job.kind}: ended with ${code}\n${errors}`);
  return JSON.parse(text);
}

/** @throws {Error} when a process fails; what differs is in the rows. */
export async function torture(plan: Plan, tell: (row: Row) => void = () => {}): Promise<Row[]> {
  const rows: Row[] = [];
  for (const program of plan.programs) {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'lockstep-torture-'));
    try {
      const row = await tortureOne(program, plan, path.join(folder, 'log'));
      rows.push(row);
      tell(row);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return rows;
}

async function tortureOne(program: string, { seed, seconds, clones }: Plan, file: string): Promise<Row> {
  const recorded = (await work({ kind: 'record', program, seed, seconds, clones, file })) as Recorded;
  const { epochs, instructions, modules, snapshots, printed } = recorded;
  if (printed === '' || /^!/m.test(printed)) throw new Error(`${program} is broken; it printed: ${printed}`);
  const results: Repeated[] = [];
  for (const kind of KINDS) results.push((await work({ kind, program, seed, file, snapshots })) as Repeated);
  const sum = (of: (result: Repeated) => number) => results.reduce((total, result) => total + of(result), 0);
  return {
    program,
    seconds,
    epochs,
    instructions,
    modules,
    hashes: sum(({ hashes }) => hashes),
    fullHashes: sum(({ fullHashes }) => fullHashes),
    machines: sum(({ machines }) => machines),
    clones: snapshots.length,
    differences: results.flatMap(({ differences }) => differences),
  };
}

/** The rows as a table in Markdown. */
export function table(rows: readonly Row[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  const heads = ['Program', 'Guest s', 'Epochs', 'M instructions', 'Modules', 'Machines', 'Clones', 'Hashes', 'Full'];
  return [
    line([...heads, 'Differences']),
    line([...heads, ''].map(() => '---')),
    ...rows.map((row) =>
      line([
        row.program,
        row.seconds,
        row.epochs,
        Math.round(row.instructions / 1e6),
        row.modules,
        row.machines,
        row.clones,
        row.hashes,
        row.fullHashes,
        row.differences.length,
      ]),
    ),
  ].join('\n');
}
