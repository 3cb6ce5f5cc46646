/**
 * The pictures of the README: `npm run screenshots [-- film|gallery]`.
 *
 * Invariants: everything in them runs: a real headless host in a data folder of its own, real virtual machines, and
 * Chromium as a user has it. The film is made with nothing but the mouse, from a host that has never been used, and its
 * times are measured. Where the film takes longer than it promises, the command fails.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium as browserType, type Browser, type Page } from 'playwright-core';
import { prepareCheckout } from '../../main/prepare.ts';
import { root } from '../../main/paths.ts';
import { chromium, CHROMIUM_ARGS } from '../support/chromium.ts';
import { TestHost } from '../support/host.ts';
import { Film } from './film.ts';
import { beBusy, company } from './company.ts';

const IMAGES = path.join(root, 'docs', 'images');
const SIZE = { width: 1280, height: 800 };
/** For what is long. */
const TALL = { width: 1280, height: 1080 };
/** The film's pictures are many: smaller. */
const FILM_SIZE = { width: 1024, height: 640 };
const FIRST_VM_SECONDS = 60;
const WAIT_MS = 240_000;
/** The charts are to have something to show, in milliseconds. */
const CHARTS_MS = 45_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const status = (page: Page, state: string): Promise<void> =>
  page.locator(`[data-testid=ft-status][data-status=${state}]`).first().waitFor({ timeout: WAIT_MS });

async function open(browser: Browser, url: string, viewport = SIZE): Promise<Page> {
  const context = await browser.newContext({ viewport, locale: 'en-US', colorScheme: 'light' });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  await page.goto(url);
  return page;
}

/** The page as it would be had the user chosen this look. */
async function look(page: Page, theme: string, language = 'en'): Promise<void> {
  await page.evaluate(
    ([chosen = '', words = '']) => {
      localStorage.setItem('lockstep.theme', chosen);
      localStorage.setItem('lockstep.language', words);
    },
    [theme, language],
  );
  await page.reload();
  await page.locator('.page').waitFor();
}

/** As much of the page as there is: higher, and without the recent tasks. */
async function tall(page: Page, name: string): Promise<void> {
  await page.setViewportSize(TALL);
  await page.locator('.tasks-head > button').last().click();
  await picture(page, name);
  await page.evaluate(() => localStorage.removeItem('lockstep.tasks'));
  await page.setViewportSize(SIZE);
  await page.reload();
}

/** Where the mouse came to rest nothing is to be pointed out. */
async function picture(page: Page, name: string): Promise<void> {
  await page.mouse.move(SIZE.width - 4, 300);
  await pause(1500);
  await page.screenshot({ path: path.join(IMAGES, `${name}.png`) });
  process.stdout.write(`docs/images/${name}.png\n`);
}

/** From the first start to a guest that answers in its console, protected: two clicks. */
async function film(browser: Browser, host: TestHost): Promise<void> {
  const folder = path.join(IMAGES, 'first-vm');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const page = await open(browser, host.url, FILM_SIZE);
  const roll = new Film(page, folder);
  const create = page.getByRole('button', { name: 'Create a protected VM' });
  await create.waitFor();
  await roll.shoot('The first start');
  await roll.click(create, 'First click: “Create a protected VM”');
  await page.locator('[data-testid=guide][data-step="2"]').waitFor();
  await roll.shoot('It boots, and its secondary takes on the running state');
  await page.getByRole('heading', { name: 'It is protected.' }).waitFor();
  await roll.shoot('Protected: a second process follows it, instruction by instruction');
  await roll.click(page.getByRole('button', { name: 'Open its console' }), 'Second click: “Open its console”');
  await page.getByTestId('console-canvas').waitFor();
  const text = async () => (await host.call('console.text', { vm: 'Sample Linux' })).lines.join('\n');
  for (const until = Date.now() + WAIT_MS; !/:~#/.test(await text()); await pause(200)) {
    if (Date.now() > until) throw new Error('the guest shows no prompt');
  }
  await pause(300);
  const seconds = await roll.shoot('The guest, at its prompt');
  const computer = `${os.cpus().length} × ${os.cpus()[0]?.model ?? 'CPU'}`;
  writeFileSync(path.join(root, 'docs', 'first-vm.md'), roll.told(computer));
  process.stdout.write(`docs/first-vm.md: ${seconds.toFixed(1)} s\n`);
  await page.context().close();
  if (seconds > FIRST_VM_SECONDS) throw new Error(`the first VM took ${seconds.toFixed(1)} s, more than it may`);
}

async function gallery(browser: Browser, host: TestHost): Promise<void> {
  const { web } = await company(host);
  const [{ url }] = [await host.json<{ url: string }>('link')];
  const page = await open(browser, url);
  await page.locator(`[data-vm="web"]`).click();
  await status(page, 'protected');
  await beBusy(host, web);
  await pause(CHARTS_MS);
  await page.getByRole('button', { name: 'Crash primary' }).first().click();
  await page.getByTestId('ft-failover').waitFor();
  await status(page, 'protected');
  await pause(CHARTS_MS / 3);
  await tall(page, 'protected');
  await page.goto(page.url().replace(/#.*/, '#/'));
  await picture(page, 'overview');
  await page.goto(page.url().replace(/#.*/, `#/vm/${web}/snapshots`));
  await page.locator('[data-snapshot] img').first().waitFor();
  await picture(page, 'snapshots');
  await page.goto(page.url().replace(/#.*/, `#/vm/${web}/console`));
  await page.getByTestId('console-canvas').waitFor();
  await picture(page, 'console');
  await page.goto(page.url().replace(/#.*/, `#/vm/${web}/monitor`));
  await look(page, 'dark');
  await page.getByRole('button', { name: '1 minute' }).click();
  await pause(3000);
  await picture(page, 'monitor-dark');
  await page.goto(page.url().replace(/#.*/, `#/vm/${web}/faults`));
  await look(page, 'light', 'zh-CN');
  await tall(page, 'fault-lab-zh');
  await page.goto(page.url().replace(/#.*/, `#/vm/${web}/summary`));
  await look(page, 'contrast');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('f', { delay: 50 });
  await picture(page, 'palette-contrast');
}

async function main(): Promise<void> {
  const executablePath = chromium();
  if (executablePath === null) throw new Error('No Chromium: install it, or name one with LOCKSTEP_CHROMIUM=FILE.');
  const [wanted = 'all'] = process.argv.slice(2);
  if (!['all', 'film', 'gallery'].includes(wanted)) throw new Error('npm run screenshots [-- film|gallery]');
  await prepareCheckout((line) => void process.stderr.write(`${line}\n`));
  const browser = await browserType.launch({ executablePath, args: [...CHROMIUM_ARGS] });
  // Each begins with a host that has never been used.
  for (const [name, work] of Object.entries({ film, gallery })) {
    if (wanted !== 'all' && wanted !== name) continue;
    const host = new TestHost(path.join(mkdtempSync(path.join(os.tmpdir(), 'lockstep-')), 'lockstep'));
    try {
      await host.start();
      await work(browser, host);
    } finally {
      await host.stop();
      rmSync(path.dirname(host.dataFolder), { recursive: true, force: true });
    }
  }
  await browser.close();
}

await main();
