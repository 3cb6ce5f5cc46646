/**
 * The same main job through the page, in a real browser: Turn on FT, Protected, Crash primary, and the guest answers.
 * `LOCKSTEP_SCREENSHOTS=DIR` keeps pictures of the way.
 */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chromium as browserType, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromium, CHROMIUM_ARGS } from '../support/chromium.ts';
import { TestHost } from '../support/host.ts';

const executablePath = chromium();
const SIZE = { width: 1280, height: 800 };

describe.skipIf(!executablePath)('the page, in Chromium', () => {
  const host = new TestHost();
  const problems: string[] = [];
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    await host.start();
    browser = await browserType.launch({ executablePath: executablePath ?? '', args: [...CHROMIUM_ARGS] });
    page = await browser.newPage({ viewport: SIZE });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
  });

  afterAll(async () => {
    await browser?.close();
    await host.stop();
    host.remove();
  });

  const picture = async (name: string): Promise<void> => {
    const folder = process.env['LOCKSTEP_SCREENSHOTS'];
    if (folder) await page.screenshot({ path: path.join(folder, `${name}.png`) });
  };
  const status = (state: string, timeout: number): Promise<void> =>
    page.locator(`[data-testid=ft-status][data-status=${state}]`).first().waitFor({ timeout });
  const screenText = async (): Promise<string> =>
    (await host.json<{ lines: string[] }>('console', 'text', 'Sample Linux')).lines.join('\n');
  const type = async (text: string): Promise<void> => {
    await page.getByRole('tab', { name: 'Console' }).click();
    await page.getByTestId('console-canvas').click();
    await page.keyboard.type(text, { delay: 15 });
    await page.keyboard.press('Enter');
  };

  test('lets a browser in by its link, once', async () => {
    await page.goto(host.url);
    await page.getByRole('button', { name: 'Create a protected VM' }).waitFor();
    expect(new URL(page.url()).search).toBe('');
    const stranger = await browser.newContext();
    const other = await stranger.newPage();
    expect((await other.goto(host.url))?.status()).toBe(403);
    await stranger.close();
    await picture('home');
  });

  test('the first start leads to a protected VM in one click, and to its console in another', {
    timeout: 120_000,
  }, async () => {
    await page.getByRole('button', { name: 'Create a protected VM' }).click();
    await page.getByRole('heading', { name: 'It is protected.' }).waitFor({ timeout: 60_000 });
    await picture('first-vm');
    await page.getByRole('button', { name: 'Open its console' }).click();
    await expect.poll(() => screenText().catch(() => ''), { timeout: 60_000 }).toMatch(/:~#/);
    await picture('console');
  });

  test('Turn on FT ends in Protected', { timeout: 120_000 }, async () => {
    // Tests share two cores: silence is no sign of death here, a closed channel is.
    await host.json('vm', 'set', 'Sample Linux', 'failureTimeoutMs=5000');
    await page.getByRole('tab', { name: 'Summary' }).click();
    await page.getByRole('button', { name: 'Turn off FT' }).first().click();
    await page.getByRole('button', { name: 'Turn on FT' }).first().click();
    await status('starting', 20_000);
    await picture('starting');
    await status('protected', 60_000);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await picture('protected');
  });

  test('after Crash primary the guest answers in the console, and the pair is Protected again', {
    timeout: 120_000,
  }, async () => {
    // No shifted characters: the browser driver presses no Shift key for them.
    await type('seq 41 43');
    await expect.poll(screenText, { timeout: 20_000 }).toMatch(/^42$/m);
    await page.getByRole('tab', { name: 'Summary' }).click();
    const before = await host.status('Sample Linux');
    await page.getByRole('button', { name: 'Crash primary' }).first().click();
    await expect.poll(async () => (await host.status('Sample Linux')).primary?.pid).toBe(before.secondary?.pid);
    await type('seq 71 73');
    await expect.poll(screenText, { timeout: 20_000 }).toMatch(/^72$/m);
    await picture('console-after-failover');
    await page.getByRole('tab', { name: 'Summary' }).click();
    await status('protected', 60_000);
    await page.getByTestId('ft-failover').waitFor();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await picture('protected-again');
  });

  test('the failover is an alarm until it is acknowledged, and the new secondary a task', async () => {
    const tasks = page.getByRole('region', { name: 'Recent tasks' }).first();
    await tasks.locator('[data-task="ft.startSecondary"][data-outcome="done"]').first().waitFor({ timeout: 10_000 });
    const alarm = page.locator('[data-alarm="ft.failover"]');
    await alarm.getByRole('button', { name: 'Acknowledge' }).click();
    await alarm.waitFor({ state: 'detached' });
    expect(await host.json('alarms', 'Sample Linux')).toEqual([]);
    const all = await host.json<{ definition: string; acknowledgedAt: number }[]>('alarms', '--all');
    const last = all.find(({ definition }) => definition === 'ft.failover');
    expect(last).toMatchObject({ acknowledgedAt: expect.any(Number) });
  });

  test('a recording is made from the page, where it says', { timeout: 60_000 }, async () => {
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Record…' }).click();
    await page.getByRole('button', { name: 'Start recording' }).click();
    await page.getByRole('note').getByText('.lockrec').waitFor({ timeout: 20_000 });
    await picture('recording');
    const { recording } = await host.json<{ recording: { file: string } }>('vm', 'show', 'Sample Linux');
    await page.getByRole('button', { name: 'Stop recording' }).click();
    await page.getByRole('note').waitFor({ state: 'detached', timeout: 20_000 });
    expect(statSync(recording.file).size).toBeGreaterThan(1 << 20);
    await page.getByRole('tab', { name: 'Monitor' }).click();
    await page.locator('[data-figure=held] canvas').waitFor();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    await picture('monitor');
  });

  test('the console shows in the browser what the guest shows', { timeout: 60_000 }, async () => {
    await page.getByRole('tab', { name: 'Console' }).click();
    const lit = (): Promise<number> =>
      page.getByTestId('console-canvas').evaluate((canvas) => {
        const { width, height } = canvas as HTMLCanvasElement;
        if (width < 640) return 0;
        const pixels = (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height).data ?? [];
        let count = 0;
        for (let at = 0; at < pixels.length; at += 4) if ((pixels[at] ?? 0) > 100) count += 1;
        return count;
      });
    await expect.poll(lit, { timeout: 20_000 }).toBeGreaterThan(1000);
  });

  test('actions reach the guest by the keyboard alone', { timeout: 90_000 }, async () => {
    const palette = async (words: string, id: string): Promise<void> => {
      await page.keyboard.press('Control+k');
      await page.keyboard.type(words);
      const chosen = page.locator('.palette-item[aria-selected=true]');
      await expect.poll(() => chosen.getAttribute('data-item')).toMatch(new RegExp(`^${id}:`));
      await page.keyboard.press('Enter');
    };
    const power = async () => (await host.json<{ power: string }>('vm', 'show', 'Sample Linux')).power;
    await page.getByRole('tab', { name: 'Summary' }).focus();
    await palette('pause', 'pause');
    await expect.poll(power).toBe('paused');
    await page.getByTestId('power-status').getByText('Paused').waitFor();
    await palette('resume', 'resume');
    await expect.poll(power).toBe('on');
    await palette('take snapshot', 'snapshot-take');
    await page.getByRole('dialog').getByLabel('Name', { exact: true }).waitFor();
    await page.keyboard.type('by hand');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached', timeout: 60_000 });
    const taken = await host.json<{ name: string }[]>('snapshot', 'list', 'Sample Linux');
    expect(taken.map(({ name }) => name)).toEqual(['by hand']);
  });

  test('the events say that the secondary went live as the new primary', async () => {
    await page.getByRole('tab', { name: 'Events' }).click();
    await page
      .getByText(/went live as the new primary/)
      .first()
      .waitFor();
    await picture('events');
  });

  test('the serial terminal shows the prompt that waits at the port', { timeout: 60_000 }, async () => {
    await page.getByRole('tab', { name: 'Serial' }).click();
    await expect.poll(() => page.locator('.xterm-rows').textContent(), { timeout: 20_000 }).toMatch(/:~#/);
    await picture('serial');
  });

  test('a folder becomes a disc, and a disk grows, by the page', { timeout: 120_000 }, async () => {
    const papers = path.join(host.dataFolder, 'papers');
    mkdirSync(papers);
    writeFileSync(path.join(papers, 'note.txt'), 'read by the guest\n');
    await page.getByRole('tab', { name: 'Summary' }).click();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('insert a folder');
    const chosen = page.locator('.palette-item[aria-selected=true]');
    await expect.poll(() => chosen.getAttribute('data-item')).toMatch(/^insert-folder:/);
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Folder').fill(papers);
    await dialog.getByRole('button', { name: 'Insert', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    const serial = host.attach('Sample Linux');
    serial.write('mkdir -p /cd; until mount -t iso9660 /dev/sr0 /cd; do sleep 0.2; done; cat /cd/*\n');
    await serial.until(/^read by the guest/m);
    await serial.close();

    const { id, hardware } = await host.call('vm.create', { name: 'Files', sample: 'linux', diskBytes: 64 << 20 });
    const file = hardware.files.hda ?? '';
    await page.locator(`[data-row="vm:${id}"]`).click();
    const card = page.getByRole('region', { name: 'Hard disk' });
    await card.getByText('64 MB').waitFor();
    await card.getByRole('button', { name: 'Disk actions' }).click();
    await page.getByRole('menuitem', { name: 'Extend disk…' }).click();
    await dialog.getByLabel('New size').fill('96M');
    await dialog.getByRole('button', { name: 'Extend' }).click();
    await dialog.waitFor({ state: 'detached' });
    await card.getByText('96 MB').waitFor();
    expect(await host.call('disk.info', { file })).toMatchObject({ bytes: 96 << 20, vms: ['Files'] });
    await picture('disk');
  });

  test('the page reported no error of its own', () => {
    expect(problems).toEqual([]);
  });
});
