/**
 * `npm run campaign:recording -- [--minutes N]`: records a Protected guest under a mixed load (console, disk, network,
 * keyboard, bursts of computing), replays the file in another process with every hash compared, flips one byte of it,
 * and replays that.
 *
 * Invariant: ends with exit status 1 unless the recording verifies and the damaged one is refused with words.
 */
import { copyFileSync, openSync, readSync, statSync, writeSync, closeSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { guestLibrary } from '../../main/paths.ts';
import { prepareCheckout } from '../../main/prepare.ts';
import { TestHost } from '../support/host.ts';
import { loadLines } from './load.ts';
import { FrameObserver } from './observers.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const VM = 'recorded';
const HOST_ADDRESS = '10.77.0.1';
const BURST = 'while :; do dd if=/dev/urandom bs=64k count=4 2>/dev/null | gzip | md5sum > /tmp/sum; sleep 3; done &';
const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Changes one byte in the middle. */
function flip(file: string): number {
  const at = Math.floor(statSync(file).size / 2);
  const descriptor = openSync(file, 'r+');
  const byte = Buffer.alloc(1);
  readSync(descriptor, byte, 0, 1, at);
  writeSync(descriptor, Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, at);
  closeSync(descriptor);
  return at;
}

await prepareCheckout(say);
const host = new TestHost();
const frames = new FrameObserver();
let failure: string | null = null;
try {
  await host.start();
  const image = path.join(host.dataFolder, 'disk.img');
  copyFileSync(path.join(path.dirname(guestLibrary().bios), 'data.img'), image);
  await host.json('vm', 'create', VM, '--sample', 'linux', '--memory', '80', '--hda', image);
  await host.json('vm', 'set', VM, 'failureTimeoutMs=5000');
  await host.json('power', 'on', VM);
  const serial = host.attach(VM);
  await serial.until(/:~# $/);
  serial.write('until grep -q /mnt /proc/mounts && ip route | grep -q default; do sleep 0.1; done; echo rea""dy\n');
  await serial.until(/\nready/);
  const listener = { address: HOST_ADDRESS, port: await frames.listen() };
  for (const line of [...loadLines(listener), BURST]) serial.write(`${line}\n`);
  await serial.until(/C 20\r/);
  await host.json('ft', 'on', VM);
  await host.waitFor(VM, 'protected');
  const file = path.join(host.dataFolder, 'mixed.lockrec');
  await host.json('record', 'start', VM, file);
  const until = Date.now() + Number(values.minutes) * 60_000;
  for (let round = 0; Date.now() < until; round += 1) {
    await delay(2000);
    await host.call('console.type', { vm: VM, text: `echo typed ${round} on the screen; ls -la /bin | tail -3\n` });
    if (round % 30 === 29)
      say(`${Math.ceil((until - Date.now()) / 60_000)} minutes to go, ${frames.count} lines by TCP`);
  }
  const made = await host.json<{ epochs: number; bytes: number }>('record', 'stop', VM);
  say(`recorded ${made.epochs} epochs, ${(made.bytes / 2 ** 20).toFixed(1)} MiB`);
  frames.close();
  await serial.close();
  await host.json('power', 'off', VM);
  const whole = await host.run('replay', file, '--verify');
  say(`${whole.stdout.trim().split('\n').at(-1)} (exit status ${whole.status})`);
  if (whole.status !== 0) failure = `the recording did not verify: ${whole.stderr}`;
  const at = flip(file);
  const damaged = await host.run('replay', file, '--verify');
  say(`with byte ${at} flipped: ${damaged.stderr.trim().split('\n').at(-1)} (exit status ${damaged.status})`);
  if (damaged.status === 0) failure ??= 'the damaged recording verified';
} catch (error) {
  failure = (error as Error).message;
} finally {
  await host.stop();
  host.remove();
}
say(failure ? `FAILED: ${failure}` : 'the recording verifies, the damaged one does not');
process.exit(failure ? 1 : 0);
