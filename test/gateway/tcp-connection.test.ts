// One TCP connection between two of our endpoints: every state, every way to end, and thousands of random histories on
// a wire that loses, repeats and reorders.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FLAG, type TcpSegment } from '../../main/gateway/wire/tcp.ts';
import { holds } from '../support/random.ts';
import { PERFECT, QUIET, type Script, Wire } from './tcp-wire.ts';

const RUNS = Number(process.env['LOCKSTEP_RUNS'] ?? 200);

const script = fc.record({
  bytes: fc.oneof(fc.nat(3), fc.nat(5000), fc.nat(200_000)),
  chunk: fc.constantFrom(1, 100, 1000, 5000, 65_536),
  readsPerMs: fc.constantFrom(20, 300, 1e9, 1e9),
  finishes: fc.constantFrom('first' as const, 'last' as const),
});

const faults = fc.record({
  loss: fc.constantFrom(0, 0, 0.01, 0.1, 0.25),
  repeat: fc.constantFrom(0, 0, 0.1),
  delayMin: fc.constantFrom(0, 1, 20),
  delayMax: fc.constantFrom(20, 25, 100),
});

const mss = fc.constantFrom(64, 536, 1460, 1460, 65_495);

/** Chunks of one byte are for short streams. */
function sensible({ bytes, chunk, ...rest }: Script): Script {
  return { ...rest, bytes, chunk: Math.max(chunk, Math.ceil(bytes / 2000)) };
}

function intact(wire: Wire): void {
  const { client, server } = wire;
  expect([client.wrongAt, server?.wrongAt]).toEqual([null, null]);
  expect([client.received, server?.received]).toEqual([server?.script.bytes, client.script.bytes]);
}

const closed = (wire: Wire) => (): boolean =>
  wire.client.connection.state === 'closed' && wire.server?.connection.state === 'closed';

test('whatever the wire does, both streams arrive whole, both ends close, and neither keeps more than it may', () => {
  holds(
    fc.property(
      fc.record({
        seed: fc.nat(),
        client: script,
        server: script,
        faults,
        capacity: fc.constantFrom(4096, 65_535, 1 << 20),
        mss: fc.record({ client: mss, server: mss }),
        acceptAfterMs: fc.constantFrom(0, 5, 700),
        failovers: fc.array(fc.record({ afterMs: fc.nat(400), lost: fc.constantFrom('client', 'server', 'both') }), {
          maxLength: 3,
        }),
      }),
      ({ failovers, client, server, ...options }) => {
        // One of them has to begin the end.
        const wire = new Wire({
          ...options,
          client: sensible(server.finishes === 'last' ? { ...client, finishes: 'first' } : client),
          server: sensible(server),
        });
        for (const { afterMs, lost } of failovers) {
          wire.runFor(afterMs);
          wire.dropAll(lost === 'both' ? undefined : (lost as 'client' | 'server'));
          wire.client.connection.wentLive(wire.nowMs);
        }
        wire.run(() => closed(wire)() && wire.client.ended && wire.server?.ended === true, 20 * 3_600_000);
        // Where every segment of one kind of the handshake was lost there was no connection.
        if (options.faults.loss > 0 && !(wire.client.opened && wire.server?.opened)) return;
        intact(wire);
        // The very last acknowledgement may be lost again and again, until nobody is left to repeat it.
        const reasons = new Set([wire.client.connection.reason, wire.server?.connection.reason]);
        if (options.faults.loss > 0.1) reasons.delete('reset');
        expect([...reasons]).toEqual(['finished']);
        expect(wire.bufferedMax).toBeLessThanOrEqual(2 * options.capacity + (1 << 5));
      },
    ),
    RUNS,
  );
});

/** A connection that is established, with a log. */
function established(options: Partial<ConstructorParameters<typeof Wire>[0]> = {}): Wire {
  const wire = new Wire({ seed: 1, ...options });
  wire.keepLog = true;
  wire.run(() => wire.client.connection.state === 'established' && wire.server?.connection.state === 'established');
  return wire;
}

