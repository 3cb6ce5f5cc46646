// The Ethernet switch alone.

import { describe, expect, test } from 'vitest';
import { EthernetSwitch, LEARNED_MAX, LEARNED_MS, type SwitchPort } from '../../main/gateway/switch.ts';
import { BROADCAST_MAC, serializeEthernet } from '../../main/gateway/wire/ethernet.ts';

const frame = (source: number, destination: number): Uint8Array =>
  serializeEthernet({ source, destination, type: 0x0800, payload: Uint8Array.of(1) });

interface End {
  readonly port: SwitchPort;
  readonly got: Uint8Array[];
  full: boolean;
}

function end(owner: EthernetSwitch, mac: number | null): End {
  const got: Uint8Array[] = [];
  const made: End = {
    got,
    full: false,
    port: owner.connect({
      mac,
      deliver(bytes) {
        if (!made.full) got.push(bytes);
        return !made.full;
      },
    }),
  };
  return made;
}

function ports(): [End, End, End] {
  const owner = new EthernetSwitch();
  return [end(owner, 0x02_00000000_0a), end(owner, 0x02_00000000_0b), end(owner, null)];
}
const [A, B, C] = [0x02_00000000_0a, 0x02_00000000_0b, 0x02_00000000_0c];

describe('a frame', () => {
  test('to one goes to that one only', () => {
    const [a, b, uplink] = ports();
    expect(a.port.send(frame(A, B), 0)).toBe(true);
    expect([a.got.length, b.got.length, uplink.got.length]).toEqual([0, 1, 0]);
  });

  test('to all, or to a group, goes to all but its sender', () => {
    const [a, b, uplink] = ports();
    a.port.send(frame(A, BROADCAST_MAC), 0);
    a.port.send(frame(A, 0x01005e000001), 0);
    expect([a.got.length, b.got.length, uplink.got.length]).toEqual([0, 2, 2]);
  });

  test('to nobody known goes only where there may be many', () => {
    const [a, b, uplink] = ports();
    a.port.send(frame(A, C), 0);
    expect([b.got.length, uplink.got.length]).toEqual([0, 1]);
  });

  test('for the next bridge goes nowhere', () => {
    const [a, b, uplink] = ports();
    expect(a.port.send(frame(A, 0x0180c2000000), 0)).toBe(false);
    expect([b.got.length, uplink.got.length]).toEqual([0, 0]);
  });

  test('that finds no room is told to its sender', () => {
    const [a, b] = ports();
    b.full = true;
    expect(a.port.send(frame(A, B), 0)).toBe(false);
  });
});

test('a guest that speaks with another address is not heard, and counted', () => {
  const [a, b] = ports();
  a.port.send(frame(C, B), 0);
  expect(b.got).toEqual([]);
  expect(a.port.counters.spoofed).toBe(1);
});

test('nobody behind the uplink can take a guest’s address', () => {
  const [a, b, uplink] = ports();
  uplink.port.send(frame(A, B), 0);
  expect([uplink.port.counters.spoofed, b.got.length]).toEqual([1, 0]);
  b.port.send(frame(B, A), 0);
  expect(a.got).toHaveLength(1);
});

describe('an address behind a port', () => {
  test('is learned, moves, and is forgotten with time', () => {
    const owner = new EthernetSwitch();
    const [one, two, guest] = [end(owner, null), end(owner, null), end(owner, A)];
    one.port.send(frame(C, A), 0);
    guest.port.send(frame(A, C), 0);
    expect([one.got.length, two.got.length]).toEqual([1, 0]);
    two.port.send(frame(C, A), 1);
    guest.port.send(frame(A, C), 2);
    expect([one.got.length, two.got.length]).toEqual([1, 1]);
    guest.port.send(frame(A, C), 2 + LEARNED_MS);
    expect([one.got.length, two.got.length]).toEqual([2, 2]);
  });

  test('is one of a bounded number', () => {
    const owner = new EthernetSwitch();
    const many = end(owner, null);
    for (let i = 0; i < LEARNED_MAX * 3; i++) many.port.send(frame(0x02_11000000_00 + i, A), 0);
    expect(owner.learnedCount).toBe(LEARNED_MAX);
  });

  test('is gone with its port', () => {
    const owner = new EthernetSwitch();
    const [uplink, guest] = [end(owner, null), end(owner, A)];
    uplink.port.send(frame(C, A), 0);
    uplink.port.disconnect();
    expect(owner.learnedCount).toBe(0);
    expect(guest.port.send(frame(A, C), 0)).toBe(false);
  });
});

test('what is no frame is counted', () => {
  const [a] = ports();
  a.port.send(new Uint8Array(5), 0);
  expect(a.port.counters.malformed).toBe(1);
});
