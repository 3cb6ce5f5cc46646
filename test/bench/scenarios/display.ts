/**
 * What somebody who sits before the console feels: pictures a second, and how long a key takes to the screen, in the
 * page in a headless Chromium, alone and Protected.
 *
 * Drawn are the pictures that the guest finished, shown the different ones that the page painted, with the processor's
 * time that each takes; a key's delay is from its event (as the browser dates it) to the paint of the first pixel that
 * it changed. The guests are our own boot sector (display/guest.asm), which draws 640 × 480 anew sixty times a second,
 * with 8 and with 32 bits a pixel; and the sample Linux at its shell.
 *
 * Invariant: what is counted is what went to the page's canvas (its `putImageData` is watched, nothing else is
 * changed); a key whose pixels do not come within ten seconds fails the scenario.
 */
import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Tools } from '../../../resources/guests/tools.ts';
import { ensureChromium } from '../../support/chromium.ts';
import { TestHost } from '../../support/host.ts';
import { cpuSeconds, type CpuSeconds, type Kind } from '../display/cpu-time.ts';
import { BenchPage } from '../display/page.ts';
import { watchCanvas, type Seen } from '../display/watch.ts';
import { digits, percentile } from '../figures.ts';
import { delay, type Effort, type Outcome, type Scenario } from '../scenario.ts';

const FLOPPY_BYTES = 1_474_560;
const KEY_TIMEOUT_MS = 10_000;
/** Between two keys, so that they meet every phase of timers and pictures. */
const PAUSE_MS = { least: 90, more: 110 };
const BENCH = path.resolve(import.meta.dirname, '..');
const CACHE = path.resolve(BENCH, '../../resources/guests/cache');

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

interface Pictures {
  readonly drawn: number;
  readonly shown: number;
  /** Processors that were busy meanwhile. */
  readonly cpu: CpuSeconds | null;
}

interface Row {
  readonly guest: string;
  readonly protection: 'alone' | 'Protected';
  readonly pictures: Pictures | null;
  /** Milliseconds of each key. */
  readonly delays: readonly number[];
}

/** How much is measured. */
interface Length {
  readonly seconds: number;
  readonly keys: number;
}

async function create(host: TestHost, guest: Guest, folder: string, say: Effort['say']): Promise<void> {
  if (guest.depth === null) {
    await host.json('vm', 'create', guest.name, '--sample', 'linux');
  } else {
    const image = path.join(folder, `${guest.name}.img`);
    const tools = new Tools(CACHE, say);
    const source = path.join(BENCH, 'display/guest.asm');
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

async function countPictures(page: BenchPage, { seconds: wanted }: Length): Promise<Pictures> {
  const look = (): Promise<Seen & { at: number }> => page.evaluate('({ ...seen, at: performance.now() })');
  const [before, cpuBefore] = [await look(), cpuSeconds()];
  await delay(wanted * 1000);
  const [after, cpuAfter] = [await look(), cpuSeconds()];
  const seconds = (after.at - before.at) / 1000;
  const busy = (kind: Kind): number => ((cpuAfter?.[kind] ?? 0) - (cpuBefore?.[kind] ?? 0)) / seconds;
  const cpu = cpuAfter && { replicas: busy('replicas'), host: busy('host'), browser: busy('browser') };
  return { cpu, drawn: (after.drawn - before.drawn) / seconds, shown: (after.shown - before.shown) / seconds };
}

/** @returns milliseconds of each key. */
async function pressKeys(page: BenchPage, { keys }: Length): Promise<number[]> {
  await page.evaluate(`document.querySelector('[data-testid=console-canvas]').focus(), seen.delays.length = 0`);
  for (let key = 1; key <= keys; key += 1) {
    await delay(PAUSE_MS.least + Math.random() * PAUSE_MS.more);
    await (key % 2 === 0 ? page.press('Backspace', 'Backspace', 8) : page.press('KeyA', 'a', 65));
    await page.until(`seen.delays.length === ${key}`, KEY_TIMEOUT_MS);
  }
  return page.evaluate<number[]>('seen.delays');
}

async function measure(page: BenchPage, guest: Guest, protection: Row['protection'], length: Length): Promise<Row> {
  const pictures = guest.depth === null ? null : await countPictures(page, length);
  return { guest: guest.name, protection, pictures, delays: await pressKeys(page, length) };
}

async function measureGuest(
  host: TestHost,
  page: BenchPage,
  guest: Guest,
  { folder, say, length }: { folder: string; say: Effort['say']; length: Length },
): Promise<Row[]> {
  await create(host, guest, folder, say);
  await page.evaluate(`location.hash = '#/vm/${guest.name}/console'`);
  await page.until(`seen.width === ${guest.depth === null ? 720 : 640}`, 60_000);
  const alone = await measure(page, guest, 'alone', length);
  await host.json('ft', 'on', guest.name);
  await host.waitFor(guest.name, 'protected');
  const protectedRow = await measure(page, guest, 'Protected', length);
  await host.json('power', 'off', guest.name);
  return [alone, protectedRow];
}

function cells({ guest, protection, pictures, delays }: Row): string[] {
  const each = (kind: Kind): string =>
    pictures?.cpu && pictures.shown > 0 ? digits((pictures.cpu[kind] * 1000) / pictures.shown) : '–';
  return [
    `${guest}, ${protection}`,
    pictures ? digits(pictures.drawn) : '–',
    pictures ? digits(pictures.shown) : '–',
    `${each('replicas')} / ${each('host')} / ${each('browser')}`,
    digits(percentile(delays, 0.5)),
    digits(percentile(delays, 0.99)),
  ];
}

export const display: Scenario = {
  name: 'display',
  title: 'The console',
  async run({ quick, say }: Effort): Promise<Outcome> {
    await ensureChromium(say);
    const length = quick ? { seconds: 2, keys: 10 } : { seconds: 10, keys: 100 };
    const host = new TestHost();
    const folder = mkdtempSync(path.join(os.tmpdir(), 'lockstep-display-'));
    const rows: Row[] = [];
    let page: BenchPage | null = null;
    try {
      await host.start();
      page = await BenchPage.open(`(${watchCanvas.toString()})()`);
      await page.load(host.url);
      await page.until("document.querySelector('h1')", 30_000);
      for (const guest of quick ? GUESTS.slice(0, 1) : GUESTS) {
        say(`  ${guest.name}`);
        rows.push(...(await measureGuest(host, page, guest, { folder, say, length })));
      }
    } finally {
      await page?.close();
      await host.stop();
      host.remove();
      rmSync(folder, { recursive: true, force: true });
    }
    return {
      tables: [
        {
          title: `Pictures, and ${length.keys} keys to the pixel, in Chromium`,
          heads: [
            'guest',
            'drawn, 1/s',
            'shown, 1/s',
            'processor for each shown, ms: replicas / host / browser',
            'key p50, ms',
            'key p99, ms',
          ],
          rows: rows.map(cells),
          note: 'Chromium, which draws without a graphics card here, shares the two cores with the pair.',
        },
      ],
      figures: {},
      raw: rows,
    };
  },
};