const waiting: Script = { ...QUIET, bytes: 1e9, readsPerMs: 1e9, chunk: 10_000 };

function segment(fields: Partial<TcpSegment>): TcpSegment {
  return {
    sourcePort: 80,
    destinationPort: 40_000,
    sequence: 0,
    acknowledgment: 0,
    flags: FLAG.ack,
    window: 65_535,
    mss: null,
    windowScale: null,
    payload: new Uint8Array(0),
    ...fields,
  };
}

test('a SYN is not answered before the connection is accepted, however often it comes', () => {
  const wire = new Wire({ seed: 1, acceptAfterMs: 5000 });
  wire.keepLog = true;
  wire.runFor(4900);
  expect(wire.log.filter(({ from }) => from === 'server')).toEqual([]);
  expect(wire.log.filter(({ from }) => from === 'client').length).toBeGreaterThanOrEqual(2);
  wire.runFor(3000);
  expect(wire.client.connection.state).toBe('established');
});

test('a peer that never answers a SYN is given up, and one that never answers data too', () => {
  const dead = { ...PERFECT, loss: 1 };
  const opening = new Wire({ seed: 1, faults: dead });
  opening.run(() => opening.client.connection.state === 'closed', 60_000);
  expect(opening.client.connection.reason).toBe('silent');
  const wire = established({ client: waiting });
  wire.faults = dead;
  wire.run(() => wire.client.connection.state === 'closed', 3_600_000);
  expect(wire.client.connection.reason).toBe('silent');
});

test('an idle connection lives on as long as the peer answers, and is given up when it does not', () => {
  const wire = established();
  wire.runFor(24 * 3_600_000);
  expect(wire.client.connection.state).toBe('established');
  wire.faults = { ...PERFECT, loss: 1 };
  wire.runFor(4 * 3_600_000);
  expect(wire.client.connection.reason).toBe('silent');
});

test('each side may end its half while the other goes on for as long as it likes', () => {
  for (const first of ['client', 'server'] as const) {
    const wire = established({ client: waiting, server: waiting });
    const [one, other] = first === 'client' ? [wire.client, wire.server] : [wire.server, wire.client];
    one?.connection.finish();
    wire.runFor(100);
    const before = one?.received ?? 0;
    wire.runFor(300);
    expect(one?.connection.state).toBe('fin-wait-2');
    expect(other?.connection.state).toBe('close-wait');
    expect(one?.received).toBeGreaterThan(before);
    expect(one?.wrongAt).toBeNull();
  }
});

test('ends that finish at once meet in CLOSING and wait out old segments', () => {
  const wire = established();
  wire.client.connection.finish();
  wire.server?.connection.finish();
  const states = new Set<string>();
  wire.run(() => {
    states.add(wire.client.connection.state);
    return closed(wire)();
  });
  expect([...states]).toEqual(['fin-wait-1', 'closing', 'time-wait', 'closed']);
});

test('a closed window is asked about until it opens, and never given up while the peer answers', () => {
  const stopped = { ...QUIET, readsPerMs: 0 };
  const wire = established({ client: { ...waiting, bytes: 300_000 }, server: stopped, capacity: 1 << 16 });
  wire.runFor(3_600_000);
  expect(wire.client.connection.state).toBe('established');
  expect(wire.server?.connection.buffered).toBeGreaterThan(65_500);
  const asked = wire.log.filter(({ at, from }) => from === 'client' && at > 1_800_000);
  expect(asked.length).toBeGreaterThan(20);
  expect(asked.length).toBeLessThan(80);
  // The application begins to read, and the update of the window is lost.
  wire.faults = { ...PERFECT, loss: 1 };
  let read = wire.server?.connection.read();
  while (read) read = wire.server?.connection.read();
  wire.step(0);
  wire.faults = PERFECT;
  wire.runFor(61_000);
  expect(wire.server?.connection.buffered).toBeGreaterThan(65_500);
});

