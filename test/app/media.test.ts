/**
 * Discs that are changed while Fault Tolerance protects the VM: both replicas have the same one, also after a failover.
 */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { VmView } from '../../preload/contract/contract.ts';
import { TestHost, type SerialProgram } from '../support/host.ts';
import { isoWith } from '../support/iso.ts';

const host = new TestHost();
let serial: SerialProgram;

function disc(name: string, text: string, sectors?: number): string {
  const file = path.join(host.dataFolder, name);
  writeFileSync(file, isoWith(name, text, sectors));
  return file;
}

beforeAll(async () => {
  await host.start();
  await host.json('vm', 'create', 'media', '--sample', 'linux', '--cdrom', disc('one.iso', 'the first disc'));
  // Tests share two cores: silence is no sign of death here, a closed channel is.
  await host.json('vm', 'set', 'media', 'failureTimeoutMs=5000');
  await host.json('power', 'on', 'media');
  serial = host.attach('media');
  await serial.until(/:~# $/);
  serial.write('modprobe -a sr_mod isofs; mkdir -p /cd; until [ -b /dev/sr0 ]; do sleep 0.1; done\n');
});

afterAll(async () => {
  await serial?.close();
  await host.stop();
  host.remove();
});

let reads = 0;

/** What the guest finds on the disc that is in its drive. */
async function read(): Promise<string> {
  reads += 1;
  serial.write(`mount -t iso9660 /dev/sr0 /cd && cat /cd/*; umount /cd; echo; echo re""ad ${reads}.\n`);
  const output = await serial.until(new RegExp(`read ${reads}\\.`));
  return output.slice(output.lastIndexOf('mount -t', output.lastIndexOf(`read ${reads}.`)));
}

test('a disc that is changed while Protected is the same on both sides, and after a failover', {
  timeout: 240_000,
}, async () => {
  await host.json('ft', 'on', 'media');
  await host.waitFor('media', 'protected');
  expect(await read()).toContain('the first disc');

  const second = disc('two.iso', 'the second disc is larger', 400);
  const view = await host.json<VmView>('media', 'insert', 'media', 'cdrom', second);
  expect(view.hardware.files.cdrom).toBe(second);
  expect(await read()).toContain('the second disc is larger');

  // A secondary that is started now is built without the first disc, which nobody needs any more.
  rmSync(path.join(host.dataFolder, 'one.iso'));
  const { primary } = await host.waitFor('media', 'protected');
  process.kill(primary?.pid ?? 0, 'SIGKILL');
  expect(await read()).toContain('the second disc is larger');
  await host.waitFor('media', 'protected');

  await host.json('media', 'eject', 'media', 'cdrom');
  const empty = await read();
  expect(empty).toMatch(/No medium found/);
  const survivor = await host.waitFor('media', 'protected');
  process.kill(survivor.primary?.pid ?? 0, 'SIGKILL');
  expect(await read()).toMatch(/No medium found/);

  const kinds = (await host.events('media')).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind.startsWith('media.'))).toEqual(['media.inserted', 'media.ejected']);
  expect(kinds).not.toContain('ft.divergence');
  const again = await host.run('media', 'eject', 'media', 'cdrom');
  expect([again.status === 0, again.stderr]).toEqual([false, expect.stringContaining('no disc in the CD-ROM drive')]);
});

test('a folder is a disc, with its names, its folders and its files', { timeout: 120_000 }, async () => {
  const folder = path.join(host.dataFolder, 'Für Gäste');
  mkdirSync(path.join(folder, 'deep er'), { recursive: true });
  writeFileSync(path.join(folder, 'A rather long name.with dots.txt'), 'long');
  writeFileSync(path.join(folder, 'a rather long nAME.too.txt'), '');
  writeFileSync(path.join(folder, 'deep er', 'größe.bin'), Buffer.alloc(3_000_001, 'x'));
  for (let count = 0; count < 60; count += 1) writeFileSync(path.join(folder, 'deep er', `file ${count}`), `${count}`);
  symlinkSync('/etc/passwd', path.join(folder, 'passwd'));
  await host.json('media', 'insert', 'media', 'cdrom', '--folder', folder);
  serial.write(
    'mount -t iso9660 -o iocharset=utf8 /dev/sr0 /cd; cd /cd; ls; cat A*dots.txt; wc -c deep*/g*; ' +
      'cat "deep er/file 59"; ls deep* | wc -l; cd /; umount /cd; echo lo""oked.\n',
  );
  const output = (await serial.until(/looked\./)).split('looked.')[0]?.split('lo""oked').at(-1) ?? '';
  for (const text of ['A rather long name.with dots.txt', 'long3000001 deep er/', '5961']) {
    expect(output.replaceAll(/\r?\n/g, '\n')).toContain(text);
  }
  expect(output).not.toContain('passwd');
});

test('a disc that the secondary cannot read ends the secondary with words; the guest goes on', {
  timeout: 240_000,
}, async () => {
  await host.waitFor('media', 'protected');
  const third = disc('three.iso', 'the third disc');
  await host.json('media', 'insert', 'media', 'cdrom', third);
  expect(await read()).toContain('the third disc');
  // The primary has the file open; a secondary that is started now finds another one in its place.
  disc('three.iso', 'an impostor', 500);
  const { secondary } = await host.waitFor('media', 'protected');
  process.kill(secondary?.pid ?? 0, 'SIGKILL');
  await expect
    .poll(async () => (await host.events('media')).map(({ message }) => message).join('\n'), { timeout: 60_000 })
    .toMatch(/cannot read the disc in the CD-ROM drive: .*three\.iso" is not the disc that was put into the drive/);
  disc('three.iso', 'the third disc');
  await host.waitFor('media', 'protected');
});

test('a change is in a recording, whose replay needs no disc', { timeout: 240_000 }, async () => {
  const file = path.join(host.dataFolder, 'media.rec');
  await host.json('record', 'start', 'media', file);
  const fourth = disc('four.iso', 'the fourth disc', 100);
  await host.json('media', 'insert', 'media', 'cdrom', fourth);
  expect(await read()).toContain('the fourth disc');
  await host.json('record', 'stop', 'media');
  await host.json('power', 'off', 'media');
  rmSync(fourth);
  const replayed = await host.json<{ epochs: number }>('replay', file, '--verify');
  expect(replayed).toMatchObject({ mismatch: null, problem: null });
  expect(replayed.epochs).toBeGreaterThan(100);
});
