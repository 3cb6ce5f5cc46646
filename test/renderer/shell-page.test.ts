// The frame of the built page in a browser, against the fake host: tree, palette, forms, languages, themes.

import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { CommandError } from '../../preload/contract/contract.ts';
import { EVENTS_PAGE } from '../../renderer/views/history/events-query.ts';
import type { FakeHost } from './fake/host.ts';
import { NO_BROWSER, PAGE_TEST, pageUnderTest } from './page-under-test.ts';
import { company, crowd, LEDGER } from './look/shell-scenes.ts';

const VM = `#/vm/${LEDGER.id}/summary`;

describe.skipIf(NO_BROWSER)('the frame of the page', PAGE_TEST, () => {
  const the = pageUnderTest({ world: company, mayFail: /WebSocket|Failed to load resource/ });
  let host: FakeHost;
  let page: Page;
  beforeEach(() => void ({ host, page } = the));

  const row = (id: string) => page.locator(`[data-row="${id}"]`);
  const vmRow = (name: string) => page.locator(`[data-vm="${name}"]`);
  const folderRow = (path: string) => page.locator(`[data-folder="${path}"]`);
  const last = () => host.world.performed.at(-1);
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-row'));
  const text = (field: string) => page.getByRole('dialog').getByLabel(field, { exact: true });

  test('the tree is walked, folded and opened by the keyboard', async () => {
    await page.goto(host.url);
    await folderRow('Lab').focus();
    await page.keyboard.press('ArrowLeft');
    expect(await vmRow('Build server').count()).toBe(0);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toBe(`vm:${LEDGER.id}`);
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toBe(`vm:${LEDGER.id}:primary`);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Ledger', level: 1 }).waitFor();
    await page.keyboard.type('shop');
    expect(await focused()).toBe('vm:vm-shop');
    await page.reload();
    await folderRow('Lab').waitFor();
    expect(await vmRow('Build server').count()).toBe(0);
  });

  test('folders are made, renamed and deleted, and a VM is moved, by keys and by dragging', async () => {
    await page.goto(host.url);
    await folderRow('Lab').focus();
    await page.keyboard.press('Shift+F10');
    await page.getByRole('menuitem', { name: 'New folder…' }).click();
    await text('Name').fill('Old');
    await page.keyboard.press('Enter');
    await folderRow('Lab/Old').waitFor();
    await folderRow('Lab/Old').focus();
    await page.keyboard.press('F2');
    await text('Name').fill('Archive');
    await page.keyboard.press('Enter');
    await vmRow('Windows 98').dragTo(folderRow('Lab/Archive'));
    await expect.poll(last).toEqual({ command: 'vm.move', args: { vm: 'vm-windows-98', folder: 'Lab/Archive' } });
    await expect.poll(() => vmRow('Windows 98').getAttribute('aria-level')).toBe('3');
    await folderRow('Lab/Archive').focus();
    await page.keyboard.press('Delete');
    await expect.poll(() => vmRow('Windows 98').getAttribute('aria-level')).toBe('2');
    await vmRow('Windows 98').click();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('move to');
    await page.keyboard.press('Enter');
    await text('Folder').selectOption('Production/Web');
    await page.getByRole('dialog').getByRole('button', { name: 'Move' }).click();
    await expect.poll(last).toEqual({ command: 'vm.move', args: { vm: 'vm-windows-98', folder: 'Production/Web' } });
  });

  test('the palette runs an action, says why another cannot be, and leads to VMs', async () => {
    await page.goto(host.url + VM);
    await vmRow('Ledger').waitFor();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('turn on');
    const [first] = await page.getByRole('option').all();
    expect(await first?.textContent()).toContain('already turned on for "Ledger"');
    await page.keyboard.press('Enter');
    expect(host.world.performed).toEqual([]);
    await page.getByRole('combobox').fill('crash pri');
    await page.keyboard.press('Enter');
    await expect.poll(last).toEqual({ command: 'fault', args: { vm: LEDGER.id, kind: 'crash-primary' } });
    await page.keyboard.press('Control+k');
    await page.keyboard.type('shop pause');
    await page.keyboard.press('Enter');
    await expect.poll(last).toEqual({ command: 'power.pause', args: { vm: 'vm-shop' } });
    await page.keyboard.press('Control+k');
    await page.keyboard.type('static');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Static pages', level: 1 }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  test('settings are changed where they may be; a medium goes in and out', async () => {
    await page.goto(host.url + '#/vm/Windows 98/summary');
    await page.locator('.summary').waitFor();
    await page.keyboard.press('Control+d');
    await text('Name').fill('Windows 98 SE');
    await text('Memory').fill('64');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect.poll(last).toEqual({
      command: 'vm.edit',
      args: { vm: 'vm-windows-98', name: 'Windows 98 SE', memoryMB: 64 },
    });
    await page.getByRole('heading', { name: 'Windows 98 SE', level: 1 }).waitFor();
    await vmRow('Ledger').click();
    await page.keyboard.press('Control+d');
    expect(await text('Memory').getAttribute('readonly')).not.toBeNull();
    await text('CD image (ISO)').fill('/srv/other.iso');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect.poll(last).toEqual({
      command: 'media.insert',
      args: { vm: LEDGER.id, drive: 'cdrom', file: '/srv/other.iso' },
    });
    // Over an open dialog there is no palette; it closes when the host has answered.
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('Control+k');
    await page.keyboard.type('eject cd');
    await page.keyboard.press('Enter');
    await expect.poll(last).toEqual({ command: 'media.eject', args: { vm: LEDGER.id, drive: 'cdrom' } });
  });

  test('an image of another program is converted before the VM is made; what is wrong with it is told', async () => {
    await page.goto(host.url);
    await folderRow('Lab').waitFor();
    await page.keyboard.press('Alt+n');
    await page.getByRole('radio', { name: /^Hard disk/ }).check();
    await text('Hard disk image').fill('/srv/old.vmdk');
    await page.getByText('An image of another program').waitFor();
    const create = page.getByRole('button', { name: 'Create', exact: true });
    host.world.fail = new CommandError('refused', '"/srv/old.vmdk" stands on another file.');
    await create.click();
    await page.locator('.field-wrong').getByText('stands on another file').waitFor();
    const told = () =>
      host.world.performed
        .filter(({ command }) => command === 'disk.import' || command === 'vm.create')
        .map(({ command, args }) => [command, args['source'] ?? args['hda']]);
    await text('Name').fill('Converted');
    await create.click();
    const imported = ['disk.import', '/srv/old.vmdk'];
    const made = ['vm.create', expect.stringMatching(/imported-.*\.lsd$/)];
    await expect.poll(told).toEqual([imported, imported, made]);
  });

  test("the host's error stands beside the field, and what was typed outlives a lost host and a reload", async () => {
    await page.goto(host.url);
    await folderRow('Lab').waitFor();
    await page.keyboard.press('Alt+n');
    await page.getByRole('radio', { name: /^Hard disk/ }).check();
    await text('Hard disk image').fill('/srv/missing.img');
    host.world.fail = new CommandError('refused', '"/srv/missing.img" does not exist. Check the path.');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.locator('.field-wrong').getByText('does not exist').waitFor();
    expect(await text('Hard disk image').getAttribute('aria-invalid')).toBe('true');
    host.accept(false);
    host.drop();
    await page.getByRole('dialog').getByText('What was typed is kept').waitFor();
    host.accept(true);
    await page.reload();
    await folderRow('Lab').waitFor();
    await page.keyboard.press('Alt+n');
    expect(await text('Hard disk image').inputValue()).toBe('/srv/missing.img');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await expect.poll(() => host.world.performed.map(({ command }) => command)).toContain('power.on');
    await page.keyboard.press('Alt+n');
    expect(await page.getByRole('radio', { name: /^Sample Linux/ }).isChecked()).toBe(true);
  });

  test("the browser's language is spoken and no other one loaded, and one that is chosen is kept", async () => {
    const loadsChinese = () =>
      page.evaluate(() => performance.getEntriesByType('resource').some(({ name }) => name.includes('zh-cn')));
    page = await the.open({ locale: 'zh-CN' });
    await page.goto(host.url + VM);
    await page.getByTestId('ft-status').getByText('受保护').waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('zh-CN');
    expect(await loadsChinese()).toBe(true);
    await page.getByRole('button', { name: '设置', exact: true }).click();
    await page.getByRole('menuitemradio', { name: 'English' }).click();
    await page.getByTestId('ft-status').getByText('Protected').waitFor();
    await page.reload();
    await page.getByRole('tab', { name: 'Fault lab' }).waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('en');
    expect(await loadsChinese()).toBe(false);
  });

  test('logging out asks the host, and shows nothing any more', async () => {
    await page.route('**/logout', (route) => route.fulfill({ status: 200, body: 'You are logged out.' }));
    await page.goto(host.url + VM);
    await page.getByRole('button', { name: 'Settings', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'You are logged out' }).waitFor();
    expect(await page.getByRole('tree').count()).toBe(0);
  });

  test('what changes is told to screen readers, and nothing that was there before', async () => {
    await page.goto(host.url);
    await vmRow('Shop').waitFor();
    const told = page.getByTestId('announcer');
    expect(await told.textContent()).toBe('');
    const shop = host.world.find('Shop');
    host.world.put({ ...shop, ft: { ...shop.ft, status: 'needSecondary', reason: 'lostConnection' } });
    await expect.poll(() => told.textContent()).toBe('Shop: Need Secondary VM');
  });

  test('of 200 VMs one that changes is one row that is drawn again', async () => {
    crowd(host.world);
    await page.goto(host.url);
    await vmRow('node 200').waitFor();
    await page.evaluate(() => {
      const changed = new Set<string>();
      Object.assign(globalThis, { changedRows: changed });
      const tree = document.querySelector('[role=tree]');
      const rowOf = (node: Node) => (node instanceof Element ? node : node.parentElement)?.closest('[data-row]');
      new MutationObserver((records) => {
        for (const { target } of records) changed.add(rowOf(target)?.getAttribute('data-row') ?? 'tree');
      }).observe(tree as Element, { subtree: true, childList: true, attributes: true, characterData: true });
    });
    const node = host.world.find('node 1');
    host.world.put({ ...node, power: 'on', poweredOnAt: 1 });
    await vmRow('node 1').getByText('Powered on').waitFor();
    const rows = await page.evaluate(() => [...(globalThis as unknown as { changedRows: Set<string> }).changedRows]);
    expect(rows).toEqual([`vm:${node.id}`]);
    await page.keyboard.press('/');
    await page.keyboard.type('node 19');
    await expect.poll(() => page.locator('[data-vm]').count()).toBe(11);
  });

  test('100,000 events that come at once, about 200 VMs, are taken in', async () => {
    crowd(host.world);
    const { vms } = host.world;
    const told = { at: Date.now(), kind: 'power.on', severity: 'info', message: 'Powered on.', data: {} } as const;
    host.world.events = Array.from({ length: 100_000 }, (_, index) => {
      const { id, name } = vms[index % vms.length] ?? LEDGER;
      return { ...told, id: index + 1, vm: { id, name } };
    });
    await page.goto(`${host.url}#/events`);
    await page.locator('tr[data-kind]').first().waitFor({ timeout: 60_000 });
    // What is drawn does not grow with the history: a page of it, and the inventory.
    const drawn = () => page.evaluate(() => document.querySelectorAll('*').length);
    expect(await page.locator('tr[data-kind]').count()).toBeLessThanOrEqual(EVENTS_PAGE);
    const before = await drawn();
    expect(before).toBeLessThan(20_000);
    for (let more = 0; more < 100; more++) host.world.event(vms[more % 200] ?? LEDGER, 'power.off', `More: ${more}.`);
    await page.getByText('More: 99.').waitFor();
    expect(await drawn()).toBeLessThan(before + 100 * 20);
    await page.getByRole('searchbox', { name: 'Search events' }).fill('node 150');
    await expect.poll(() => page.locator('tr[data-kind]').count()).toBe(EVENTS_PAGE);
    await page.getByRole('button', { name: 'Show older events' }).click();
    await expect.poll(() => page.locator('tr[data-kind]').count()).toBe(2 * EVENTS_PAGE);
    await page.getByRole('searchbox', { name: 'Search events' }).fill('no such thing');
    await page.getByText('No event matches the filter.').waitFor();
    // The tree is as alive as before.
    await vmRow('node 200').click();
    await page.getByRole('heading', { name: 'node 200', level: 1 }).waitFor();
  });

  test('nothing is cut off: the inventory’s buttons, the scales of charts, the bar of the console', async () => {
    crowd(host.world);
    await page.setViewportSize({ width: 1920, height: 1080 });
    await page.goto(`${host.url}#/vm/node 2/summary`);
    await page.locator('.plot-note').nth(3).waitFor();
    host.world.tick();
    await page.locator('.plot-small dd', { hasText: 'MIPS' }).waitFor();
    const cut = await page
      .locator('.plot-note')
      .evaluateAll((notes) => notes.filter((note) => note.scrollWidth > note.clientWidth).length);
    expect(cut).toBe(0);
    const right = async (selector: string) => {
      const { x = 0, width = 0 } = (await page.locator(selector).last().boundingBox()) ?? {};
      return x + width;
    };
    expect(await right('.inventory-head .button')).toBeLessThan(await right('.inventory-head'));
    await page.setViewportSize({ width: 1024, height: 640 });
    await page.getByRole('tab', { name: 'Console' }).click();
    const bar = page.locator('.console-bar');
    await bar.getByRole('button', { name: 'Crash primary' }).waitFor();
    expect((await bar.boundingBox())?.height).toBe(42);
  });

  test('forced colours show what is chosen, and less motion moves nothing', async () => {
    await page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
    await page.goto(host.url + VM);
    await vmRow('Ledger').waitFor();
    const look = await row(`vm:${LEDGER.id}`).evaluate((element) => getComputedStyle(element).backgroundColor);
    const other = await vmRow('Shop').evaluate((element) => getComputedStyle(element).backgroundColor);
    expect(look).not.toBe(other);
    const moving = await vmRow('Ledger')
      .locator('.tree-fold .icon')
      .evaluate((element) => getComputedStyle(element).transitionDuration);
    expect(Number.parseFloat(moving)).toBe(0);
  });
});
