/** Block requests: what they carry, when they complete, and what the guest sees when they fail. */
import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { AssertionError } from '../../main/ft/assert.ts';
import type { InputDevice } from '../../main/ft/entry.ts';
import { decodeDiskInput, DISK_REQUEST_BYTES_MAX, encodeDiskInput } from '../../main/machine/devices/disk.ts';
import { MachineError } from '../../main/machine/errors.ts';
import { guestFiles } from '../../resources/guests/build.ts';
import { generator } from '../support/mulberry.ts';
import { driveOf, input, linuxGuest, MemoryDisks, Runner, testGuest } from './guest.ts';

// Guests run as fast as the computer and its other work let them.
vi.setConfig({ testTimeout: 180_000 });

const SECTORS = 64;

function image(seed: number): Uint8Array {
  const random = generator(seed);
  return Uint8Array.from({ length: SECTORS * 512 }, () => random(256));
}

async function withDisk(seed: number) {
  const hda = image(seed);
  const runner = await Runner.start(testGuest({ drives: { hda: driveOf(hda.slice()) } }));
  const disks = new MemoryDisks(runner, { hda }, seed);
  runner.untilSerial('LOCKSTEP TEST GUEST');
  return { runner, disks, hda };
}

describe('the test guest', () => {
  test('reads and writes its disk, whenever the requests complete', async () => {
    const { runner, disks, hda } = await withDisk(1);
    const before = hda.slice();
    for (let round = 0; round < 5; round += 1) {
      runner.type('w');
      runner.untilSerial('\r\n');
      runner.type('r');
      runner.untilSerial('\r\n');
    }
    expect(runner.serial.match(/^W [0-9a-f]{8} [0-9a-f]{8}/gim)).toHaveLength(5);
    expect(runner.serial.match(/^R [0-9a-f]{8} [0-9a-f]{8}/gim)).toHaveLength(5);
    // Write n puts n * 0x9e3779b1 + i * 0x01000193 in dword i of sector n - 1.
    const words = new DataView(hda.buffer);
    for (let sector = 0; sector < 5; sector += 1) {
      const expected = (Math.imul(sector + 1, 0x9e37_79b1) + Math.imul(7, 0x0100_0193)) >>> 0;
      expect(words.getUint32(sector * 512 + 28, true)).toBe(expected);
    }
    expect(hda.subarray(5 * 512)).toEqual(before.subarray(5 * 512));
    expect(disks.seen.some(({ operation }) => operation === 'flush')).toBe(true);
    expect(disks.seen.map(({ id }) => id)).toEqual(disks.seen.map((_, index) => index));
    expect(runner.machine.pendingRequests).toEqual([]);
  });

  test('sees an error when a read fails, and goes on', async () => {
    const { runner, disks } = await withDisk(2);
    disks.fails = ({ operation }) => operation === 'read';
    runner.type('r');
    runner.untilSerial('disk error');
    disks.fails = () => false;
    runner.type('r');
    runner.untilSerial('R ');
  });

  test('hears of a write that failed when it flushes', async () => {
    const { runner, disks } = await withDisk(3);
    disks.fails = ({ operation }) => operation === 'write';
    runner.type('w');
    runner.untilSerial('disk error');
    disks.fails = () => false;
    runner.type('w');
    runner.untilSerial('W ');
  });

  test('waits for a flush until it is complete', async () => {
    const { runner } = await withDisk(4);
    const held: number[] = [];
    runner.onRequests = (requests) => {
      for (const { id, operation } of requests) {
        if (operation === 'flush') held.push(id);
        else runner.send(input('disk', encodeDiskInput({ id, status: 'ok', data: new Uint8Array() })));
      }
    };
    runner.type('w');
    runner.until(() => held.length > 0);
    runner.steps(500);
    expect(runner.serial).not.toMatch(/^W /m);
    expect(runner.machine.pendingRequests.map(({ operation }) => operation)).toEqual(['flush']);
    runner.send(input('disk', encodeDiskInput({ id: held[0] ?? -1, status: 'ok', data: new Uint8Array() })));
    runner.untilSerial('W ');
  });
});

describe('completions', () => {
  test('a completion of no request kills the machine with words, here and on the backup', async () => {
    const { runner } = await withDisk(5);
    runner.send(input('disk', encodeDiskInput({ id: 77, status: 'ok', data: new Uint8Array() })));
    expect(() => runner.step()).toThrow(MachineError);
    expect(() => runner.step()).toThrow(/77/);
  });

  test('an assertion that fails in an epoch comes out as it is, and leaves the machine as dead', async () => {
    const { runner } = await withDisk(7);
    runner.send(input('pen' as InputDevice, new Uint8Array()));
    expect(() => runner.step()).toThrow(AssertionError);
    expect(() => runner.step()).toThrow(AssertionError);
  });

  test('a machine with pending requests cannot be captured', async () => {
    const { runner } = await withDisk(6);
    runner.onRequests = () => {};
    runner.type('r');
    runner.until(() => runner.machine.pendingRequests.length > 0);
    expect(() => runner.machine.capture()).toThrow(/pending/);
    expect(runner.machine.hash('full')).toMatch(/^[0-9a-f]{64}$/);
  });

  test('the layout refuses what makes no sense', () => {
    const whole = { id: 2 ** 40, status: 'ok', data: Uint8Array.of(1, 2, 3) } as const;
    expect(decodeDiskInput(encodeDiskInput(whole))).toEqual(whole);
    expect(() => decodeDiskInput(new Uint8Array(8))).toThrow(RangeError);
    expect(() => decodeDiskInput(new Uint8Array(9).fill(0xff))).toThrow(RangeError);
    expect(() => decodeDiskInput(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 2))).toThrow(RangeError);
    expect(() => encodeDiskInput({ id: 1, status: 'error', data: Uint8Array.of(1) })).toThrow(RangeError);
    expect(() => encodeDiskInput({ id: 1, status: 'ok', data: new Uint8Array(DISK_REQUEST_BYTES_MAX + 1) })).toThrow();
  });
});

test('Linux writes ext4 with completions in any order, and reads it back', async () => {
  const hda = new Uint8Array(readFileSync(guestFiles().dataImage));
  const runner = await Runner.start(linuxGuest({ drives: { hda: driveOf(hda.slice()) } }));
  const disks = new MemoryDisks(runner, { hda }, 7);
  runner.until(() => runner.serial.includes('~# '));
  runner.type('until grep -q mnt /proc/mounts; do sleep 0.1; done; ');
  runner.type(
    'dd if=/dev/urandom of=/mnt/a bs=4k count=300 2>/dev/null; md5sum < /mnt/a; sync; ' +
      'echo 3 > /proc/sys/vm/drop_caches; ',
  );
  runner.type('md5sum < /mnt/a; grep mnt /proc/mounts; echo FIN""ISHED\n');
  runner.untilSerial('FINISHED', 40_000);
  const sums = runner.serial.match(/^[0-9a-f]{32}/gm);
  expect(sums).toHaveLength(2);
  expect(sums?.[0]).toBe(sums?.[1]);
  expect(runner.serial).toMatch(/ext4 rw/);
  expect(disks.seen.filter(({ operation }) => operation === 'write').length).toBeGreaterThan(5);
  // A failing disk ends in an error the guest can report, not in a guest that waits for ever.
  disks.fails = ({ operation }) => operation === 'read';
  runner.type('echo 3 > /proc/sys/vm/drop_caches; md5sum /mnt/a || echo fa""iled; echo FIN""ISHED\n');
  runner.untilSerial('FINISHED', 60_000);
  expect(runner.serial).toContain('failed');
});