test('one acknowledgement answers a batch, and three missing segments bring a fast retransmission', () => {
  const wire = established();
  wire.log.length = 0;
  wire.client.connection.write(new Uint8Array(60_000));
  wire.client.connection.flush(wire.nowMs);
  wire.run(() => wire.server?.received === 60_000);
  expect(wire.log.filter(({ from }) => from === 'client').length).toBeGreaterThan(40);
  expect(wire.log.filter(({ from }) => from === 'server').length).toBeLessThanOrEqual(4);

  const lossy = established();
  const before = lossy.nowMs;
  lossy.client.connection.write(new Uint8Array(1460));
  lossy.client.connection.flush(lossy.nowMs);
  lossy.dropAll();
  lossy.client.connection.write(new Uint8Array(14_600));
  lossy.client.connection.flush(lossy.nowMs);
  lossy.run(() => lossy.server?.received === 16_060);
  expect(lossy.nowMs - before).toBeLessThan(20);
  expect(lossy.client.connection.resent).toBe(1);
});

test('after a failover everything unacknowledged goes out at once, and no timeout is longer than the first', () => {
  const wire = established({ client: { ...waiting, bytes: 20_000 }, server: { ...waiting, bytes: 20_000 } });
  wire.step(0);
  wire.faults = { ...PERFECT, loss: 1 };
  wire.dropAll();
  wire.runFor(20_000);
  wire.faults = PERFECT;
  const { nowMs } = wire;
  wire.client.connection.wentLive(nowMs);
  wire.run(() => wire.server?.received === 20_000);
  expect(wire.nowMs - nowMs).toBeLessThan(10);
  wire.run(() => wire.client.received === 20_000);
  intact(wire);
});

test('at a failover an idle end says where it is, once', () => {
  const wire = established();
  wire.log.length = 0;
  wire.client.connection.wentLive(wire.nowMs);
  wire.runFor(1000);
  expect(wire.log.map(({ from, segment: { flags } }) => [from, flags])).toEqual([['client', FLAG.ack]]);
});

test('only a reset with the expected number ends a connection; one nearby is questioned, others are ignored', () => {
  const wire = established();
  const last = wire.log.at(-1)?.segment;
  const expected = last?.sequence ?? 0;
  const client = wire.client.connection;
  // The client's acknowledgement was the last segment; the server's number that it expects stands in it.
  const next = last?.acknowledgment ?? 0;
  wire.log.length = 0;
  wire.inject('client', segment({ flags: FLAG.rst, sequence: next + 70_000 }));
  wire.inject('client', segment({ flags: FLAG.rst, sequence: (next - 1) >>> 0 }));
  expect([client.state, wire.log.length]).toEqual(['established', 0]);
  wire.inject('client', segment({ flags: FLAG.rst, sequence: next + 5 }));
  expect(client.state).toBe('established');
  expect(wire.log.map(({ segment: { sequence, acknowledgment } }) => [sequence, acknowledgment])).toEqual([
    [expected, next],
  ]);
  wire.inject('client', segment({ flags: FLAG.rst, sequence: next }));
  expect([client.state, client.reason]).toEqual(['closed', 'reset']);
});

test('a reset ends a connection in every state, on both sides', () => {
  const reach: { readonly [state: string]: (wire: Wire) => void } = {
    'syn-sent': () => {},
    established: (wire) => wire.runFor(50),
    'fin-wait-1': (wire) => {
      wire.runFor(50);
      wire.faults = { ...PERFECT, loss: 1 };
      wire.client.connection.finish();
      wire.step(0);
      wire.faults = PERFECT;
    },
    'fin-wait-2': (wire) => {
      wire.runFor(50);
      wire.client.connection.finish();
      wire.runFor(50);
    },
    'close-wait': (wire) => {
      wire.runFor(50);
      wire.server?.connection.finish();
      wire.runFor(50);
    },
    'last-ack': (wire) => {
      wire.runFor(50);
      wire.server?.connection.finish();
      wire.runFor(50);
      wire.faults = { ...PERFECT, loss: 1 };
      wire.client.connection.finish();
      wire.step(0);
      wire.faults = PERFECT;
    },
  };
  for (const [state, go] of Object.entries(reach)) {
    for (const who of ['client', 'server'] as const) {
      const wire = new Wire({ seed: 1, client: { ...QUIET, finishes: 'never' }, server: waiting });
      go(wire);
      expect(wire.client.connection.state).toBe(state);
      if (who === 'client') wire.client.connection.abort();
      else wire.server?.connection.abort();
      wire.runFor(20);
      if (state === 'syn-sent') continue;
      expect([state, who, wire.client.connection.state, wire.server?.connection.state]).toEqual([
        state,
        who,
        'closed',
        'closed',
      ]);
    }
  }
});

