// The codec of the link between a replica and the gateway.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeToGateway,
  decodeToReplica,
  encodeToGateway,
  encodeToReplica,
  LINK_FRAME_BYTES_MAX,
} from '../../main/transport/frames.ts';
import { FRAME_BYTES_MAX } from '../../main/gateway/wire/ethernet.ts';
import { holds } from '../support/random.ts';

const count = fc.maxSafeNat();
const index = fc.nat(0xffffffff);
const data = fc.uint8Array({ maxLength: 100 });
const toGateway = fc.oneof(
  fc.record({ kind: fc.constant('frame' as const), epoch: count, index, data }),
  fc.record({ kind: fc.constant('live' as const), generation: count }),
);
const toReplica = fc.oneof(
  fc.record({ kind: fc.constant('frame' as const), data }),
  fc.record({ kind: fc.constant('confirm' as const), epoch: count, index }),
);

test('every message is decoded as it was encoded', () => {
  holds(
    fc.property(toGateway, (message) => {
      expect(decodeToGateway(encodeToGateway(message))).toEqual(message);
    }),
  );
  holds(
    fc.property(toReplica, (message) => {
      expect(decodeToReplica(encodeToReplica(message))).toEqual(message);
    }),
  );
});

test('any bytes are a message that is encoded to the same bytes, or none', () => {
  holds(
    fc.property(fc.uint8Array({ maxLength: 20 }), fc.nat(4), (bytes, kind) => {
      if (bytes.length > 0) bytes[0] = kind;
      const [gateway, replica] = [decodeToGateway(bytes), decodeToReplica(bytes)];
      if (gateway) expect(encodeToGateway(gateway)).toEqual(bytes);
      if (replica) expect(encodeToReplica(replica)).toEqual(bytes);
    }),
    1000,
  );
});

test('a frame that is too long is neither encoded nor decoded, and the limit is that of Ethernet', () => {
  expect(LINK_FRAME_BYTES_MAX).toBe(FRAME_BYTES_MAX);
  const long = new Uint8Array(LINK_FRAME_BYTES_MAX + 1);
  expect(() => encodeToReplica({ kind: 'frame', data: long })).toThrow(RangeError);
  expect(() => encodeToGateway({ kind: 'frame', epoch: 0, index: 0, data: long })).toThrow(RangeError);
  expect(decodeToReplica(Uint8Array.from([1, ...long]))).toBeNull();
  expect(decodeToGateway(Uint8Array.from([1, ...new Uint8Array(12), ...long]))).toBeNull();
});

test('a position that is no count is none', () => {
  expect(() => encodeToGateway({ kind: 'live', generation: -1 })).toThrow(RangeError);
  const bytes = encodeToGateway({ kind: 'live', generation: 1 });
  new DataView(bytes.buffer).setFloat64(1, 0.5, true);
  expect(decodeToGateway(bytes)).toBeNull();
});
