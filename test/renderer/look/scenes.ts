/**
 * The states worth looking at.
 *
 * Invariant: each begins from a fresh fake host and reaches its state as a user would see it.
 */
import { CommandError } from '../../../preload/contract/contract.ts';
import {
  AFTER,
  CONSOLE,
  CUT_OFF,
  failovers,
  FAULTS_NOW,
  faulty,
  FULL,
  LINUX,
  live,
  NEEDS,
  network,
  ON,
  ONLINE,
  others,
  PROTECTED,
  show,
  STARTING,
  story,
  SUMMARY,
  trouble,
} from './scene-states.ts';
import type { Scene } from './scene.ts';
import { SHELL_SCENES } from './shell-scenes.ts';

export const SCENES: readonly Scene[] = [
  ...SHELL_SCENES,
  { name: 'snapshots-none', at: `#/vm/${LINUX.id}/snapshots`, before: show(LINUX), act: live },
  { name: 'home-empty', act: live },
  {
    name: 'home',
    before: show(PROTECTED, (world) => (others(world), story(world, PROTECTED))),
    act: live,
  },
  { name: 'vm-off', at: SUMMARY, before: show(LINUX), act: live },
  { name: 'vm-note', at: '#/vm/Windows 98/summary', before: show(LINUX, others), act: live },
  { name: 'vm-on', at: SUMMARY, before: show(ON, (world) => story(world, ON)), act: live },
  { name: 'vm-starting', at: SUMMARY, before: show(STARTING, (world) => story(world, ON)), act: live },
  {
    name: 'vm-protected',
    at: SUMMARY,
    before: show(PROTECTED, (world) => (others(world), story(world, ON))),
    act: live,
  },
  { name: 'vm-after', at: SUMMARY, before: show(AFTER, (world) => story(world, ON)), act: live },
  { name: 'vm-needs', at: SUMMARY, before: show(NEEDS, (world) => story(world, ON)), act: live },
  { name: 'vm-full', at: SUMMARY, before: show(FULL, (world) => story(world, FULL)), act: live },
  {
    name: 'vm-trouble',
    at: SUMMARY,
    before: show(NEEDS, (world) => (others(world), story(world, NEEDS), trouble(world, NEEDS))),
    act: live,
  },
  {
    name: 'home-trouble',
    before: show(NEEDS, (world) => (others(world), story(world, NEEDS), trouble(world, NEEDS))),
    act: live,
  },
  {
    name: 'alarms',
    at: '#/alarms',
    before: show(NEEDS, (world) => (others(world), trouble(world, NEEDS))),
    act: live,
  },
  {
    name: 'monitor',
    at: `#/vm/${LINUX.id}/monitor`,
    before: show(PROTECTED, (world) => trouble(world, PROTECTED)),
    act: live,
  },
  {
    name: 'recording',
    at: SUMMARY,
    before: show({
      ...PROTECTED,
      recording: {
        file: '/home/ada/.local/share/lockstep/recordings/Sample Linux-2026-11-21T09-12-44.lockrec',
        startedAt: Date.now() - 95_000,
        epoch: 12,
      },
    }),
    act: live,
  },
  {
    name: 'record-dialog',
    at: SUMMARY,
    before: show(PROTECTED),
    act: async (page) => {
      await page.getByRole('button', { name: 'More actions' }).click();
      await page.getByRole('menuitem', { name: 'Record…' }).click();
    },
  },
  {
    name: 'ft-settings',
    at: SUMMARY,
    before: show(PROTECTED),
    act: async (page) => {
      await page.getByRole('button', { name: 'Edit FT settings…' }).click();
      await page.getByLabel('Slow it most from a lag of').fill('90');
    },
  },
  {
    name: 'network',
    at: `#/vm/${LINUX.id}/network`,
    before: show(ONLINE, (world) => (others(world), network(world))),
    act: (page) => page.getByText('Open in browser').first().waitFor(),
  },
  {
    name: 'network-capture',
    at: `#/vm/${LINUX.id}/network`,
    before: show({
      ...ONLINE,
      nic: {
        ...ONLINE.nic,
        capture: { file: '/home/ada/captures/Sample Linux-2026-11-21T09-12-44.pcapng', frames: 8123, dropped: 0 },
      },
    }),
    act: live,
  },
  { name: 'network-off', at: `#/vm/${LINUX.id}/network`, before: show(LINUX, network), act: live },
  {
    name: 'forward-dialog',
    at: `#/vm/${LINUX.id}/network`,
    before: show(ONLINE, network),
    act: async (page) => {
      await page.getByRole('button', { name: 'Add port forward…' }).click();
      await page.getByLabel('Port of this computer').fill('80800');
    },
  },
  {
    name: 'nic-dialog',
    at: `#/vm/${LINUX.id}/network`,
    before: show(LINUX, network),
    act: (page) => page.getByRole('button', { name: 'Edit network card…' }).click(),
  },
  {
    name: 'capture-dialog',
    at: `#/vm/${LINUX.id}/network`,
    before: show(ONLINE),
    act: (page) => page.getByRole('button', { name: 'Capture frames…' }).click(),
  },
  { name: 'networks', at: '#/networks', before: show(ONLINE, (world) => (others(world), network(world))), act: live },
  {
    name: 'network-new',
    at: '#/networks',
    before: show(ONLINE, network),
    act: async (page) => {
      await page.getByRole('button', { name: 'Add network…' }).click();
      await page.getByRole('textbox', { name: 'Name' }).fill('lab');
    },
  },
  {
    name: 'network-uplink',
    at: '#/networks',
    before: show(ONLINE, network),
    act: async (page) => {
      await page.getByRole('button', { name: 'Add network…' }).click();
      await page.getByRole('radio', { name: 'Uplink' }).check();
      await page.getByRole('textbox', { name: 'Socket' }).fill('/run/passt');
    },
  },
  {
    name: 'new-vm-advanced',
    before: show(ONLINE, network),
    act: async (page) => {
      await page.getByRole('button', { name: 'New virtual machine' }).click();
      await page.getByText('Other drives, network card').click();
    },
  },
  { name: 'lab', at: `#/vm/${LINUX.id}/faults`, before: show({ ...AFTER, faults: FAULTS_NOW }, faulty), act: live },
  { name: 'lab-off', at: `#/vm/${LINUX.id}/faults`, before: show(LINUX), act: live },
  { name: 'failover', at: SUMMARY, before: show(AFTER, failovers), act: live },
  {
    name: 'console',
    at: CONSOLE,
    before: show(PROTECTED),
    act: async (page) => {
      await page.getByTestId('console-canvas').click();
      await page.keyboard.type('ls');
    },
  },
  {
    name: 'console-fit',
    at: CONSOLE,
    before: show(ON),
    act: async (page) => {
      await page.locator('.console-sharp').waitFor();
      await page.locator('.console-bar [aria-haspopup=menu]').nth(1).click();
      await page.getByRole('menuitemradio').last().click();
    },
  },
  {
    name: 'console-keys',
    at: CONSOLE,
    before: show(PROTECTED),
    act: async (page) => {
      await page.locator('.console-sharp').waitFor();
      await page.locator('.console-bar [aria-haspopup=menu]').first().click();
    },
  },
  {
    name: 'console-full',
    at: CONSOLE,
    before: show(PROTECTED),
    act: async (page) => {
      await page.getByTestId('console-canvas').click();
      await page.keyboard.press('Control+Alt+Enter');
      await page.locator('.full-bar').waitFor();
    },
  },
  {
    name: 'console-detached',
    at: `#/console/${LINUX.id}`,
    before: show(AFTER),
    act: (page) => page.locator('.console-sharp').waitFor(),
  },
  {
    name: 'console-select',
    at: CONSOLE,
    before: show(PROTECTED),
    act: async (page) => {
      await page.locator('.console-sharp').waitFor();
      await page.getByRole('button', { name: /Select text|选择文本/ }).click();
      await page.keyboard.press('ArrowDown');
      for (let line = 0; line < 3; line++) await page.keyboard.press('Shift+ArrowDown');
    },
  },
  {
    name: 'console-paste',
    at: CONSOLE,
    before: show(PROTECTED),
    act: async (page) => {
      await page.getByRole('button', { name: /Paste as keystrokes|以按键方式粘贴/ }).click();
      await page.getByRole('textbox').last().fill('echo "caf\u00e9 \u2192 ok"\nls -l /\n');
    },
  },
  {
    name: 'console-typing',
    at: CONSOLE,
    before: show(PROTECTED),
    act: async (page) => {
      await page.getByRole('button', { name: /Paste as keystrokes|以按键方式粘贴/ }).click();
      await page.getByRole('textbox').last().fill('echo hello\n'.repeat(100));
      await page.locator('.dialog-footer button[type=submit]').click();
    },
  },
  {
    name: 'console-off',
    at: CONSOLE,
    before: show(ON),
    act: async (page, host) => {
      await page.locator('.console-sharp').waitFor();
      host.world.put(LINUX);
    },
  },
  {
    name: 'serial',
    at: `#/vm/${LINUX.id}/serial`,
    before: show(ON),
    act: (page) => page.getByText('Welcome to Sample Linux').waitFor(),
  },
  { name: 'events', at: `#/vm/${LINUX.id}/events`, before: show(ON, (world) => story(world, ON)), act: live },
  { name: 'events-all', at: '#/events', before: show(ON, (world) => story(world, ON)), act: live },
  {
    name: 'new-vm',
    before: show(ON),
    act: (page) => page.getByRole('button', { name: 'New virtual machine' }).click(),
  },
  {
    name: 'new-vm-errors',
    before: show(ON),
    act: async (page) => {
      await page.getByRole('button', { name: 'New virtual machine' }).click();
      await page.getByText('Linux kernel').first().click();
      await page.getByRole('dialog').getByLabel('Name').fill('/etc');
      await page.getByRole('textbox', { name: 'Memory' }).fill('4');
      await page.getByRole('button', { name: 'Create' }).click();
    },
  },
  {
    name: 'checkpoint',
    at: SUMMARY.replace('summary', 'snapshots'),
    before: show(CUT_OFF),
    act: async (page) => void (await page.getByText('Last automatic checkpoint').or(page.getByText('最近')).waitFor()),
  },
  {
    name: 'checkpoint-resume',
    at: SUMMARY,
    before: show(CUT_OFF),
    act: (page) =>
      page
        .getByRole('main')
        .getByRole('button', { name: /Resume from checkpoint…|从检查点恢复…/ })
        .click(),
  },
  {
    name: 'confirm',
    at: SUMMARY,
    before: show(ON),
    act: (page) => page.getByRole('button', { name: 'Power off' }).click(),
  },
  {
    name: 'menu-and-toast',
    at: SUMMARY,
    before: show(PROTECTED),
    act: async (page, host) => {
      await live(page, host);
      host.world.fail = new CommandError(
        'failed',
        'The primary (process 48112) could not be stopped: no such process. It may have ended already.',
      );
      await page.getByRole('button', { name: 'Crash primary' }).click();
      await page.getByRole('button', { name: 'More actions' }).click();
    },
  },
  {
    name: 'reason',
    at: SUMMARY,
    before: show(LINUX),
    act: (page) =>
      page
        .getByRole('button', { name: 'Crash primary' })
        .hover()
        .then(() => page.waitForTimeout(600)),
  },
  {
    name: 'lost',
    at: SUMMARY,
    before: show(PROTECTED),
    mayFail: /WebSocket/,
    act: async (page, host) => {
      await live(page, host);
      host.accept(false);
      host.drop();
    },
  },
  {
    name: 'refused',
    before: (host) => host.accept('refuse'),
    act: async (page) => void (await page.waitForTimeout(500)),
  },
  {
    name: 'unreachable',
    before: (host) => host.accept(false),
    mayFail: /WebSocket/,
    act: async (page) => void (await page.waitForTimeout(600)),
  },
];
