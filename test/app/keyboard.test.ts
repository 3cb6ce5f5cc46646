/**
 * The main job by the keyboard alone, in a real browser with a real host: from the palette a VM is created, powered on
 * and protected. `LOCKSTEP_SCREENSHOTS=DIR` keeps pictures of the way.
 */
import path from 'node:path';
import { chromium as browserType, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromium, CHROMIUM_ARGS } from '../support/chromium.ts';
import { TestHost } from '../support/host.ts';

const executablePath = chromium();
const NAME = 'By keyboard';

describe.skipIf(!executablePath)('without a mouse', () => {
  const host = new TestHost();
  const problems: string[] = [];
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    await host.start();
    browser = await browserType.launch({ executablePath: executablePath ?? '', args: [...CHROMIUM_ARGS] });
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(host.url);
    await page.getByRole('heading', { level: 1 }).waitFor();
  });

  afterAll(async () => {
    await browser?.close();
    await host.stop();
    host.remove();
  });

  const picture = async (name: string): Promise<void> => {
    const folder = process.env['LOCKSTEP_SCREENSHOTS'];
    if (folder) await page.screenshot({ path: path.join(folder, `keyboard-${name}.png`) });
  };
  const palette = async (typed: string): Promise<void> => {
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').getByRole('combobox').waitFor();
    await page.keyboard.type(typed);
    await page.keyboard.press('Enter');
  };

  test('a VM is created, powered on, put into a folder and protected', { timeout: 120_000 }, async () => {
    await palette('new virtual');
    await page.getByRole('dialog').waitFor();
    // The name has the focus; the check box comes after the memory and what is folded.
    await page.keyboard.press('Control+a');
    await page.keyboard.type(NAME);
    for (let step = 0; step < 3; step++) await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: NAME, level: 1 }).waitFor();
    await palette('power on');
    await page.getByTestId('power-status').getByText('Powered on').waitFor();
    await picture('on');
    // Tests share two cores: silence is no sign of death here, a closed channel is.
    await host.json('vm', 'set', NAME, 'failureTimeoutMs=5000');
    await palette('turn on ft');
    await page.locator('[data-testid=ft-status][data-status=protected]').waitFor({ timeout: 60_000 });
    await palette('move to');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.type('Lab');
    await page.keyboard.press('Enter');
    await page.locator('[data-folder=Lab]').waitFor();
    await picture('protected');
    const { folder, ft } = await host.call('vm.show', { vm: NAME });
    expect([folder, ft.status]).toEqual(['Lab', 'protected']);
  });

  test('its page is powered off from the tree, and logging out lets nobody in', { timeout: 60_000 }, async () => {
    // From the search to the tree, whose open VM is in the tab order.
    await page.keyboard.press('/');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Shift+F10');
    await page.getByRole('menuitem', { name: 'Power off' }).waitFor();
    await page.keyboard.type('Power off');
    await page.keyboard.press('Enter');
    await page.getByRole('alertdialog').or(page.getByRole('dialog')).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByTestId('power-status').getByText('Powered off').waitFor({ timeout: 20_000 });
    await palette('log out');
    await page.getByRole('heading', { name: 'You are logged out' }).waitFor();
    expect((await page.goto(new URL('/', host.url).href))?.status()).toBe(401);
    expect(problems).toEqual([]);
  });
});
