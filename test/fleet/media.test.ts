// Media that are put into a VM's drives and taken out, with replicas that a test plays.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { InputLine } from '../../main/fleet/outside/input-line.ts';
import { eventually } from '../support/eventually.ts';
import { ftEvent } from '../support/fake-processes.ts';
import { openFleet, type TestFleet } from '../support/fleet.ts';
import { temporaryFolder } from '../support/folder.ts';
import { makeFile } from '../support/guests.ts';

async function withVm(): Promise<TestFleet & { folder: string; disc: string; floppy: string }> {
  const world = openFleet();
  const folder = temporaryFolder();
  await world.call('vm.create', { name: 'web', sample: 'linux' });
  const disc = makeFile(path.join(folder, 'disc.iso'), 1 << 20);
  return { ...world, folder, disc, floppy: makeFile(path.join(folder, 'floppy.img'), 1_474_560) };
}

describe('a VM that is off', () => {
  test('has what is inserted at its next power-on, and not what was ejected', async () => {
    const { call, processes, disc, floppy } = await withVm();
    const inserted = await call('media.insert', { vm: 'web', drive: 'cdrom', file: disc });
    expect(inserted.hardware.files.cdrom).toBe(disc);
    await call('media.insert', { vm: 'web', drive: 'fda', file: floppy });
    await call('power.on', { vm: 'web' });
    const { spec } = processes.last('boot').gotOf('boot')[0] ?? {};
    expect(spec).toMatchObject({ files: { cdrom: disc, fda: floppy }, floppyBytes: 1_474_560 });
    await call('power.off', { vm: 'web' });
    for (const drive of ['cdrom', 'fda'] as const) await call('media.eject', { vm: 'web', drive });
    await call('power.on', { vm: 'web' });
    const again = processes.last('boot').gotOf('boot')[0]?.spec;
    expect([again?.files.cdrom, again?.files.fda, again?.floppyBytes]).toEqual([undefined, undefined, undefined]);
    const events = (await call('event.list', { vm: 'web' })).map(({ kind }) => kind);
    expect(events.filter((kind) => kind.startsWith('media.'))).toHaveLength(4);
  });
});

describe('a VM that runs', () => {
  test('gets the change as an input, and again from a new primary that has not seen it', async () => {
    const { call, processes, disc, floppy } = await withVm();
    await call('power.on', { vm: 'web' });
    await call('ft.on', { vm: 'web' });
    await call('ft.wait', { vm: 'web', for: 'protected' });
    await call('media.insert', { vm: 'web', drive: 'cdrom', file: disc });
    const [message] = processes.last('boot').gotOf('input');
    const medium = { path: disc, bytes: 1 << 20, identity: expect.stringMatching(/^[0-9a-f]{64}$/) };
    const input = { device: 'medium', change: { drive: 'cdrom', medium } };
    expect(message).toEqual({ type: 'input', sequence: 1, input });
    const survivor = processes.last('standBy');
    survivor.reports(ftEvent.live(2));
    await eventually(() => expect(survivor.gotOf('input')).toEqual([message]));
    await call('media.insert', { vm: 'web', drive: 'fda', file: floppy });
    const sent = survivor.gotOf('input').at(-1)?.input;
    expect(sent).toMatchObject({ device: 'medium', change: { drive: 'fda' } });
    await call('media.eject', { vm: 'web', drive: 'cdrom' });
    expect(survivor.gotOf('input').at(-1)).toEqual({
      type: 'input',
      sequence: 3,
      input: { device: 'medium', change: { drive: 'cdrom', medium: null } },
    });
  });
});

describe('refused with a reason', () => {
  test('are files that are no media, drives that are empty, and the test guest’s own floppy', async () => {
    const { call, folder, disc, floppy } = await withVm();
    await call('vm.create', { name: 'small', sample: 'test' });
    const cut = path.join(folder, 'cut.iso');
    writeFileSync(cut, new Uint8Array(50_000));
    const insert = (drive: 'cdrom' | 'fda', file: string, vm = 'web') => call('media.insert', { vm, drive, file });
    await expect(insert('cdrom', cut)).rejects.toThrow('no multiple of 2048');
    await expect(insert('cdrom', path.join(folder, 'none'))).rejects.toThrow('does not exist');
    await expect(insert('fda', makeFile(path.join(folder, 'large.img'), 4 << 20))).rejects.toThrow('make sense');
    await expect(insert('fda', floppy, 'small')).rejects.toThrow('it boots from its own floppy');
    await expect(call('media.eject', { vm: 'web', drive: 'cdrom' })).rejects.toThrow(
      'There is no disc in the CD-ROM drive of "web".',
    );
    await expect(insert('hda' as never, disc)).rejects.toThrow('the removable drives are: cdrom, fda');
    expect((await call('vm.show', { vm: 'web' })).hardware.files).toEqual({});
  });

  test('is a second floppy while the guest has not taken the first', () => {
    const line = new InputLine();
    const change = { drive: 'fda', medium: new Uint8Array(1000) } as const;
    expect(line.push({ device: 'medium', change })).not.toBeNull();
    expect(line.push({ device: 'medium', change })).toBeNull();
    expect(line.push({ device: 'medium', change: { drive: 'fda', medium: null } })).not.toBeNull();
    line.committed(1);
    expect(line.push({ device: 'medium', change })).not.toBeNull();
  });
});
