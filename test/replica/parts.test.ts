// The parts of a replica: heads from wall time, inputs for heads, disks, pictures, and a snapshot on its way.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { HEAD_BYTES_MAX, HEAD_INPUTS_MAX, SNAPSHOT_BYTES_MAX, SNAPSHOT_CHUNK_BYTES } from '../../main/ft/constants.ts';
import type { Input } from '../../main/ft/entry.ts';
import { decodeDiskInput } from '../../main/machine/devices/disk.ts';
import type { DiskRequest, Snapshot } from '../../main/machine/machine.ts';
import { compress, plain } from '../../main/datastore/compression.ts';
import { sendSnapshot, SnapshotReceiver } from '../../main/replica/snapshot-transfer.ts';
import { Disks } from '../../main/replica/disks.ts';
import { InputQueue } from '../../main/replica/inputs.ts';
import { Pacer } from '../../main/replica/pacer.ts';
import { Viewer } from '../../main/replica/viewer.ts';
import { decodeScreen, type ScreenUpdate } from '../../preload/contract/screen.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder } from '../support/folder.ts';
import { holds } from '../support/random.ts';

const NS_PER_MS = 1e6;

describe('the pacer', () => {
  /** A wall clock that a test turns, and a pacer on it. */
  function clock(): { pacer: Pacer; wall: { ms: number } } {
    const wall = { ms: 1000 };
    return { pacer: new Pacer(() => wall.ms * NS_PER_MS), wall };
  }

  test('lets the virtual clock make up for what it is behind the wall clock', () => {
    const { pacer, wall } = clock();
    pacer.restart(0);
    wall.ms += 5;
    expect(pacer.head(0, []).advanceUs).toBe(5000);
    expect(pacer.head(5 * NS_PER_MS, []).advanceUs).toBe(0);
    expect(pacer.head(9 * NS_PER_MS, []).advanceUs).toBe(0);
  });

  test('maps the clock anew where it is restarted: no jump for the time before', () => {
    const { pacer, wall } = clock();
    wall.ms = 1_000_000;
    pacer.restart(77 * NS_PER_MS);
    expect(pacer.head(77 * NS_PER_MS, []).advanceUs).toBe(0);
  });

  test('makes up for a takeover: the guest has stood still, its clock has not', () => {
    const { pacer } = clock();
    pacer.restart(77 * NS_PER_MS, 12);
    expect(pacer.head(77 * NS_PER_MS, []).advanceUs).toBe(12_000);
    expect(pacer.head(89 * NS_PER_MS, []).advanceUs).toBe(0);
  });

  test('catches up with an hour of sleep in steps of a second', () => {
    const { pacer, wall } = clock();
    pacer.restart(0);
    wall.ms += 3_600_000;
    expect(pacer.head(0, []).advanceUs).toBe(1_000_000);
  });

  test('tells a sleeping guest how long to sleep, and one that has run ahead of the wall clock as well', () => {
    const { pacer } = clock();
    pacer.restart(0);
    pacer.head(0, []);
    expect(pacer.executed(0, 0, 7.2)).toBe(8);
    expect(pacer.executed(0, 0, 0)).toBe(0);
    expect(pacer.executed(5 * NS_PER_MS, 0, 0)).toBe(0);
    expect(pacer.executed(25 * NS_PER_MS, 0, 0)).toBe(25);
  });

  test('wakes a guest that only counts its ticks less often, until it does something or plays something', () => {
    const { pacer, wall } = clock();
    pacer.restart(0);
    /** A guest with a tick every 4 ms that executes so much in each. @returns how long it is let sleep then. */
    const sleeps = (instructions: number, punctual = false): number => {
      const virtualNs = (wall.ms - 1000) * NS_PER_MS;
      const { advanceUs } = pacer.head(virtualNs - NS_PER_MS, []);
      const ticks = Math.max(1, advanceUs / 4000);
      const wait = pacer.executed(virtualNs, instructions * ticks, 4, punctual);
      wall.ms += wait;
      return wait;
    };
    const waits = Array.from({ length: 150 }, () => sleeps(3700));
    expect([waits[0], waits[50], waits.at(-1)]).toEqual([4, 48, 90]);
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    // A program runs: at once as before.
    expect(sleeps(100_000)).toBe(4);
    expect(sleeps(3700)).toBe(4);
    expect(Array.from({ length: 50 }, () => sleeps(3700)).at(-1)).toBe(48);
    expect(sleeps(3700, true)).toBe(4);
  });

  test('gives a guest that only computes longer epochs the longer it is silent, and short ones when it is not', () => {
    const { pacer, wall } = clock();
    pacer.restart(0);
    let virtualNs = 0;
    /** Computes for so long, at 200 million instructions a second. @returns how many slices the epochs had. */
    const computes = (ms: number): number[] => {
      const slices: number[] = [];
      for (const end = wall.ms + ms; wall.ms < end; ) {
        const head = pacer.head(virtualNs, []);
        slices.push(head.slices);
        const tookMs = 0.5 * head.slices;
        virtualNs += head.advanceUs * 1000 + tookMs * NS_PER_MS * 0.9;
        wall.ms += tookMs;
        pacer.executed(virtualNs, 100_000 * head.slices, 0);
      }
      return slices;
    };
    const slices = computes(1000);
    expect([slices[0], slices.at(-1)]).toEqual([1, 10]);
    expect(slices).toEqual(slices.toSorted((a, b) => a - b));
    // 5 ms each, but for the first 160 ms.
    expect(slices.length).toBeLessThan(1000 / 5 + 150);
    pacer.stirred();
    expect(computes(10)[0]).toBe(1);
    computes(200);
    expect(pacer.head(virtualNs, [{ device: 'serial', sequence: 1, data: Uint8Array.of(1) }]).slices).toBe(1);
  });

  test('learns the speed, keeps the rate within its bounds, and makes only heads that can be logged', () => {
    const epoch = fc.record({ wallUs: fc.nat(100_000), instructions: fc.nat(10_000_000), rate: fc.nat(20) });
    holds(
      fc.property(fc.array(epoch, { maxLength: 100 }), (epochs) => {
        const { pacer, wall } = clock();
        pacer.restart(0);
        let virtualNs = 0;
        for (const { wallUs, instructions, rate } of epochs) {
          const head = pacer.head(virtualNs, []);
          expect([head.advanceUs, head.rate, head.slices].every(Number.isInteger)).toBe(true);
          expect(head.rate).toBeGreaterThanOrEqual(512);
          expect(head.rate).toBeLessThanOrEqual(20_480);
          expect(head.slices).toBeGreaterThanOrEqual(1);
          expect(head.slices).toBeLessThanOrEqual(64);
          virtualNs += head.advanceUs * 1000 + instructions * rate;
          wall.ms += wallUs / 1000;
          expect(pacer.executed(virtualNs, instructions, 0)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  test('settles at nine tenths of a steady speed', () => {
    const { pacer, wall } = clock();
    pacer.restart(0);
    let virtualNs = 0;
    let rate = 0;
    for (let i = 0; i < 400; i++) {
      const head = pacer.head(virtualNs, []);
      rate = head.rate;
      // 100,000 instructions in 1 ms: 10 ns each.
      virtualNs += head.advanceUs * 1000 + (100_000 / 1024) * head.rate;
      wall.ms += 1;
      pacer.executed(virtualNs, 100_000, 0);
    }
    expect(rate / 1024).toBeGreaterThan(7.5);
    expect(rate / 1024).toBeLessThan(9.5);
  });
});

describe('the inputs of a head', () => {
  const input = (sequence: number, bytes = 1): Input => ({ device: 'serial', sequence, data: new Uint8Array(bytes) });

  test('come in order, each once, never more than a head may carry', () => {
    holds(
      fc.property(fc.array(fc.array(fc.nat(2000), { maxLength: 400 }), { maxLength: 8 }), (batches) => {
        let woken = 0;
        const queue = new InputQueue(() => (woken += 1));
        let pushed = 0;
        const taken: number[] = [];
        const take = (): void => {
          const inputs = queue.take();
          expect(inputs.length).toBeLessThanOrEqual(HEAD_INPUTS_MAX);
          taken.push(...inputs.map(({ sequence }) => sequence));
        };
        for (const batch of batches) {
          for (const bytes of batch) queue.push(input(++pushed, bytes));
          take();
        }
        while (!queue.empty) take();
        expect(taken).toEqual(Array.from({ length: pushed }, (_, index) => index + 1));
        expect(woken).toBe(pushed);
      }),
      20,
    );
  });

  test('are 1024 at most', () => {
    const queue = new InputQueue(() => {});
    for (let sequence = 0; sequence < 2500; sequence++) queue.push(input(sequence));
    const counts = [queue.take(), queue.take(), queue.take(), queue.take()].map((inputs) => inputs.length);
    expect(counts).toEqual([HEAD_INPUTS_MAX, HEAD_INPUTS_MAX, 2500 - 2 * HEAD_INPUTS_MAX, 0]);
  });

  test('are as many bytes as fit; one that is larger than that goes alone', () => {
    const queue = new InputQueue(() => {});
    for (const [sequence, bytes] of [HEAD_BYTES_MAX - 10, 10, 1, HEAD_BYTES_MAX, 5].entries())
      queue.push(input(sequence, bytes));
    const heads = [queue.take(), queue.take(), queue.take(), queue.take(), queue.take()];
    expect(heads.map((inputs) => inputs.map(({ sequence }) => sequence))).toEqual([[0, 1], [2], [3], [4], []]);
  });
});

describe('the disks', () => {
  const SIZE = 8192;

  interface Fixture {
    readonly disks: Disks;
    readonly completions: { readonly id: number; readonly status: string; readonly data: Uint8Array }[];
    /** Completions that come together come at the same moment. */
    readonly moments: number[];
    readonly failures: string[];
    readonly file: string;
  }

  async function disks(): Promise<Fixture> {
    const file = path.join(temporaryFolder(), 'hda.img');
    writeFileSync(file, Buffer.alloc(SIZE, 7));
    const completions: Fixture['completions'][number][] = [];
    const failures: string[] = [];
    const moments: number[] = [];
    let now = 0;
    const opened = await Disks.open(
      [['hda', file]],
      (completion) => {
        completions.push(decodeDiskInput(completion));
        moments.push(now);
        queueMicrotask(() => (now += 1));
      },
      (message) => failures.push(message),
    );
    onTestFinished(() => opened.close());
    return { disks: opened, completions, moments, failures, file };
  }

  const request = (id: number, operation: DiskRequest['operation'], offset = 0, data?: Uint8Array): DiskRequest => ({
    id,
    drive: 'hda',
    operation,
    offset,
    length: data?.length ?? (operation === 'read' ? 512 : 0),
    ...(data ? { data } : {}),
  });

  test('carry requests out one after the other, in the order of the guest', async () => {
    const { disks: drives, completions, file } = await disks();
    drives.issue(request(0, 'write', 512, new Uint8Array(512).fill(1)));
    drives.issue(request(1, 'read', 512));
    drives.issue(request(2, 'write', 512, new Uint8Array(512).fill(2)));
    drives.issue(request(3, 'flush'));
    await eventually(() => expect(completions.map(({ id }) => id)).toEqual([0, 1, 2, 3]));
    expect(Buffer.from(completions[1]?.data ?? [])).toEqual(Buffer.alloc(512, 1));
    expect(readFileSync(file).subarray(512, 1024)).toEqual(Buffer.alloc(512, 2));
  });

  test('complete what fails as an error, tell of it, and go on', async () => {
    const { disks: drives, completions, failures } = await disks();
    drives.issue(request(0, 'read', SIZE));
    drives.issue({ ...request(1, 'read'), drive: 'hdb' });
    drives.issue(request(2, 'read'));
    await eventually(() => expect(completions).toHaveLength(3));
    const fates = completions.map(({ id, status, data }) => [id, status, data.length]).toSorted();
    expect(fates).toEqual([
      [0, 'error', 0],
      [1, 'error', 0],
      [2, 'ok', 512],
    ]);
    expect(failures.toSorted()).toEqual([
      expect.stringMatching(/^read on hda failed: 512 bytes at 8192 are outside /),
      'read on hdb failed: there is no hdb',
    ]);
  });

  test('keep completions back while they are quiesced, until all come together', async () => {
    const { disks: drives, completions, moments } = await disks();
    drives.issue(request(0, 'read'));
    drives.issue(request(1, 'read'));
    drives.quiesce(true);
    await eventually(() => expect(completions).toHaveLength(2));
    expect(moments).toEqual([0, 0]);

    drives.quiesce(false);
    drives.issue(request(2, 'flush'));
    await eventually(() => expect(completions).toHaveLength(3));
  });

  test('that cannot be opened are an error', async () => {
    const missing = path.join(temporaryFolder(), 'missing.img');
    await expect(
      Disks.open(
        [['hda', missing]],
        () => {},
        () => {},
      ),
    ).rejects.toThrow('ENOENT');
  });
});

describe('the viewer', () => {
  function viewer() {
    const took = { ms: 0, each: 0 };
    const [shown, asked, changed] = [[] as boolean[], [] as boolean[], { now: true }];
    const screen = (full: boolean): ScreenUpdate | null => {
      asked.push(full);
      return full || changed.now ? { kind: 'blank', full: true } : null;
    };
    return {
      viewer: new Viewer(
        { screen },
        (view) => shown.push(decodeScreen(view.data).full),
        () => (took.ms += took.each),
      ),
      took,
      shown,
      asked,
      changed,
    };
  }

  test('takes no picture while nobody looks', () => {
    const { viewer: looks, asked } = viewer();
    for (let now = 0; now < 1000; now += 10) looks.look(now);
    expect(asked).toEqual([]);
  });

  test('gives a whole picture first, and then as many as the display has', () => {
    const { viewer: looks, asked } = viewer();
    looks.watch(true);
    for (let now = 0; now < 1000; now += 1) looks.look(now);
    expect(asked[0]).toBe(true);
    expect(asked.slice(1)).not.toContain(true);
    expect(asked.length).toBeLessThanOrEqual(68);
    expect(asked.length).toBeGreaterThanOrEqual(60);
  });

  test('leaves the guest half of the time, whatever a picture takes', () => {
    const { viewer: looks, asked, took } = viewer();
    took.each = 20;
    looks.watch(true);
    for (let now = 0; now < 1000; now += 1) looks.look(now);
    expect(asked.length).toBe(25);
  });

  test('gives one whole picture to whoever wants one, at once', () => {
    const { viewer: looks, asked, shown, changed } = viewer();
    changed.now = false;
    looks.wantPicture();
    looks.look(0);
    looks.look(1);
    looks.watch(true);
    looks.look(2);
    looks.wantPicture();
    looks.look(3);
    expect([asked, shown]).toEqual([
      [true, true, true],
      [true, true, true],
    ]);
  });
});

describe('a snapshot', () => {
  type Chunk = { readonly size: number; readonly data: Uint8Array };

  async function chunksOf(snapshot: Snapshot): Promise<Chunk[]> {
    const chunks: Chunk[] = [];
    await sendSnapshot(
      snapshot,
      compress,
      (chunk) => Promise.resolve(chunks.push(chunk) > 0),
      () => {},
    );
    return chunks;
  }

  function receiver(): { give: (sizes: readonly [number, number], chunks: readonly Chunk[]) => Promise<Snapshot> } {
    return {
      give: ([descriptionBytes, pagesBytes], chunks) =>
        new Promise((resolve, reject) => {
          const into = new SnapshotReceiver(resolve, reject);
          into.receive({ kind: 'snapshot', epoch: 0, lastInput: 0, descriptionBytes, pagesBytes });
          for (const chunk of chunks) into.receive({ kind: 'chunk', epoch: 0, ...chunk });
        }),
    };
  }

  const description = Buffer.from('what the machine is '.repeat(100));
  const pages = new Uint8Array(2 * SNAPSHOT_CHUNK_BYTES + 12_345).map((_, at) =>
    at % 4096 < 100 ? (at * 7) & 0xff : 0,
  );

  test.each([
    ['smaller', compress],
    ['as it is', plain],
  ] as const)('arrives as it was sent, %s on the way', async (how, pack) => {
    const progress: number[] = [];
    const chunks: Chunk[] = [];
    await sendSnapshot(
      { description, pages },
      pack,
      (chunk) => Promise.resolve(chunks.push(chunk) > 0),
      (part) => progress.push(part),
    );
    expect(chunks.map(({ size }) => size)).toEqual([2000, SNAPSHOT_CHUNK_BYTES, SNAPSHOT_CHUNK_BYTES, 12_345]);
    const onTheWay = chunks.reduce((sum, { data }) => sum + data.length, 0);
    if (how === 'smaller') expect(onTheWay).toBeLessThan(pages.length / 5);
    else expect(onTheWay).toBe(description.length + pages.length + chunks.length);
    expect(progress.at(-1)).toBe(1);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));

    const arrived = await receiver().give([description.length, pages.length], chunks);
    expect(Buffer.compare(arrived.description, description)).toBe(0);
    expect(Buffer.compare(arrived.pages, pages)).toBe(0);
  });

  test('that is announced as large takes no memory before it comes', () => {
    const before = process.memoryUsage().arrayBuffers;
    const into = new SnapshotReceiver(
      () => {},
      () => {},
    );
    const half = SNAPSHOT_BYTES_MAX / 2;
    into.receive({ kind: 'snapshot', epoch: 0, lastInput: 0, descriptionBytes: half, pagesBytes: half });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20);
  });

  test('is sent no further when the attempt was given up', async () => {
    let sent = 0;
    await sendSnapshot(
      { description, pages },
      plain,
      () => Promise.resolve(++sent < 2),
      () => {},
    );
    expect(sent).toBe(2);
  });

  test.each([
    ['of absurd sizes', [SNAPSHOT_BYTES_MAX, 1], [], 'is absurd'],
    [
      'with a chunk of an absurd size',
      [10, 10],
      [{ size: SNAPSHOT_CHUNK_BYTES + 1, data: Uint8Array.of(1) }],
      'is absurd',
    ],
    ['that is more than it says', [10, 10], [{ size: 4, data: plain(new Uint8Array(5)) }], 'at most 4'],
    [
      'packed in an unknown way',
      [10, 10],
      [{ size: 10, data: Uint8Array.of(9, 0) }],
      'compressed in a way this runtime does not know (9)',
    ],
    ['packed badly', [10, 10], [{ size: 10, data: Uint8Array.of(2, 1, 2, 3) }], ''],
  ] as const)('%s is refused', async (_what, sizes, chunks, why) => {
    await expect(receiver().give(sizes, chunks)).rejects.toThrow(why);
  });

  test('whose chunks are not what they were announced as is refused', async () => {
    const [first = { size: 0, data: new Uint8Array() }] = await chunksOf({ description, pages: new Uint8Array() });
    await expect(receiver().give([2000, 0], [{ ...first, size: 1999 }])).rejects.toThrow();
    await expect(receiver().give([2000, 0], [{ ...first, size: 2001 }])).rejects.toThrow('has not the size');
    await expect(receiver().give([1000, 0], [first])).rejects.toThrow('has not the size');
    await expect(receiver().give([2000, 100], [first, first])).rejects.toThrow('has not the size');
  });

  test('that was not announced is refused', async () => {
    const failed = new Promise<Error>((resolve) => {
      new SnapshotReceiver(() => {}, resolve).receive({ kind: 'chunk', epoch: 0, size: 1, data: Uint8Array.of(1) });
    });
    expect((await failed).message).toBe('a snapshot chunk came before the snapshot was announced');
  });
});
