// What a VM is made of: what the arguments mean, what is refused, and what a replica is told.

import { rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { CommandError, type ParsedArgs } from '../../preload/contract/contract.ts';
import { DEFAULT_SETTINGS } from '../../main/ft/constants.ts';
import { checkFiles, configure, hardware, hostName, specify, type GuestLibrary } from '../../main/fleet/spec.ts';
import { temporaryFolder } from '../support/folder.ts';
import { makeFile, makeGuests, makeKernel } from '../support/guests.ts';

type Args = Omit<ParsedArgs<'vm.create'>, 'name'>;

function library(): { guests: GuestLibrary; folder: string; make: (args: Args) => ReturnType<typeof configure> } {
  const folder = temporaryFolder();
  const guests = makeGuests(folder);
  return { guests, folder, make: (args) => configure({ name: 'web', ...args }, guests, new Set()) };
}

function refusal(act: () => unknown): CommandError {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(CommandError);
    return error as CommandError;
  }
  throw new Error('nothing was refused');
}

describe('arguments that contradict each other, or say too little, are wrong usage', () => {
  test.each([
    [
      { sample: 'linux', bzimage: 'k' },
      'A sample brings its own kernel: leave out either --sample or --bzimage, --initrd and --multiboot.',
    ],
    [{ sample: 'linux', initrd: 'i' }, 'A sample brings its own kernel'],
    [{ sample: 'test', fda: 'f' }, 'The test guest boots from its own floppy'],
    [{}, 'Say what the VM boots: --sample linux, or --bzimage, --multiboot, --hda, --cdrom or --fda with a file.'],
    [{ memoryMB: 64, cmdline: 'quiet' }, 'Say what the VM boots'],
    [{ initrd: 'i' }, 'Say what the VM boots'],
    [{ hda: 'h', initrd: 'i' }, 'An initrd needs its kernel: add --bzimage FILE.'],
  ] as const)('%j', (args, why) => {
    const error = refusal(() => library().make(args));
    expect([error.code, error.message]).toEqual(['usage', expect.stringContaining(why)]);
  });
});

describe('files are looked at', () => {
  test('when a VM is made: a bad one is refused by name', () => {
    const { make, folder } = library();
    const missing = path.join(folder, 'missing.img');
    const error = refusal(() => make({ hda: missing }));
    expect(error).toMatchObject({
      code: 'refused',
      message: `The hard disk image "${missing}" does not exist. Check the path.`,
    });
  });

  test("the sample's own files as well", () => {
    const { make, guests } = library();
    rmSync(guests.linux.bzimage);
    expect(refusal(() => make({ sample: 'linux' })).message).toContain(`"${guests.linux.bzimage}" does not exist`);
  });

  test("the sample's command line as well", () => {
    const { make, guests } = library();
    rmSync(guests.linux.cmdline);
    const error = refusal(() => make({ sample: 'linux' }));
    expect([error.code, error.message]).toEqual(['refused', expect.stringContaining(`"${guests.linux.cmdline}"`)]);
  });

  test('with the memory that an initrd needs', () => {
    const { make, folder } = library();
    const bzimage = makeKernel(path.join(folder, 'kernel'));
    const initrd = makeFile(path.join(folder, 'initrd'), 80 << 20);
    expect(refusal(() => make({ bzimage, initrd })).message).toContain('give the VM at least 146 MB');
    expect(make({ bzimage, initrd, memoryMB: 146 })).toMatchObject({ memoryMB: 146 });
  });

  test('again when it is powered on', () => {
    const { make, guests, folder } = library();
    const cdrom = makeFile(path.join(folder, 'cd.iso'), 1 << 20);
    const config = make({ cdrom });
    checkFiles(config, guests);
    rmSync(cdrom);
    expect(refusal(() => checkFiles(config, guests)).code).toBe('refused');
  });
});

