/**
 * `npm run bench [-- --rounds N]`: how fast the same guest does the same work on stock v86, on a machine of ours, and
 * on a protected pair, in one run, in turn, so that a noisy computer disturbs all alike. Ratios are what counts.
 *
 * Invariant: every figure is measured from outside, from the line typed on the serial console to the marker printed
 * by it.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { guestLibrary } from '../../main/paths.ts';
import { prepareCheckout } from '../../main/prepare.ts';
import type { VmMetrics } from '../../preload/contract.ts';
import { TestHost } from '../support/host.ts';

/** What the guest's shell is told to do. */
const WORK: readonly (readonly [string, string])[] = [
  ['md5sum of 20 MB', 'dd if=/dev/zero bs=1M count=20 2>/dev/null | md5sum >/dev/null'],
  ['awk arithmetic', "awk 'BEGIN { for (i = 0; i < 200000; i++) s += i * 3 % 7; print s }' >/dev/null"],
  ['100 forks', 'i=0; while [ $i -lt 100 ]; do /bin/true; i=$((i+1)); done'],
  ['gzip of 2 MB', 'cat /bin/busybox /bin/busybox | head -c 2000000 | gzip | md5sum >/dev/null'],
  ['1000 lines on the console', 'i=0; while [ $i -lt 1000 ]; do echo $i; i=$((i+1)); done'],
];
const BOOT = 'power-on to shell';
const IDLE_MS = 5000;

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });
const say = (line: string): void => void process.stdout.write(`${line}\n`);
type Times = Map<string, number[]>;
type Guest = { write(text: string): void; until(pattern: RegExp): Promise<unknown> };

function note(times: Times, name: string, ms: number): void {
  times.set(name, [...(times.get(name) ?? []), ms]);
}

async function work(guest: Guest, times: Times): Promise<void> {
  for (const [name, command] of WORK) {
    const marker = `done${Math.floor(performance.now() * 1000)}`;
    const startedAt = performance.now();
    // The quotes keep the echoed command line from being taken for the marker.
    guest.write(`${command}; echo "${marker.slice(0, 4)}""${marker.slice(4)}"\n`);
    await guest.until(new RegExp(`${marker}\\r`));
    note(times, name, performance.now() - startedAt);
  }
}

async function stock(times: Times): Promise<void> {
  const guests = guestLibrary();
  const cmdline = readFileSync(guests.linux.cmdline, 'utf8').trim();
  const args = [guests.bios, guests.vgaBios, guests.linux.bzimage, guests.linux.initrd, cmdline];
  const startedAt = performance.now();
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'stock.ts'), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  let ended: number | null = null;
  child.on('exit', (code) => (ended = code ?? 1));
  child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString('latin1')));
  const guest: Guest = {
    write: (text) => void child.stdin.write(text),
    async until(pattern) {
      while (!pattern.test(output)) {
        if (ended !== null) throw new Error(`stock v86 ended with ${ended}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };
  await guest.until(/:~# $/);
  note(times, BOOT, performance.now() - startedAt);
  await work(guest, times);
  child.kill('SIGKILL');
}

/** A VM of ours: first alone, then as a protected pair, on the same boot. */
async function lockstep(alone: Times, pair: Times): Promise<void> {
  const host = new TestHost();
  try {
    await host.start();
    await host.json('vm', 'create', 'bench', '--sample', 'linux');
    // The warm spare is ready when a user has come as far as this.
    await new Promise((resolve) => setTimeout(resolve, 4000));
    const startedAt = performance.now();
    await host.json('power', 'on', 'bench');
    const serial = host.attach('bench');
    await serial.until(/:~# $/);
    note(alone, BOOT, performance.now() - startedAt);
    await work(serial, alone);
    await host.json('ft', 'on', 'bench');
    const status = await host.waitFor('bench', 'protected');
    note(pair, 'stun', status.lastStart?.stunMs ?? Number.NaN);
    note(pair, 'ft on to Protected', status.lastStart?.protectedMs ?? Number.NaN);
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    noteMetrics(pair, 'idle', await host.json<VmMetrics>('metrics', 'bench'));
    await work(serial, pair);
    serial.write("awk 'BEGIN { while (1) s++ }'\n");
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    noteMetrics(pair, 'busy', await host.json<VmMetrics>('metrics', 'bench'));
    await serial.close();
  } finally {
    await host.stop();
    host.remove();
  }
}

function noteMetrics(times: Times, when: string, metrics: VmMetrics): void {
  note(times, `${when}: primary CPU %`, metrics.primary?.cpuPercent ?? Number.NaN);
  note(times, `${when}: secondary CPU %`, metrics.secondary?.cpuPercent ?? Number.NaN);
  note(times, `${when}: log kbit/s`, (metrics.logBandwidthBitsPerSecond ?? Number.NaN) / 1000);
  note(times, `${when}: output delay p50 ms`, metrics.outputDelayMsP50 ?? Number.NaN);
  note(times, `${when}: lag ms`, metrics.vLockstepIntervalMs ?? Number.NaN);
}

function median(numbers: readonly number[] | undefined): number {
  if (!numbers || numbers.length === 0) return Number.NaN;
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

function report(baseline: Times, alone: Times, pair: Times): void {
  say('\nmedians in ms; ratio to stock v86 of the same run (below 1 is faster)');
  for (const name of [BOOT, ...WORK.map(([work]) => work)]) {
    const [a, b, c] = [baseline, alone, pair].map((times) => median(times.get(name)));
    const cell = (ms = Number.NaN): string =>
      Number.isNaN(ms) ? '–' : `${ms.toFixed(0)} (${(ms / (a ?? 1)).toFixed(2)})`;
    say(
      [
        name.padEnd(28),
        `stock ${(a ?? 0).toFixed(0).padStart(6)}`,
        `alone ${cell(b).padStart(14)}`,
        `pair ${cell(c).padStart(14)}`,
      ].join('   '),
    );
  }
  say('\nthe pair, medians');
  for (const [name, numbers] of pair) {
    if (!WORK.some(([work]) => work === name)) say(`${name.padEnd(28)} ${median(numbers).toFixed(1)}`);
  }
}

await prepareCheckout(say);
const [baseline, alone, pair]: [Times, Times, Times] = [new Map(), new Map(), new Map()];
for (let round = 1; round <= Number(values.rounds); round++) {
  say(`round ${round} of ${values.rounds}`);
  await stock(baseline);
  await lockstep(alone, pair);
}
report(baseline, alone, pair);
