/**
 * Every action of the page, done by the mouse (its entry in the VM's menu, the buttons of its dialog) and by the
 * keyboard alone (command palette, Tab, Enter), and what the host was told by it.
 *
 * Invariant: an action that has no row here fails the first test.
 */
import type { Locator, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { CommandName, VmView } from '../../preload/contract/contract.ts';
import { ACTION_GROUPS, ACTIONS, isSubmenu } from '../../renderer/actions/index.ts';
import { KEY_ACTIONS } from '../../renderer/actions/send-keys.ts';
import { fakeVm, OFF, PRIMARY, SECONDARY } from './fake/world.ts';
import { NO_BROWSER, pageUnderTest } from './page-under-test.ts';

const WALK = { timeout: 300_000 } as const;
const on = { power: 'on', poweredOnAt: 1, ft: { ...OFF, primary: PRIMARY } } as const;
const guarded = {
  ...on,
  ftEnabled: true,
  ft: { ...OFF, status: 'protected', primary: PRIMARY, secondary: SECONDARY, generation: 1 },
} as const;
const files = { cdrom: '/srv/disc.iso', fda: '/srv/floppy.img' };
const hardware = { memoryMB: 64, guest: 'Disk image', files, cmdline: null };
const FILE = '/tmp/a.file';
const DISK = '/tmp/a.lsd';
const CHECKPOINT = { at: 1, epoch: 1, bytes: 1, hash: 'c0ffee', stunMs: 1, ranUntil: 2 };

/** A VM in each state that some action needs; the names have letters that no label has. */
const VMS = {
  off: fakeVm('Zulu-7'),
  on: fakeVm('Quebec-7', { ...on, hardware }),
  paused: fakeVm('Whisky-7', { ...on, power: 'paused' }),
  hanging: fakeVm('Foxtrot-7', { ...on, faults: [{ kind: 'hang-primary', at: 1, ms: null, pid: 1 }] }),
  guarded: fakeVm('Yankee-7', guarded),
  ftSuspended: fakeVm('Juliett-7', { ...guarded, ft: { ...guarded.ft, status: 'suspended', secondary: null } }),
  recording: fakeVm('Kilo-7', { ...on, recording: { file: FILE, startedAt: 1, epoch: 1 } }),
  withDisk: fakeVm('Romeo-7', { hardware: { ...hardware, files: { hda: DISK } } }),
  cutOff: fakeVm('Victor-7', { checkpointMinutes: 5, checkpoint: CHECKPOINT }),
  capturing: fakeVm('Xray-7', {
    ...on,
    nic: { ...fakeVm('').nic, capture: { file: FILE, frames: 1, dropped: 0 } },
  }),
} as const satisfies { readonly [state: string]: VmView };

interface Row {
  readonly vm: keyof typeof VMS;
  /** What the host is told, apart from which VM it is about. Null: nothing. */
  readonly sends: readonly [CommandName, object] | null;
  /** And what after that. */
  readonly followed?: readonly [CommandName, object];
  /** The dialog shows what came of it. */
  readonly stays?: true;
  /** A dialog comes first: what is changed in it, by the name of the field. Empty: nothing. */
  readonly dialog?: { readonly [field: string]: string };
  /** A question comes first. */
  readonly asks?: true;
  /** A window of its own comes. */
  readonly window?: true;
}

const fault = (kind: string, vm: Row['vm'], ms?: number): Row => ({
  vm,
  sends: ['fault', { kind, ...(ms !== undefined && { ms }) }],
});

const pressed = (id: string): Row => ({
  vm: 'on',
  sends: ['console.key', { combo: id.replace('key-', '').replaceAll('-', '+') }],
});

const ROWS: { readonly [id: string]: Row } = {
  'power-on': { vm: 'off', sends: ['power.on', {}] },
  shutdown: { vm: 'on', sends: ['power.shutdown', { timeoutSeconds: 60 }] },
  'power-off': { vm: 'on', asks: true, sends: ['power.off', {}] },
  suspend: { vm: 'on', sends: ['power.suspend', {}] },
  pause: { vm: 'on', sends: ['power.pause', {}] },
  resume: { vm: 'paused', sends: ['power.resume', {}] },
  reset: { vm: 'on', asks: true, sends: ['power.reset', {}] },
  'checkpoint-resume': { vm: 'cutOff', asks: true, sends: ['checkpoint.resume', {}] },
  'open-console': { vm: 'on', sends: null },
  'detach-console': { vm: 'on', sends: null, window: true },
  'ctrl-alt-del': { vm: 'on', sends: ['console.key', { combo: 'ctrl+alt+del' }] },
  ...Object.fromEntries(KEY_ACTIONS.map(({ id }) => [id, pressed(id)])),
  'paste-keys': { vm: 'on', dialog: { Text: 'ls' }, sends: ['console.type', { text: 'ls' }] },
  'copy-screen': { vm: 'on', sends: ['console.text', {}] },
  screenshot: { vm: 'on', sends: ['console.screenshot', {}] },
  'ft-on': { vm: 'on', sends: ['ft.on', {}] },
  'ft-off': { vm: 'guarded', sends: ['ft.off', {}] },
  'ft-suspend': { vm: 'guarded', sends: ['ft.suspend', {}] },
  'ft-resume': { vm: 'ftSuspended', sends: ['ft.resume', {}] },
  'ft-migrate': { vm: 'guarded', sends: ['ft.migrate', {}] },
  'ft-test-failover': { vm: 'guarded', sends: ['ft.testFailover', {}] },
  'ft-test-restart-secondary': { vm: 'guarded', sends: ['ft.testRestartSecondary', {}] },
  'ft-settings': {
    vm: 'guarded',
    dialog: { 'Slow it most from a lag of': '900' },
    sends: ['vm.set', { lagHardMs: 900 }],
  },
  'crash-primary': fault('crash-primary', 'on'),
  'crash-secondary': fault('crash-secondary', 'guarded'),
  'hang-primary': fault('hang-primary', 'on', 2000),
  'hang-secondary': fault('hang-secondary', 'guarded', 2000),
  'cut-channel': fault('cut-channel', 'guarded'),
  'delay-channel': fault('delay-channel', 'guarded', 50),
  'corrupt-secondary': fault('corrupt-secondary', 'guarded'),
  heal: fault('heal', 'hanging'),
  'insert-cdrom': {
    vm: 'off',
    dialog: { 'Image file': FILE },
    sends: ['media.insert', { drive: 'cdrom', file: FILE }],
  },
  'insert-folder': {
    vm: 'off',
    dialog: { Folder: '/tmp/papers' },
    sends: ['media.folder', { folder: '/tmp/papers' }],
  },
  'eject-cdrom': { vm: 'on', sends: ['media.eject', { drive: 'cdrom' }] },
  'insert-fda': {
    vm: 'off',
    dialog: { 'Image file': FILE },
    sends: ['media.insert', { drive: 'fda', file: FILE }],
  },
  'eject-fda': { vm: 'on', sends: ['media.eject', { drive: 'fda' }] },
  'disk-check': { vm: 'withDisk', dialog: {}, stays: true, sends: ['disk.check', { file: DISK, repair: false }] },
  'disk-compact': { vm: 'withDisk', sends: ['disk.compact', { file: DISK }] },
  'disk-extend': {
    vm: 'withDisk',
    dialog: { 'New size': '8G' },
    sends: ['disk.resize', { file: DISK, bytes: 2 ** 33 }],
  },
  'disk-export': {
    vm: 'withDisk',
    dialog: { File: FILE, Format: 'qcow2' },
    sends: ['disk.export', { file: DISK, target: FILE, format: 'qcow2' }],
  },
  'disk-import': {
    vm: 'off',
    dialog: { 'Disk image': '/tmp/a.vmdk' },
    sends: ['disk.import', { source: '/tmp/a.vmdk' }],
    followed: ['vm.edit', { hda: expect.stringMatching(/\.lsd$/) }],
  },
  'nic-edit': { vm: 'off', dialog: { 'Network card': 'NE2000' }, sends: ['nic.set', { type: 'ne2k' }] },
  'forward-add': {
    vm: 'on',
    dialog: { 'Port of this computer': '8080', 'Port of the guest': '80' },
    sends: ['forward.add', { protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 8080, guestPort: 80 }],
  },
  'capture-start': { vm: 'on', dialog: { File: FILE }, sends: ['capture.start', { file: FILE, force: false }] },
  'capture-stop': { vm: 'capturing', sends: ['capture.stop', {}] },
  'snapshot-take': {
    vm: 'guarded',
    dialog: { Name: 'before', Note: 'why' },
    sends: ['snapshot.take', { name: 'before', note: 'why' }],
  },
  'checkpoint-take': { vm: 'on', sends: ['checkpoint.take', {}] },
  'record-start': { vm: 'on', dialog: { File: FILE }, sends: ['record.start', { file: FILE, force: false }] },
  'record-stop': { vm: 'recording', sends: ['record.stop', {}] },
  edit: { vm: 'off', dialog: { Memory: '64' }, sends: ['vm.edit', { memoryMB: 64 }] },
  move: { vm: 'off', dialog: { 'Another, new folder': 'Lab' }, sends: ['vm.move', { folder: 'Lab' }] },
  clone: {
    vm: 'off',
    dialog: { 'Name of the clone': 'second' },
    sends: ['vm.clone', { name: 'second', linked: false }],
  },
  export: {
    vm: 'off',
    dialog: { File: '/tmp/a.lockstep' },
    sends: ['vm.export', { file: '/tmp/a.lockstep', force: false }],
  },
  delete: { vm: 'off', asks: true, sends: ['vm.delete', {}] },
};

/** The menu behind which an action is; null where it is in the VM's menu itself. */
function submenuOf(id: string): string | null {
  const entry = ACTION_GROUPS.flat().find((one) => isSubmenu(one) && one.actions.some((action) => action.id === id));
  return entry && isSubmenu(entry) ? entry.id : null;
}

test('every action has a row', () => {
  expect(Object.keys(ROWS)).toEqual(ACTIONS.map(({ id }) => id));
});

describe.skipIf(NO_BROWSER)('every action', WALK, () => {
  const the = pageUnderTest({ world: (world) => void Object.values(VMS).forEach((vm) => world.put(vm)) });

  /** Does all of them, each from the state that it needs, and looks at what the host was told. */
  const walk = async (perform: (id: string, row: Row) => Promise<void>): Promise<void> => {
    const { host, page } = the;
    await page.goto(host.url);
    for (const [id, row] of Object.entries(ROWS)) {
      const vm = VMS[row.vm];
      await page.locator(`[data-row="vm:${vm.id}"]`).waitFor();
      host.world.performed.length = 0;
      const opened = row.window ? page.waitForEvent('popup') : null;
      await perform(id, row);
      const shown = opened ? await opened : page;
      if (row.sends === null) await shown.getByTestId('console-canvas').waitFor();
      else {
        const sent = [row.sends, ...(row.followed ? [row.followed] : [])].map(([command, args]) => ({
          command,
          // A disk is named by its file.
          args: command.startsWith('disk.') ? args : { vm: vm.id, ...args },
        }));
        const told = () => host.world.performed.filter((one) => one.command.split('.')[1] !== 'list');
        await expect.poll(told, { message: id }).toEqual(sent);
      }
      if (opened) await shown.close();
      if (row.stays) {
        await page.locator('.disk-found').waitFor();
        await page.keyboard.press('Escape');
      }
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      // As it was, whatever the command has made of it.
      host.world.put(vm);
    }
  };

  test('is done with the mouse, from the menu of the VM', async () => {
    await walk(async (id, row) => {
      const { page } = the;
      await page.locator(`[data-row="vm:${VMS[row.vm].id}"]`).click({ button: 'right' });
      const submenu = submenuOf(id);
      if (submenu) await page.locator(`[data-menu=${submenu}]`).click();
      await page.locator(`[data-action=${id}]`).click();
      const dialog = page.getByRole('dialog');
      for (const [field, value] of Object.entries(row.dialog ?? {})) {
        const control = dialog.getByLabel(field, { exact: true });
        if (await isSelect(control)) await control.selectOption({ label: await optionNamed(control, value) });
        else await control.fill(value);
      }
      if (row.dialog || row.asks) await dialog.locator('.dialog-footer button').last().click();
    });
  });

  test('is done with the keyboard alone, from the palette', async () => {
    await walk(async (id, row) => {
      const { page } = the;
      const vm = VMS[row.vm];
      const label = ACTIONS.find((action) => action.id === id)?.label ?? '';
      await page.keyboard.press('Control+k');
      await page.locator('.palette input').waitFor();
      await page.keyboard.type(`${label.replace('…', '')} ${vm.name}`);
      const chosen = page.locator('.palette-item[aria-selected=true]');
      await expect.poll(() => chosen.getAttribute('data-item'), { message: id }).toBe(`${id}:${vm.id}`);
      await page.keyboard.press('Enter');
      if (!row.dialog && !row.asks) return;
      const dialog = page.getByRole('dialog');
      await dialog.locator('.dialog-footer').waitFor();
      for (const [field, value] of Object.entries(row.dialog ?? {})) {
        const control = dialog.getByLabel(field, { exact: true });
        await tabTo(page, control);
        if (!(await isSelect(control))) await page.keyboard.press('Control+a');
        await page.keyboard.type(value);
      }
      await tabTo(page, dialog.locator('.dialog-footer button').last());
      await page.keyboard.press('Enter');
    });
  });
});

function isSelect(control: Locator): Promise<boolean> {
  return control.evaluate((element) => element.tagName === 'SELECT');
}

/** The whole label of the option that begins with these words. */
async function optionNamed(control: Locator, begins: string): Promise<string> {
  const all = await control.locator('option').allTextContents();
  return all.find((label) => label.startsWith(begins)) ?? begins;
}

/** As a user without a mouse comes to a control. */
async function tabTo(page: Page, control: Locator): Promise<void> {
  for (let step = 0; step < 40; step++) {
    if (await control.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not lead to ${String(control)}`);
}
