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
import { seeded } from '../../support/mulberry.ts';
import { holdsAsync, seed } from '../../support/random.ts';
import { ForgetfulFile } from './forgetful-file.ts';

const CLUSTER = 4096;
const CLUSTERS = 4;
const SIZE = CLUSTER * CLUSTERS;

async function blank(): Promise<Buffer> {
  const file = path.join(temporaryFolder(), 'a.lsd');
  await createDisk(file, { virtualBytes: SIZE, clusterBytes: CLUSTER });
  return readFileSync(file);
}

/** Small enough that the map is written anew and flushed by itself all the time. */
const LIMITS = { spareBlocks: 4, unconfirmedBytes: 12 * CLUSTER };
const open = async (file: ForgetfulFile, limits = LIMITS): Promise<Overlay> =>
  new Overlay(file, await load(file), null, false, limits);

type Step = { readonly at: number; readonly clusters: number; readonly value: number } | 'flush';

/** All states that the disk went through, cluster by cluster, and when in the file's history they were promised. */
interface Life {
  readonly file: ForgetfulFile;
  readonly states: readonly Buffer[];
  /** After so many operations of the file this state is there after a kill, and that one after a power cut. */
  readonly promises: readonly { readonly operations: number; readonly state: number; readonly flushed: number }[];
}

/** Uses the disk; `before`: what it was until its last user was killed. */
async function live(
  file: ForgetfulFile,
  steps: readonly Step[],
  before?: Omit<Promised, 'state'>,
  limits = LIMITS,
): Promise<Life> {
  const disk = await open(file, limits);
  const states = [...(before?.states ?? []), Buffer.from(await disk.read(0, SIZE))];
  let flushed = before?.flushed ?? 0;
  const promises: { operations: number; state: number; flushed: number }[] = [];
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
      // A sector less at either end: the rest of the cluster is kept.
      const offset = step.at * CLUSTER + 512;
      const data = Buffer.alloc(clusters * CLUSTER - 1024, step.value);
      await disk.write(offset, data);
      const after = Buffer.from(states.at(-1) ?? Buffer.alloc(SIZE));
      data.copy(after, offset);
      for (let cluster = step.at; cluster < step.at + clusters; cluster += 1) {
        const state = Buffer.from(states.at(-1) ?? after);
        after.copy(state, cluster * CLUSTER, cluster * CLUSTER, (cluster + 1) * CLUSTER);
        states.push(state);
      }
    }
    promise();
  }
  return { file, states, promises };
}

interface Promised {
  readonly states: readonly Buffer[];
  readonly state: number;
  readonly flushed: number;
}

/** What is in the file is one of the states from `least` on. @returns the number of the state. */
async function expectState(file: ForgetfulFile, states: readonly Buffer[], least: number): Promise<number> {
  const disk = await open(file);
  const found = Buffer.from(await disk.read(0, SIZE));
  // The newest first: the disk may have held the same before.
  const state = states.findLastIndex((one) => one.equals(found));
  expect(state).toBeGreaterThanOrEqual(least);
  return state;
}

function promised({ promises, states }: Life, operations: number): Promised {
  const { state, flushed } = promises.findLast((one) => one.operations <= operations) ?? { state: 0, flushed: 0 };
  return { states, state, flushed };
}

const SCRIPT: readonly Step[] = [
  ...[1, 2, 3].map((value) => ({ at: 0, clusters: 2, value })),
  'flush',
  { at: 1, clusters: 3, value: 4 },
  { at: 1, clusters: 1, value: 5 },
  'flush',
  { at: 0, clusters: 4, value: 0 },
  'flush',
  ...[6, 7, 8, 9].flatMap((value): Step[] => [{ at: value % 3, clusters: 2, value }, 'flush']),
  ...[10, 11, 12, 13, 14, 15].map((value) => ({ at: 2, clusters: 2, value })),
];

