// An overlay after a crash at every moment of its life: what a flush confirmed is there, and nothing that never was.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDisk } from '../../../main/datastore/disk/create.ts';
import { load } from '../../../main/datastore/disk/load.ts';
import { Overlay } from '../../../main/datastore/disk/overlay.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { holdsAsync, seed } from '../../support/random.ts';
import { ForgetfulFile } from './forgetful-file.ts';

const CLUSTER = 4096;
const CLUSTERS = 6;
const SIZE = CLUSTER * CLUSTERS;

async function blank(): Promise<Buffer> {
  const file = path.join(temporaryFolder(), 'a.lsd');
  await createDisk(file, { virtualBytes: SIZE, clusterBytes: CLUSTER });
  return readFileSync(file);
}

/** Small enough that the map is written anew and flushed by itself all the time. */
const LIMITS = { spareBlocks: 4, unconfirmedBytes: 8 * CLUSTER };
const open = async (file: ForgetfulFile): Promise<Overlay> => new Overlay(file, await load(file), null, false, LIMITS);

type Step = { readonly at: number; readonly clusters: number; readonly value: number } | 'flush';

/** All states that the disk went through, cluster by cluster, and where in the file's history they were promised. */
interface Life {
  readonly file: ForgetfulFile;
  readonly states: Buffer[];
  /** At so many operations of the file, so many states had been: at least that one is there after a kill, a power cut. */
  readonly promises: { readonly operations: number; readonly state: number; readonly flushed: number }[];
}

async function live(file: ForgetfulFile, steps: readonly Step[]): Promise<Life> {
  const disk = await open(file);
  const states = [Buffer.from(await disk.read(0, SIZE))];
  const promises: { operations: number; state: number; flushed: number }[] = [];
  let flushed = 0;
  const promise = (): void => {
    promises.push({ operations: file.operations.length, state: states.length - 1, flushed });
  };
  promise();
  for (const step of steps) {
    if (step === 'flush') {
      await disk.flush();
      flushed = states.length - 1;
    } else {
      const clusters = Math.min(step.clusters, CLUSTERS - step.at);
      // Half a cluster less at either end: the rest of it is kept.
      const offset = step.at * CLUSTER + 512;
      const data = Buffer.alloc(clusters * CLUSTER - 1024, step.value);
      await disk.write(offset, data);
      const before = states.at(-1) ?? Buffer.alloc(SIZE);
      const after = Buffer.from(before);
      data.copy(after, offset);
      for (let cluster = step.at; cluster < step.at + clusters; cluster += 1) {
        const state = Buffer.from(states.at(-1) ?? before);
        after.copy(state, cluster * CLUSTER, cluster * CLUSTER, (cluster + 1) * CLUSTER);
        states.push(state);
      }
    }
    promise();
  }
  return { file, states, promises };
}

/** What is in the file is one of the states from `least` on. @returns the number of the state. */
async function expectState(file: ForgetfulFile, { states }: Life, least: number): Promise<number> {
  const disk = await open(file);
  const found = Buffer.from(await disk.read(0, SIZE));
  // The newest first: the disk may have held the same before.
  const state = states.findLastIndex((one) => one.equals(found));
  expect(state).toBeGreaterThanOrEqual(least);
  return state;
}

function promised({ promises }: Life, operations: number): { state: number; flushed: number } {
  return promises.findLast((one) => one.operations <= operations) ?? { state: 0, flushed: 0 };
}

const SCRIPT: readonly Step[] = [
  ...[1, 2, 3].map((value) => ({ at: 0, clusters: 2, value })),
  'flush',
  { at: 1, clusters: 3, value: 4 },
  { at: 1, clusters: 1, value: 5 },
  'flush',
  { at: 0, clusters: 6, value: 0 },
  'flush',
  ...[6, 7, 8, 9].flatMap((value): Step[] => [{ at: value % 5, clusters: 2, value }, 'flush']),
  ...[10, 11, 12, 13, 14, 15].map((value) => ({ at: 2, clusters: 2, value })),
];

function random(): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('an overlay', () => {
  test('whose process is killed at any write, or in the middle of it, holds every write that was done', async () => {
    const life = await live(new ForgetfulFile(await blank()), SCRIPT);
    for (let count = 0; count <= life.file.operations.length; count += 1) {
      for (const part of [0, 0.3]) {
        await expectState(life.file.killed(count, part), life, promised(life, count).state);
      }
    }
  });

  test('whose computer loses power at any write holds all that was flushed, and no garbage', async () => {
    const life = await live(new ForgetfulFile(await blank()), SCRIPT);
    const draw = random();
    for (let count = 0; count <= life.file.operations.length; count += 1) {
      for (const share of [0, 0.5, 0.5, 0.9, 1]) {
        const cut = life.file.powerCut(count, () => draw() < share);
        await expectState(cut, life, promised(life, count).flushed);
      }
    }
  });

  test('lives on after crashes, and crashes again, and never loses what was flushed', { timeout: 60_000 }, async () => {
    const start = await blank();
    const step = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          at: fc.nat(CLUSTERS - 1),
          clusters: fc.integer({ min: 1, max: 3 }),
          value: fc.nat(255),
        }),
      },
      { weight: 1, arbitrary: fc.constant('flush' as const) },
    );
    const lives = fc.array(
      fc.record({
        steps: fc.array(step, { maxLength: 20 }),
        cut: fc.double({ min: 0, max: 1, noNaN: true }),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
        kill: fc.boolean(),
      }),
      { minLength: 1, maxLength: 5 },
    );
    const draw = random();
    await holdsAsync(
      fc.asyncProperty(lives, async (all) => {
        let file = new ForgetfulFile(start);
        for (const { steps, cut, share, kill } of all) {
          const life = await live(file, steps);
          const count = Math.round(cut * life.file.operations.length);
          const { state, flushed } = promised(life, count);
          file = kill ? life.file.killed(count, share) : life.file.powerCut(count, () => draw() < share);
          await expectState(file, life, kill ? state : flushed);
          // A kill leaves the rest in the system's memory: the power may still be cut before the next sync.
        }
      }),
      150,
    );
  });

  test('that was killed, used again and cut off loses nothing of either', async () => {
    const draw = random();
    const first = await live(new ForgetfulFile(await blank()), SCRIPT.slice(0, -3));
    for (let count = 0; count <= first.file.operations.length; count += 3) {
      // The same file, unsynced as it is: the second life begins in the middle of the first one's history.
      const killed = first.file.killed(count);
      const { flushed } = promised(first, count);
      const second = await live(killed, SCRIPT.slice(0, 5));
      for (let later = 0; later <= second.file.operations.length; later += 2) {
        // Power is cut in the second life: what the first had not synced is as uncertain as what the second had not.
        const history = concatenated(first.file, count, second.file);
        const cut = history.powerCut(count + later, () => draw() < 0.5);
        const both = { ...second, states: [...first.states, ...second.states] };
        const { flushed: inSecond } = promised(second, later);
        await expectState(cut, both, inSecond > 0 ? first.states.length + inSecond : flushed);
      }
    }
  });
});

/** One history of both files. */
function concatenated(first: ForgetfulFile, count: number, second: ForgetfulFile): ForgetfulFile {
  const joined = first.killed(0);
  joined.operations.push(...first.operations.slice(0, count), ...second.operations);
  return joined;
}

test('random bytes are no overlay', async () => {
  for (const size of [0, 100, 70_000]) {
    await expect(load(new ForgetfulFile(randomBytes(size)))).rejects.toThrow(/cannot be used: /);
  }
});
