/**
 * The life of the desktop application on the stand-in for Electron: its window, a second start, a page that dies, and
 * every way to quit. And the stand-in itself: what it refuses.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromium } from '../support/chromium.ts';
import { isAlive } from '../support/host.ts';
import { Desktop } from '../shell/stand-in/desktop.ts';

/** Names stand in tasks and events as well. */
function inInventory(page: Page, name: string): Locator {
  return page.getByRole('tree').getByText(name, { exact: true });
}

const BOUNDS = { x: 40, y: 30, width: 1100, height: 700 };

describe.skipIf(!chromium())('the desktop application, from its start to its end', () => {
  const desktop = new Desktop();
  let replica = 0;

  beforeAll(async () => {
    desktop.start();
    await desktop.see('window');
    await desktop.call('vm.create', { name: 'web', sample: 'test' });
    await desktop.call('power.on', { vm: 'web' });
    replica = (await desktop.call('ft.status', { vm: 'web' })).primary?.pid ?? 0;
  });
  afterAll(() => desktop.remove());

  const inventoryShows = async (name: string): Promise<void> => inInventory(await desktop.page(), name).waitFor();

  const inventoryForgets = async (name: string): Promise<void> =>
    inInventory(await desktop.page(), name).waitFor({ state: 'detached' });

  test('a second start brings the window of the first to the front, and ends', async () => {
    desktop.do({ do: 'minimize' });
    expect(await desktop.startAgain()).toBe(0);
    await desktop.see('focus');
  });

  test('the icon in the tray says how the VMs are, and a click on it shows the window', async () => {
    for (let told = ''; told !== 'Lockstep: 1 running, 0 protected'; ) told = (await desktop.see('tooltip')).text;
    expect((await desktop.see('badge')).count).toBe(0);
    desktop.do({ do: 'minimize' });
    desktop.do({ do: 'clickTray' });
    await desktop.see('focus');
  });

  test('a double click on an exported VM, or its drop, asks, then imports it; a wrong one is told', {
    timeout: 60_000,
  }, async () => {
    await desktop.call('vm.create', { name: 'shared', sample: 'test' });
    const file = path.join(desktop.folder, 'shared.lockstep');
    await desktop.call('vm.export', { vm: 'shared', file });
    await desktop.call('vm.delete', { vm: 'shared' });
    expect(await desktop.startAgain(file)).toBe(0);
    expect((await desktop.see('question')).options.message).toBe('Import the virtual machine in "shared.lockstep"?');
    desktop.do({ do: 'answer', button: 0 });
    await inventoryShows('shared');
    await desktop.call('vm.delete', { vm: 'shared' });
    // The page hears of it a moment later: what is looked for next must be the next one.
    await inventoryForgets('shared');
    await (await desktop.page()).evaluate((name) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['x'], name));
      dataTransfer.items.add(new File(['x'], 'other.txt'));
      document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
    }, encodeURIComponent(file));
    expect((await desktop.see('question')).options.detail).toContain(file);
    desktop.do({ do: 'answer', button: 0 });
    await inventoryShows('shared');
    writeFileSync(file, 'no VM');
    // As on a Mac.
    desktop.do({ do: 'openFile', file });
    await desktop.see('question');
    desktop.do({ do: 'answer', button: 0 });
    expect((await desktop.see('question')).options).toMatchObject({
      type: 'error',
      detail: expect.stringContaining('no exported virtual machine') as string,
    });
    desktop.do({ do: 'answer', button: 0 });
  });

  test('the page leads nowhere else, and what it opens goes to the browser', async () => {
    const page = await desktop.page();
    const before = page.url();
    await page.evaluate(() => {
      open('https://example.org/');
      location.href = 'https://example.org/';
    });
    expect(await desktop.see('external')).toMatchObject({ url: 'https://example.org/' });
    await inventoryShows('web');
    expect(page.url()).toBe(before);
  });

  test('what cannot be cloned is refused in the page', async () => {
    const page = await desktop.page();
    const told = await page.evaluate(() => {
      const { lockstep } = globalThis as unknown as { lockstep: { send(message: unknown): void } };
      return [() => {}, Symbol('s'), new Map()].map((value) => {
        try {
          lockstep.send(value);
          return null;
        } catch (error) {
          return (error as Error).message;
        }
      });
    });
    expect(told[0]).toMatch(/could not be cloned/);
    expect(told[1]).toMatch(/could not be cloned/);
    expect(told[2]).toMatch(/could not be cloned/);
  });

  test('a page that is loaded again has the whole inventory again', async () => {
    await inventoryShows('web');
    const page = await desktop.page();
    const loaded = page.waitForEvent('load');
    desktop.do({ do: 'reload' });
    await loaded;
    await inventoryShows('web');
    await desktop.call('vm.create', { name: 'reloaded', sample: 'test' });
    await inventoryShows('reloaded');
  });

  test('a page whose process dies is drawn again, and follows the fleet again', async () => {
    desktop.do({ do: 'crashPage' });
    await desktop.see('pageGone');
    await desktop.forgetPage();
    await desktop.call('vm.create', { name: 'revived', sample: 'test' });
    await inventoryShows('revived');
    expect(isAlive(replica)).toBe(true);
  });

  test('closing the window asks while a VM runs; after Cancel both are still there', async () => {
    desktop.do({ do: 'moveWindow', bounds: BOUNDS });
    desktop.do({ do: 'closeWindow' });
    const { options } = await desktop.see('question');
    expect(options).toMatchObject({ message: 'A virtual machine is running.', cancelId: 2, defaultId: 0 });
    expect(options.detail).toContain('web');
    desktop.do({ do: 'answer', button: 2 });
    expect((await desktop.call('ft.status', { vm: 'web' })).primary?.pid).toBe(replica);
    await inventoryShows('web');
  });

  test('after Power off and quit nothing of it runs', async () => {
    desktop.do({ do: 'quit' });
    await desktop.see('question');
    desktop.do({ do: 'answer', button: 1 });
    expect(await desktop.ended()).toBe(0);
    await expect.poll(() => isAlive(replica)).toBe(false);
  });

  test('the next start has the window where it was, and the VM powered off in order', async () => {
    desktop.start();
    expect((await desktop.see('window')).bounds).toEqual(BOUNDS);
    const events = await desktop.call('event.list', { vm: 'web' });
    expect(JSON.stringify(events)).not.toContain('power.lost');
  });

  test('when the session ends, a running VM is suspended without a question', async () => {
    await desktop.call('power.on', { vm: 'web' });
    replica = (await desktop.call('ft.status', { vm: 'web' })).primary?.pid ?? 0;
    desktop.signal('SIGTERM');
    expect(await desktop.ended()).toBe(0);
    expect(desktop.seen('question')).toBe(0);
    await expect.poll(() => isAlive(replica)).toBe(false);
    expect(desktop.errors).toBe('');
  });
});

