/** Hashes of parts of a machine: what each covers, and that taking them changes nothing. */
import { expect, test } from 'vitest';
import { HASH_BLOCK_PAGES } from '../../main/ft/constants.ts';
import type { Head } from '../../main/ft/entry.ts';
import { createMachine } from '../../main/machine/emulated.ts';
import { Runner, testGuest } from './guest.ts';

async function running(): Promise<Runner> {
  const runner = await Runner.start(testGuest());
  runner.untilSerial('LOCKSTEP TEST GUEST');
  runner.type('b');
  runner.steps(200);
  return runner;
}

test('a bit that flips in memory changes the hash of its block of pages, and of nothing beside it', async () => {
  const { machine } = await running();
  const all = { first: 0, end: machine.pages };
  const [blocks, devices, full] = [machine.hash(all), machine.hash('devices'), machine.hash('full')];
  expect(blocks).toHaveLength((machine.pages / HASH_BLOCK_PAGES) * 8);
  const page = machine.corrupt();
  const changed = machine.hash(all);
  const at = Math.floor(page / HASH_BLOCK_PAGES) * 8;
  expect(changed.slice(at, at + 8)).not.toBe(blocks.slice(at, at + 8));
  expect([changed.slice(0, at), changed.slice(at + 8)]).toEqual([blocks.slice(0, at), blocks.slice(at + 8)]);
  expect(machine.hash('devices')).toBe(devices);
  expect(machine.hash('full')).not.toBe(full);
});

test('the parts of a clone are equal epoch for epoch, and asking only one of the two changes nothing', async () => {
  const runner = await running();
  const clone = new Runner(await createMachine(testGuest()));
  clone.machine.restore(runner.machine.capture());
  expect(clone.machine.pages).toBe(runner.machine.pages);
  for (let epoch = 0; epoch < 300; epoch += 1) {
    runner.step();
    clone.replay(runner.heads.at(-1) as Head);
    runner.machine.hash('devices');
    const first = (epoch * 256) % runner.machine.pages;
    const slice = { first, end: Math.min(runner.machine.pages, first + 256) };
    expect(clone.machine.hash(slice)).toBe(runner.machine.hash(slice));
  }
  expect(clone.machine.hash('devices')).toBe(runner.machine.hash('devices'));
  expect(clone.machine.hash('full')).toBe(runner.machine.hash('full'));
});
