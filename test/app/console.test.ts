/**
 * The console in a real browser with a real, protected guest: a text is pasted while its primary is killed and arrives
 * whole and once; text comes out; the console has a window of its own, beside the first; the bar of the full screen.
 * `LOCKSTEP_SCREENSHOTS=DIR` keeps pictures of the way.
 */
import path from 'node:path';
import { chromium as browserType, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromium, CHROMIUM_ARGS } from '../support/chromium.ts';
import { TestHost } from '../support/host.ts';

const executablePath = chromium();
const VM = 'Console';
/** Every character is told from its neighbours, in both cases and with signs. */
const PASTED = Array.from(
  { length: 12 },
  (_, line) => `${line}: The quick (brown) fox, "jumps" over #${line} lazy_dogs!`,
);

describe.skipIf(!executablePath)('the console of a protected guest', () => {
  const host = new TestHost();
  const problems: string[] = [];
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    await host.start();
    browser = await browserType.launch({ executablePath: executablePath ?? '', args: [...CHROMIUM_ARGS] });
    context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    page = await context.newPage();
    context.on('weberror', (error) => problems.push(error.error().message));
    await host.json('vm', 'create', VM, '--sample', 'linux');
    await host.json('vm', 'set', VM, 'failureTimeoutMs=5000');
    await host.json('power', 'on', VM);
    const serial = host.attach(VM);
    await serial.until(/:~# $/, 120_000);
    await serial.close();
    await host.json('ft', 'on', VM);
    await host.waitFor(VM, 'protected');
    await page.goto(host.url);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.evaluate((name) => void (window.location.hash = `#/vm/${name}/console`), VM);
    await page.getByTestId('console-canvas').waitFor();
  });

  afterAll(async () => {
    await browser?.close();
    await host.stop();
    host.remove();
  });

  const picture = async (name: string): Promise<void> => {
    const folder = process.env['LOCKSTEP_SCREENSHOTS'];
    if (folder) await page.screenshot({ path: path.join(folder, `console-${name}.png`) });
  };
  const screen = async (): Promise<string> => (await host.call('console.text', { vm: VM })).lines.join('\n');
  const poll = (what: () => Promise<string>) => expect.poll(what, { timeout: 60_000 });

  test('a text that is pasted while the primary is killed arrives whole, and once', { timeout: 180_000 }, async () => {
    await host.call('console.type', { vm: VM, text: 'clear; cat > /tmp/pasted\n' });
    await page.getByRole('button', { name: 'Paste as keystrokes…' }).click();
    await page
      .getByRole('dialog')
      .getByRole('textbox')
      .fill(`${PASTED.join('\n')}\né`);
    await page.getByText('A US keyboard has no key for é (U+00E9).').waitFor();
    await picture('paste');
    await page.getByRole('button', { name: 'Leave them out' }).click();
    await page.getByRole('button', { name: 'Type it' }).click();
    await page.getByRole('dialog').getByRole('progressbar').waitFor();
    const before = await host.call('ft.status', { vm: VM });
    await host.call('fault', { vm: VM, kind: 'crash-primary' });
    await page.getByText(/^\d+ characters typed$/).waitFor({ timeout: 60_000 });
    await expect.poll(async () => (await host.call('ft.status', { vm: VM })).primary?.pid).toBe(before.secondary?.pid);
    await host.call('console.key', { vm: VM, combo: 'ctrl+d' });
    await host.call('console.type', { vm: VM, text: 'clear; cat /tmp/pasted; echo EN""D\n' });
    await poll(screen).toContain('END');
    expect((await screen()).split('END')[0]?.trimEnd()).toContain(PASTED.join('\n'));
    await picture('pasted');
  });

  test('text is copied, or selected by keyboard and not changed, and the guest has its keys again', async () => {
    await page.getByRole('button', { name: 'Copy screen text' }).click();
    await page.getByText(/^\d+ lines copied$/).waitFor();
    await page.getByRole('button', { name: 'Select text' }).click();
    const text = page.getByTestId('console-text');
    await expect.poll(() => text.inputValue()).toContain(PASTED[3]);
    for (const key of ['ArrowDown', 'x', 'Backspace', 'Shift+ArrowDown']) await page.keyboard.press(key);
    await expect.poll(() => text.inputValue()).toContain(PASTED[3]);
    expect(await text.evaluate((field: HTMLTextAreaElement) => field.selectionEnd)).toBeGreaterThan(0);
    await page.keyboard.press('Escape');
    await text.waitFor({ state: 'detached' });
    await page.locator('.console-held').waitFor();
    await page.keyboard.type('echo 41', { delay: 20 });
    await poll(screen).toMatch(/echo 41$/m);
  });

  test('has windows of its own that show the same guest, and follow it', { timeout: 120_000 }, async () => {
    const [window] = await Promise.all([
      context.waitForEvent('page'),
      page.getByRole('button', { name: 'Open in a window' }).click(),
    ]);
    await window.getByTestId('console-canvas').waitFor();
    expect(await window.title()).toContain(VM);
    expect(await window.getByRole('tree').count()).toBe(0);
    await window.getByTestId('console-canvas').click();
    await window.keyboard.type('2', { delay: 20 });
    await window.keyboard.press('Enter');
    await poll(screen).toMatch(/^412$/m);
    const lit = (one: Page): Promise<number> =>
      one.getByTestId('console-canvas').evaluate((canvas: HTMLCanvasElement) => {
        const image = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height);
        return image?.data.reduce((sum, value) => sum + (value > 128 ? 1 : 0), 0) ?? 0;
      });
    await expect.poll(async () => Math.abs((await lit(window)) - (await lit(page)))).toBeLessThan(2000);
    await window.close();
  });

  test('has a bar on the full screen that goes away, comes to the pointer, and leads out', async () => {
    await page.getByRole('button', { name: 'Full screen' }).click();
    const bar = page.getByTestId('full-screen-bar');
    await bar.getByText(VM, { exact: true }).waitFor();
    const top = () => bar.getByRole('toolbar').evaluate((element) => element.getBoundingClientRect().bottom);
    await page.mouse.move(600, 500);
    await page.getByTestId('console-canvas').click();
    await expect.poll(top).toBeLessThanOrEqual(0);
    await page.mouse.move(600, 2);
    await expect.poll(top).toBeGreaterThan(20);
    await picture('full');
    await bar.getByRole('button', { name: 'Exit full screen' }).click();
    await bar.waitFor({ state: 'detached' });
    expect(problems).toEqual([]);
  });
});
