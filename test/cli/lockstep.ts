/** The command line as people run it: a process of its own, with its own input, output and exit status. */
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const CLI = fileURLToPath(new URL('../../main/cli.ts', import.meta.url));

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** What it has printed until now. */
  readonly printed: { stdout: string; stderr: string };
  readonly end: Promise<Ran>;
}

/** Starts `lockstep …`; it is ended with the test at the latest. */
export function start(args: readonly string[], env: { readonly [name: string]: string } = {}): Running {
  const child = spawn(process.execPath, [CLI, ...args], { env: { ...process.env, ...env }, stdio: 'pipe' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (printed[name] += text));
  }
  const end = new Promise<Ran>((resolve) => child.on('close', (status) => resolve({ status, ...printed })));
  return { child, printed, end };
}

/** Runs `lockstep …` with an empty input. */
export function run(args: readonly string[], env: { readonly [name: string]: string } = {}): Promise<Ran> {
  const { child, end } = start(args, env);
  child.stdin?.end();
  return end;
}
