/** A clone taken in the middle of work goes on exactly like the machine it was taken from. */
import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { encodeKeyboardInput } from '../../main/machine/devices/keyboard.ts';
import { createMachine } from '../../main/machine/emulated.ts';
import type { MachineConfig } from '../../main/machine/machine.ts';
import { atOnce, inPieces } from '../../main/machine/pieces.ts';
import { Room } from '../../main/machine/room.ts';
import type { Head } from '../../main/ft/entry.ts';
import { guestFiles } from '../../resources/guests/build.ts';
import { driveOf, input, linuxGuest, MemoryDisks, Runner, testGuest } from './guest.ts';

// Guests run as fast as the computer and its other work let them.
vi.setConfig({ testTimeout: 180_000 });

async function cloneOf(runner: Runner, config: MachineConfig): Promise<Runner> {
  const clone = await createMachine(config);
  const snapshot = runner.machine.capture();
  clone.restore(snapshot);
  expect(clone.hash('full')).toBe(runner.machine.hash('full'));
  expect([clone.epoch, clone.virtualNs, clone.instructions]).toEqual([
    runner.machine.epoch,
    runner.machine.virtualNs,
    runner.machine.instructions,
  ]);
  return new Runner(clone);
}

/** Steps both for `count` epochs, comparing after each; everything at the end and now and then. */
function goOnTogether(
  original: Runner,
  clone: Runner,
  count: number,
  between: (epoch: number) => void = () => {},
): void {
  const from = original.serial.length;
  for (let epoch = 0; epoch < count; epoch += 1) {
    between(epoch);
    original.step();
    clone.replay(original.heads.at(-1) as Head);
    const same = original.machine.hash('cpu') === clone.machine.hash('cpu');
    if (!same) throw new Error(`clone differs ${epoch} epochs after it was taken`);
    if (epoch % 1000 === 999) expect(clone.machine.hash('full')).toBe(original.machine.hash('full'));
  }
  expect(clone.machine.hash('full')).toBe(original.machine.hash('full'));
  expect(clone.serial).toBe(original.serial.slice(from));
}

