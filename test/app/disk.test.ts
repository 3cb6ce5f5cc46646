/**
 * A guest's disk through a failover: what the guest was told is on the disk is on the disk.
 */
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { guestLibrary } from '../../main/paths.ts';
import { TestHost, type SerialProgram } from '../support/host.ts';
import { interrupt } from '../support/interrupt.ts';

const host = new TestHost();
let image = '';
let serial: SerialProgram;

beforeAll(async () => {
  await host.start();
  image = path.join(host.dataFolder, 'disk.img');
  copyFileSync(path.join(path.dirname(guestLibrary().bios), 'data.img'), image);
  await host.json('vm', 'create', 'disk', '--sample', 'linux', '--hda', image);
  // Tests share two cores: silence is no sign of death here, a closed channel is.
  await host.json('vm', 'set', 'disk', 'failureTimeoutMs=5000');
  await powerOn();
});

afterAll(async () => {
  await serial?.close();
  await host.stop();
  host.remove();
});

async function powerOn(): Promise<void> {
  await host.json('power', 'on', 'disk');
  serial = host.attach('disk');
  await serial.until(/:~# $/);
  // The sample mounts its disk in the background.
  serial.write('until grep -q /mnt /proc/mounts; do sleep 0.1; done; echo mount""ed\n');
  await serial.until(/mounted/);
}

test('files that a guest has synced survive kill -9 of the primary under write load', {
  timeout: 240_000,
}, async () => {
  await host.json('ft', 'on', 'disk');
  await host.waitFor('disk', 'protected');
  serial.write(
    'i=0; while :; do dd if=/dev/urandom of=/mnt/f$((i%8)) bs=4k count=20 2>/dev/null; sync; ' +
      'echo "synced $i $(md5sum < /mnt/f$((i%8)))"; i=$((i+1)); done\n',
  );
  for (let kill = 0; kill < 2; kill++) {
    await expect.poll(() => synced().length, { timeout: 60_000 }).toBeGreaterThan(3 + kill * 10);
    const before = await host.waitFor('disk', 'protected');
    const count = synced().length;
    process.kill(before.primary?.pid ?? 0, 'SIGKILL');
    await expect.poll(() => synced().length, { timeout: 60_000 }).toBeGreaterThan(count + 3);
  }
  await interrupt(serial);
  serial.write('sync; echo all""synced\n');
  await serial.until(/allsynced/);
  const lines = synced();
  // Where Ctrl+C met a command and not the loop, that round has no line.
  const whole = synced(serial.output().split('^C')[0]);
  expect(whole.map(({ number }) => number)).toEqual(whole.map((_, index) => index));

  // Read back by a machine that has never seen the files, from the image alone. The last round may be half written.
  await host.json('power', 'off', 'disk');
  await serial.close();
  await powerOn();
  const last = lines.at(-1)?.number ?? 0;
  for (const { number, md5 } of lines.slice(-7, -1)) {
    if (number % 8 === (last + 1) % 8) continue;
    serial.write(`echo "read ${number} $(md5sum < /mnt/f${number % 8})"\n`);
    const output = await serial.until(new RegExp(`read ${number} [0-9a-f]{32}`));
    expect(output).toContain(`read ${number} ${md5}`);
  }
  serial.write('dmesg | grep -ciE "ext4.*(error|corrupt)|I/O error"; echo check""ed\n');
  expect(await serial.until(/\n0\r?\n[\s\S]*checked/)).toBeTruthy();
});

/** What the guest said is on its disk, in order. */
function synced(output = serial.output()): { number: number; md5: string }[] {
  return [...output.matchAll(/^synced (\d+) ([0-9a-f]{32})/gm)].map((match) => ({
    number: Number(match[1]),
    md5: match[2] ?? '',
  }));
}
