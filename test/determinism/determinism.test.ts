/**
 * A small part of `npm run determinism`: some of the programs that are made to be hard to repeat are repeated, in
 * another process, from power-on and by a clone from the middle; and the comparison finds what it must find.
 */
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { createMachine } from '../../main/machine/emulated.ts';
import { temporaryFolder } from '../support/folder.ts';
import { torture } from './command.ts';
import { explain } from './difference.ts';
import { guestOf } from './programs.ts';
import { compare, record } from './torture.ts';

// Guests run as fast as the computer and its other work let them.
vi.setConfig({ testTimeout: 180_000 });

const seed = Number(process.env['LOCKSTEP_SEED'] ?? Date.now() % 2 ** 31);

test('programs that change their code, and fault, in storms of interrupts repeat exactly', async () => {
  const rows = await torture({ programs: ['smc', 'storm', 'faults'], seed, seconds: 0.2, clones: 1, warm: false });
  expect(rows.flatMap(({ differences }) => differences)).toEqual([]);
  for (const row of rows) {
    expect([row.program, row.machines]).toEqual([row.program, 2]);
    expect(row.fullHashes).toBeGreaterThan(3);
  }
  // Modules were exchanged under the clones.
  expect(rows.reduce((sum, { optimised }) => sum + optimised, 0)).toBeGreaterThan(0);
});

test('a single bit of memory that differs is found, and named by its page', async () => {
  const file = path.join(temporaryFolder(), 'log');
  await record({ kind: 'record', program: 'strings', seed, seconds: 0.04, clones: 0, file });
  const guest = await guestOf('strings');
  const machine = await createMachine(guest.config);
  const page = machine.corrupt();
  expect(await compare(machine, file, { hashes: 0, full: 0 })).toMatch(/^before epoch 0: pages \d+ to \d+, full$/);
  expect(await explain(machine, guest, file)).toEqual([
    expect.stringMatching(new RegExp(`^memory 0x${page.toString(16)}000: 01`)),
  ]);
});
