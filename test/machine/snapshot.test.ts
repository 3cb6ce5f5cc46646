/** Snapshots are refused when they are damaged or do not belong here, and leave the machine as it was. */
import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { decodeContainer, encodeContainer } from '../../main/machine/container.ts';
import { createMachine } from '../../main/machine/emulated.ts';
import { SnapshotError } from '../../main/machine/errors.ts';
import type { Machine, Snapshot } from '../../main/machine/machine.ts';
import { readDescription } from '../../main/machine/snapshot-description.ts';
import { Random, strange } from '../fuzz/random.ts';
import { MAC, Runner, testGuest } from './guest.ts';

// Guests run as fast as the computer and its other work let them.
vi.setConfig({ testTimeout: 180_000 });

let snapshot: Snapshot;
let hash: string;
/** Refuses every bad snapshot in turn; good ones must still fit at the end. */
let target: Machine;

beforeAll(async () => {
  const runner = await Runner.start(testGuest());
  runner.untilSerial('LOCKSTEP TEST GUEST');
  runner.type('b');
  runner.steps(300);
  snapshot = runner.machine.capture();
  hash = runner.machine.hash('full');
  target = await createMachine(testGuest());
}, 180_000);

function refuse(bad: Partial<Snapshot>, words?: RegExp): void {
  const before = target.hash('cpu');
  const attempt = () => target.restore({ ...snapshot, ...bad });
  expect(attempt).toThrow(SnapshotError);
  if (words !== undefined) expect(attempt).toThrow(words);
  expect(target.hash('cpu')).toBe(before);
}

/** A copy with one bit flipped. */
function flipped(bytes: Uint8Array, at: number, bit: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy[at] = (copy[at] ?? 0) ^ (1 << bit);
  return copy;
}

const part = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('a snapshot is refused', () => {
  test('that is cut off anywhere', () => {
    const { description, pages } = snapshot;
    fc.assert(
      fc.property(part, (where) => {
        refuse({ description: description.subarray(0, Math.floor(description.length * where)) });
        refuse({ pages: pages.subarray(0, Math.floor(pages.length * where)) });
      }),
      { numRuns: 20 },
    );
  });

  test('with a bit flipped anywhere', () => {
    const { description, pages } = snapshot;
    fc.assert(
      fc.property(part, fc.nat(7), (where, bit) => {
        refuse({ description: flipped(description, Math.floor(description.length * where), bit) });
        refuse({ pages: flipped(pages, Math.floor(pages.length * where), bit) });
      }),
      { numRuns: 20 },
    );
    for (let at = 0; at < 24; at += 1) refuse({ description: flipped(description, at, at % 8) });
  });

  test('with absurd lengths in its header', () => {
    for (const at of [16, 20, 24]) {
      const description = new Uint8Array(snapshot.description);
      new DataView(description.buffer).setUint32(at, 0xffff_fff0, true);
      refuse({ description });
    }
    refuse({ description: new Uint8Array(0) }, /more than 0 bytes/);
  });

  test('with nonsense under a right checksum', () => {
    const { json, sections, pagesChecksum } = decodeContainer(snapshot.description);
    const good = json as Record<string, unknown>;
    const bad: Record<string, unknown>[] = [
      { memoryBytes: 2 ** 40 },
      { memoryBytes: -1 },
      { random: [1, 2, 3] },
      { a20: 256 },
      { modules: [5000] },
      { clock: { lastNs: 'now', rate: 1 } },
      { counters: { epoch: 1.5, instructions: 0 } },
      { graph: { nodes: [{ kind: 'object', type: 'x', entries: [['key', ['rm']]] }], roots: [], births: [-1] } },
      { disks: { nextId: 0, failedWrites: ['floppy'] } },
      { clock: { lastNs: 2 ** 59, rate: 1 } },
      { mouse: { waiting: [{ dx: 2 ** 50, dy: 0, wheel: 0, buttons: 0 }], buttons: 0 } },
    ];
    for (const change of bad) {
      refuse({ description: encodeContainer({ json: { ...good, ...change }, sections, pagesChecksum }) }, /wrong at/);
    }
    refuse(
      { description: encodeContainer({ json: good, sections: sections.slice(0, 2), pagesChecksum }) },
      /lacks sections/,
    );
    refuse({ description: encodeContainer({ json: null, sections, pagesChecksum }) }, /wrong at/);
    expect(() => readDescription(good)).not.toThrow();
  });
});

test('a snapshot with any value of its text changed, under a right checksum, is read or refused by name', () => {
  const { json, sections, pagesChecksum } = decodeContainer(snapshot.description);
  const { graph, ...plain } = json as { graph: { nodes: unknown[] } };
  const few = { ...plain, graph: { ...graph, nodes: graph.nodes.slice(0, 30) } };
  fc.assert(
    fc.property(fc.nat(2 ** 31 - 1), (number) => {
      const changed = encodeContainer({
        json: strange(few, new Random(number)),
        sections: sections.slice(0, 2),
        pagesChecksum,
      });
      try {
        readDescription(decodeContainer(changed).json);
      } catch (error) {
        expect(error).toBeInstanceOf(SnapshotError);
      }
    }),
    { numRuns: 200 },
  );
});

test('a snapshot of a machine with another configuration is refused', async () => {
  const others = [{ memoryMB: 16 }, { seed: 99 }, { nic: { type: 'ne2k', mac: MAC } as const }, { jit: false }];
  for (const more of others) {
    const other = await createMachine(testGuest(more));
    expect(() => other.restore(snapshot)).toThrow(/another configuration/);
  }
});

test('after all that the right snapshot fits, and fits again', () => {
  target.restore(snapshot);
  expect(target.hash('full')).toBe(hash);
  for (let epoch = 0; epoch < 50; epoch += 1) target.execute({ advanceUs: 20, rate: 3072, slices: 1, inputs: [] });
  expect(target.hash('full')).not.toBe(hash);
  target.restore(snapshot);
  expect(target.hash('full')).toBe(hash);
});

test('a snapshot that was built to fit only half way leaves a machine that says so', async () => {
  const { json, sections, pagesChecksum } = decodeContainer(snapshot.description);
  const description = encodeContainer({
    json: { ...(json as object), graph: { nodes: [], roots: [], births: [] } },
    sections,
    pagesChecksum,
  });
  const victim = await createMachine(testGuest());
  expect(() => victim.restore({ ...snapshot, description })).toThrow(SnapshotError);
  expect(() => victim.execute({ advanceUs: 0, rate: 1024, slices: 1, inputs: [] })).toThrow(/unusable/);
});
