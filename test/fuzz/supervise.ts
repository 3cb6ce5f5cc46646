/**
 * Fuzzes a target in a process of its own, and sees what becomes of that: a crash, a balloon and an endless loop are
 * findings like any other.
 *
 * Invariant: only the process that was started here is ended; what was found is in a file before it is told.
 */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Order, Said, Tally } from './runs.ts';
import type { Target } from './target.ts';

export interface Plan extends Omit<Order, 'inputFile' | 'target'> {
  readonly target: Pick<Target, 'name' | 'network'>;
  /** A run that takes longer is endless; so is a beginning that takes five times as long. */
  readonly hangMs: number;
  /** Where the input of a finding is kept. */
  readonly folder: string;
}

export interface Result {
  readonly tally: Tally | null;
  /** What was found, and where the input is; null where it was nothing. */
  readonly finding: { readonly why: string; readonly file: string } | null;
}

/** Of JavaScript's heap: what the honest inputs need many times over. */
const HEAP_MIB_MAX = 1024;
const NAMESPACE = ['unshare', '--user', '--map-root-user', '--net'];

/** Runs to the end of the plan or to the first finding. */
export async function supervise(plan: Plan, progress: (tally: Tally) => void): Promise<Result> {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'lockstep-fuzz-'));
  try {
    const inputFile = path.join(scratch, 'input');
    const { module, seed, runsMax, secondsMax, only } = plan;
    const order: Order = {
      module,
      target: plan.target.name,
      seed,
      runsMax,
      secondsMax,
      inputFile,
      ...(only ? { only } : {}),
    };
    const [tally, why] = await runOnce(order, plan, scratch, progress);
    if (why === null) return { tally, finding: null };
    const file = path.join(plan.folder, `fuzz-${plan.target.name}-${seed}.bin`);
    if (existsSync(inputFile)) copyFileSync(inputFile, file);
    return { tally, finding: { why, file } };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

type End = [Tally | null, string | null];

function runOnce(order: Order, plan: Plan, scratch: string, progress: (tally: Tally) => void): Promise<End> {
  const script = path.join(import.meta.dirname, 'runs.ts');
  const node = [process.execPath, `--max-old-space-size=${HEAP_MIB_MAX}`, script, JSON.stringify(order)];
  const [command = '', ...args] = plan.target.network ? [...NAMESPACE, ...node] : node;
  // What a target writes besides goes where it is removed with all else.
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TMPDIR: scratch } });
  let tally: Tally | null = null;
  let why: string | null = 'it ended without a word';
  let errors = '';
  let rest = '';
  const endless = (): void => {
    why = `a run has not ended after ${plan.hangMs} ms`;
    child.kill('SIGKILL');
  };
  let hang = setTimeout(endless, 5 * plan.hangMs);
  child.stderr.on('data', (bytes) => (errors = (errors + String(bytes)).slice(-4000)));
  child.stdout.on('data', (bytes) => {
    const lines = (rest + String(bytes)).split('\n');
    rest = lines.pop() ?? '';
    for (const said of lines.map((line) => JSON.parse(line) as Said)) {
      clearTimeout(hang);
      hang = setTimeout(endless, plan.hangMs);
      tally = said.tally;
      if (said.type === 'progress') progress(said.tally);
      else why = said.type === 'found' ? said.why : null;
    }
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(hang);
      if (why === 'it ended without a word') why = `the process ended (${signal ?? code}): ${errors.trim()}`;
      resolve([tally, why]);
    });
  });
}
