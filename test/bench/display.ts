/**
 * What somebody who sits before a protected guest feels: pictures a second, and how long a key takes to the screen.
 *
 * `npm run bench:display` creates VMs in a host of its own, opens the console in a headless Chromium, alone and
 * Protected, and prints for each guest
 *
 *   drawn     pictures a second that the guest finished
 *   shown     different pictures a second that the page painted
 *   and what of the processors' time a picture takes, which other work on the computer changes least
 *   p50, p99  from the event of a key (as the browser dates it) to the paint of the first pixel that it changed, in ms
 *
 * `--seconds N` is how long pictures are counted (10), `--keys N` how many are pressed (200), `--guest NAME` measures
 * one of them, `--report FILE` keeps the numbers as JSON. The guests are our own boot sector (display-guest.asm),
 * which draws 640 × 480 anew sixty times a second, with 8 and with 32 bits a pixel; and the sample Linux at its shell.
 *
 * Invariant: what is counted is what went to the page's canvas (its `putImageData` is watched, nothing else is
 * changed); a key whose pixels do not come within ten seconds fails the run.
 */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { prepareCheckout } from '../../main/prepare.ts';
import { Tools } from '../../resources/guests/tools.ts';
import { ensureChromium } from '../support/chromium.ts';
import { TestHost } from '../support/host.ts';
import { cpuSeconds, type CpuSeconds, type Kind } from './cpu-time.ts';
import { BenchPage } from './display-page.ts';
import { describeMachine, load } from './machine.ts';
import { watchCanvas, type Seen } from './display-watch.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    keys: { type: 'string', default: '200' },
    guest: { type: 'string' },
    report: { type: 'string' },
  },
});
const SECONDS = Number(values.seconds);
const KEYS = Number(values.keys);
const FLOPPY_BYTES = 1_474_560;
const KEY_TIMEOUT_MS = 10_000;
/** Between two keys, so that they meet every phase of timers and pictures. */
const PAUSE_MS = { least: 90, more: 110 };
const ROOT = path.resolve(import.meta.dirname, '../..');
const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Row {
  readonly guest: string;
  readonly protection: 'alone' | 'protected';
  readonly drawn: number | null;
  readonly shown: number | null;
  /** Processors that were busy meanwhile. */
  readonly cpu: CpuSeconds | null;
  readonly p50: number;
  readonly p99: number;
  readonly keys: number;
}

interface Guest {
  readonly name: string;
  /** Bits a pixel; null for the sample Linux's text. */
  readonly depth: 8 | 32 | null;
}

const GUESTS: readonly Guest[] = [
  { name: '640x480x8', depth: 8 },
  { name: '640x480x32', depth: 32 },
  { name: 'text', depth: null },
];

