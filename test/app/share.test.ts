/**
 * Real guests on clones and imports: what a guest wrote to its disk is on the disk of the copy; a linked clone and its
 * source run side by side; and the sample shuts down when it is asked.
 */
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { guestLibrary } from '../../main/paths.ts';
import type { VmView } from '../../preload/contract/contract.ts';
import { TestHost, type SerialProgram } from '../support/host.ts';

const [host, other] = [new TestHost(), new TestHost()];

beforeAll(() => Promise.all([host.start(), other.start()]));
afterAll(async () => {
  await Promise.all([host.stop(), other.stop()]);
  host.remove();
  other.remove();
});

/** Powers a VM on, and waits for its shell and its disk. */
async function booted(on: TestHost, name: string): Promise<SerialProgram> {
  await on.call('power.on', { vm: name });
  const serial = on.attach(name);
  await serial.until(/:~# $/);
  serial.write('until grep -q /mnt /proc/mounts; do sleep 0.1; done; echo mount""ed\n');
  await serial.until(/mounted/);
  return serial;
}

test('what a guest saved goes with a linked clone and with an export, and shutting down loses nothing', {
  timeout: 240_000,
}, async () => {
  const raw = path.join(host.dataFolder, 'data.img');
  copyFileSync(path.join(path.dirname(guestLibrary().bios), 'data.img'), raw);
  await host.call('vm.create', { name: 'web', sample: 'linux', hda: raw });
  const first = await booted(host, 'web');
  // Not synced: the guest does that when it shuts down.
  first.write('echo "saved by the first" > /mnt/note; echo writ""ten\n');
  await first.until(/written/);
  const off = await host.json<VmView>('power', 'shutdown', 'web', '--timeout', '60');
  expect(off.power).toBe('off');
  await first.close();

  await host.json('vm', 'clone', 'web', 'linked', '--linked');
  const file = path.join(host.dataFolder, 'web.lockstep');
  expect(await host.json('vm', 'export', 'web', file)).toMatchObject({ file });
  const imported = await other.json<VmView>('vm', 'import', file, 'moved');
  expect(imported.hardware.guest).toBe('Sample Linux');

  const programs = await Promise.all([booted(host, 'web'), booted(host, 'linked'), booted(other, 'moved')]);
  for (const [index, serial] of programs.entries()) {
    serial.write(`cat /mnt/note; echo ${index} > /mnt/own; sync; echo "own $(cat /mnt/own)."\n`);
  }
  for (const [index, serial] of programs.entries()) {
    expect(await serial.until(new RegExp(`own ${index}\\.`))).toContain('saved by the first\r\n');
    await serial.close();
  }
});
