/**
 * Guests that start by themselves, from media as they are sold: GRUB's rescue disc by the command line and by the
 * wizard of the page, a Multiboot kernel, and a Linux that is installed from a disc and starts from its own disk.
 * Skipped where Debian's packages cannot be had.
 */
import { statSync } from 'node:fs';
import path from 'node:path';
import { chromium as browserType, type Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { VmView } from '../../preload/contract/contract.ts';
import { bootMedia, installFolder, type BootMedia } from '../support/boot-media.ts';
import { chromium, CHROMIUM_ARGS } from '../support/chromium.ts';
import { TestHost } from '../support/host.ts';

const found = await bootMedia();
if (typeof found === 'string') process.stderr.write(`boot.test.ts is skipped: ${found}\n`);
const media = found as BootMedia;
const host = new TestHost();
const executablePath = chromium();
let browser: Browser | null = null;

beforeAll(async () => {
  if (typeof found !== 'string') await host.start();
});

afterAll(async () => {
  await browser?.close();
  await host.stop();
  host.remove();
});

/** Resolves when the screen shows this. */
async function screen(vm: string, pattern: RegExp): Promise<string> {
  let text = '';
  const look = async (): Promise<boolean> => {
    text = (await host.call('console.text', { vm })).lines.join('\n');
    return pattern.test(text);
  };
  await expect.poll(look, { timeout: 90_000, interval: 200 }).toBe(true);
  return text;
}

test.skipIf(typeof found === 'string')(
  "GRUB's rescue disc is started, and its menu is on the screen",
  {
    timeout: 120_000,
  },
  async () => {
    const made = ['--cdrom', media.rescueDisc, '--memory', '64', '--nic', 'none', '--boot', 'cdrom,hda'];
    await host.json<VmView>('vm', 'create', 'rescue', ...made, '--disk-size', '16M', '--vga-memory', '16');
    const shown = await host.run('vm', 'show', 'rescue');
    expect(shown.stdout).toMatch(/Boot order +cdrom, hda\n.*16 MB/);
    await host.json('power', 'on', 'rescue');
    await screen('rescue', /GNU GRUB[\s\S]*Microsoft Windows/);
    // The menu is used by its keys: "c" is its command line, which sees the disk.
    await host.call('console.key', { vm: 'rescue', combo: 'c' });
    await screen('rescue', /grub> *$/m);
    await host.json('console', 'type', 'rescue', 'ls\\n');
    await screen('rescue', /\(hd0\)/);
    await host.call('power.off', { vm: 'rescue' });
  },
);

test.skipIf(typeof found === 'string' || !executablePath)(
  'the wizard of the page makes a VM of a disc, and its screen is there',
  {
    timeout: 180_000,
  },
  async () => {
    browser = await browserType.launch({ executablePath: executablePath ?? '', args: [...CHROMIUM_ARGS] });
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(host.url);
    await page.getByRole('button', { name: 'New virtual machine' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('CD image (ISO)', { exact: true }).first().click();
    await dialog.getByLabel('Name', { exact: true }).fill('from the page');
    await dialog.getByRole('textbox', { name: 'CD image (ISO)' }).fill(media.rescueDisc);
    await dialog.getByText('Other drives, network card').click();
    await dialog.getByLabel('Started first from').selectOption({ label: 'CD-ROM' });
    const pictures = process.env['LOCKSTEP_SCREENSHOTS'];
    if (pictures) await page.screenshot({ path: path.join(pictures, 'wizard-disc.png') });
    await dialog.getByRole('button', { name: 'Create' }).click();
    await dialog.waitFor({ state: 'detached' });
    await expect
      .poll(async () => (await host.call('vm.list', {})).some(({ name }) => name === 'from the page'))
      .toBe(true);
    await screen('from the page', /GNU GRUB[\s\S]*Memtest86\+/);
    const { hardware, power } = await host.call('vm.show', { vm: 'from the page' });
    if (pictures) await page.screenshot({ path: path.join(pictures, 'grub.png') });
    expect([power, hardware.bootOrder, hardware.files.cdrom]).toEqual(['on', ['cdrom'], media.rescueDisc]);
    await host.call('power.off', { vm: 'from the page' });
  },
);

test.skipIf(typeof found === 'string')(
  'a Multiboot kernel is started without a BIOS, and plays on after a failover',
  {
    timeout: 180_000,
  },
  async () => {
    const name = 'invaders';
    await host.json('vm', 'create', name, '--multiboot', media.invaders, '--memory', '32', '--nic', 'none');
    await host.call('vm.set', { vm: name, failureTimeoutMs: 5000 });
    await host.call('power.on', { vm: name });
    // Nobody plays: the game is soon over, and begins again at a key.
    await screen(name, /PRESS ESC/);
    await host.call('ft.on', { vm: name });
    await host.call('ft.wait', { vm: name, for: 'protected' });
    await host.call('fault', { vm: name, kind: 'crash-primary' });
    await host.call('ft.wait', { vm: name, for: 'protected' });
    const playAgain = async (): Promise<string> => {
      await host.call('console.key', { vm: name, combo: 'esc' });
      return (await host.call('console.text', { vm: name })).lines.join('\n');
    };
    await expect.poll(playAgain, { timeout: 60_000, interval: 100 }).not.toContain('PRESS ESC');
    await host.call('power.off', { vm: name });
  },
);

test.skipIf(typeof found === 'string')(
  'a Linux that was installed from a disc starts from its own disk, and survives a failover',
  { timeout: 400_000 },
  async () => {
    const folder = path.join(host.dataFolder, 'install');
    const diskBytes = 96 << 20;
    await installFolder(media, folder, diskBytes);
    await host.json('vm', 'create', 'installer', '--sample', 'linux', '--disk-size', '96M', '--nic', 'none');
    await host.json('media', 'insert', 'installer', 'cdrom', '--folder', folder);
    await host.call('power.on', { vm: 'installer' });
    let serial = host.attach('installer');
    await serial.until(/:~# $/, 180_000);
    serial.write('until [ -b /dev/sr0 ] && [ -b /dev/sda ]; do sleep 0.2; done; mkdir -p /cd; ');
    serial.write('mount -t iso9660 -o iocharset=utf8 /dev/sr0 /cd && sh /cd/install.sh\n');
    await serial.until(/installed/, 180_000);
    await serial.close();
    const { hardware } = await host.call('vm.show', { vm: 'installer' });
    const hda = hardware.files.hda ?? '';
    await host.call('power.off', { vm: 'installer' });
    await host.call('vm.delete', { vm: 'installer' });
    expect(statSync(hda).size).toBeGreaterThan(10 << 20);

    const name = 'installed';
    await host.json('vm', 'create', name, '--hda', hda, '--memory', '128', '--nic', 'none', '--boot', 'hda');
    await host.call('vm.set', { vm: name, failureTimeoutMs: 5000 });
    await host.call('power.on', { vm: name });
    serial = host.attach(name);
    await serial.until(/installed:~# $/, 180_000);
    // The guest finds its disk a moment after its prompt.
    serial.write('until [ -b /dev/sda1 ]; do usleep 100000; done; mkdir -p /own; mount /dev/sda1 /own\n');
    serial.write('echo kept > /own/word; sync; word=kept; echo re""ady\n');
    await serial.until(/ready/);
    await host.call('ft.on', { vm: name });
    await host.call('ft.wait', { vm: name, for: 'protected' });
    await host.call('fault', { vm: name, kind: 'crash-primary' });
    serial.write('echo 3 > /proc/sys/vm/drop_caches; echo has $word $(cat /own/word) $(ls /own/boot | wc -l) e""nd\n');
    expect(await serial.until(/has .* end/)).toContain('has kept kept 3 end');
    await host.call('ft.wait', { vm: name, for: 'protected' });
    await serial.close();
    await host.call('power.off', { vm: name });
  },
);