async function create(host: TestHost, guest: Guest, folder: string): Promise<void> {
  if (guest.depth === null) {
    await host.json('vm', 'create', guest.name, '--sample', 'linux');
  } else {
    const image = path.join(folder, `${guest.name}.img`);
    const tools = new Tools(path.join(ROOT, 'resources/guests/cache'), say);
    const source = path.join(import.meta.dirname, 'display-guest.asm');
    await tools.run('nasm', ['-f', 'bin', '-Werror', `-DDEPTH=${guest.depth}`, '-o', image, source]);
    truncateSync(image, FLOPPY_BYTES);
    await host.json('vm', 'create', guest.name, '--fda', image, '--memory', '16');
  }
  await host.json('vm', 'set', guest.name, 'failureTimeoutMs=5000');
  await host.json('power', 'on', guest.name);
  if (guest.depth !== null) return;
  const serial = host.attach(guest.name);
  await serial.until(/:~# $/, 120_000);
  await serial.close();
  // A cursor that blinks would be taken for what a key did.
  await host.call('console.type', { vm: guest.name, text: "clear; printf '\\033[?25l'\n" });
}

async function pictures(page: BenchPage): Promise<Pick<Row, 'drawn' | 'shown' | 'cpu'>> {
  const look = (): Promise<Seen & { at: number }> => page.evaluate('({ ...seen, at: performance.now() })');
  const [before, cpuBefore] = [await look(), cpuSeconds()];
  await sleep(SECONDS * 1000);
  const [after, cpuAfter] = [await look(), cpuSeconds()];
  const seconds = (after.at - before.at) / 1000;
  const busy = (kind: Kind): number => ((cpuAfter?.[kind] ?? 0) - (cpuBefore?.[kind] ?? 0)) / seconds;
  const cpu = cpuAfter && { replicas: busy('replicas'), host: busy('host'), browser: busy('browser') };
  return {
    cpu,
    drawn: (after.drawn - before.drawn) / seconds,
    shown: (after.shown - before.shown) / seconds,
  };
}

/** @returns milliseconds of each key, sorted. */
async function keys(page: BenchPage): Promise<number[]> {
  await page.evaluate(`document.querySelector('[data-testid=console-canvas]').focus(), seen.delays.length = 0`);
  for (let key = 1; key <= KEYS; key += 1) {
    await sleep(PAUSE_MS.least + Math.random() * PAUSE_MS.more);
    await (key % 2 === 0 ? page.press('Backspace', 'Backspace', 8) : page.press('KeyA', 'a', 65));
    await page.until(`seen.delays.length === ${key}`, KEY_TIMEOUT_MS);
  }
  return (await page.evaluate<number[]>('seen.delays')).toSorted((a, b) => a - b);
}

async function measure(page: BenchPage, guest: Guest, protection: Row['protection']): Promise<Row> {
  const counted = guest.depth === null ? { drawn: null, shown: null, cpu: null } : await pictures(page);
  const delays = await keys(page);
  const at = (share: number): number => delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] ?? 0;
  return { guest: guest.name, protection, ...counted, p50: at(0.5), p99: at(0.99), keys: delays.length };
}

function tell(row: Row): void {
  const rate = (number: number | null): string => (number === null ? '–' : number.toFixed(1)).padStart(6);
  const delay = (number: number): string => `${number.toFixed(1).padStart(6)} ms`;
  say(
    `${row.guest.padEnd(11)} ${row.protection.padEnd(10)} drawn ${rate(row.drawn)}/s  shown ${rate(row.shown)}/s  ` +
      `key p50 ${delay(row.p50)}  p99 ${delay(row.p99)}`,
  );
  if (!row.cpu || !row.shown) return;
  const each = (kind: Kind): string => `${kind} ${(((row.cpu?.[kind] ?? 0) * 1000) / (row.shown ?? 1)).toFixed(1)} ms`;
  say(
    `${' '.repeat(11)} processor time for each picture shown: ${each('replicas')}, ${each('host')}, ${each('browser')}`,
  );
}

await prepareCheckout(say);
await ensureChromium(say);
const host = new TestHost();
const folder = mkdtempSync(path.join(os.tmpdir(), 'lockstep-display-'));
const rows: Row[] = [];
let page: BenchPage | null = null;
try {
  await host.start();
  page = await BenchPage.open(`(${watchCanvas.toString()})()`);
  await page.load(host.url);
  await page.until("document.querySelector('h1')", 30_000);
  for (const guest of GUESTS.filter(({ name }) => name === (values.guest ?? name))) {
    await create(host, guest, folder);
    await page.evaluate(`location.hash = '#/vm/${guest.name}/console'`);
    await page.until(`seen.width === ${guest.depth === null ? 720 : 640}`, 60_000);
    for (const protection of ['alone', 'protected'] as const) {
      if (protection === 'protected') {
        await host.json('ft', 'on', guest.name);
        await host.waitFor(guest.name, 'protected');
      }
      const row = await measure(page, guest, protection);
      rows.push(row);
      tell(row);
    }
    await host.json('power', 'off', guest.name);
  }
} finally {
  await page?.close();
  await host.stop();
  host.remove();
  rmSync(folder, { recursive: true, force: true });
}
if (values.report) {
  const report = { rows, machine: describeMachine(), load: load() };
  writeFileSync(values.report, `${JSON.stringify(report, null, 2)}\n`);
}
