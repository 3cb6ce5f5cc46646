/**
 * Networks through the page, in a real browser, of a real host with a real guest: a port forward made there leads to
 * the guest, its frames are counted and captured, and the console's loudspeaker listens.
 * `LOCKSTEP_SCREENSHOTS=DIR` keeps pictures of the way.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import path from 'node:path';
import { chromium as browserType, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromium, CHROMIUM_ARGS } from '../support/chromium.ts';
import { TestHost } from '../support/host.ts';

const executablePath = chromium();
const VM = 'Sample Linux';

describe.skipIf(!executablePath)('networks on the page, in Chromium', () => {
  const host = new TestHost();
  const problems: string[] = [];
  let browser: Browser;
  let page: Page;
  let port = 0;

  beforeAll(async () => {
    await host.start();
    browser = await browserType.launch({ executablePath: executablePath ?? '', args: [...CHROMIUM_ARGS] });
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.setDefaultTimeout(10_000);
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    port = await freePort();
  });

  afterAll(async () => {
    await browser?.close();
    await host.stop();
    host.remove();
  });

  const picture = async (name: string): Promise<void> => {
    const folder = process.env['LOCKSTEP_SCREENSHOTS'];
    if (folder) await page.screenshot({ path: path.join(folder, `${name}.png`) });
  };
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const row = (hostPort: number) => page.locator(`[data-forward="udp:127.0.0.1:${hostPort}:9"]`);
  const frames = async (way: 'in' | 'out'): Promise<number> =>
    Number((await page.getByTestId(`frames-${way}`).textContent())?.replaceAll(',', ''));

  test('the card and its address are shown, and what it counts once the VM runs', { timeout: 120_000 }, async () => {
    await page.goto(host.url);
    await button('New virtual machine').click();
    await button('Create').click();
    await page.getByRole('tab', { name: 'Network' }).click();
    const { nic } = await host.call('vm.show', { vm: VM });
    expect(nic.address).toMatch(/^10\.77\.0\.\d+$/);
    await page
      .getByRole('definition')
      .getByText(nic.address ?? '')
      .first()
      .waitFor();
    // It asks for its address.
    await expect.poll(() => frames('out').catch(() => 0), { timeout: 60_000 }).toBeGreaterThanOrEqual(2);
  });

  test('a port forward made on the page leads to the guest, and the counters move', { timeout: 60_000 }, async () => {
    await button('Add port forward…').click();
    await page.getByLabel('Protocol').selectOption('udp');
    await page.getByLabel('Port of this computer').fill(String(port));
    await page.getByLabel('Port of the guest').fill('9');
    await page.keyboard.press('Enter');
    await row(port).getByText('Listening').waitFor();
    const before = { in: await frames('in'), out: await frames('out') };
    // The guest answers that nobody listens there: frames both ways.
    const knock = () => send(port);
    await expect.poll(() => knock().then(() => frames('in')), { timeout: 20_000 }).toBeGreaterThan(before.in);
    await expect.poll(() => knock().then(() => frames('out')), { timeout: 20_000 }).toBeGreaterThan(before.out);
    await expect.poll(() => page.getByTestId('guest-address').textContent()).toMatch(/^10\.77\.0\.\d+$/);
    await picture('network');
  });

  test('"Open in browser" leads to the web server of the guest', { timeout: 60_000 }, async () => {
    const web = await freePort();
    await button('Add port forward…').click();
    await page.getByLabel('Address of this computer').fill(`tcp:${web}:80`);
    await button('Add').click();
    const made = page.locator(`[data-forward="tcp:127.0.0.1:${web}:80"]`);
    const link = await made.getByRole('link', { name: 'Open in browser' }).getAttribute('href');
    const answered = async (): Promise<number> => (await fetch(link ?? '').catch(() => ({ status: 0 }))).status;
    await expect.poll(answered, { timeout: 20_000 }).toBe(200);
    await made.getByRole('button', { name: 'Remove' }).click();
    await made.waitFor({ state: 'detached' });
  });

  test('what the host refuses is told in its own words', async () => {
    await button('Add port forward…').click();
    await page.getByLabel('Address of this computer').fill(`udp:${port}:80`);
    await button('Add').click();
    await page.getByRole('alert').getByText('There is already a forward').waitFor();
    await page.getByLabel('Address of this computer').fill('nowhere');
    await button('Add').click();
    await page.getByRole('alert').getByText('nowhere').waitFor();
    await picture('forward-refused');
    await button('Cancel').click();
  });

  test('frames are captured in a file while the page shows it', { timeout: 60_000 }, async () => {
    await button('Capture frames…').click();
    const file = await page.getByLabel('File').inputValue();
    await button('Start capture').click();
    await page.getByRole('status').getByText('Capturing').waitFor();
    const captured = async () => (await host.call('vm.show', { vm: VM })).nic.capture?.frames ?? 0;
    await expect.poll(() => send(port).then(captured), { timeout: 20_000 }).toBeGreaterThan(3);
    await picture('capture');
    await button('Stop capture').click();
    await page.getByText('Nothing is being captured.').waitFor();
    expect(statSync(file).size).toBeGreaterThan(300);
  });

  test('a forward is changed and removed while the VM runs', async () => {
    const other = await freePort();
    await row(port).getByRole('button', { name: 'Edit' }).click();
    await page.getByLabel('Port of this computer').fill(String(other));
    await button('Save').click();
    await row(port).waitFor({ state: 'detached' });
    await row(other).getByText('Listening').waitFor();
    await row(other).getByRole('button', { name: 'Remove' }).click();
    await page.getByText('No port of this computer leads to the guest.').waitFor();
    expect(await host.call('forward.list', {})).toEqual([]);
  });

  test('networks are made and deleted, but not one that a VM is on', async () => {
    await page.getByRole('navigation').getByRole('button', { name: 'Networks' }).click();
    const nat = page.locator('[data-network=nat]');
    await nat.getByRole('button', { name: VM }).waitFor();
    expect(await nat.getByRole('button', { name: 'Delete network' }).getAttribute('aria-disabled')).toBe('true');
    await button('Add network…').click();
    await page.getByRole('textbox', { name: 'Name' }).fill('lab');
    await button('Add').click();
    await page.locator('[data-network=lab]').getByText('10.78.0.0/24').waitFor();
    await picture('networks');
    await button('Delete network lab').click();
    await page.locator('[data-network=lab]').waitFor({ state: 'detached' });
  });

  test('the loudspeaker is turned on and off by its button', async () => {
    await page.getByRole('treeitem').click();
    await page.getByRole('tab', { name: 'Console' }).click();
    await button('Muted').click();
    await button('Sound on').waitFor();
    await button('Sound on').click();
    await button('Muted').waitFor();
  });

  test('the page reported no error of its own', () => {
    expect(problems).toEqual([]);
  });
});

/** A port that nobody listens at. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

/** A datagram to a port of this computer. */
async function send(port: number): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise((done) => socket.send('knock', port, '127.0.0.1', done));
  socket.close();
}
