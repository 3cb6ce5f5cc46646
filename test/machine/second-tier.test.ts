/** Modules that stay hot are compiled a second time; the guest knows nothing of it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import loadWabt from 'wabt';
import { decodeContainer } from '../../main/machine/container.ts';
import { WATCH } from '../../main/machine/second-tier.ts';
import { MODULES_FROM } from '../../main/machine/snapshot.ts';
import { guestOf } from '../determinism/programs.ts';
import { linuxGuest, Runner, testGuest } from './guest.ts';

// Guests run as fast as the computer and its other work let them.
vi.setConfig({ testTimeout: 180_000 });

const NEVER = 2 ** 31 - 1;
const SOURCE = path.join(import.meta.dirname, '../../main/machine/second-tier.ts');
const wabt = await loadWabt();

/** Executes `count` epochs, with rests in which modules are exchanged. */
async function run(runner: Runner, count: number): Promise<void> {
  for (let epoch = 0; epoch < count; epoch += 1) {
    runner.step();
    if (epoch % 20 === 0) await setImmediate();
  }
}

test('a guest whose hot modules are compiled again computes what one computes whose are not', async () => {
  const hot = await Runner.start(testGuest({ hotInstructions: 20_000 }));
  hot.untilSerial('LOCKSTEP TEST GUEST');
  hot.type('b');
  await run(hot, 1500);
  const cold = await Runner.start(testGuest({ hotInstructions: NEVER }));
  for (const head of hot.heads.slice()) cold.replay(head);
  expect(hot.machine.metrics.optimisedModules).toBeGreaterThan(0);
  expect(cold.machine.metrics.optimisedModules).toBe(0);
  expect(cold.serial).toBe(hot.serial);
  expect(cold.machine.hash('full')).toBe(hot.machine.hash('full'));
});

test('a snapshot of a guest with such modules is what it would be without', async () => {
  const hot = await Runner.start(testGuest({ hotInstructions: 20_000 }));
  hot.untilSerial('LOCKSTEP TEST GUEST');
  hot.type('b');
  await run(hot, 500);
  const copy = await Runner.start(testGuest());
  copy.machine.restore(hot.machine.capture());
  expect(copy.machine.hash('full')).toBe(hot.machine.hash('full'));
  hot.heads.length = 0;
  await run(hot, 200);
  for (const head of hot.heads.slice()) copy.replay(head);
  expect(copy.machine.hash('full')).toBe(hot.machine.hash('full'));
});

/** Arithmetic and conversions: what may give a NaN of the compiler's choice. */
const CHOOSES_NAN =
  /\bf(32|64)\.(ceil|floor|trunc|nearest|sqrt|add|sub|mul|div|min|max|demote\w*|promote\w*|convert\w*)\b/g;

/** The generated modules of a machine, as text. */
function modulesOf({ machine }: Runner): string[] {
  const { json, sections } = decodeContainer(machine.capture().description);
  const { length } = (json as { modules: readonly number[] }).modules;
  return sections.slice(MODULES_FROM, MODULES_FROM + length).map((bytes) => {
    const module = wabt.readWasm(new Uint8Array(bytes), {});
    try {
      return module.toText({});
    } finally {
      module.destroy();
    }
  });
}

test('generated modules hold no arithmetic of floating-point numbers, in which the compilers differ', async () => {
  const fpu = await Runner.start((await guestOf('fpu')).config);
  fpu.steps(4000);
  const linux = await Runner.start(linuxGuest());
  linux.untilSerial('# ');
  linux.type('awk \'BEGIN { for (i = 0; i < 3000; i++) s += i / 3 - 0.5 * i; print "sum", s }\'\n');
  linux.untilSerial('sum -');
  for (const runner of [fpu, linux]) {
    const texts = modulesOf(runner);
    expect(texts.length).toBeGreaterThan(1);
    expect(texts.flatMap((text) => text.match(CHOOSES_NAN) ?? [])).toEqual([]);
  }
});

test('the function that watches a module is what its text says', () => {
  const text = /```wat\n([\s\S]*?)```/.exec(readFileSync(SOURCE, 'utf8'))?.[1]?.replaceAll(/^ \* ?/gm, '') ?? '';
  const module = wabt.parseWat('watch.wat', text);
  expect(Buffer.from(module.toBinary({}).buffer).toString('hex')).toBe(Buffer.from(WATCH).toString('hex'));
  module.destroy();
});
