/** Inputs reach the guest, outputs leave it, and nothing is lost on the way. */
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { encodeKeyboardInput, KEYBOARD_INPUT_BYTES_MAX } from '../../main/machine/devices/keyboard.ts';
import {
  decodeMouseInput,
  encodeMouseInput,
  MOUSE_LEFT,
  MOUSE_PLACE_MAX,
  MOUSE_RIGHT,
} from '../../main/machine/devices/mouse.ts';
import { encodeNicInput, FRAME_BYTES_MAX, parseMac } from '../../main/machine/devices/nic.ts';
import { encodeSerialInput, SERIAL_INPUT_BYTES_MAX } from '../../main/machine/devices/serial.ts';
import { createMachine } from '../../main/machine/emulated.ts';
import { MachineError } from '../../main/machine/errors.ts';
import { generator } from '../support/mulberry.ts';
import { bootSector, input, linuxGuest, MAC, Runner, testGuest } from './guest.ts';
import { mouseGuest } from './mouse-guest.ts';
import { vmMouseGuest } from './vmmouse-guest.ts';

// Guests run as fast as the computer and its other work let them.
vi.setConfig({ testTimeout: 180_000 });

describe('serial console', () => {
  test('the guest answers on its serial line', async () => {
    const runner = await Runner.start(testGuest());
    runner.untilSerial('LOCKSTEP TEST GUEST');
    runner.type('eover the wire\x1b');
    runner.untilSerial('E off');
    expect(runner.serial).toContain('over the wire');
  });

  test('64 KiB sent at once come back complete and in order', async () => {
    const runner = await Runner.start(testGuest());
    runner.untilSerial('LOCKSTEP TEST GUEST');
    runner.type('e');
    runner.untilSerial('E on\r\n');
    const from = runner.serial.length;
    const random = generator(64);
    const text = Array.from({ length: SERIAL_INPUT_BYTES_MAX }, () => String.fromCharCode(32 + random(90))).join('');
    runner.type(text);
    runner.until(() => runner.serial.length >= from + text.length, 50_000);
    expect(runner.serial.slice(from) === text).toBe(true);
    expect(runner.machine.metrics.serialWaiting).toBe(0);
  });

  test('a guest that does not read costs no epochs: the machine idles while bytes wait', async () => {
    const runner = await Runner.start(bootSector(Uint8Array.from([0xfb, 0xf4, 0xeb, 0xfd])));
    runner.steps(3000);
    runner.type('x'.repeat(1000));
    runner.step();
    const idle = Array.from({ length: 20 }, () => runner.step().idleMs);
    expect(idle.filter((ms) => ms > 0).length).toBeGreaterThan(15);
    expect(runner.machine.metrics.serialWaiting).toBeGreaterThan(900);
  });
});

describe('keyboard and mouse', () => {
  test('keys arrive in order, more of them than the controller holds', async () => {
    const runner = await Runner.start(testGuest());
    runner.untilSerial('LOCKSTEP TEST GUEST');
    const scancodes = Uint8Array.from({ length: 100 }, (_, index) => 1 + (index % 80));
    runner.send(input('keyboard', encodeKeyboardInput(scancodes)));
    const heard = () =>
      [...runner.serial.matchAll(/K ([0-9a-f]{2})/gi)].map(([, code]) => Number.parseInt(code ?? '', 16));
    runner.until(() => heard().length >= scancodes.length);
    expect(heard()).toEqual([...scancodes]);
  });

  test('movements, buttons and the wheel arrive whole', async () => {
    const runner = await Runner.start(bootSector(mouseGuest()));
    runner.untilSerial('M');
    runner.steps(20);
    const from = runner.serial.length;
    const events = [
      { dx: 300, dy: -200, wheel: 0, buttons: MOUSE_LEFT },
      { dx: -1000, dy: 77, wheel: 10, buttons: MOUSE_LEFT | MOUSE_RIGHT },
      { dx: 5, dy: 5, wheel: -3, buttons: 0 },
    ];
    runner.send(...events.map((event) => input('mouse', encodeMouseInput(event))));
    runner.steps(400);
    const bytes = Buffer.from(runner.serial.slice(from), 'latin1');
    const sum = { dx: 0, dy: 0, wheel: 0 };
    const buttons: number[] = [];
    for (let at = 0; at + 4 <= bytes.length; at += 4) {
      sum.dx += bytes.readInt8(at + 1);
      sum.dy -= bytes.readInt8(at + 2);
      sum.wheel += bytes.readInt8(at + 3);
      const pressed = (bytes[at] ?? 0) & 7;
      if (buttons.at(-1) !== pressed) buttons.push(pressed);
    }
    expect(bytes.length % 4).toBe(0);
    expect(sum).toEqual({ dx: -695, dy: -118, wheel: 7 });
    expect(buttons).toEqual([MOUSE_LEFT, MOUSE_LEFT | MOUSE_RIGHT, 0]);
  });

  test("a guest that asks VMware's backdoor gets the pointer's place, and clicks where it is", async () => {
    const runner = await Runner.start(bootSector(vmMouseGuest()));
    runner.untilSerial('M');
    const from = runner.serial.length;
    const still = { dx: 0, dy: 0, wheel: 0 };
    const events = [
      { ...still, buttons: 0, at: { x: 0x1234, y: 0xfe01 } },
      { ...still, dx: 400, buttons: MOUSE_LEFT, at: { x: 0x8000, y: 0x4000 } },
      { ...still, buttons: 0, at: { x: 0x8000, y: 0x4000 } },
    ];
    for (const event of events) {
      runner.send(input('mouse', encodeMouseInput(event)));
      runner.steps(20);
    }
    const said = Buffer.from(runner.serial.slice(from), 'latin1');
    const packets = Array.from({ length: said.length / 4 }, (_, index) => [...said.subarray(index * 4, index * 4 + 4)]);
    // VMware's bit of the left button is 0x20.
    expect(packets).toEqual([
      [0, 0x12, 0xfe, 0],
      [0, 0x80, 0x40, 0],
      [0x20, 0x80, 0x40, 0],
      [0, 0x80, 0x40, 0],
    ]);
    // Who looks at the place of a click in a copy of the machine finds it there as well.
    const clone = await createMachine(bootSector(vmMouseGuest()));
    clone.restore(runner.machine.capture());
    expect(clone.hash('full')).toBe(runner.machine.hash('full'));
  });
});

