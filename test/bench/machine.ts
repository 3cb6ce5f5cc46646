/**
 * The computer that a report is from.
 *
 * Invariant: names the things that change the figures, and nothing that names its owner.
 */
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { createRequire } from 'node:module';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGB: number;
  readonly system: string;
  readonly node: string;
  readonly v86: string;
  /** Of the sources; with a plus where they were changed since. */
  readonly commit: string;
  readonly date: string;
}

function commit(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '-uno') ? '+' : '');
  } catch {
    return 'unknown';
  }
}

export function describeMachine(): Machine {
  const { version } = createRequire(import.meta.url)('v86/package.json') as { version: string };
  return {
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.cpus().length,
    memoryGB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()}`,
    node: process.version,
    v86: version,
    commit: commit(),
    date: new Date().toISOString().slice(0, 10),
  };
}

/** Programs that wanted a processor, on average over the last minute. */
export function load(): number {
  return os.loadavg()[0] ?? Number.NaN;
}
