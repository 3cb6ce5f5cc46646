// The log's layout: everything written is read back, and nothing else is read.

import zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader, ByteWriter, DecodeError } from '../../main/ft/bytes.ts';
import { ENTRY_BYTES_MAX, HEAD_INPUTS_MAX } from '../../main/ft/constants.ts';
import { decodeEntry, decodeMessage, encodeEntry, HEADER_BYTES, type Entry } from '../../main/ft/log.ts';
import { holds } from '../support/random.ts';
import { anyEntry, entriesByKind } from './entries.ts';

const checksum = zlib.crc32;
const KIND_HELLO = 1;
const KIND_HEAD = 2;
const KIND_CONTROL = 3;
const KIND_HASH = 4;
const KIND_HEARTBEAT = 5;

const aHead: Entry = {
  kind: 'head',
  epoch: 7,
  head: {
    advanceUs: 400,
    rate: 5120,
    slices: 1,
    inputs: [{ device: 'serial', sequence: 3, data: Uint8Array.of(1, 2) }],
  },
};

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Bytes with a correct header and checksum around a payload that no encoder would write. */
function forged(kind: number, payload: Uint8Array, announced = payload.length): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, kind);
  view.setUint32(1, announced, true);
  bytes.set(payload, HEADER_BYTES);
  view.setUint32(11, checksum(payload, checksum(bytes.subarray(0, 11))), true);
  return bytes;
}

describe('an entry', () => {
  test.each(entriesByKind)('of kind %s is read back as it was written', (_kind, entries) => {
    holds(
      fc.property(entries, (entry) => {
        const bytes = encodeEntry(entry, checksum);
        expect(decodeEntry(bytes, checksum)).toEqual({ entry, length: bytes.length });
      }),
    );
  });

  test('is read from the start of the bytes, whatever follows it', () => {
    holds(
      fc.property(anyEntry, fc.uint8Array({ maxLength: 30 }), (entry, following) => {
        const bytes = encodeEntry(entry, checksum);
        expect(decodeEntry(joined([bytes, following]), checksum)).toEqual({ entry, length: bytes.length });
      }),
    );
  });

  test('is awaited, not guessed, while any of its bytes is missing', () => {
    holds(
      fc.property(anyEntry, (entry) => {
        const bytes = encodeEntry(entry, checksum);
        for (let length = 0; length < bytes.length; length++) {
          expect(decodeEntry(bytes.subarray(0, length), checksum)).toBeNull();
        }
      }),
      50,
    );
  });

  test('with any one bit flipped is never taken for an entry', () => {
    holds(
      fc.property(anyEntry, (entry) => {
        const bytes = encodeEntry(entry, checksum);
        for (let bit = 0; bit < bytes.length * 8; bit++) {
          const damaged = bytes.slice();
          damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          expect(() => decodeMessage(damaged, checksum), `bit ${bit}`).toThrow(DecodeError);
        }
      }),
      25,
    );
  });
});

describe('a message', () => {
  test('of many entries gives them all, in order', () => {
    holds(
      fc.property(fc.array(anyEntry, { maxLength: 6 }), (entries) => {
        const message = joined(entries.map((entry) => encodeEntry(entry, checksum)));
        expect(decodeMessage(message, checksum)).toEqual(entries);
      }),
    );
  });

  test('that ends inside an entry is refused at every length', () => {
    const message = joined([encodeEntry(aHead, checksum), encodeEntry(aHead, checksum)]);
    const one = message.length / 2;
    for (let length = 1; length < message.length; length++) {
      if (length === one) continue;
      expect(() => decodeMessage(message.subarray(0, length), checksum), `${length}`).toThrow(
        /ends inside a log entry/,
      );
    }
  });

  test('of random bytes is refused and does nothing worse', () => {
    holds(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
        expect(() => decodeMessage(bytes, checksum)).toThrow(DecodeError);
      }),
      2000,
    );
  });

  test('of random bytes under a good checksum is read or refused, and does nothing worse', () => {
    holds(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.uint8Array({ maxLength: 300 }), (kind, payload) => {
        try {
          expect(decodeMessage(forged(kind, payload), checksum)).toHaveLength(1);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      2000,
    );
  });
});

