/**
 * The desktop application in the real Electron, driven by Playwright. Where the binary is absent the tests are reported
 * as skipped, with the reason in their name.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client } from '../../main/cli/client.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
const VM = 'Sample Linux';

/** Never fetched from here: `npm start` does that where it can be had. */
function electronBinary(): string | null {
  const folder = path.dirname(createRequire(import.meta.url).resolve('electron/package.json'));
  const pathFile = path.join(folder, 'path.txt');
  const name = existsSync(pathFile) ? readFileSync(pathFile, 'utf8') : 'electron';
  const file = path.join(process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? path.join(folder, 'dist'), name);
  return existsSync(file) ? file : null;
}

const executablePath = electronBinary();
const display = process.platform !== 'linux' || Boolean(process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY']);
const missing = executablePath ? (display ? '' : ' (skipped: no display)') : ' (skipped: no Electron binary)';
if (missing) process.stderr.write(`Tests of the shell in the real Electron are left out${missing}.\n`);

describe.skipIf(missing !== '')(`the desktop application, in Electron${missing}`, () => {
  let data = '';
  let app: ElectronApplication;
  let page: Page;
  let client: Client;

  beforeAll(async () => {
    data = mkdtempSync(path.join(os.tmpdir(), 'lockstep-electron-'));
    const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    app = await _electron.launch({
      executablePath: executablePath ?? '',
      args: [root, `--user-data-dir=${path.join(data, 'user')}`, ...asRoot],
      env: { ...(process.env as { [name: string]: string }), LOCKSTEP_DATA: data },
    });
    page = await app.firstWindow();
    await page.getByRole('button', { name: 'Create a protected VM' }).waitFor();
    client = await Client.connect(data);
  });
  afterAll(async () => {
    client?.close();
    await app?.close();
    rmSync(data, { recursive: true, force: true, maxRetries: 5 });
  });

  const screenText = async (): Promise<string> =>
    (await client.call('console.text', { vm: VM }).catch(() => ({ lines: [] }))).lines.join('\n');
  const protectedNow = (): Promise<void> =>
    page.locator('[data-testid=ft-status][data-status=protected]').first().waitFor({ timeout: 60_000 });
  const type = async (text: string): Promise<void> => {
    await page.getByRole('tab', { name: 'Console' }).click();
    await page.getByTestId('console-canvas').click();
    await page.keyboard.type(text, { delay: 15 });
    await page.keyboard.press('Enter');
  };

  test('the page has the bridge, and nothing of Electron or Node', async () => {
    expect(page.url()).toBe('app://lockstep/');
    expect(await page.evaluate(() => ['require', 'process', 'module'].filter((name) => name in globalThis))).toEqual(
      [],
    );
    expect(await app.evaluate(({ app: inside }) => inside.getVersion())).toBe(
      (JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string }).version,
    );
  });

  test('a sample VM is protected, its primary is crashed, and one goes on typing', { timeout: 180_000 }, async () => {
    await page.getByRole('button', { name: 'New virtual machine' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Create', exact: true }).click();
    await expect.poll(screenText, { timeout: 60_000 }).toMatch(/:~#/);
    await client.call('vm.set', { vm: VM, failureTimeoutMs: 5000 });
    await page.getByRole('tab', { name: 'Summary' }).click();
    await page.getByRole('button', { name: 'Turn on FT' }).first().click();
    await protectedNow();
    const before = await client.call('ft.status', { vm: VM });
    await page.getByRole('button', { name: 'Crash primary' }).first().click();
    await expect
      .poll(async () => (await client.call('ft.status', { vm: VM })).primary?.pid)
      .toBe(before.secondary?.pid);
    await type('seq 71 73');
    await expect.poll(screenText).toMatch(/^72$/m);
  });

  test('a page that dies is drawn again', async () => {
    await app.evaluate(({ BrowserWindow }) => {
      BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer();
    });
    const windowText = (): Promise<string> =>
      app.evaluate(async ({ BrowserWindow }) => {
        const contents = BrowserWindow.getAllWindows()[0]?.webContents;
        if (!contents || contents.isCrashed()) return '';
        return String(await contents.executeJavaScript('document.body.innerText').catch(() => ''));
      });
    await expect.poll(windowText).toContain(VM);
  });

  test('quitting asks while a VM runs, and stays where the answer is Cancel', async () => {
    await app.evaluate(({ app: inside, dialog }) => {
      dialog.showMessageBox = () => Promise.resolve({ response: 2, checkboxChecked: false });
      inside.quit();
    });
    expect((await client.call('ft.status', { vm: VM })).primary).not.toBeNull();
    await client.call('power.off', { vm: VM });
  });
});
