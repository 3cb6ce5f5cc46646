// The buffers of a TCP connection: what goes in comes out, in order, and memory follows from what is kept.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReceiveBuffer } from '../../main/gateway/tcp/receive-buffer.ts';
import { SendBuffer } from '../../main/gateway/tcp/send-buffer.ts';
import { RetransmissionTimeout } from '../../main/gateway/tcp/timers.ts';
import { holds } from '../support/random.ts';

const STREAM = Uint8Array.from({ length: 100_000 }, (_, at) => (at * 31 + (at >> 8)) & 255);

test('a send buffer gives back any stretch that was written and not released', () => {
  const step = fc.oneof(
    fc.record({ append: fc.constantFrom(0, 1, 10, 1000, 1024, 5000) }),
    fc.record({ release: fc.nat(3000) }),
    fc.record({ from: fc.double({ min: 0, max: 1, noNaN: true }), length: fc.nat(4000) }),
  );
  holds(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const buffer = new SendBuffer(1);
      let start = 1;
      for (const now of steps) {
        if ('append' in now) buffer.append(STREAM.subarray(buffer.end, buffer.end + now.append));
        else if ('release' in now) buffer.release((start = Math.min(buffer.end, start + now.release)));
        else {
          const position = start + Math.floor(now.from * (buffer.end - start));
          const length = Math.min(now.length, buffer.end - position);
          const target = new Uint8Array(length + 3);
          buffer.copy(target, 3, position, length);
          expect(Buffer.compare(target.subarray(3), STREAM.subarray(position, position + length))).toBe(0);
        }
        expect(buffer.length).toBe(buffer.end - start);
      }
    }),
  );
});

test('what was released, or never written, cannot be had', () => {
  const buffer = new SendBuffer(1);
  buffer.append(STREAM.subarray(0, 5000));
  buffer.release(5001);
  expect(() => buffer.copy(new Uint8Array(1), 0, 1, 1)).toThrow('released');
});

test('a receive buffer puts pieces into their places, however they come', () => {
  const piece = fc.record({ from: fc.nat(60_000), length: fc.nat(3000), read: fc.boolean() });
  holds(
    fc.property(fc.array(piece, { maxLength: 80 }), (pieces) => {
      const buffer = new ReceiveBuffer(1);
      const arrived = new Uint8Array(70_000);
      let next = 1;
      let read = 1;
      for (const { from, length, read: reads } of pieces) {
        // Half of them stand where the gap is.
        const position = from % 2 === 0 ? next : from + 1;
        buffer.store(position, STREAM.subarray(position, position + length));
        arrived.fill(1, position, position + length);
        while (arrived[next] === 1) next += 1;
        expect(buffer.next).toBe(next);
        expect(buffer.readable).toBe(next - read);
        while (reads) {
          const bytes = buffer.read();
          if (!bytes) break;
          expect(Buffer.compare(bytes, STREAM.subarray(read, read + bytes.length))).toBe(0);
          read += bytes.length;
        }
      }
    }),
  );
});

test('a guest that leaves ever more gaps has the rest to send again', () => {
  const buffer = new ReceiveBuffer(1);
  for (let at = 0; at < 1000; at++) buffer.store(2 + 2 * at, STREAM.subarray(0, 1));
  let next = 0;
  for (let at = 0; at < 1000; at++) {
    buffer.store(1 + 2 * at, STREAM.subarray(0, 1));
    next = Math.max(next, buffer.next);
  }
  expect(next).toBeLessThan(400);
});

test('what was read does not change when more comes', () => {
  const buffer = new ReceiveBuffer(1);
  buffer.store(1, Uint8Array.of(1, 2, 3));
  const first = buffer.read();
  buffer.store(4, Uint8Array.of(9, 9, 9));
  expect(first).toEqual(Uint8Array.of(1, 2, 3));
});

test('the timeout follows the round trip, doubles, and forgets the doubling', () => {
  const timeout = new RetransmissionTimeout();
  expect(timeout.currentMs).toBe(1000);
  for (let count = 0; count < 50; count++) timeout.sample(10);
  expect(timeout.currentMs).toBeCloseTo(210);
  for (let count = 0; count < 20; count++) timeout.backOff();
  expect(timeout.currentMs).toBe(60_000);
  timeout.reset();
  expect(timeout.currentMs).toBeCloseTo(210);
});
