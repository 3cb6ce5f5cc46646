/**
 * A guest under measurement, whatever runs it: a shell on a serial line.
 *
 * Invariant: work is measured from outside, from the line typed to the marker printed by it.
 */
import { cpuMs } from '../processes.ts';

export interface Guest {
  write(text: string): void;
  /** @throws when it does not come in time. */
  until(pattern: RegExp, timeoutMs?: number): Promise<unknown>;
}

export interface Took {
  readonly ms: number;
  /** Of the process that executes the guest (of the primary); NaN where nobody asked. */
  readonly cpuMs: number;
}

let markers = 0;

/** Lets the guest's shell run `command` to its end. */
export async function work(guest: Guest, command: string, pid = 0): Promise<Took> {
  markers += 1;
  const number = markers;
  const before = pid ? cpuMs(pid) : Number.NaN;
  const startedAt = performance.now();
  // The quotes keep the echoed command line from being taken for the marker.
  guest.write(`${command}; echo "do""ne${number}."\n`);
  await guest.until(new RegExp(`done${number}\\.\\r`), 600_000);
  return { ms: performance.now() - startedAt, cpuMs: pid ? cpuMs(pid) - before : Number.NaN };
}

/** From a key to its echo, each once the one before has come back. @returns milliseconds, one for each key. */
export async function echoes(guest: Guest & { readonly output: () => string }, keys: number): Promise<number[]> {
  const times: number[] = [];
  guest.write('# ');
  await new Promise((resolve) => setTimeout(resolve, 200));
  for (let key = 0; key < keys; key += 1) {
    const { length } = guest.output();
    const startedAt = performance.now();
    guest.write('x');
    while (guest.output().length === length) await new Promise((resolve) => setImmediate(resolve));
    times.push(performance.now() - startedAt);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  guest.write('\n');
  return times;
}
