/** Media that are changed while the guest runs: what it sees, and that every copy of the machine sees the same. */
import { describe, expect, test, vi } from 'vitest';
import type { Head, Input } from '../../main/ft/entry.ts';
import { encodeDiskInput } from '../../main/machine/devices/disk.ts';
import {
  decodeMediumInput,
  DISC_PATH_LENGTH_MAX,
  encodeMediumInput,
  FLOPPY_BYTES_MAX,
  type MediumChange,
} from '../../main/machine/devices/medium.ts';
import { createMachine } from '../../main/machine/emulated.ts';
import type { Disc, MachineConfig } from '../../main/machine/machine.ts';
import { isoWith } from '../support/iso.ts';
import { floppyWith } from './floppy-guest.ts';
import { driveOf, input, linuxGuest, MemoryDisks, Runner, testGuest } from './guest.ts';

// Guests run as fast as the computer and its other work let them.
vi.setConfig({ testTimeout: 180_000 });

function put(change: MediumChange): Input {
  return input('medium', encodeMediumInput(change));
}

/** A machine of the same configuration executes the same heads: is everything the same? */
async function expectSameAgain(runner: Runner, config: MachineConfig): Promise<void> {
  const again = new Runner(await createMachine(config));
  for (const head of runner.heads) again.replay(head);
  expect(again.machine.hash('full')).toBe(runner.machine.hash('full'));
  expect(again.serial).toBe(runner.serial);
}

async function cloneOf(runner: Runner, config: MachineConfig): Promise<Runner> {
  const clone = await createMachine(config);
  clone.restore(runner.machine.capture());
  expect(clone.hash('full')).toBe(runner.machine.hash('full'));
  return new Runner(clone);
}

describe('the layout', () => {
  const disc: Disc = { path: '/iso/Ä disc.iso', bytes: 8 * 2048, identity: '0123456789abcdef'.repeat(4) };

  test('is read as it was written', () => {
    const changes: MediumChange[] = [
      { drive: 'fda', medium: Uint8Array.of(1, 2, 3) },
      { drive: 'fda', medium: null },
      { drive: 'cdrom', medium: disc },
      { drive: 'cdrom', medium: null },
    ];
    for (const change of changes) expect(decodeMediumInput(encodeMediumInput(change))).toEqual(change);
  });

  test('refuses what makes no sense', () => {
    expect(() => encodeMediumInput({ drive: 'fda', medium: new Uint8Array() })).toThrow(RangeError);
    expect(() => encodeMediumInput({ drive: 'fda', medium: new Uint8Array(FLOPPY_BYTES_MAX + 1) })).toThrow('2949121');
    const discs = [{ bytes: 2047 }, { bytes: 0 }, { identity: 'x' }, { path: '' }, { bytes: 2 ** 52 }];
    for (const wrong of [...discs, { path: 'p'.repeat(DISC_PATH_LENGTH_MAX + 1) }]) {
      expect(() => encodeMediumInput({ drive: 'cdrom', medium: { ...disc, ...wrong } })).toThrow(RangeError);
    }
    for (const bytes of [[], [0], [2, 0], [0, 2], [1, 1, 0], [1, 0, 0]]) {
      expect(() => decodeMediumInput(Uint8Array.from(bytes))).toThrow(RangeError);
    }
  });
});

describe('a floppy', () => {
  async function atWork(): Promise<{ runner: Runner; config: MachineConfig; read: () => string }> {
    const config = testGuest({ floppy: floppyWith('one!') });
    const runner = await Runner.start(config);
    runner.until(() => runner.serial.endsWith('R'));
    const read = (): string => {
      const from = runner.serial.length;
      runner.type('?');
      runner.until(() => runner.serial.includes('\n', from));
      return runner.serial.slice(from);
    };
    return { runner, config, read };
  }

  test('is read by a real guest before and after a change, and not when it is gone', async () => {
    const { runner, config, read } = await atWork();
    expect(read()).toBe('one!\n');
    runner.send(put({ drive: 'fda', medium: floppyWith('two!') }));
    expect(read()).toBe('two!\n');
    runner.send(put({ drive: 'fda', medium: null }));
    expect(read()).toBe('none\n');
    runner.send(put({ drive: 'fda', medium: floppyWith('tri!') }));
    expect(read()).toBe('tri!\n');
    await expectSameAgain(runner, config);
  });

  test('that was put in before a clone was taken is in the clone, whatever its machine was built with', async () => {
    const { runner, config, read } = await atWork();
    runner.send(put({ drive: 'fda', medium: floppyWith('two!') }));
    expect(read()).toBe('two!\n');
    const before = runner.serial.length;
    const clone = await cloneOf(runner, { ...config, floppy: new Uint8Array(1_474_560) });
    for (const medium of [null, floppyWith('tri!')]) {
      const from = runner.heads.length;
      runner.send(put({ drive: 'fda', medium }));
      read();
      for (const head of runner.heads.slice(from)) clone.replay(head);
    }
    expect(clone.serial).toBe('none\ntri!\n');
    expect(runner.serial.slice(before)).toBe(clone.serial);
    expect(clone.machine.hash('full')).toBe(runner.machine.hash('full'));
  });

  test('that is gone is gone in a clone, and a clone of that clone takes another', async () => {
    const { runner, config } = await atWork();
    runner.send(put({ drive: 'fda', medium: null }));
    runner.steps(3);
    const clone = await cloneOf(await cloneOf(runner, config), config);
    const medium = floppyWith('two!');
    clone.send(put({ drive: 'fda', medium }), input('serial', Buffer.from('?')));
    clone.until(() => clone.serial.includes('\n'));
    expect(clone.serial).toBe('two!\n');
  });

  test('can be put into a drive that was empty from the start', async () => {
    const config = testGuest({ drives: { hda: driveOf(new Uint8Array(512 * 64)) } });
    delete (config as { floppy?: Uint8Array }).floppy;
    const runner = await Runner.start(config);
    runner.onRequests = () => {};
    const empty = await createMachine(config);
    runner.send(put({ drive: 'fda', medium: floppyWith('one!').subarray(0, 163_840) }));
    runner.step(0);
    expect(runner.machine.hash('devices')).not.toBe(empty.hash('devices'));
    await cloneOf(runner, config);
  });
});

