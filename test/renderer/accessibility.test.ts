/**
 * What axe-core finds on every page, every tab, every dialog and every menu, in every theme, in both languages.
 *
 * Invariant: a page, tab or dialog that is not looked at here does not compile. What is the same around them (header,
 * inventory, tasks) is looked at with the first page and not again.
 */
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { TABS, type Route, type Tab } from '../../renderer/route.ts';
import type { OpenDialog } from '../../renderer/state.ts';
import { seriousFaultsInEveryTheme } from '../support/axe.ts';
import { busy } from './fake/busy-world.ts';
import { NO_BROWSER, pageUnderTest } from './page-under-test.ts';
import { SCENES } from './look/scenes.ts';
import { LEDGER } from './look/shell-scenes.ts';

const WALK = { timeout: 300_000 } as const;
const BODY = '.page, .dialog, .app-main:has(.detached-head)';

type Way = (page: Page) => Promise<void>;

const PAGES: { readonly [page in Exclude<Route['page'], 'vm' | 'console'>]: string } = {
  home: '#/',
  events: '#/events',
  alarms: '#/alarms',
  networks: '#/networks',
};

const WITH_DISK = 'vm-payroll';
const OFF = '#/vm/Windows 98/summary';
const BUSY = `#/vm/${LEDGER.id}/summary`;

/** By the palette, as its items are named in every language. */
const action =
  (id: string, vm = LEDGER.id): Way =>
  async (page) => {
    await page.keyboard.press('Control+k');
    await page.locator('.palette input').fill(id.replaceAll('-', ' '));
    await page.locator(`[data-item="${id}:${vm}"]`).click();
  };
const on98 =
  (way: Way): Way =>
  async (page) => {
    await goTo(page, OFF);
    await way(page);
  };
const onDisk =
  (way: Way): Way =>
  async (page) => {
    await goTo(page, `#/vm/${WITH_DISK}/summary`);
    await way(page);
  };
const key =
  (press: string): Way =>
  (page) =>
    page.keyboard.press(press);
const command =
  (id: string): Way =>
  async (page) => {
    await page.keyboard.press('Control+k');
    await page.locator('.palette input').fill(id.replaceAll('-', ' '));
    await page.locator(`[data-item="${id}"]`).click();
  };

/** How each dialog is opened. */
const DIALOGS: { readonly [kind in OpenDialog['kind']]: Way } = {
  newVm: async (page) => {
    await page.keyboard.press('Alt+n');
    await page.locator('.dialog details summary').first().click();
    await page.locator('.dialog input:not([type=radio])').first().fill('/etc');
  },
  edit: key('Control+d'),
  move: action('move'),
  media: action('insert-cdrom'),
  diskCheck: onDisk(async (page) => {
    await action('disk-check', WITH_DISK)(page);
    await page.locator('.dialog-footer button').last().click();
    await page.locator('.disk-found').waitFor();
  }),
  diskExtend: onDisk(async (page) => {
    await action('disk-extend', WITH_DISK)(page);
    await page.locator('.dialog-footer button').last().click();
  }),
  diskExport: onDisk(action('disk-export', WITH_DISK)),
  diskImport: onDisk(action('disk-import', WITH_DISK)),
  newFolder: command('new-folder'),
  renameFolder: async (page) => {
    await page.locator('[data-folder="Lab"]').focus();
    await page.keyboard.press('F2');
  },
  palette: async (page) => {
    await page.keyboard.press('Control+k');
    await page.keyboard.type('e');
  },
  shortcuts: key('?'),
  ftSettings: action('ft-settings'),
  record: action('record-start'),
  paste: action('paste-keys'),
  confirm: key('Control+e'),
  nic: on98(action('nic-edit', 'vm-windows-98')),
  capture: action('capture-start'),
  forward: action('forward-add'),
  snapshot: action('snapshot-take'),
  newNetwork: command('new-network'),
  clone: on98(action('clone', 'vm-windows-98')),
  export: on98(action('export', 'vm-windows-98')),
  import: command('import-vm'),
  checkpoint: on98(action('checkpoint-resume', 'vm-windows-98')),
};

/** States and menus that are neither a page nor a dialog. */
const LOOKED = ['home-empty', 'shell-guide', 'shell-menu', 'shell-settings-menu', 'shell-console-media', 'lost'];

async function goTo(page: Page, address: string): Promise<void> {
  await page.evaluate((hash) => void (location.hash = hash), address);
  await page.locator('.page, .detached-head').waitFor();
}

describe.skipIf(NO_BROWSER)('axe finds nothing serious', WALK, () => {
  const the = pageUnderTest({ world: busy });

  test('on any page or tab', async () => {
    const { host, page } = the;
    await page.goto(host.url);
    await page.locator('.page').waitFor();
    for (let second = 0; second < 60; second++) host.world.tick();
    const found = await seriousFaultsInEveryTheme(page);
    const addresses = [
      ...Object.values(PAGES),
      ...TABS.map((tab: Tab) => `#/vm/${LEDGER.id}/${tab}`),
      OFF,
      '#/vm/Accounts/summary',
      `#/console/${LEDGER.id}`,
    ];
    for (const address of addresses) {
      await goTo(page, address);
      if (/console|serial/.test(address)) await page.locator('canvas, .xterm-screen').first().waitFor();
      found.push(...(await seriousFaultsInEveryTheme(page, BODY)).map((fault) => `${address}: ${fault}`));
    }
    expect(found).toEqual([]);
  });

  test('in any dialog, in Chinese', async () => {
    const page = await the.open({ locale: 'zh-CN' });
    await page.goto(the.host.url);
    const found: string[] = [];
    for (const [kind, open] of Object.entries(DIALOGS)) {
      await goTo(page, BUSY);
      await open(page);
      await page.locator('.dialog').waitFor();
      found.push(...(await seriousFaultsInEveryTheme(page, '.dialog')).map((fault) => `${kind}: ${fault}`));
      await page.keyboard.press('Escape');
      await page.locator('.dialog').waitFor({ state: 'detached' });
    }
    expect(found).toEqual([]);
  });
});

describe.skipIf(NO_BROWSER)('axe finds nothing serious', WALK, () => {
  const the = pageUnderTest();

  test.each(LOOKED)('in the state %s', async (name) => {
    const scene = SCENES.find((one) => one.name === name);
    if (!scene) throw new Error(`there is no scene ${name}`);
    scene.before?.(the.host);
    await the.page.goto(the.host.url + (scene.at ?? ''));
    await scene.act(the.page, the.host);
    expect(await seriousFaultsInEveryTheme(the.page)).toEqual([]);
  });
});
