/**
 * What a machine costs, in counts that do not depend on a computer's speed: instructions, wake-ups and allocations, for
 * a guest that computes and for one that idles. Times are the benchmark's (test/bench).
 */
import v8 from 'node:v8';
import vm from 'node:vm';
import { expect, test, vi } from 'vitest';
import { Pacer } from '../../main/replica/pacer.ts';
import { linuxGuest, Runner, testGuest } from './guest.ts';

// Guests run as fast as the computer and its other work let them.
vi.setConfig({ testTimeout: 180_000 });

const NS_PER_MS = 1e6;
/** As on a computer that executes 300 million instructions a second. */
const NS_PER_INSTRUCTION = 3.3;

/** A guest that computes, in the middle of it. */
async function computing(): Promise<Runner> {
  const runner = await Runner.start(testGuest());
  runner.untilSerial('LOCKSTEP TEST GUEST');
  runner.type('b');
  runner.steps(100);
  return runner;
}

test('an epoch of a guest that computes is about 100,000 instructions for each slice', async () => {
  const runner = await computing();
  for (const slices of [1, 4, 16]) {
    const before = runner.machine.instructions;
    runner.step(slices);
    const each = (runner.machine.instructions - before) / slices;
    expect(each).toBeGreaterThan(99_000);
    expect(each).toBeLessThan(110_000);
  }
});

test('an epoch allocates little: what it makes is for what it did', async () => {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc') as () => void;
  const { machine } = await computing();
  const head = { advanceUs: 20, rate: 3072, slices: 1, inputs: [] } as const;
  const epochs = 200;
  for (let epoch = 0; epoch < epochs; epoch += 1) machine.execute(head);
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let epoch = 0; epoch < epochs; epoch += 1) machine.execute(head);
  expect((process.memoryUsage().heapUsed - before) / epochs).toBeLessThan(4096);
});

/** A primary's loop on a wall clock that moves by what is executed and slept alone. */
function idle(runner: Runner, seconds: number): { wakeUps: number; instructions: number } {
  const { machine } = runner;
  let wallNs = 0;
  const pacer = new Pacer(() => wallNs);
  pacer.restart(machine.virtualNs);
  const run = (untilNs: number): number => {
    let wakeUps = 0;
    while (wallNs < untilNs) {
      const before = machine.instructions;
      const { idleMs } = runner.replay(pacer.head(machine.virtualNs, []));
      const executed = machine.instructions - before;
      wallNs += executed * NS_PER_INSTRUCTION;
      const waitMs = pacer.executed(machine.virtualNs, executed, idleMs);
      if (waitMs >= 1) wakeUps += 1;
      wallNs += waitMs * NS_PER_MS;
    }
    return wakeUps;
  };
  // What a guest does at its beginning is over after some seconds.
  run(15_000 * NS_PER_MS);
  const before = machine.instructions;
  const wakeUps = run(wallNs + seconds * 1000 * NS_PER_MS);
  return { wakeUps, instructions: machine.instructions - before };
}

test('an idle Linux is woken 11 times a second for its 250 ticks, and executes a million instructions', async () => {
  const runner = await Runner.start(linuxGuest());
  runner.untilSerial('# ');
  const seconds = 20;
  const { wakeUps, instructions } = idle(runner, seconds);
  // Each lull ends when the guest does something of its own; then it is woken for each tick for a tenth of a second.
  expect(wakeUps / seconds).toBeLessThan(30);
  expect(instructions / seconds).toBeLessThan(1.5e6);
});
