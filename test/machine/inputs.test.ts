// What devices take: every layout is read as it was written, and any other bytes are refused by a RangeError.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { completionOf, decodeDiskInput, encodeDiskInput } from '../../main/machine/devices/disk.ts';
import { decodeKeyboardInput, KEYBOARD_INPUT_BYTES_MAX } from '../../main/machine/devices/keyboard.ts';
import { decodeMediumInput, encodeMediumInput, type MediumChange } from '../../main/machine/devices/medium.ts';
import { decodeMouseInput, Mouse, MOUSE_MOVEMENT_MAX, MOUSE_QUEUE_MAX } from '../../main/machine/devices/mouse.ts';
import { encodeMouseInput } from '../../main/machine/devices/mouse.ts';
import { decodeNicInput, FRAME_BYTES_MAX, FRAME_BYTES_MIN } from '../../main/machine/devices/nic.ts';
import { decodeSerialInput, SERIAL_INPUT_BYTES_MAX } from '../../main/machine/devices/serial.ts';
import { VirtualClock, CLOCK_NS_MAX } from '../../main/machine/clock.ts';
import type { Bus, Ps2 } from '../../main/machine/v86-types.ts';
import { holds } from '../support/random.ts';

const data = fc.uint8Array({ maxLength: 600 });
const disc = fc.record({
  path: fc.string({ minLength: 1, maxLength: 100, unit: 'grapheme' }).filter((path) => path.isWellFormed()),
  bytes: fc.integer({ min: 1, max: 2 ** 37 }).map((sectors) => sectors * 2048),
  identity: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 }),
});
const change: fc.Arbitrary<MediumChange> = fc.oneof(
  fc.record({ drive: fc.constant('fda' as const), medium: fc.option(fc.uint8Array({ minLength: 1, maxLength: 600 })) }),
  fc.record({ drive: fc.constant('cdrom' as const), medium: fc.option(disc) }),
);

describe('what a device takes', () => {
  test('of a disk is read as it was written', () => {
    const completion = fc.oneof(
      fc.record({ id: fc.maxSafeNat(), status: fc.constant('ok' as const), data }),
      fc.record({ id: fc.maxSafeNat(), status: fc.constant('error' as const), data: fc.constant(new Uint8Array()) }),
    );
    holds(
      fc.property(completion, (given) => {
        const input = encodeDiskInput(given);
        expect(decodeDiskInput(input)).toEqual(given);
        const found = completionOf({ device: 'disk', sequence: 0, data: input });
        expect(found).toEqual({ id: given.id, ok: given.status === 'ok' });
      }),
    );
  });

  test('of a drive for removable media is read as it was written', () => {
    holds(
      fc.property(change, (given) => {
        expect(decodeMediumInput(encodeMediumInput(given))).toEqual(given);
      }),
    );
  });

  test.each([
    ['disk', decodeDiskInput],
    ['medium', decodeMediumInput],
    ['mouse', decodeMouseInput],
    ['keyboard', decodeKeyboardInput],
    ['network card', decodeNicInput],
    ['serial port', decodeSerialInput],
  ])('of any bytes is read or refused: %s', (_device, decode) => {
    const start = fc.tuple(fc.constantFrom(0, 1, 2), fc.constantFrom(0, 1, 2), data);
    const bytes = fc.oneof(
      data,
      start.map(([drive, operation, rest]) => Uint8Array.from([drive, operation, ...rest])),
    );
    holds(
      fc.property(bytes, (input) => {
        try {
          decode(input);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      400,
    );
  });

  test.each([
    [decodeKeyboardInput, KEYBOARD_INPUT_BYTES_MAX + 1],
    [decodeSerialInput, SERIAL_INPUT_BYTES_MAX + 1],
    [decodeNicInput, FRAME_BYTES_MAX + 1],
    [decodeNicInput, FRAME_BYTES_MIN - 1],
  ])('has bounds: %o refuses %i bytes', (decode, length) => {
    expect(() => decode(new Uint8Array(length))).toThrow(RangeError);
  });
});

test('movements of a mouse that nobody reads add up to a bound, and are fed in so many steps', () => {
  let deltas = 0;
  const bus = { send: () => (deltas += 1) } as unknown as Bus;
  const full = { mouse_buffer: { length: 1024 }, enable_mouse_stream: true };
  const ps2 = full as unknown as Ps2;
  const mouse = new Mouse(
    () => ps2,
    () => ({ enabled: false, absolute: false }),
    bus,
  );
  const event = encodeMouseInput({ dx: 32_767, dy: -32_768, wheel: 0, buttons: 0 });
  for (let count = 0; count < MOUSE_QUEUE_MAX + 1000; count += 1) mouse.receive(event);
  expect(mouse.state().waiting.at(-1)).toMatchObject({ dx: MOUSE_MOVEMENT_MAX, dy: -MOUSE_MOVEMENT_MAX });
  // A mouse that is switched off takes everything and keeps nothing.
  full.mouse_buffer.length = 0;
  mouse.feed();
  expect(mouse.state().waiting).toEqual([]);
  expect(deltas).toBeLessThan(MOUSE_QUEUE_MAX * 300 + 1000);
});

test('a clock that goes on from the last moment that a snapshot may have still rises', () => {
  const clock = new VirtualClock(0, () => 0);
  clock.restore({ lastNs: CLOCK_NS_MAX - 64, rate: 1 });
  let last = clock.lastNs;
  for (let reading = 0; reading < 3; reading += 1) {
    expect(clock.readNs()).toBeGreaterThan(last);
    last = clock.lastNs;
  }
});