describe.skipIf(!chromium())('the desktop application, on a Mac', () => {
  const desktop = new Desktop('darwin');
  afterAll(() => desktop.remove());

  test('goes on without its window, and a click on its icon brings one back', async () => {
    desktop.start();
    await desktop.see('window');
    const { pid } = desktop;
    desktop.do({ do: 'closeWindow' });
    await desktop.call('vm.create', { name: 'web', sample: 'test' });
    desktop.do({ do: 'activate' });
    await desktop.see('window');
    await (await desktop.page()).getByText('web', { exact: true }).first().waitFor();
    expect(isAlive(pid)).toBe(true);
    desktop.do({ do: 'quit' });
    expect(await desktop.ended()).toBe(0);
  });
});

test.skipIf(!chromium())('the stand-in refuses what Electron refuses', () => {
  const folder = path.join(import.meta.dirname, '..', 'shell', 'stand-in');
  const register = path.join(folder, 'register.ts');
  const args = ['--import', register, path.join(folder, 'refusals.ts')];
  const { told, kinds } = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as {
    told: { [attempt: string]: string | null };
    kinds: unknown[];
  };
  expect(told).toEqual({
    'a scheme, before ready': null,
    'a window, before ready': expect.stringContaining('before app is ready'),
    'a utility process, before ready': expect.stringContaining('before app is ready'),
    'the session, before ready': expect.stringContaining('before app is ready'),
    'a scheme, after ready': expect.stringContaining('before app is ready'),
    'a window with Node in it': expect.stringContaining('sandboxed'),
    'a utility process of no file': expect.stringContaining('Cannot find module'),
    'a function, posted': 'An object could not be cloned.',
    'a buffer, transferred': 'Port at index 0 is not a valid port',
    'a port, through itself': 'Port at index 0 contains the source port',
    'bytes, posted': null,
    'a port, through another': null,
    'a port, transferred twice': 'Port at index 0 is already neutered',
  });
  // Node's Buffer arrives as plain bytes, and what was sent before the end arrives before the end.
  expect(kinds).toEqual(['Uint8Array', 'take']);
});
