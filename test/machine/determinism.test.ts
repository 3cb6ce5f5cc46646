/** The machine's promise: the same heads give the same states, here and in another process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import type { Head } from '../../main/ft/entry.ts';
import { linuxGuest, Runner, testGuest } from './guest.ts';

// Guests run as fast as the computer and its other work let them.
vi.setConfig({ testTimeout: 180_000 });

const FULL_EVERY = 500;

interface Hashes {
  readonly cpu: string[];
  readonly full: string[];
}

/** Executes `heads` (null: the runner's own next one) and hashes after each. */
function hashesOf(runner: Runner, heads: Iterable<Head | null>): Hashes {
  const cpu: string[] = [];
  const full: string[] = [];
  for (const head of heads) {
    if (head === null) runner.step();
    else runner.replay(head);
    cpu.push(runner.machine.hash('cpu'));
    if (cpu.length % FULL_EVERY === 0) full.push(runner.machine.hash('full'));
  }
  return { cpu, full };
}

/** Epochs of the test guest: a computation, graphics, echoed bytes, a counter. */
function* session(runner: Runner, count: number): Generator<null> {
  const script = new Map([
    [300, 'b'],
    [900, 'g'],
    [1200, 'x'],
    [1300, 'ehello\x1b'],
    [1400, 'c'],
    [1600, 't'],
  ]);
  for (let epoch = 0; epoch < count; epoch += 1) {
    const text = script.get(epoch);
    if (text !== undefined) runner.type(text);
    yield null;
  }
}

test('two machines that execute the same heads have the same state after every epoch', async () => {
  const first = await Runner.start(testGuest());
  const second = await Runner.start(testGuest());
  const hashes = hashesOf(first, session(first, 2000));
  expect(hashesOf(second, first.heads.slice())).toEqual(hashes);
  expect(second.serial).toBe(first.serial);
  expect(first.serial).toContain('LOCKSTEP TEST GUEST');
  expect(first.machine.metrics.compiledModules).toBeGreaterThan(0);
});

test('a guest that sleeps through a long advance misses no tick, on any machine', async () => {
  const runner = await Runner.start(testGuest());
  const ticks = (): number => {
    runner.type('t');
    runner.untilSerial('\n');
    return Number.parseInt(/T ([0-9A-Fa-f]{8})[^T]*$/.exec(runner.serial)?.[1] ?? '', 16);
  };
  runner.untilSerial('LOCKSTEP TEST GUEST');
  runner.steps(300);
  const before = ticks();
  const instructions = runner.machine.instructions;
  // A second in heads of a tenth; the guest's timer ticks a hundred times in it.
  for (let index = 0; index < 10; index += 1) {
    const outcome = runner.replay({ advanceUs: 100_000, rate: 3072, slices: 1, inputs: [] });
    expect(outcome.idleMs).toBeGreaterThan(0);
  }
  expect(runner.machine.instructions - instructions).toBeLessThan(100_000);
  const passed = ticks() - before;
  expect(passed).toBeGreaterThanOrEqual(100);
  expect(passed).toBeLessThan(110);
  const second = await Runner.start(testGuest());
  for (const head of runner.heads.slice()) second.replay(head);
  expect(second.machine.hash('full')).toBe(runner.machine.hash('full'));
});

test('what one process records another one replays', async () => {
  const runner = await Runner.start(testGuest());
  const hashes = hashesOf(runner, session(runner, 2000));
  const child = spawn(process.execPath, [new URL('replay-child.ts', import.meta.url).pathname], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const heads = runner.heads.map((head) => ({
    ...head,
    inputs: head.inputs.map((one) => ({ ...one, data: [...one.data] })),
  }));
  child.stdin.end(JSON.stringify({ heads, fullEvery: FULL_EVERY }));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const [code] = await once(child, 'close');
  expect(code).toBe(0);
  expect(JSON.parse(text)).toEqual({ ...hashes, serial: runner.serial });
});

test('a machine without a compiler computes what one with it does', async () => {
  const runs = await Promise.all([true, false].map((jit) => Runner.start(testGuest({ jit }))));
  const [compiled, interpreted] = runs.map((runner) => {
    runner.untilSerial('LOCKSTEP TEST GUEST');
    runner.type('b');
    runner.until(() => /B [0-9a-f]{8}\r\n/i.test(runner.serial), 60_000);
    return runner.serial;
  });
  expect(compiled).toMatch(/B [0-9a-f]{8}/i);
  expect(interpreted).toBe(compiled);
});

test('Linux boots the same way twice', async () => {
  const first = await Runner.start(linuxGuest());
  const second = await Runner.start(linuxGuest());
  let compared = 0;
  while (!first.serial.includes('# ') && compared < 20_000) {
    first.step();
    second.replay(first.heads.at(-1) as Head);
    if (first.machine.hash('cpu') !== second.machine.hash('cpu')) throw new Error(`differs in epoch ${compared}`);
    compared += 1;
  }
  expect(first.serial).toContain('# ');
  expect(second.machine.hash('full')).toBe(first.machine.hash('full'));
});
