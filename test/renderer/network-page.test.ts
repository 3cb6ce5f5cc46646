// Networks and sound in the built page, in a browser, against the fake host.

import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { encodeSound } from '../../preload/contract/sound.ts';
import type { FakeHost } from './fake/host.ts';
import { COUNTERS } from './fake/network.ts';
import { fakeVm, OFF, PRIMARY } from './fake/world.ts';
import { NO_BROWSER, PAGE_TEST, pageUnderTest } from './page-under-test.ts';

const off = fakeVm('Web');
const on = fakeVm('Web', {
  power: 'on',
  poweredOnAt: 1,
  ft: { ...OFF, primary: PRIMARY },
  nic: { ...off.nic, guestAddress: '10.77.0.10', counters: COUNTERS },
});
const at = (tab: string) => `#/vm/${on.id}/${tab}`;

describe.skipIf(NO_BROWSER)('the page', PAGE_TEST, () => {
  const the = pageUnderTest();
  let host: FakeHost;
  let page: Page;
  beforeEach(() => void ({ host, page } = the));

  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const row = (forward: string) => page.locator(`[data-forward="${forward}"]`);
  const dialog = () => page.getByRole('dialog');
  const changes = () => host.world.performed.filter(({ command }) => !command.endsWith('.list'));

  test('a port forward is added, changed and removed while the VM runs', async () => {
    host.world.put(on);
    await page.goto(host.url + at('network'));
    await page.getByText('No port of this computer leads to the guest.').waitFor();
    await button('Add port forward…').click();
    await page.getByLabel('Port of this computer').fill('8080');
    await page.getByLabel('Port of the guest').fill('80');
    await page.keyboard.press('Enter');
    await row('tcp:127.0.0.1:8080:80').getByText('Listening').waitFor();
    const link = page.getByRole('link', { name: 'Open in browser' });
    expect(await link.getAttribute('href')).toBe('http://127.0.0.1:8080/');
    await button('Edit tcp:127.0.0.1:8080:80').click();
    await page.getByLabel('Port of the guest').fill('22');
    await button('Save').click();
    await row('tcp:127.0.0.1:8080:22').waitFor();
    expect(await link.count()).toBe(0);
    // The button that has the focus again explains itself to the keyboard only: nothing covers the tabs.
    await page.getByRole('tab', { name: 'Summary' }).click();
    await page.getByRole('tab', { name: 'Network' }).click();
    await button('Remove tcp:127.0.0.1:8080:22').click();
    await row('tcp:127.0.0.1:8080:22').waitFor({ state: 'detached' });
    expect(changes().map(({ command }) => command)).toEqual(['forward.add', 'forward.set', 'forward.remove']);
  });

  test('what is wrong with a forward is told as one types, and what the host says where it is refused', async () => {
    host.world.put(on);
    host.world.network.forward(on.name, {});
    await page.goto(host.url + at('network'));
    await button('Add port forward…').click();
    await page.getByLabel('Port of this computer').fill('70000');
    await dialog().getByText('Ports are from 1 to 65535.').waitFor();
    await button('Add').click();
    await page.getByLabel('Address of this computer').fill('tcp:8080:8080');
    expect(await page.getByLabel('Port of this computer').inputValue()).toBe('8080');
    expect(changes()).toEqual([]);
    await button('Add').click();
    await dialog().getByRole('alert').getByText('There is already a forward tcp:127.0.0.1:8080:80').waitFor();
  });

  test('the counters are shown as they move, and the guest’s address', async () => {
    host.world.put(on);
    await page.goto(host.url + at('network'));
    await expect.poll(() => page.getByTestId('frames-in').textContent()).toBe('48,211');
    expect(await page.getByTestId('guest-address').textContent()).toBe('10.77.0.10');
    host.world.put({ ...on, nic: { ...on.nic, counters: { ...COUNTERS, framesIn: 48_300 } } });
    await expect.poll(() => page.getByTestId('frames-in').textContent()).toBe('48,300');
  });

  test('frames are captured in the file that is proposed, until it is stopped', async () => {
    host.world.put(on);
    await page.goto(host.url + at('network'));
    await button('Capture frames…').click();
    const file = await page.getByLabel('File').inputValue();
    expect(file).toMatch(/^\/home\/ada\/.*\/Web-.*\.pcapng$/);
    await button('Start capture').click();
    await page.getByRole('status').getByText('Capturing').waitFor();
    await button('Stop capture').click();
    await page.getByText('Nothing is being captured.').waitFor();
    expect(changes()).toEqual([
      { command: 'capture.start', args: { vm: on.id, file, force: false } },
      { command: 'capture.stop', args: { vm: on.id } },
    ]);
  });

  test('the network card is changed while the VM is off, and while it runs the button says why not', async () => {
    host.world.put(on);
    await page.goto(host.url + at('network'));
    const edit = button('Edit network card…');
    await edit.hover();
    await page.getByRole('tooltip').getByText('its network card is changed while it is off').waitFor();
    expect(await edit.getAttribute('aria-disabled')).toBe('true');
    host.world.put(off);
    await edit.and(page.locator(':not([aria-disabled])')).click();
    await page.getByRole('combobox', { name: 'Network card' }).selectOption('ne2k');
    await button('Save').click();
    await page.getByText('NE2000', { exact: true }).waitFor();
    expect(changes()).toEqual([{ command: 'nic.set', args: { vm: on.id, type: 'ne2k' } }]);
  });

  test('a network is made and deleted, and one that is in use says by whom', async () => {
    host.world.put(fakeVm('Web', { nic: { ...off.nic, network: 'lab' } }));
    host.world.network.networks.push({
      name: 'lab',
      subnet: null,
      gateway: null,
      uplink: 'unix:/run/passt.socket',
      uplinkState: 'connected',
    });
    await page.goto(host.url);
    await page.getByRole('navigation').getByRole('button', { name: 'Networks' }).click();
    await page.locator('[data-network=lab]').getByText('Connected').waitFor();
    await button('Delete network lab').hover();
    await page.getByRole('tooltip').getByText('"Web" is on the network "lab"').waitFor();
    await button('Add network…').click();
    await page.getByRole('textbox', { name: 'Name' }).fill('test');
    expect(await page.getByRole('textbox', { name: 'Subnet' }).inputValue()).toBe('10.78.0.0/24');
    await button('Add').click();
    await button('Delete network test').click();
    await page.locator('[data-network=test]').waitFor({ state: 'detached' });
    expect(changes()).toEqual([
      { command: 'network.create', args: { name: 'test', subnet: '10.78.0.0/24' } },
      { command: 'network.delete', args: { network: 'test' } },
    ]);
  });

  test('a new VM gets the card and the network that were chosen', async () => {
    host.world.network.networks.push({
      name: 'lab',
      subnet: '10.78.0.0/24',
      gateway: '10.78.0.1',
      uplink: null,
      uplinkState: null,
    });
    await page.goto(host.url);
    await button('Set it up…').click();
    await page.getByText('Other drives, network card').click();
    await page.getByLabel('Network', { exact: true }).selectOption('lab');
    await button('Create').click();
    await expect.poll(changes).toContainEqual({
      command: 'vm.create',
      args: { name: 'Sample Linux', memoryMB: 128, sample: 'linux', network: 'lab' },
    });
  });

  describe('sound', () => {
    interface Heard {
      readonly states: () => string[];
      pieces: number;
      tones: number;
    }
    const heard = () =>
      page.evaluate(() => {
        const { states, pieces, tones } = (window as unknown as { heard: Heard }).heard;
        return { states: states(), pieces, tones };
      });
    const play = async () => {
      const samples = new Int16Array(882).fill(8000);
      host.world.sound(on, encodeSound({ kind: 'samples', startMs: 1000, rate: 22_050, samples }));
      host.world.sound(on, encodeSound({ kind: 'tone', startMs: 1005, hertz: 880 }));
      host.world.sound(on, encodeSound({ kind: 'samples', startMs: 1020, rate: 22_050, samples }));
      host.world.sound(on, encodeSound({ kind: 'tone', startMs: 1040, hertz: 0 }));
    };

    beforeEach(async () => {
      host.world.put(on);
      await page.addInitScript(() => {
        const contexts: AudioContext[] = [];
        const counts = { states: () => contexts.map(({ state }) => state), pieces: 0, tones: 0 };
        Object.assign(window, { heard: counts });
        window.AudioContext = class extends AudioContext {
          constructor(options?: AudioContextOptions) {
            super(options);
            contexts.push(this);
          }
        };
        const { start } = AudioBufferSourceNode.prototype;
        AudioBufferSourceNode.prototype.start = function (this: AudioBufferSourceNode, ...when) {
          counts.pieces += 1;
          start.apply(this, when);
        };
        const tone = OscillatorNode.prototype.start;
        OscillatorNode.prototype.start = function (this: OscillatorNode, ...when) {
          counts.tones += 1;
          tone.apply(this, when);
        };
      });
    });

    test('is muted at first; a click plays what the guest plays, another ends it', async () => {
      await page.goto(host.url + at('console'));
      await button('Muted').waitFor();
      expect(host.world.listeners('sound', on)).toBe(0);
      await button('Muted').click();
      await button('Sound on').waitFor();
      await expect.poll(async () => (await heard()).states).toEqual(['running']);
      expect(host.world.listeners('sound', on)).toBe(1);
      await play();
      await expect.poll(heard).toMatchObject({ pieces: 2, tones: 1 });
      await button('Sound on').click();
      await expect.poll(() => host.world.listeners('sound', on)).toBe(0);
      await expect.poll(async () => (await heard()).states).toEqual(['closed']);
    });

    test('stays on in this browser, stands still with the guest, and ends at power-off', async () => {
      await page.goto(host.url + at('console'));
      await button('Muted').click();
      await page.reload();
      await button('Sound on').waitFor();
      await page.locator('.console-sharp').waitFor();
      // Browsers let no page sound before it is clicked.
      expect(host.world.listeners('sound', on)).toBe(0);
      await page.getByTestId('console-canvas').click();
      await expect.poll(async () => (await heard()).states).toEqual(['running']);
      host.world.put({ ...on, power: 'paused' });
      await expect.poll(async () => (await heard()).states).toEqual(['suspended']);
      host.world.put(on);
      await expect.poll(async () => (await heard()).states).toEqual(['running']);
      host.world.put(off);
      await expect.poll(async () => (await heard()).states).toEqual(['closed']);
    });
  });
});
