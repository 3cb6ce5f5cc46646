// The gateway's codecs: known bytes, round trips, and bytes that nobody meant.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { internetChecksum } from '../../main/gateway/wire/checksum.ts';
import { parseDns, parseName } from '../../main/gateway/wire/dns.ts';
import { formatMac, FRAME_BYTES_MAX, isGroup, parseEthernet, parseMac } from '../../main/gateway/wire/ethernet.ts';
import { formatAddress, parseAddress, parseIpv4 } from '../../main/gateway/wire/ipv4.ts';
import { ntpTime } from '../../main/gateway/wire/ntp.ts';
import { serializeStreamFrame, StreamFrames } from '../../main/gateway/wire/stream.ts';
import { parseUdp } from '../../main/gateway/wire/udp.ts';
import { CODECS } from '../support/packets.ts';
import { holds } from '../support/random.ts';

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe.each(CODECS)('$name', ({ message, serialize, parse }) => {
  test('is parsed as it was serialized', () => {
    holds(
      fc.property(message, (drawn) => {
        expect(parse(serialize(drawn as never))).toEqual(drawn);
      }),
      60,
    );
  });

  test('is cut off anywhere, or changed anywhere, and nothing is thrown', () => {
    const change = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 });
    holds(
      fc.property(message, fc.nat(400), change, (drawn, length, changes) => {
        const bytes = serialize(drawn as never).slice(0, length);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        parse(bytes);
      }),
      200,
    );
  });

  test('is not found in any bytes whatever, or found without a throw', () => {
    holds(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void parse(bytes)),
      200,
    );
  });
});

describe('addresses', () => {
  test.each(['0.0.0.0', '10.77.0.1', '255.255.255.255'])('%s is read and written', (text) => {
    expect(formatAddress(parseAddress(text) ?? -1)).toBe(text);
  });

  test.each(['', '1.2.3', '1.2.3.256', '1.2.3.4.5', ' 1.2.3.4', '1.2.3.-4', '0x7f.0.0.1'])('%j is none', (text) => {
    expect(parseAddress(text)).toBeNull();
  });

  test('of Ethernet are read with colons or dashes, and written with colons', () => {
    expect(formatMac(parseMac('02-00-00-AB-cd-EF') ?? 0)).toBe('02:00:00:ab:cd:ef');
    expect(['02:00:00:ab:cd', '02:00-00:ab:cd:ef', '02:00:00:ab:cd:gg'].map(parseMac)).toEqual([null, null, null]);
    expect([isGroup(parseMac('01:00:5e:00:00:01') ?? 0), isGroup(parseMac('02:00:00:00:00:01') ?? 0)]).toEqual([
      true,
      false,
    ]);
  });
});

describe('the Internet checksum', () => {
  test('is that of RFC 1071, section 3', () => {
    expect(internetChecksum(hex('00 01 f2 03 f4 f5 f6 f7'))).toBe(~0xddf2 & 0xffff);
  });

  test('of a header that somebody else made is right, and a changed one is refused', () => {
    // The example of a captured header: 10.0.0.1 to 10.0.0.2.
    const header = hex('45 00 00 14 00 01 00 00 40 11 66 d6 0a 00 00 01 0a 00 00 02');
    expect(internetChecksum(header)).toBe(0);
    expect(parseIpv4(header)?.protocol).toBe(17);
    header[8] = 63;
    expect(parseIpv4(header)).toBeNull();
  });
});

test('an IPv4 packet that claims more bytes than came is refused, and padding behind one is ignored', () => {
  const header = hex('45 00 00 14 00 01 00 00 40 11 66 d6 0a 00 00 01 0a 00 00 02');
  expect(parseIpv4(Buffer.concat([header, new Uint8Array(26)]))?.payload).toHaveLength(0);
  const long = hex('45 00 00 15 00 01 00 00 40 11 66 d5 0a 00 00 01 0a 00 00 02');
  expect(internetChecksum(long)).toBe(0);
  expect(parseIpv4(long)).toBeNull();
});

test('a datagram without a checksum is taken, one with a wrong checksum is not', () => {
  expect(parseUdp(hex('00 07 00 09 00 09 00 00 61'), 1, 2)?.payload).toEqual(hex('61'));
  expect(parseUdp(hex('00 07 00 09 00 09 12 34 61'), 1, 2)).toBeNull();
});

test('a frame is refused that is too short, too long, or from a group', () => {
  const frame = new Uint8Array(FRAME_BYTES_MAX + 1);
  expect(parseEthernet(frame)).toBeNull();
  expect(parseEthernet(frame.subarray(0, FRAME_BYTES_MAX))).not.toBeNull();
  expect(parseEthernet(frame.subarray(0, 13))).toBeNull();
  frame[6] = 1;
  expect(parseEthernet(frame.subarray(0, 60))).toBeNull();
});

describe('a name of DNS', () => {
  const header = '00 01 01 00 00 01 00 00 00 00 00 00';

  test.each([
    ['points to itself', 'c0 0c 00 01 00 01'],
    ['points forward', 'c0 12 00 01 00 01 01 61 00'],
    ['goes round through its own labels', '01 61 c0 0c 00 01 00 01'],
    ['is longer than the message', '3f 61 61'],
    ['has a label of a reserved kind', '80 61 00 00 01 00 01'],
  ])('that %s is refused', (_what, name) => {
    expect(parseDns(hex(header + name))).toBeNull();
  });

  test('is written as text, or refused', () => {
    expect(parseName('a.example.')).toEqual(['a', 'example']);
    expect([parseName('a..b'), parseName('x'.repeat(64)), parseName('abc.'.repeat(64))]).toEqual([null, null, null]);
  });
});

test('a timestamp of NTP counts from 1900, and its fraction is of a second', () => {
  expect(ntpTime(0)).toBe(2_208_988_800n << 32n);
  expect(ntpTime(500)).toBe((2_208_988_800n << 32n) | 0x80000000n);
});

describe('a stream of frames', () => {
  test('cut at any places gives the same frames', () => {
    holds(
      fc.property(fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 6 }), fc.array(fc.nat(200)), (sent, cuts) => {
        const stream = Buffer.concat(sent.map(serializeStreamFrame));
        const places = [0, ...cuts.filter((cut) => cut < stream.length), stream.length].toSorted((a, b) => a - b);
        const frames = new StreamFrames();
        const got = places.flatMap(
          (place, i) => frames.push(stream.subarray(place, places[i + 1] ?? stream.length)) ?? [],
        );
        expect(got.map((frame) => [...frame])).toEqual(sent.map((frame) => [...frame]));
      }),
    );
  });

  test('that comes a byte at a time is put together once', () => {
    const sent = new Uint8Array(FRAME_BYTES_MAX).map((_, at) => at);
    const frames = new StreamFrames();
    const got = Array.from(serializeStreamFrame(sent), (byte) => frames.push(Uint8Array.of(byte)) ?? []).flat();
    expect(got).toHaveLength(1);
    expect(Buffer.compare(got[0] ?? new Uint8Array(), sent)).toBe(0);
  });

  test('that announces an absurd length is refused, then and for ever', () => {
    const frames = new StreamFrames();
    expect(frames.push(hex('00 01 00 12'))).toBeNull();
    expect(frames.push(hex('00 00 00 00'))).toBeNull();
  });
});
