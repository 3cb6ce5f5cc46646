/**
 * How much of a processor the processes below this one take, by what they are; from Linux's /proc, nothing elsewhere.
 *
 * Invariant: only descendants of this process are counted; unlike rates and delays, this hardly depends on what else the
 * computer does.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second. */
const TICKS_PER_SECOND = 100;

export type Kind = 'replicas' | 'host' | 'browser';
export type CpuSeconds = { readonly [kind in Kind]: number };

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly seconds: number;
}

export function cpuSeconds(): CpuSeconds | null {
  if (process.platform !== 'linux') return null;
  const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (read(Number(name)) ?? []) : []));
  const mine = new Set([process.pid]);
  // Parents are older than their children, and so are their numbers, except when these begin anew.
  for (let found = 0; found !== mine.size; ) {
    found = mine.size;
    for (const { pid, parent } of all) if (mine.has(parent)) mine.add(pid);
  }
  const sums = { replicas: 0, host: 0, browser: 0 };
  for (const { pid, seconds } of all) if (pid !== process.pid && mine.has(pid)) sums[kindOf(pid)] += seconds;
  return sums;
}

function read(pid: number): Process | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // After the name, which may hold anything: state, parent, …, user time, system time.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const seconds = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    return { pid, parent: Number(fields[1]), seconds };
  } catch {
    return null; // it has ended
  }
}

function kindOf(pid: number): Kind {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    if (words.includes('chromium') || words.includes('chrome')) return 'browser';
    return words.includes('replica') ? 'replicas' : 'host';
  } catch {
    return 'host';
  }
}