describe('refused by name', () => {
  const sizedBy = (length: number): Uint8Array => new ByteWriter().u8(0).varint(length).done();
  const headWithInputs = (count: number): Uint8Array =>
    new ByteWriter().varint(0).varint(1).varint(1).varint(count).done();
  const headOf = (advance: number, rate: number, slices: number): Uint8Array =>
    new ByteWriter().varint(advance).varint(rate).varint(slices).varint(0).done();
  const headWithInput = (device: number, length: number): Uint8Array =>
    new ByteWriter().raw(headWithInputs(1)).u8(device).varint(1).varint(length).done();

  test.each([
    ['kind 0', forged(0, new Uint8Array()), 'unknown log entry kind 0'],
    ['a kind of the future', forged(10, new Uint8Array()), 'unknown log entry kind 10'],
    ['an unknown control', forged(KIND_CONTROL, Uint8Array.of(5)), 'unknown control 5'],
    ['an unknown device', forged(KIND_HEAD, headWithInput(7, 0)), 'unknown input device 7'],
    ['an unknown hash region', forged(KIND_HASH, Uint8Array.of(4, 0)), 'unknown hash region 4'],
    ['an unknown role', forged(KIND_HELLO, Uint8Array.of(1, 0, 0, 0, 2)), 'unknown role 2'],
    ['a flag that is neither 0 nor 1', forged(KIND_HEARTBEAT, Uint8Array.of(0, 2)), 'unknown may go live 2'],
    [
      'a head that lets no time pass',
      forged(KIND_HEAD, headOf(0, 0, 1)),
      "a head's rate is from 1 to 2147483648, not 0",
    ],
    ['a head of too much time', forged(KIND_HEAD, headOf(2 ** 40 + 1, 1, 1)), "a head's advance is from 0 to"],
    ['a head of a whole day', forged(KIND_HEAD, headOf(0, 1, 65_537)), "a head's slices is from 0 to 65536, not 65537"],
    [
      'more inputs than a head has',
      forged(KIND_HEAD, headWithInputs(HEAD_INPUTS_MAX + 1)),
      'at most 1024 inputs, not 1025',
    ],
    ['an input longer than an entry', forged(KIND_HEAD, headWithInput(0, ENTRY_BYTES_MAX + 1)), 'more than the'],
    ['an input longer than its entry', forged(KIND_HEAD, headWithInput(0, 1_000_000)), 'input is cut off'],
    ['a hash longer than any', forged(KIND_HASH, sizedBy(65)), 'hash has 65 bytes, more than the 64 allowed'],
    ['bytes after the last field', forged(KIND_HEARTBEAT, Uint8Array.of(1, 0, 0)), '1 bytes too many'],
    ['an entry of an absurd length', forged(KIND_HEAD, Uint8Array.of(), ENTRY_BYTES_MAX + 1), 'is absurd'],
    ['an entry of 4 GiB', forged(KIND_HEAD, Uint8Array.of(), 2 ** 32 - 1), 'is absurd'],
  ])('%s', (_what, bytes, message) => {
    expect(() => decodeEntry(bytes, checksum)).toThrow(DecodeError);
    expect(() => decodeEntry(bytes, checksum)).toThrow(message);
  });

  test('a number beyond 2^53, and one that never ends', () => {
    const beyond = Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10);
    const endless = new Uint8Array(400).fill(0x80);
    const zeroInAThousandBytes = Uint8Array.from([...endless, ...endless, 0]);
    for (const bytes of [beyond, endless, zeroInAThousandBytes]) {
      expect(() => new ByteReader(bytes).varint('field')).toThrow(DecodeError);
    }
    expect(new ByteReader(new ByteWriter().varint(Number.MAX_SAFE_INTEGER).done()).varint('field')).toBe(2 ** 53 - 1);
  });

  test('an absurd length, without allocating what it announces', () => {
    const before = process.memoryUsage().arrayBuffers;
    const lengths = [ENTRY_BYTES_MAX, ENTRY_BYTES_MAX + 1, 2 ** 32 - 1];
    for (const length of lengths) {
      for (let i = 0; i < 50; i++) {
        expect(() => decodeMessage(forged(KIND_HEAD, Uint8Array.of(1), length), checksum)).toThrow(DecodeError);
      }
      expect(() => decodeMessage(forged(KIND_HEAD, headWithInput(0, length)), checksum)).toThrow(DecodeError);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
  });

  test('when it is written: an entry that no decoder would take', () => {
    const data = new Uint8Array(ENTRY_BYTES_MAX);
    expect(() => encodeEntry({ kind: 'chunk', epoch: 0, size: 1, data }, checksum)).toThrow(/at most .* bytes, not/);
  });
});
