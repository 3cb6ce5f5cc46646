/**
 * How much of a processor the processes below this one take, by what they are. Linux only, like processes.ts.
 *
 * Invariant: only descendants of this process are counted; unlike rates and delays, this hardly depends on what else
 * the computer does.
 */
import { readFileSync } from 'node:fs';
import { cpuMs, family } from '../processes.ts';

export type Kind = 'replicas' | 'host' | 'browser';
/** Seconds so far; the gateway counts as the host's. */
export type CpuSeconds = { readonly [kind in Kind]: number };

export function cpuSeconds(): CpuSeconds | null {
  if (process.platform !== 'linux') return null;
  const sums = { replicas: 0, host: 0, browser: 0 };
  for (const pid of family(process.pid).slice(1)) sums[kindOf(pid)] += (cpuMs(pid) || 0) / 1000;
  return sums;
}

function kindOf(pid: number): Kind {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    if (words.includes('chromium') || words.includes('chrome')) return 'browser';
    return words.includes('replica') ? 'replicas' : 'host';
  } catch {
    return 'host'; // it has ended
  }
}
