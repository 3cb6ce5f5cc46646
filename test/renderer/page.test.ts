// The built page in a browser, against the fake host, under the real Content-Security-Policy.

import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { CommandError } from '../../preload/contract/contract.ts';
import { decodeConsoleInput } from '../../preload/contract/input.ts';
import { scancodes } from '../../preload/contract/keys.ts';
import type { FakeHost } from './fake/host.ts';
import { fakeSnapshot } from './fake/busy-world.ts';
import { fakeTask } from './fake/history.ts';
import { fakeVm, OFF, PRIMARY, SECONDARY } from './fake/world.ts';
import { NO_BROWSER, PAGE_TEST, pageUnderTest } from './page-under-test.ts';

const off = fakeVm('Sample Linux');
const on = fakeVm('Sample Linux', { power: 'on', poweredOnAt: Date.now(), ft: { ...OFF, primary: PRIMARY } });
const guarded = { ...on, ftEnabled: true, ft: { ...on.ft, status: 'protected', secondary: SECONDARY } } as const;
const at = (tab: string) => `#/vm/${on.id}/${tab}`;

describe.skipIf(NO_BROWSER)('the page', PAGE_TEST, () => {
  const the = pageUnderTest();
  let host: FakeHost;
  let page: Page;
  beforeEach(() => void ({ host, page } = the));

  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const commands = () => host.world.performed.map((one) => one.command);
  const keysSent = () =>
    host.world.received.flatMap(({ bytes }) => {
      const input = decodeConsoleInput(bytes);
      return input.kind === 'keys' ? [...input.codes] : [];
    });

  test('the first start leads to a protected VM with one click, and to its console with the next', async () => {
    await page.goto(host.url);
    await button('Create a protected VM').click();
    await expect.poll(() => host.world.vms[0]?.ftEnabled).toBe(true);
    expect(host.world.performed).toEqual([
      { command: 'vm.create', args: { name: 'Sample Linux', sample: 'linux', memoryMB: 128 } },
      { command: 'power.on', args: { vm: on.id } },
      { command: 'ft.on', args: { vm: on.id } },
    ]);
    await page.locator('[data-testid=guide][data-step="2"]').waitFor();
    host.world.put(guarded);
    await page.getByRole('heading', { name: 'It is protected.' }).waitFor();
    await button('Open its console').click();
    await page.getByTestId('console-canvas').waitFor();
  });

  test('a failure on the way to the first VM is told, and the next click goes on from there', async () => {
    await page.goto(host.url);
    host.world.fail = new CommandError('failed', 'no space left on lab-desk');
    await button('Create a protected VM').click();
    await page.getByRole('alert').getByText('no space left on lab-desk').waitFor();
    await button('Create a protected VM').click();
    await expect.poll(() => host.world.vms[0]?.ftEnabled).toBe(true);
    expect(commands()).toEqual(['vm.create', 'vm.create', 'power.on', 'ft.on']);
  });

  test('a pair is one VM in the inventory, and its state is told in words', async () => {
    host.world.put(guarded);
    await page.goto(host.url + at('summary'));
    await page.getByTestId('ft-status').waitFor();
    expect(await page.getByTestId('ft-status').textContent()).toBe('Protected');
    const items = page.getByRole('treeitem');
    expect(await items.allTextContents()).toEqual([
      expect.stringContaining('Protected'),
      'Primary48112',
      'Secondary48190',
    ]);
  });

  test('a VM that was cut off is resumed from its checkpoint once it was said what is lost', async () => {
    const taken = Date.now() - 5 * 60_000;
    const about = { epoch: 9, bytes: 30 << 20, hash: 'ab', stunMs: 90 };
    const checkpoint = { ...about, at: taken, ranUntil: taken + 3 * 60_000 };
    host.world.put({ ...off, note: 'Powered off unexpectedly', checkpointMinutes: 5, checkpoint });
    await page.goto(host.url + at('snapshots'));
    await page.getByText(/^Every 5 minutes while the VM runs\. Last automatic checkpoint: .*, 5 min ago/).waitFor();
    await page.goto(host.url + at('summary'));
    const main = page.getByRole('main');
    await main.getByRole('button', { name: 'Resume from checkpoint…', exact: true }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.textContent()).toMatch(/Lost by going back3 min.*written to its disk, is lost\./);
    await dialog.getByRole('button', { name: 'Resume from checkpoint', exact: true }).click();
    await expect.poll(commands).toContain('checkpoint.resume');
  });

  test('a dimmed button says why, to the eye and to a screen reader', async () => {
    host.world.put(off);
    await page.goto(host.url + at('summary'));
    const crash = button('Crash primary');
    await crash.waitFor();
    expect(await crash.getAttribute('aria-disabled')).toBe('true');
    await crash.hover();
    await page.getByRole('tooltip').getByText('there is no primary to crash').waitFor();
    await crash.click({ force: true });
    expect(commands()).toEqual([]);
  });

  test('what was sent cannot be cancelled any more, and a failure is told though its dialog was closed', async () => {
    host.world.put(on);
    host.world.snapshots = [fakeSnapshot('before', null)];
    await page.goto(host.url + at('snapshots'));
    const revert = async () => {
      await page.getByRole('button', { name: 'Revert to before', exact: true }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Revert', exact: true }).click();
    };
    const held = Promise.withResolvers<void>();
    host.world.held = held.promise;
    host.world.fail = new CommandError('failed', 'The state cannot be read.');
    await revert();
    const cancel = page.getByRole('dialog').getByRole('button', { name: 'Cancel', exact: true });
    await expect.poll(() => cancel.getAttribute('aria-disabled')).toBe('true');
    await cancel.hover();
    await page.getByRole('tooltip').getByText('cannot be cancelled any more').waitFor();
    await cancel.click({ force: true });
    await page.getByRole('dialog').getByRole('button', { name: 'Close', exact: true }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    held.resolve();
    await page.getByRole('alert').getByText('The state cannot be read.').waitFor();
    await revert();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(commands()).toEqual(['snapshot.revert', 'snapshot.revert']);
  });

  test('powering off asks first, and Escape means no', async () => {
    host.world.put(on);
    await page.goto(host.url + at('summary'));
    await button('Power off').click();
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(commands()).toEqual([]);
    await button('Power off').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Power off' }).click();
    await page.getByTestId('power-status').getByText('Powered off').waitFor();
    expect(commands()).toEqual(['power.off']);
  });

  test("a failure is shown in the host's own words", async () => {
    host.world.put(guarded);
    await page.goto(host.url + at('summary'));
    host.world.fail = new CommandError('failed', 'process 48112 does not answer');
    await button('Crash primary').click();
    await page.getByRole('alert').getByText('process 48112 does not answer').waitFor();
  });

  test('keys go to the guest only while the console has the focus, and none stays down', async () => {
    host.world.put(on);
    await page.goto(host.url + at('console'));
    await page.locator('.console-sharp').waitFor();
    await page.keyboard.press('a');
    await page.getByTestId('console-canvas').click();
    await page.keyboard.down('Shift');
    await page.keyboard.press('KeyL');
    await page.getByText('The keyboard goes to the VM').waitFor();
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await page.getByText('Click to type').waitFor();
    const expected = [
      ['ShiftLeft', true],
      ['KeyL', true],
      ['KeyL', false],
      ['ShiftLeft', false],
    ] as const;
    await expect.poll(keysSent).toEqual(expected.flatMap(([code, pressed]) => scancodes(code, pressed) ?? []));
  });

  test('Ctrl+Alt gives the keyboard back', async () => {
    host.world.put(on);
    await page.goto(host.url + at('console'));
    await page.locator('.console-sharp').waitFor();
    await page.getByTestId('console-canvas').click();
    await page.keyboard.press('Control+Alt');
    await page.getByText('Click to type').waitFor();
    await page.keyboard.press('b');
    const keys = ['ControlLeft', 'AltLeft'];
    const down = keys.flatMap((code) => scancodes(code, true) ?? []);
    const up = keys.toReversed().flatMap((code) => scancodes(code, false) ?? []);
    await expect.poll(keysSent).toEqual([...down, ...up]);
  });

  test('the mouse goes to the guest as movement, without being captured', async () => {
    host.world.put(on);
    await page.goto(host.url + at('console'));
    await page.locator('.console-sharp').waitFor();
    const box = await page.getByTestId('console-canvas').boundingBox();
    const [x, y] = [(box?.x ?? 0) + 100, (box?.y ?? 0) + 100];
    await page.mouse.move(x, y);
    await page.mouse.click(x, y);
    await page.mouse.move(x + 30, y + 12);
    await page.mouse.down({ button: 'right' });
    await page.mouse.up({ button: 'right' });
    await page.mouse.wheel(0, 120);
    const mouse = () =>
      host.world.received
        .map(({ bytes }) => decodeConsoleInput(bytes))
        .flatMap((input) => (input.kind === 'mouse' ? [input] : []));
    await expect.poll(() => mouse().at(-1)?.wheel).toBe(1);
    expect(mouse().reduce((sum, one) => sum + one.dx, 0)).toBe(30);
    expect(mouse().reduce((sum, one) => sum + one.dy, 0)).toBe(12);
    expect(mouse().some((one) => one.buttons === 2)).toBe(true);
    expect(mouse().at(-1)?.buttons).toBe(0);
    expect(await page.evaluate(() => document.pointerLockElement)).toBeNull();
  });

  test("the canvas has the guest's own size and the guest's own pixels", async () => {
    host.world.put(on);
    await page.goto(host.url + at('console'));
    await page.locator('.console-sharp').waitFor();
    const lit = await page.getByTestId('console-canvas').evaluate((element) => {
      const canvas = element as HTMLCanvasElement;
      const data = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      return { width: canvas.width, height: canvas.height, lit: [...data].filter((value) => value === 0xaa).length };
    });
    expect(lit).toMatchObject({ width: 720, height: 400 });
    expect(lit.lit).toBeGreaterThan(1000);
  });

  test('the serial port is a terminal that sends what is typed', async () => {
    host.world.put(on);
    await page.goto(host.url + at('serial'));
    await page.getByText('Welcome to Sample Linux').waitFor();
    await page.keyboard.type('ls\n');
    const typed = () => Buffer.concat(host.world.received.map(({ bytes }) => bytes)).toString();
    await expect.poll(typed).toBe('ls\r');
  });

  test('the serial port gives the keyboard back at Ctrl+Alt, and at no other key', async () => {
    host.world.put(on);
    await page.goto(host.url + at('serial'));
    await page.getByText('Welcome to Sample Linux').waitFor();
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? null);
    for (const key of ['Tab', 'Shift+Tab', 'Escape', 'Control+Alt+x']) await page.keyboard.press(key);
    expect(await focused()).toBe('Terminal input');
    await page.keyboard.press('Control+Alt');
    await expect.poll(focused).toBe(null);
    await page.keyboard.press('Shift+Tab');
    expect(await page.evaluate(() => document.activeElement?.closest('.xterm') === null)).toBe(true);
  });

  test('the terminal ends above the recent tasks', async () => {
    host.world.put(on);
    await page.goto(host.url + at('serial'));
    await page.getByText('Welcome to Sample Linux').waitFor();
    const edge = (selector: string, side: 'top' | 'bottom') =>
      page.locator(selector).evaluate((element, which) => element.getBoundingClientRect()[which], side);
    expect(await edge('.xterm-screen', 'bottom')).toBeLessThanOrEqual(await edge('.guest-hint', 'top'));
    expect(await edge('.guest-hint', 'bottom')).toBeLessThanOrEqual(await edge('.tasks', 'top'));
  });

  test.each([
    [1280, 800],
    [1920, 1080],
  ])('messages cover neither the size of the screen nor the recent tasks, at %i × %i', async (width, height) => {
    host.world.put(guarded);
    for (let id = 1; id < 4; id++) host.world.task(fakeTask(guarded, id));
    await page.setViewportSize({ width, height });
    await page.goto(host.url + at('console'));
    await page.locator('.console-size').waitFor();
    for (const message of ['no such process', 'no such machine', 'no such disk']) {
      host.world.fail = new CommandError('failed', `It cannot be carried out: there is ${message} on lab-desk.`);
      await button('Crash primary').click();
      await page.getByRole('alert').getByText(message).waitFor();
    }
    const box = async (selector: string) => {
      const { y = 0, height: high = 0 } = (await page.locator(selector).boundingBox()) ?? {};
      return { top: y, bottom: y + high };
    };
    const isAbove = async () => {
      const messages = await box('.toasts');
      expect(messages.bottom).toBeLessThanOrEqual((await box('.console-size')).top);
      expect(messages.bottom).toBeLessThanOrEqual((await box('.tasks')).top);
    };
    await isAbove();
    await button('Show recent tasks').click();
    await isAbove();
  });

  test('a lost connection is told, dims what cannot be done, and comes back by itself', async () => {
    host.world.put(on);
    await page.goto(host.url + at('summary'));
    await button('Power off').waitFor();
    host.accept(false);
    host.drop();
    await page.getByText('Connection to Lockstep lost, reconnecting…').waitFor();
    expect(await button('Power off').getAttribute('aria-disabled')).toBe('true');
    host.world.put(guarded);
    host.accept(true);
    await page.getByTestId('ft-status').getByText('Protected', { exact: true }).waitFor();
    expect(await page.getByTestId('connection-banner').textContent()).toBe('');
  });

  test('a session that the host does not know gets a page that says what to do', async () => {
    host.accept('refuse');
    await page.goto(host.url);
    await page.getByRole('heading', { name: 'This link is no longer valid' }).waitFor();
  });

  test('a VM is cloned and exported from its menu, and what cannot be imported stays in the dialog', async () => {
    host.world.put(off);
    await page.goto(host.url + at('summary'));
    const more = async (action: string): Promise<void> => {
      await button('More actions').click();
      await page.getByRole('menuitem', { name: action }).click();
      await page.getByRole('dialog').waitFor();
    };
    await more('Clone…');
    await page.getByLabel('Name of the clone').fill('second');
    await button('Clone').click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await more('Export…');
    await page.getByLabel('File').fill('/tmp/web.zip');
    await page.getByText('with a name that ends in .lockstep').waitFor();
    await page.getByLabel('File').fill('/tmp/web.lockstep');
    await button('Export').click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await button('Import…').click();
    await page.getByLabel('Exported file').fill('/tmp/other.lockstep');
    host.world.fail = new CommandError('refused', '"/tmp/other.lockstep" cannot be imported: it is cut off.');
    await button('Import').click();
    await page.getByRole('alert').getByText('it is cut off').waitFor();
    expect(host.world.performed).toEqual([
      { command: 'vm.clone', args: { vm: off.id, name: 'second', linked: false } },
      { command: 'vm.export', args: { vm: off.id, file: '/tmp/web.lockstep', force: false } },
      { command: 'vm.import', args: { file: '/tmp/other.lockstep', keepMac: false } },
    ]);
  });

  test('everything can be reached by keyboard', async () => {
    host.world.put(on);
    await page.goto(host.url);
    await page.getByRole('treeitem').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('tab', { name: 'Summary' }).focus();
    for (const name of ['Console', 'Serial', 'Network', 'Snapshots', 'Monitor', 'Fault lab', 'Events']) {
      await page.keyboard.press('ArrowRight');
      await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe(name);
    }
    await page.keyboard.press('Enter');
    await page.getByText('Nothing has happened yet.').waitFor();
  });

  test('the theme that was chosen is kept', async () => {
    await page.goto(host.url);
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('menuitemradio', { name: 'Dark' }).click();
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(await ground()).toBe('rgb(14, 19, 25)');
    await page.reload();
    await page.getByRole('button', { name: 'Settings' }).waitFor();
    expect(await ground()).toBe('rgb(14, 19, 25)');
  });
});
