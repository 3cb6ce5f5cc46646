/** Replays heads from standard input in a process of its own and prints the hashes; see determinism.test.ts. */
import { text } from 'node:stream/consumers';
import type { Head } from '../../main/ft/entry.ts';
import { Runner, testGuest } from './guest.ts';

interface Recording {
  readonly heads: readonly (Omit<Head, 'inputs'> & {
    readonly inputs: readonly { device: string; data: number[] }[];
  })[];
  readonly fullEvery: number;
}

const { heads, fullEvery } = JSON.parse(await text(process.stdin)) as Recording;
const runner = await Runner.start(testGuest());
const cpu: string[] = [];
const full: string[] = [];
for (const head of heads) {
  const inputs = head.inputs.map((one) => ({ ...one, data: Uint8Array.from(one.data) })) as unknown as Head['inputs'];
  runner.replay({ ...head, inputs });
  cpu.push(runner.machine.hash('cpu'));
  if (cpu.length % fullEvery === 0) full.push(runner.machine.hash('full'));
}
process.stdout.write(JSON.stringify({ cpu, full, serial: runner.serial }));
