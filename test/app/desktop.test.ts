/**
 * The desktop application on the stand-in for Electron (test/shell/stand-in): a person clicks in its window, and
 * everything goes the way that it takes when installed: page, preload script, IPC, main, utility processes joined by
 * message ports.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { chromium } from '../support/chromium.ts';
import { isAlive } from '../support/host.ts';
import { Desktop } from '../shell/stand-in/desktop.ts';

const VM = 'Sample Linux';

describe.skipIf(!chromium())('the desktop application, on a stand-in for Electron', () => {
  const desktop = new Desktop();
  const problems: string[] = [];
  let page: Page;

  beforeAll(async () => {
    desktop.start();
    await desktop.see('window');
    page = await desktop.page();
    page.on('pageerror', (error) => problems.push(error.message));
  });
  afterAll(() => desktop.remove());

  const screenText = async (): Promise<string> =>
    (await desktop.call('console.text', { vm: VM }).catch(() => ({ lines: [] }))).lines.join('\n');
  const protectedNow = (): Promise<void> =>
    page.locator('[data-testid=ft-status][data-status=protected]').first().waitFor({ timeout: 60_000 });
  const type = async (text: string): Promise<void> => {
    await page.getByRole('tab', { name: 'Console' }).click();
    await page.getByTestId('console-canvas').click();
    await page.keyboard.type(text, { delay: 15 });
    await page.keyboard.press('Enter');
  };

  test('the page has the bridge, and nothing of Electron or Node', async () => {
    const found = await page.evaluate(() => ({
      bridge: Object.keys((globalThis as unknown as { lockstep: object }).lockstep).toSorted(),
      others: ['require', 'process', 'ipcRenderer', '__standInSay', '__standInReceive'].filter(
        (name) => name in globalThis,
      ),
    }));
    expect(found).toEqual({ bridge: ['onMessage', 'platform', 'send'], others: [] });
  });

  test('a sample VM is created, and protected', { timeout: 120_000 }, async () => {
    await page.getByRole('button', { name: 'New virtual machine' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Create', exact: true }).click();
    await expect.poll(screenText, { timeout: 60_000 }).toMatch(/:~#/);
    // Tests share two cores: silence is no sign of death here, a closed channel is.
    await desktop.call('vm.set', { vm: VM, failureTimeoutMs: 5000 });
    await page.getByRole('tab', { name: 'Summary' }).click();
    await page.getByRole('button', { name: 'Turn on FT' }).first().click();
    await protectedNow();
  });

  test('after Crash primary one goes on typing', { timeout: 120_000 }, async () => {
    await type('seq 41 43');
    await expect.poll(screenText).toMatch(/^42$/m);
    await page.getByRole('tab', { name: 'Summary' }).click();
    const before = await desktop.call('ft.status', { vm: VM });
    await page.getByRole('button', { name: 'Crash primary' }).first().click();
    await expect
      .poll(async () => (await desktop.call('ft.status', { vm: VM })).primary?.pid)
      .toBe(before.secondary?.pid);
    // The pair hears of its death before the system has cleared it away.
    await expect.poll(() => isAlive(before.primary?.pid ?? 0)).toBe(false);
    await type('seq 71 73');
    await expect.poll(screenText).toMatch(/^72$/m);
    await page.getByRole('tab', { name: 'Summary' }).click();
    await protectedNow();
  });

  test('the gateway is replaced when its process dies', async () => {
    const { gatewayPid } = await desktop.call('host.show', {});
    process.kill(gatewayPid ?? 0, 'SIGKILL');
    await expect.poll(async () => (await desktop.call('host.show', {})).gatewayPid ?? gatewayPid).not.toBe(gatewayPid);
    const kinds = await desktop.call('event.list', {});
    expect(JSON.stringify(kinds)).toContain('The network gateway ended');
    expect(problems).toEqual([]);
  });
});
