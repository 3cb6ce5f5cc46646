// Fragments of IPv4 packets, apart and together.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fragment, PACKETS_MAX, Reassembly, REASSEMBLY_MS } from '../../main/gateway/fragments.ts';
import type { Ipv4Packet } from '../../main/gateway/wire/ipv4.ts';
import { holds } from '../support/random.ts';

const packet = (payload: Uint8Array, identification = 1): Ipv4Packet => ({
  source: 1,
  destination: 2,
  protocol: 17,
  ttl: 64,
  identification,
  dontFragment: false,
  moreFragments: false,
  fragmentOffset: 0,
  payload,
});
const large = packet(new Uint8Array(5000).map((_, at) => at));

test('a packet that was cut is put together, in whatever order its fragments come', () => {
  const mtu = fc.integer({ min: 576, max: 3000 });
  holds(
    fc.property(mtu, fc.infiniteStream(fc.nat(1000)), (bytes, random) => {
      const fragments = fragment(large, bytes);
      expect(fragments.every(({ payload }) => payload.length + 20 <= bytes)).toBe(true);
      const order = fragments.map((one) => ({ one, rank: random.next().value })).toSorted((a, b) => a.rank - b.rank);
      const reassembly = new Reassembly();
      const wholes = order.map(({ one }) => reassembly.add(one, 0)).filter((whole) => whole !== null);
      expect(wholes).toEqual([large]);
    }),
    50,
  );
});

describe('a packet', () => {
  const [first, second, ...rest] = fragment(large, 1500) as [Ipv4Packet, Ipv4Packet, ...Ipv4Packet[]];

  test('whose fragments overlap is dropped', () => {
    const reassembly = new Reassembly();
    reassembly.add(first, 0);
    expect(reassembly.add({ ...second, fragmentOffset: second.fragmentOffset - 8 }, 0)).toBeNull();
    expect(reassembly.dropped).toBe(1);
  });

  test('whose last fragment lies before another is dropped', () => {
    const reassembly = new Reassembly();
    for (const one of rest) reassembly.add({ ...one, moreFragments: true, payload: one.payload.subarray(0, 8) }, 0);
    reassembly.add({ ...second, moreFragments: false }, 0);
    expect(reassembly.dropped).toBe(1);
  });

  test('that is not complete in time is dropped', () => {
    const reassembly = new Reassembly();
    reassembly.add(first, 0);
    const late = [second, ...rest].map((one) => reassembly.add(one, REASSEMBLY_MS + 1));
    expect(late.every((whole) => whole === null)).toBe(true);
    expect(reassembly.dropped).toBe(1);
  });

  test('gives way when too many are in the making', () => {
    const reassembly = new Reassembly();
    for (let id = 0; id <= PACKETS_MAX; id++) reassembly.add({ ...first, identification: id }, 0);
    expect(reassembly.dropped).toBe(1);
  });
});