describe('the test guest', () => {
  for (const [name, command, before, after] of [
    ['computing', 'b', 400, 1500],
    ['drawing', 'g', 300, 1500],
    ['counting on the serial line', 'c', 50, 300],
    ['idle', '', 500, 1500],
  ] as const) {
    test(`cloned while ${name}`, async () => {
      const config = testGuest();
      const runner = await Runner.start(config);
      runner.untilSerial('LOCKSTEP TEST GUEST');
      runner.type(command);
      runner.steps(before);
      const clone = await cloneOf(runner, config);
      goOnTogether(runner, clone, after);
    });
  }

  test('cloned with typed bytes and keys still waiting to enter', async () => {
    const config = testGuest();
    const runner = await Runner.start(config);
    runner.untilSerial('LOCKSTEP TEST GUEST');
    runner.type(`e${'waiting '.repeat(200)}`);
    runner.send(input('keyboard', encodeKeyboardInput(new Uint8Array(60).fill(0x1e))));
    runner.steps(3);
    expect(runner.machine.metrics.serialWaiting).toBeGreaterThan(0);
    const clone = await cloneOf(runner, config);
    goOnTogether(runner, clone, 1000);
    expect(runner.serial).toContain('waiting waiting');
  });

  test('cloned from a copy that was sealed while the original went on', async () => {
    const config = testGuest();
    const runner = await Runner.start(config);
    const { machine } = runner;
    runner.untilSerial('LOCKSTEP TEST GUEST');
    runner.type('g');
    runner.steps(200);
    const making = machine.room();
    while (!making.next().done) runner.step();
    const hash = machine.hash('full');
    const from = runner.heads.length;
    const capture = machine.copy(await inPieces(machine.room()));
    const sealing = capture.seal();
    let sealed = sealing.next();
    for (; !sealed.done; sealed = sealing.next()) runner.step();
    runner.steps(100);
    expect(await inPieces(capture.hash())).toBe(hash);
    const snapshot = sealed.value;
    expect([snapshot.description.length, snapshot.pages.length]).toEqual([
      capture.descriptionBytes,
      capture.pagesBytes,
    ]);
    const clone = await createMachine(config);
    clone.restore(snapshot);
    expect(clone.hash('full')).toBe(hash);
    for (const head of runner.heads.slice(from)) clone.execute(head);
    expect(clone.hash('full')).toBe(machine.hash('full'));
  });

  test('a room too small for the copy is no harm', async () => {
    const runner = await Runner.start(testGuest());
    runner.untilSerial('LOCKSTEP TEST GUEST');
    const room = await inPieces(Room.make(0));
    room.take(8 << 20);
    expect(atOnce(runner.machine.copy(room).seal())).toEqual(runner.machine.capture());
  });

  test('before its first instruction needs none of its pages', async () => {
    // A backup is built without what is in the removable drives.
    const config = testGuest({ floppy: new Uint8Array(1_474_560).fill(7) });
    const runner = await Runner.start(config);
    const clone = await createMachine({ ...config, floppy: new Uint8Array(1_474_560) });
    const snapshot = atOnce(runner.machine.copyAsBuilt().seal());
    expect(snapshot.pages).toHaveLength(0);
    clone.restore(snapshot);
    expect(clone.hash('full')).toBe(runner.machine.hash('full'));
    goOnTogether(runner, new Runner(clone), 300);

    const used = new Runner(await createMachine(config));
    used.steps(3);
    const before = used.machine.hash('full');
    expect(() => used.machine.restore(snapshot)).toThrow('the snapshot is of a machine that was built otherwise');
    expect(used.machine.hash('full')).toBe(before);
    expect(() => used.machine.copyAsBuilt()).toThrow('where the machine is as it was built');
  });

  test('a clone of a clone is as good', async () => {
    const config = testGuest();
    const runner = await Runner.start(config);
    runner.untilSerial('LOCKSTEP TEST GUEST');
    runner.type('b');
    runner.steps(200);
    const second = await cloneOf(runner, config);
    goOnTogether(runner, second, 200);
    const third = await cloneOf(second, config);
    goOnTogether(second, third, 500);
  });

  test('a machine that was reset by its guest can be cloned', async () => {
    // Pulses the processor's reset line through the keyboard controller, for ever: a reset makes new queues in v86.
    const floppy = new Uint8Array(1_474_560);
    floppy.set([0xb0, 0xfe, 0xe6, 0x64, 0xf4]);
    floppy.set([0x55, 0xaa], 510);
    const config = testGuest({ floppy });
    const runner = await Runner.start(config);
    runner.steps(1000);
    const clone = await cloneOf(runner, config);
    goOnTogether(runner, clone, 500);
  });
});

describe('Linux', () => {
  test('cloned before its first instruction, without its pages', async () => {
    const config = linuxGuest({ drives: { hda: driveOf(new Uint8Array(1 << 20)) } });
    const runner = await Runner.start(config);
    const clone = await createMachine(config);
    clone.restore(atOnce(runner.machine.copyAsBuilt().seal()));
    goOnTogether(runner, new Runner(clone), 1500);
  });

  test('cloned while it boots', async () => {
    const config = linuxGuest();
    const runner = await Runner.start(config);
    runner.steps(900);
    const clone = await cloneOf(runner, config);
    goOnTogether(runner, clone, 1500);
    runner.until(() => runner.serial.includes('~# '));
  });

  test('cloned while its disk and its shell are at work', async () => {
    const hda = new Uint8Array(readFileSync(guestFiles().dataImage));
    const config = linuxGuest({ drives: { hda: driveOf(hda.slice()) } });
    const runner = await Runner.start(config);
    const disks = new MemoryDisks(runner, { hda }, 11);
    runner.until(() => runner.serial.includes('~# '));
    runner.type('until grep -q mnt /proc/mounts; do sleep 0.1; done; while true; do dd if=/dev/urandom of=/mnt/a ');
    runner.type(
      'bs=4k count=50 2>/dev/null; sync; md5sum /mnt/a; ls -lR /etc > /dev/tty1; gzip -c /mnt/a > /mnt/b; done\n',
    );
    runner.until(() => disks.seen.length > 60, 40_000);
    // Quiesce: a copy is taken when no request is under way.
    runner.until(() => runner.machine.pendingRequests.length === 0);
    const clone = await cloneOf(runner, config);
    goOnTogether(runner, clone, 3000, (epoch) => {
      if (epoch % 200 === 100) runner.send(input('keyboard', encodeKeyboardInput(Uint8Array.of(0x1e, 0x9e))));
    });
    expect(clone.machine.pendingRequests).toEqual(runner.machine.pendingRequests);
  });
});
