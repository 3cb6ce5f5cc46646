// TCP segments as bytes: what is written is read again, and nothing that a guest can send does harm.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { positionOf, sequenceOf } from '../../main/gateway/tcp/sequence.ts';
import { internetChecksum, pseudoHeaderSum } from '../../main/gateway/wire/checksum.ts';
import { PROTOCOL } from '../../main/gateway/wire/ipv4.ts';
import { FLAG, parseTcp, serializeTcp, TCP_HEADER_BYTES, type TcpSegment } from '../../main/gateway/wire/tcp.ts';
import { holds } from '../support/random.ts';

const address = fc.nat(0xffff_ffff);
const port = fc.nat(0xffff);

const segment: fc.Arbitrary<TcpSegment> = fc
  .record({
    sourcePort: port,
    destinationPort: port,
    sequence: fc.nat(0xffff_ffff),
    acknowledgment: fc.nat(0xffff_ffff),
    flags: fc.nat(63),
    window: fc.nat(0xffff),
    mss: fc.option(fc.nat(0xffff)),
    windowScale: fc.option(fc.nat(14)),
    payload: fc.uint8Array({ maxLength: 100 }),
  })
  // The options stand in a SYN only.
  .map((fields) => (fields.flags & FLAG.syn ? fields : { ...fields, mss: null, windowScale: null }));

test('a segment that was written is read as it was', () => {
  holds(
    fc.property(segment, address, address, (written, source, destination) => {
      expect(parseTcp(serializeTcp(written, source, destination), source, destination)).toEqual(written);
    }),
    1000,
  );
});

test('a segment is nothing to other addresses, when it is cut, or when a bit has changed', () => {
  holds(
    fc.property(segment, address, address, fc.nat(), (written, source, destination, where) => {
      const bytes = serializeTcp(written, source, destination);
      expect(parseTcp(bytes, source ^ 1, destination)).toBeNull();
      const at = where % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (where % 8));
      expect(parseTcp(bytes, source, destination)).toBeNull();
      expect(parseTcp(bytes.subarray(0, at % TCP_HEADER_BYTES), source, destination)).toBeNull();
    }),
    1000,
  );
});

/** A SYN with these bytes as its options, and a correct checksum. */
function withOptions(options: readonly number[]): TcpSegment | null {
  const syn = { sourcePort: 1, destinationPort: 2, sequence: 3, acknowledgment: 0, flags: FLAG.syn, window: 4 };
  const room = Math.ceil(options.length / 4) * 4;
  const payload = new Uint8Array([...options, ...new Uint8Array(room - options.length)]);
  const bytes = serializeTcp({ ...syn, mss: null, windowScale: null, payload }, 0, 0);
  bytes[12] = ((TCP_HEADER_BYTES + room) / 4) << 4;
  bytes.fill(0, 16, 18);
  const sum = internetChecksum(bytes, pseudoHeaderSum(0, 0, PROTOCOL.tcp, bytes.length));
  bytes[16] = sum >> 8;
  bytes[17] = sum & 255;
  return parseTcp(bytes, 0, 0);
}

test('unknown options are skipped, the scale is bounded, and options of a wrong length make no segment', () => {
  // As Linux sends them: maximum segment size, SACK permitted, timestamps, nothing, window scale.
  const linux = [2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7];
  expect(withOptions(linux)).toMatchObject({ mss: 1460, windowScale: 7 });
  expect(withOptions([3, 3, 200])).toMatchObject({ mss: null, windowScale: 14 });
  expect(withOptions([0, 2, 4, 5])).toMatchObject({ mss: null, windowScale: null });
  for (const wrong of [
    [2, 3, 5],
    [2, 0, 0, 0],
    [8, 1],
    [8, 200, 1],
    [1, 1, 1, 2],
    [3, 4, 1, 1],
  ]) {
    expect([wrong, withOptions(wrong)]).toEqual([wrong, null]);
  }
});

test('bytes of any kind are a segment or null', () => {
  holds(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void parseTcp(bytes, 1, 2)),
    2000,
  );
  const byte = fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 8), fc.nat(255));
  holds(
    fc.property(fc.array(byte, { maxLength: 40 }), (options) => {
      const parsed = withOptions(options);
      expect(parsed?.payload.length ?? 0).toBe(0);
      expect(parsed?.windowScale ?? 0).toBeLessThanOrEqual(14);
    }),
    5000,
  );
});

test('positions and sequence numbers name each other across the wrap', () => {
  const position = fc.nat(2 ** 40);
  holds(
    fc.property(
      fc.nat(0xffff_ffff),
      position,
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      (initial, near, by) => {
        expect(positionOf(initial, sequenceOf(initial, near + by), near)).toBe(near + by);
      },
    ),
    1000,
  );
});
