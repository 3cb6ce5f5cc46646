/**
 * `npm run determinism -- [--torture] [--program NAME]… [--seconds N] [--clones N] [--seed S]`: our own guest programs
 * and Linux, run once and repeated from their recordings: cold, warm, and by clones from the middle.
 * `npm run determinism -- --minutes N [--keep FILE]`: the mixed load on Linux, see linux-load.ts. Without either: both.
 *
 * Invariant: exit status 0 exactly when nothing differed; what did is named with program, seed, epoch and part.
 */
import { parseArgs } from 'node:util';
import { ensureGuests } from '../../main/prepare.ts';
import { type Row, table, torture } from './command.ts';
import { mixedLoad } from './linux-load.ts';
import { programNames } from './programs.ts';

const { values } = parseArgs({
  options: {
    torture: { type: 'boolean', default: false },
    program: { type: 'string', multiple: true },
    seconds: { type: 'string', default: '5' },
    clones: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string' },
    keep: { type: 'string' },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** @throws {RangeError} */
function number(name: string, text: string, most: number): number {
  const value = Number(text);
  if (value >= 0 && value <= most) return value;
  throw new RangeError(`--${name} is a number from 0 to ${most}, not ${text}`);
}

await ensureGuests(say);
const tortured = values.torture || values.program !== undefined;
if (tortured || values.minutes === undefined) {
  const rows: Row[] = [];
  const plan = {
    seed: number('seed', values.seed, 2 ** 31),
    seconds: number('seconds', values.seconds, 3600),
    clones: number('clones', values.clones, 1000),
    warm: true,
  };
  for (const program of values.program ?? programNames()) {
    try {
      const [row] = await torture({ ...plan, programs: [program] });
      if (row === undefined) continue;
      rows.push(row);
      say(row.differences.length === 0 ? `${program}: equal` : row.differences.join('\n'));
    } catch (error) {
      // Somebody who repeats and fails where the recording went on has diverged, too.
      say((error as Error).message);
      process.exitCode = 1;
    }
  }
  say(`\n${table(rows)}`);
  if (rows.some(({ differences }) => differences.length > 0)) process.exitCode = 1;
}
if (!tortured || values.minutes !== undefined) {
  await mixedLoad(number('minutes', values.minutes ?? '5', 10_000), values.keep);
}