test('two ends that open at once make one connection', () => {
  const wire = new Wire({ seed: 1 });
  const client = wire.client.connection;
  wire.keepLog = true;
  wire.dropAll();
  wire.inject('client', segment({ flags: FLAG.syn, sequence: 100, mss: 1460, windowScale: 2 }));
  expect(client.state).toBe('syn-received');
  const answer = wire.log.at(-1)?.segment;
  expect([answer?.flags, answer?.acknowledgment]).toEqual([FLAG.syn | FLAG.ack, 101]);
  const acknowledgment = ((answer?.sequence ?? 0) + 1) >>> 0;
  wire.inject('client', segment({ flags: FLAG.syn | FLAG.ack, sequence: 100, acknowledgment, mss: 1460 }));
  expect(client.state).toBe('established');
});

test('a connection that waits out old segments makes room for a newer one', () => {
  const wire = established();
  wire.client.connection.finish();
  wire.run(() => wire.client.connection.state === 'time-wait');
  const next = wire.log.at(-1)?.segment.acknowledgment ?? 0;
  expect(wire.client.connection.yieldsTo(segment({ flags: FLAG.syn, sequence: next + 1000 }))).toBe(true);
  expect(wire.client.connection.yieldsTo(segment({ flags: FLAG.syn, sequence: (next - 1000) >>> 0 }))).toBe(false);
  expect(wire.client.connection.yieldsTo(segment({ flags: FLAG.ack, sequence: next + 1000 }))).toBe(false);
});

test('two ends that disagree do not answer each other for ever', () => {
  const wire = established();
  wire.log.length = 0;
  for (let count = 0; count < 1000; count++) wire.inject('client', segment({ sequence: 12_345, acknowledgment: 99 }));
  expect(wire.log.length).toBeLessThanOrEqual(1);
});

test('segments made of anything neither throw nor make a connection keep more than it may', () => {
  const capacity = 1 << 14;
  const wild = fc.record({
    sequence: fc.oneof(fc.integer({ min: -40_000, max: 40_000 }), fc.nat(0xffff_ffff)),
    acknowledgment: fc.oneof(fc.integer({ min: -10, max: 3000 }), fc.nat(0xffff_ffff)),
    flags: fc.oneof(fc.constant(FLAG.ack), fc.constant(FLAG.ack | FLAG.psh), fc.nat(63)),
    window: fc.nat(65_535),
    length: fc.nat(3000),
    mss: fc.option(fc.nat(65_535)),
    windowScale: fc.option(fc.nat(14)),
    afterMs: fc.constantFrom(0, 0, 1, 300),
  });
  holds(
    fc.property(fc.boolean(), fc.array(wild, { maxLength: 60 }), (open, segments) => {
      const wire = open ? established({ capacity, client: waiting }) : new Wire({ seed: 1, capacity });
      wire.faults = { ...PERFECT, loss: 1 };
      const base = wire.log.findLast(({ from }) => from === 'client')?.segment;
      for (const { length, afterMs, ...fields } of segments) {
        wire.inject(
          'client',
          segment({
            ...fields,
            sequence: ((base?.acknowledgment ?? 0) + fields.sequence) >>> 0,
            acknowledgment: ((base?.sequence ?? 0) + fields.acknowledgment) >>> 0,
            payload: new Uint8Array(length),
          }),
        );
        wire.runFor(afterMs);
        expect(wire.client.connection.buffered).toBeLessThanOrEqual(2 * capacity);
      }
    }),
    300,
  );
});