const aStep = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ at: fc.nat(CLUSTERS - 1), clusters: fc.integer({ min: 1, max: 2 }), value: fc.nat(255) }),
  },
  { weight: 1, arbitrary: fc.constant('flush' as const) },
);
const aLife = fc.record({
  steps: fc.array(aStep, { minLength: 1, maxLength: 40 }),
  end: fc.double({ min: 0, max: 1, noNaN: true }),
  kill: fc.boolean(),
  spareBlocks: fc.integer({ min: 1, max: 6 }),
});

describe('an overlay', () => {
  test('whose process is killed at any write, or in the middle of it, holds every write that was done', async () => {
    const life = await live(new ForgetfulFile(await blank()), SCRIPT);
    for (let count = 0; count <= life.file.operations.length; count += 1) {
      const { states, state } = promised(life, count);
      for (const part of [0, 0.3]) await expectState(life.file.killed(count, part), states, state);
    }
  });

  test('whose computer loses power at any write holds all that was flushed, and no garbage', async () => {
    const life = await live(new ForgetfulFile(await blank()), SCRIPT);
    const draw = seeded(seed);
    for (let count = 0; count <= life.file.operations.length; count += 1) {
      const { states, flushed } = promised(life, count);
      for (const share of [0, 0.5, 0.9, 1]) {
        await expectState(
          life.file.powerCut(count, () => draw() < share),
          states,
          flushed,
        );
      }
    }
  });

  test('that goes on where another was killed makes last what that one had only written', async () => {
    const draw = seeded(seed);
    const start = await blank();
    for (let round = 0; round < 12; round += 1) {
      const limits = { ...LIMITS, spareBlocks: 1 + (round % 3) };
      const writes = (count: number): Step[] =>
        Array.from({ length: count }, () => ({
          at: Math.floor(draw() * 3),
          clusters: 2,
          value: Math.floor(draw() * 99),
        }));
      const unsynced = writes(5);
      const first = await live(
        new ForgetfulFile(start),
        [...writes(3 + (round % 7)), 'flush', ...unsynced],
        undefined,
        limits,
      );
      const file = first.file.killed(first.file.operations.length);
      const begin = file.operations.length;
      const write = { at: 3, clusters: 1, value: 9 };
      const steps: Step[] = round % 2 === 0 ? ['flush', write] : [write];
      const second = await live(file, steps, promised(first, begin), limits);
      for (let count = begin; count <= file.operations.length; count += 1) {
        const { states, flushed } = promised(second, count);
        for (const share of [0, 0.5, 0.9, 1]) {
          await expectState(
            file.powerCut(count, () => draw() < share),
            states,
            flushed,
          );
        }
      }
    }
  });

  test('lives on after crashes, and crashes again, and never loses what was flushed', async () => {
    const start = await blank();
    await holdsAsync(
      fc.asyncProperty(fc.array(aLife, { minLength: 1, maxLength: 4 }), fc.nat(), async (lives, salt) => {
        const draw = seeded(seed ^ salt);
        let file = new ForgetfulFile(start);
        let before: Promised | undefined;
        for (const { steps, end, kill, spareBlocks } of lives) {
          const begin = file.operations.length;
          const life = await live(file, steps, before, { ...LIMITS, spareBlocks });
          // Power may be cut at every moment of this life; what a killed user had not synced before it is as uncertain.
          for (let count = begin; count <= file.operations.length; count += 1) {
            const { states, flushed } = promised(life, count);
            const share = draw();
            await expectState(
              file.powerCut(count, () => draw() < share),
              states,
              flushed,
            );
          }
          const count = begin + Math.round(end * (file.operations.length - begin));
          const { states, state, flushed } = promised(life, count);
          file = kill ? file.killed(count, end) : file.powerCut(count, () => draw() < end);
          const found = await expectState(file, states, kill ? state : flushed);
          before = { states: states.slice(0, found + 1), state: found, flushed: kill ? flushed : found };
        }
      }),
      20,
    );
  });
});

test('random bytes are no overlay', async () => {
  for (const size of [0, 100, 70_000]) {
    await expect(load(new ForgetfulFile(randomBytes(size)))).rejects.toThrow(/cannot be used: /);
  }
});