describe('network', () => {
  test('Linux has the configured address, sends frames and gets them', async () => {
    const runner = await Runner.start(linuxGuest());
    runner.until(() => runner.serial.includes('~# '));
    runner.type(
      'until [ -e /sys/class/net/eth0 ]; do sleep 0.1; done; cat /sys/class/net/eth0/address; ' +
        'ip addr add 10.9.9.1/24 dev eth0; ip link set eth0 up; echo FIN""ISHED\n',
    );
    runner.untilSerial('FINISHED');
    expect(runner.serial).toContain(MAC);
    // Who has 10.9.9.1? Tell 10.9.9.2.
    const question = Buffer.from(
      'ffffffffffff020000000002080600010800060400010200000000020a0909020000000000000a090901',
      'hex',
    );
    runner.send(input('nic', encodeNicInput(question)));
    const answered = () => runner.frames.some((frame) => frame[12] === 8 && frame[13] === 6 && frame[21] === 2);
    runner.until(answered, 5000);
    const answer = runner.frames.find((frame) => frame[12] === 8 && frame[13] === 6 && frame[21] === 2);
    expect(Buffer.from(answer ?? []).toString('hex', 22, 28)).toBe(MAC.replaceAll(':', ''));
  });

  test('a frame for a card that no driver has set up is dropped', async () => {
    const plain = await Runner.start(testGuest({ nic: { type: 'virtio', mac: MAC } }));
    const flooded = await Runner.start(testGuest({ nic: { type: 'virtio', mac: MAC } }));
    for (let epoch = 0; epoch < 200; epoch += 1) {
      flooded.send(input('nic', new Uint8Array(1514).fill(0xee)));
      plain.step();
      flooded.step();
    }
    expect(flooded.machine.hash('full')).toBe(plain.machine.hash('full'));
  });
});

test('a guest that powers off is seen to have stopped', async () => {
  const runner = await Runner.start(linuxGuest());
  runner.until(() => runner.serial.includes('~# '));
  expect(runner.machine.stopped).toBe(false);
  runner.type('poweroff\n');
  runner.until(() => runner.machine.stopped, 60_000);
  runner.steps(100);
  expect(runner.machine.stopped).toBe(true);
});

describe('layouts', () => {
  test('a mouse event survives encoding', () => {
    const int = (bits: number) => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
    const place = fc.record({ x: fc.nat(MOUSE_PLACE_MAX), y: fc.nat(MOUSE_PLACE_MAX) });
    const event = fc.record(
      { dx: int(16), dy: int(16), wheel: int(8), buttons: fc.integer({ min: 0, max: 7 }), at: place },
      { requiredKeys: ['dx', 'dy', 'wheel', 'buttons'] },
    );
    fc.assert(
      fc.property(event, (value) => {
        expect(decodeMouseInput(encodeMouseInput(value))).toEqual(value);
      }),
    );
  });

  test('what is too long, too short or out of range is refused', () => {
    expect(() => encodeSerialInput(new Uint8Array(SERIAL_INPUT_BYTES_MAX + 1))).toThrow(RangeError);
    expect(() => encodeKeyboardInput(new Uint8Array(KEYBOARD_INPUT_BYTES_MAX + 1))).toThrow(RangeError);
    expect(() => encodeNicInput(new Uint8Array(13))).toThrow(RangeError);
    expect(() => encodeNicInput(new Uint8Array(FRAME_BYTES_MAX + 1))).toThrow(RangeError);
    expect(() => encodeMouseInput({ dx: 40_000, dy: 0, wheel: 0, buttons: 0 })).toThrow(RangeError);
    expect(() => decodeMouseInput(new Uint8Array(5))).toThrow(RangeError);
    expect(() => parseMac('01:00:5e:00:00:01')).toThrow(MachineError);
    expect(() => parseMac('2:0:0:0:0:1')).toThrow(MachineError);
  });

  test('a configuration that cannot be is refused by name', async () => {
    await expect(Runner.start(testGuest({ memoryMB: 0 }))).rejects.toThrow(/memoryMB/);
    const drive = { byteLength: 1000, readSync: () => new Uint8Array(512) };
    await expect(Runner.start(testGuest({ drives: { hda: drive } }))).rejects.toThrow(/hda/);
    await expect(Runner.start(testGuest({ drives: { hdb: { ...drive, byteLength: 1024 } } }))).rejects.toThrow(/hdb/);
    await expect(Runner.start(linuxGuest({ memoryMB: 64 }))).rejects.toThrow(/initrd/);
  });
});