describe('a VM is made', () => {
  test.each([
    [{ sample: 'linux' }, { memoryMB: 128, guest: 'Sample Linux' }],
    [{ sample: 'test' }, { memoryMB: 32, guest: 'Test guest' }],
    [
      { sample: 'linux', memoryMB: 512 },
      { memoryMB: 512, guest: 'Sample Linux' },
    ],
  ] as const)('of %j', (args, shown) => {
    const { make } = library();
    expect(hardware(make(args))).toMatchObject({ ...shown, files: {}, cmdline: null });
  });

  test('of files, which are kept as whole paths', () => {
    const { make, folder } = library();
    makeKernel(path.join(folder, 'kernel'));
    const bzimage = path.relative(process.cwd(), path.join(folder, 'kernel'));
    const config = make({ bzimage, cmdline: '' });
    expect(hardware(config)).toMatchObject({
      memoryMB: 128,
      guest: 'Linux kernel',
      files: { bzimage: path.join(folder, 'kernel') },
      cmdline: '',
    });
  });

  test.each([
    ['hda', 'Disk image'],
    ['cdrom', 'CD image'],
    ['fda', 'Floppy image'],
  ] as const)('of a %s', (kind, guest) => {
    const { make, folder } = library();
    const file = makeFile(path.join(folder, 'image'), 1440 << 10);
    expect(hardware(make({ [kind]: file }))).toMatchObject({ guest, files: { [kind]: file } });
  });

  test('with a MAC address of its own, locally administered, never one that is taken', () => {
    const { make, guests } = library();
    const macs = new Set(Array.from({ length: 50 }, () => make({ sample: 'test' }).mac));
    expect(macs.size).toBe(50);
    for (const mac of macs) expect(mac).toMatch(/^02:4c:53(:[0-9a-f]{2}){3}$/);
    expect(macs.has(configure({ name: 'x', sample: 'test' }, guests, macs).mac)).toBe(false);
  });

  test('with a seed of 32 bits', () => {
    const { make } = library();
    const seeds = new Set(Array.from({ length: 20 }, () => make({ sample: 'test' }).seed));
    expect(seeds.size).toBeGreaterThan(18);
    for (const seed of seeds) expect(seed >>> 0).toBe(seed);
  });
});

describe('a replica is told', () => {
  const place = { holder: 'replica 1', datastore: '/datastore', startTimeMs: 5 };
  const at = { ...place, mtu: 9000 };
  const record = {
    id: 'id',
    name: 'Web Server',
    folder: '',
    createdAt: 0,
    ftEnabled: false,
    ftSuspended: false,
    ftSettings: {},
    poweredOnAt: null,
    note: null,
    savedState: null,
    currentSnapshot: null,
    revertingTo: null,
    checkpointMinutes: 0,
    lostAt: null,
  };

  test('everything that makes the machine, as whole paths', () => {
    const { make, guests, folder } = library();
    const hda = makeFile(path.join(folder, 'disk.img'), 1 << 20);
    const config = make({ sample: 'linux', hda });
    expect(specify({ ...record, config }, guests, at)).toEqual({
      ...place,
      vm: 'id',
      name: 'Web Server',
      memoryMB: 128,
      vgaMemoryMB: 8,
      seed: config.seed,
      nic: { type: 'virtio', mac: config.mac, mtu: 9000 },
      files: {
        bios: guests.bios,
        vgaBios: guests.vgaBios,
        bzimage: guests.linux.bzimage,
        initrd: guests.linux.initrd,
        hda,
      },
      cmdline: 'console=ttyS0 quiet hostname=web-server',
      settings: DEFAULT_SETTINGS,
    });
  });

  test('the command line that the user wrote, or one that shows what happens', () => {
    const { make, guests, folder } = library();
    const bzimage = makeKernel(path.join(folder, 'kernel'));
    const cmdlineOf = (args: Args): string => specify({ ...record, config: make(args) }, guests, at).cmdline;
    expect(cmdlineOf({ bzimage })).toBe('console=tty0 console=ttyS0');
    expect(cmdlineOf({ bzimage, cmdline: 'root=/dev/sda' })).toBe('root=/dev/sda');
    expect(cmdlineOf({ sample: 'linux', cmdline: '' })).toBe('');
  });

  test('to boot the test guest from its floppy', () => {
    const { make, guests } = library();
    const { files } = specify({ ...record, config: make({ sample: 'test' }) }, guests, at);
    expect(files).toEqual({ bios: guests.bios, vgaBios: guests.vgaBios, fda: guests.test });
  });
});

test.each([
  ['web', 'web'],
  ['Web Server 2', 'web-server-2'],
  ['Žluťoučký kůň', 'zlutoucky-kun'],
  ['--x--', 'x'],
  ['データ', 'lockstep'],
  ['a'.repeat(64), 'a'.repeat(63)],
  [`${'a'.repeat(62)} b`, 'a'.repeat(62)],
])('the VM "%s" has a host name of letters, digits and hyphens', (name, expected) => {
  const label = hostName(name);
  expect(label).toMatch(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/);
  expect(label).toBe(expected);
});
