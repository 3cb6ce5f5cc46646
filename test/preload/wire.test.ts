// What crosses a door as bytes and as JSON: console input, a subscription's bytes, a client's messages.

import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import {
  decodeConsoleInput,
  decodeSeen,
  encodeConsoleInput,
  encodeSeen,
  SCANCODES_MAX,
  type ConsoleInput,
} from '../../preload/contract/input.ts';
import { ClientMessage, decodeBytes, encodeBytes } from '../../preload/contract/messages.ts';
import { holds } from '../support/random.ts';

const int16 = fc.integer({ min: -32767, max: 32767 });
const consoleInput: fc.Arbitrary<ConsoleInput> = fc.oneof(
  fc.record({ kind: fc.constant('keys'), codes: fc.uint8Array({ maxLength: SCANCODES_MAX }) }),
  fc.record({
    kind: fc.constant('mouse'),
    dx: int16,
    dy: int16,
    wheel: fc.integer({ min: -127, max: 127 }),
    buttons: fc.nat(7),
  }),
  fc.record({
    kind: fc.constant('mouse'),
    dx: int16,
    dy: int16,
    wheel: fc.integer({ min: -127, max: 127 }),
    buttons: fc.nat(7),
    at: fc.record({ x: fc.nat(65_535), y: fc.nat(65_535) }),
  }),
);

describe('console input', () => {
  test('is read back as it was written', () => {
    holds(
      fc.property(consoleInput, (input) => {
        expect(decodeConsoleInput(encodeConsoleInput(input))).toEqual(input);
      }),
    );
  });

  test('of a mouse is kept within what a message can say', () => {
    const far = encodeConsoleInput({ kind: 'mouse', dx: 1e9, dy: -1e9, wheel: 1000, buttons: 0xff });
    expect(decodeConsoleInput(far)).toEqual({ kind: 'mouse', dx: 32767, dy: -32767, wheel: 127, buttons: 7 });
    const between = encodeConsoleInput({ kind: 'mouse', dx: 1.6, dy: -1.4, wheel: 0.2, buttons: 0 });
    expect(decodeConsoleInput(between)).toMatchObject({ dx: 2, dy: -1, wheel: 0 });
  });

  test('tells how many pictures were shown, which is no input', () => {
    expect([decodeSeen(encodeSeen(3)), decodeSeen(encodeSeen(1000))]).toEqual([3, 255]);
    for (const bytes of [Uint8Array.of(), Uint8Array.of(4), Uint8Array.of(4, 1, 1), Uint8Array.of(1, 3)]) {
      expect(decodeSeen(bytes)).toBeNull();
    }
  });

  test.each([
    ['nothing', new Uint8Array(), 'unknown console input (empty)'],
    ['an unknown kind', Uint8Array.of(3, 0), 'unknown console input 3'],
    ['too many keys', new Uint8Array(SCANCODES_MAX + 2).fill(1), 'at most 256 scan codes fit one message'],
    ['a short mouse', Uint8Array.of(2, 0, 0), 'a mouse message has 7 or 11 bytes'],
    ['a long mouse', new Uint8Array(8).fill(2), 'a mouse message has 7 or 11 bytes'],
  ])('that is %s is refused', (_what, bytes, why) => {
    expect(() => decodeConsoleInput(bytes)).toThrow(new RangeError(why));
  });

  test('of any bytes is read or refused, and keeps no hold of them', () => {
    holds(
      fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
        try {
          const input = decodeConsoleInput(bytes);
          const before = JSON.stringify(input);
          bytes.fill(0);
          expect(JSON.stringify(input)).toBe(before);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});

describe("a subscription's bytes", () => {
  test('come with its number, whatever they are', () => {
    holds(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.uint8Array(), (subscription, bytes) => {
        expect(decodeBytes(encodeBytes(subscription, bytes))).toEqual({ subscription, bytes });
      }),
    );
  });

  test('are refused when they are too few to carry a number', () => {
    for (let length = 0; length < 4; length++) expect(() => decodeBytes(new Uint8Array(length))).toThrow(RangeError);
  });
});

describe("a client's message", () => {
  test.each([
    { kind: 'call', id: 1, command: 'vm.list', args: {} },
    { kind: 'call', id: 0xffff_ffff, command: 'anything', args: null },
    { kind: 'subscribe', subscription: 2, topic: 'inventory', args: {} },
    { kind: 'unsubscribe', subscription: 2 },
  ])('is accepted: %j', (message) => {
    expect(v.parse(ClientMessage, message)).toEqual(message);
  });

  test('may leave out the arguments, as JSON does where there are none', () => {
    for (const message of [
      { kind: 'call', id: 1, command: 'vm.list' },
      { kind: 'subscribe', subscription: 1, topic: 'inventory' },
    ]) {
      expect(v.safeParse(ClientMessage, message).success).toBe(true);
    }
  });

  test.each([
    null,
    'call',
    [],
    {},
    { kind: 'shout', id: 1 },
    { kind: 'call', id: 0, command: 'vm.list', args: {} },
    { kind: 'call', id: 1.5, command: 'vm.list', args: {} },
    { kind: 'call', id: 2 ** 32, command: 'vm.list', args: {} },
    { kind: 'call', id: '1', command: 'vm.list', args: {} },
    { kind: 'call', id: 1, command: 5, args: {} },
    { kind: 'call', id: 1, command: 'vm.list', args: {}, more: 1 },
    { kind: 'unsubscribe' },
  ])('is refused: %j', (message) => {
    expect(v.safeParse(ClientMessage, message).success).toBe(false);
  });
});
