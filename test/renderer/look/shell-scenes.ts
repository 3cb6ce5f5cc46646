/**
 * The states of the frame that are worth looking at: tree, palette, forms of a VM, the first VM.
 *
 * Invariant: found by what does not depend on the language, so that every language can be looked at.
 */
import type { Page } from 'playwright-core';
import type { FakeHost } from '../fake/host.ts';
import { fakeAlarm } from '../fake/history.ts';
import { fakeVm, OFF, PRIMARY, SECONDARY, type FakeWorld } from '../fake/world.ts';
import type { Scene } from './scene.ts';

const on = { power: 'on', poweredOnAt: Date.now() - 754_000 } as const;
const guarded = {
  ...on,
  ftEnabled: true,
  ft: { ...OFF, status: 'protected', primary: PRIMARY, secondary: SECONDARY, generation: 2 },
} as const;
const files = { hda: '/srv/images/ledger.lsd', cdrom: '/srv/iso/debian-13-netinst.iso' };
export const LEDGER = fakeVm('Ledger', {
  ...guarded,
  folder: 'Production/Databases',
  hardware: { memoryMB: 512, guest: 'Disk image', files, cmdline: null },
});

/** A small company's host. */
export function company(world: FakeWorld): void {
  world.folders = ['Lab', 'Production', 'Production/Databases', 'Production/Web'];
  world.put(LEDGER);
  world.put(
    fakeVm('Accounts', {
      ...guarded,
      folder: 'Production/Databases',
      ft: { ...guarded.ft, status: 'needSecondary', reason: 'lostConnection', secondary: null },
    }),
  );
  world.put(fakeVm('Shop', { ...guarded, folder: 'Production/Web' }));
  world.put(fakeVm('Static pages', { ...on, folder: 'Production/Web', ft: { ...OFF, primary: PRIMARY } }));
  world.put(fakeVm('Build server', { ...on, power: 'paused', folder: 'Lab', ft: { ...OFF, primary: PRIMARY } }));
  world.put(
    fakeVm('Windows 98', { folder: 'Lab', note: 'Powered off unexpectedly: Lockstep was ended while this VM ran.' }),
  );
  world.put(
    fakeVm('Sample Linux', {
      ...on,
      ftEnabled: true,
      ft: { ...OFF, status: 'starting', primary: PRIMARY, starting: { phase: 'copying', copied: 0.46 } },
    }),
  );
  world.alarm(fakeAlarm(world.find('Accounts'), 1));
}

export function crowd(world: FakeWorld): void {
  world.folders = Array.from({ length: 10 }, (_, index) => `Rack ${index + 1}`);
  world.vms = Array.from({ length: 200 }, (_, index) =>
    fakeVm(`node ${index + 1}`, {
      folder: `Rack ${(index % 10) + 1}`,
      ...(index % 3 === 0 ? {} : index % 3 === 1 ? guarded : on),
    }),
  );
}

const at = (tab: string) => `#/vm/${LEDGER.id}/${tab}`;
const show = (host: FakeHost) => company(host.world);

async function live(page: Page, host: FakeHost): Promise<void> {
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await page.waitForTimeout(150);
  for (let second = 0; second < 95; second++) host.world.tick();
}

const row = (page: Page, id: string) => page.locator(`[data-row="${id}"]`);
const folder = (path: string) => `folder:${path.toLowerCase()}`;

export const SHELL_SCENES: readonly Scene[] = [
  { name: 'shell-home', before: show, act: live },
  { name: 'shell-vm', at: at('summary'), before: show, act: live },
  {
    name: 'shell-menu',
    at: at('summary'),
    before: show,
    act: async (page) => {
      await row(page, `vm:${LEDGER.id}`).focus();
      await page.keyboard.press('Shift+F10');
      for (let step = 0; step < 30; step++) {
        await page.keyboard.press('ArrowDown');
        if ((await page.evaluate(() => document.activeElement?.getAttribute('aria-haspopup'))) === 'menu') break;
      }
      await page.keyboard.press('ArrowRight');
    },
  },
  {
    name: 'shell-folder-menu',
    before: show,
    act: (page) => row(page, folder('Production/Web')).click({ button: 'right' }),
  },
  {
    name: 'shell-search',
    before: show,
    act: async (page) => {
      await row(page, folder('Lab')).waitFor();
      await page.keyboard.press('/');
      await page.keyboard.type('s');
    },
  },
  {
    name: 'shell-palette',
    at: at('summary'),
    before: show,
    act: async (page) => {
      await row(page, folder('Lab')).waitFor();
      await page.keyboard.press('Control+k');
      await page.keyboard.type('f');
    },
  },
  {
    name: 'shell-palette-other',
    before: show,
    act: async (page) => {
      await row(page, folder('Lab')).waitFor();
      await page.keyboard.press('Control+k');
      await page.keyboard.type('shop cr');
    },
  },
  {
    name: 'shell-shortcuts',
    before: show,
    act: async (page) => {
      await row(page, folder('Lab')).waitFor();
      await page.keyboard.press('?');
    },
  },
  {
    name: 'shell-edit',
    at: '#/vm/Windows 98/summary',
    before: show,
    act: async (page) => {
      await page.locator('.summary').waitFor();
      await page.keyboard.press('Control+d');
    },
  },
  {
    name: 'shell-edit-running',
    at: at('summary'),
    before: show,
    act: async (page) => {
      await page.locator('.summary').waitFor();
      await page.keyboard.press('Control+d');
    },
  },
  {
    name: 'shell-new-disk',
    before: show,
    act: async (page) => {
      await row(page, folder('Lab')).waitFor();
      await page.keyboard.press('Alt+n');
      await page.locator('.choice').nth(3).click();
      await page.locator('.form-files select').selectOption('new');
      await page.locator('.dialog-footer button[type=submit]').click();
    },
  },
  {
    name: 'shell-settings-menu',
    before: show,
    act: (page) => page.locator('.header .button-icon').last().click(),
  },
  {
    name: 'shell-console-media',
    at: at('console'),
    before: show,
    act: async (page) => {
      await page.locator('.console-sharp').waitFor();
      await page.locator('.console-bar [aria-haspopup=menu]').last().click();
    },
  },
  {
    name: 'shell-guide',
    act: async (page, host) => {
      await page.locator('.welcome-first button').click();
      await page.locator('[data-step="2"]').waitFor();
      host.world.tick();
    },
  },
  {
    name: 'shell-guide-done',
    act: async (page, host) => {
      await page.locator('.welcome-first button').click();
      await page.locator('[data-step="2"]').waitFor();
      const [vm] = host.world.vms;
      if (vm) host.world.put({ ...vm, ft: { ...guarded.ft } });
    },
  },
  { name: 'shell-crowd', before: (host) => crowd(host.world), act: live },
];