describe('a disc', () => {
  const images = { one: isoWith('one', 'the first disc'), two: isoWith('two', 'the second disc is larger', 400) };
  const discOf = (name: keyof typeof images): Disc => {
    return {
      path: `/${name}.iso`,
      bytes: images[name].length,
      identity: name === 'one' ? '1'.repeat(64) : '2'.repeat(64),
    };
  };

  test('is noticed by Linux: changed without a word, ejected, and put in again', async () => {
    const built = { ...driveOf(images.one), disc: discOf('one') };
    const config = linuxGuest({ drives: { cdrom: built } });
    const runner = await Runner.start(config);
    expect(runner.machine.disc).toEqual(discOf('one'));
    const disks = new MemoryDisks(runner, { cdrom: images.one }, 3);
    runner.until(() => runner.serial.includes('~# '));
    const read = (): string => {
      const from = runner.serial.length;
      runner.type('mount -t iso9660 /dev/sr0 /media && cat /media/*; umount /media; echo FIN""ISHED\n');
      runner.untilSerial('FINISHED', 40_000);
      return runner.serial.slice(from);
    };
    runner.type('mkdir -p /media; modprobe -a sr_mod isofs; until [ -b /dev/sr0 ]; do sleep 0.1; done\n');
    expect(read()).toContain('the first disc');
    runner.until(() => runner.machine.pendingRequests.length === 0);
    await cloneOf(runner, linuxGuest());
    disks.images.cdrom = images.two;
    runner.send(put({ drive: 'cdrom', medium: discOf('two') }));
    expect(read()).toContain('the second disc is larger');
    expect(disks.seen.at(-1)?.disc).toEqual(discOf('two'));

    // A clone's machine may be built without any disc.
    runner.until(() => runner.machine.pendingRequests.length === 0);
    const clone = await cloneOf(runner, linuxGuest());
    expect(clone.machine.disc).toEqual(discOf('two'));
    const from = runner.heads.length;
    runner.send(put({ drive: 'cdrom', medium: null }));
    expect(runner.machine.disc).toEqual(discOf('two'));
    const empty = read();
    expect(empty).toMatch(/No medium found|mount.*failed/);
    expect(empty).not.toContain('second disc');
    expect(runner.machine.disc).toBeNull();
    disks.images.cdrom = images.one;
    runner.send(put({ drive: 'cdrom', medium: discOf('one') }));
    expect(read()).toContain('the first disc');
    for (const head of runner.heads.slice(from)) clone.replay(head as Head);
    expect(clone.machine.hash('full')).toBe(runner.machine.hash('full'));
  });

  test('that is changed behind an open device is noticed by the next that opens it: UNIT ATTENTION', async () => {
    const config = linuxGuest({ drives: { cdrom: { ...driveOf(images.one), disc: discOf('one') } } });
    const runner = await Runner.start(config);
    const disks = new MemoryDisks(runner, { cdrom: images.one }, 5);
    runner.until(() => runner.serial.includes('~# '));
    const run = (command: string): string => {
      const from = runner.serial.length;
      runner.type(`${command}; echo FIN""ISHED\n`);
      runner.untilSerial('FINISHED', 40_000);
      return runner.serial.slice(from);
    };
    // As long as somebody has it open, Linux keeps what it has read, unless the drive says that its disc was changed.
    run('modprobe sr_mod; until [ -b /dev/sr0 ]; do sleep 0.1; done; exec 3</dev/sr0');
    const sector = 'dd if=/dev/sr0 bs=2k skip=21 count=1 2>/dev/null | head -c 30; echo';
    expect(run(sector)).toContain('the first disc');
    disks.images.cdrom = images.two;
    runner.send(put({ drive: 'cdrom', medium: discOf('two') }));
    expect(run(sector)).toContain('the second disc');
  });

  test.each(['ejected', 'changed'] as const)(
    'that is %s under a read completes it as the disc that was asked',
    async (how) => {
      const config = linuxGuest({ drives: { cdrom: { ...driveOf(images.one), disc: discOf('one') } } });
      const runner = await Runner.start(config);
      runner.until(() => runner.serial.includes('~# '));
      runner.type('modprobe sr_mod; until [ -b /dev/sr0 ]; do sleep 0.1; done\n');
      runner.type('dd if=/dev/sr0 bs=2k skip=21 count=1 2>/dev/null | head -c 14; echo; echo FIN""ISHED\n');
      runner.until(() => runner.machine.pendingRequests.length > 0);
      const [request] = runner.machine.pendingRequests;
      runner.send(put({ drive: 'cdrom', medium: how === 'ejected' ? null : discOf('two') }));
      runner.steps(20);
      expect(request?.disc).toEqual(discOf('one'));
      const { id = -1, offset = 0, length = 0 } = request ?? {};
      const data = images.one.slice(offset, offset + length);
      new MemoryDisks(runner, { cdrom: images.two }, 1);
      runner.send(input('disk', encodeDiskInput({ id, status: 'ok', data })));
      runner.untilSerial('FINISHED', 40_000);
      expect(runner.serial).toContain('the first disc');
    },
  );
});
