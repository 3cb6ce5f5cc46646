/**
 * `npm run simulate -- [SEED] [--runs N] [--minutes M] [--workers 2] [--trace] [--plant BUG] [--real-limits]`:
 * simulated histories of the whole protocol, one for each seed from SEED on. Without --runs and --minutes a SEED is run
 * alone, and without a SEED a minute's worth from a random one.
 *
 * `npm run simulate -- --planted [BUG…] [--runs N] [--workers 2]`: looks for the planted bugs, all or these, each alone
 * and with at most N seeds, and says how many each took.
 *
 * Invariant: the first violation ends the run with status 1, its seed and the faults it takes, and a planted bug that
 * is not found is status 1 as well; the last line is a summary in JSON.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { Coverage, COUNTED, type Counted } from './coverage.ts';
import { openLane, type Batch, type Failure, type LaneOptions } from './lane.ts';
import { lookForPlanted, PLANTED_SEEDS_MAX } from './planted-check.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';

/** Small enough that a run of seconds ends in time. */
const BATCH = 20;
const PROGRESS_MS = 10_000;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string' },
    minutes: { type: 'string' },
    workers: { type: 'string', default: '2' },
    trace: { type: 'boolean', default: false },
    plant: { type: 'string' },
    planted: { type: 'boolean', default: false },
    'real-limits': { type: 'boolean', default: false },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** A whole number. @throws {Error} that names the option. */
function whole(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} takes a whole number, not "${text}"`);
  return value;
}

const seed = values.planted ? null : whole('SEED', positionals[0]);
const firstSeed = seed ?? randomInt(2 ** 40);
const minutes = values.minutes === undefined ? null : Number(values.minutes);
const runsMax = whole('--runs', values.runs) ?? (minutes === null && seed !== null ? 1 : Number.POSITIVE_INFINITY);
const endsAt = Date.now() + (minutes ?? (values.runs === undefined ? 1 : Number.POSITIVE_INFINITY)) * 60_000;
const workers = Math.max(1, Math.min(whole('--workers', values.workers) ?? 2, Math.ceil(runsMax / BATCH)));
const options: LaneOptions = { realLimits: values['real-limits'], plant: values.plant ?? null };

const coverage = new Coverage();
const failures: Failure[] = [];
const startedAt = Date.now();
let runs = 0;
let next = 0;
let saidAt = startedAt;

/** What a lane is to do next: the first seed and how many; null when it is time to end. */
function nextBatch(): [number, number] | null {
  if (failures.length > 0 || Date.now() >= endsAt || next >= runsMax) return null;
  const count = Math.min(BATCH, runsMax - next);
  next += count;
  return [firstSeed + next - count, count];
}

function take(batch: Batch): void {
  runs += batch.runs;
  coverage.merge(batch.counts);
  failures.push(...batch.failures);
  if (Date.now() - saidAt >= PROGRESS_MS) progress();
}

function perSecond(): number {
  return Math.round((runs * 1000) / Math.max(1, Date.now() - startedAt));
}

function progress(): void {
  saidAt = Date.now();
  const { failovers, lostArbitration, unreachable, liveWithBacklog, requestsAgain, vmLost } = coverage.counts;
  const seen = [
    `${failovers} failovers (${liveWithBacklog} with outputs to emit again)`,
    `${lostArbitration} lost arbitrations`,
    `${unreachable} waits for the storage`,
    `${requestsAgain} disk requests issued again`,
    `${vmLost} machines lost`,
  ];
  say(`${runs} runs, ${perSecond()}/s, seeds ${firstSeed} to ${firstSeed + next - 1}: ${seen.join(', ')}`);
}

/** One lane in a thread of its own, until there is nothing more to do. */
function thread(): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./lane-thread.ts', import.meta.url), { workerData: options });
    const more = (): void => {
      const batch = nextBatch();
      if (batch) worker.postMessage(batch);
      else void worker.terminate().then(() => resolve());
    };
    worker.on('message', (batch: Batch) => {
      take(batch);
      more();
    });
    worker.on('error', reject);
    more();
  });
}

async function here(): Promise<void> {
  const lane = await openLane(options);
  for (let batch = nextBatch(); batch; batch = nextBatch()) take(lane(...batch));
}

async function printTrace(): Promise<void> {
  await openLane(options);
  const { runHistory } = await import('./history.ts');
  const { drawScenario } = await import('./scenario.ts');
  const trace: string[] = [];
  runHistory(drawScenario(firstSeed), trace);
  for (const line of trace) say(line);
}

/** @throws {Error} when there is no such bug. */
async function printPlanted(): Promise<void> {
  const unknown = positionals.find((name) => !PLANTED_BUGS.some((bug) => bug.name === name));
  if (unknown !== undefined) throw new Error(`There is no planted bug "${unknown}".`);
  const bugs = PLANTED_BUGS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const seedsMax = whole('--runs', values.runs) ?? PLANTED_SEEDS_MAX;
  const lanes = Math.max(1, whole('--workers', values.workers) ?? 2);
  const all = await lookForPlanted(bugs, { seedsMax, workers: lanes }, ({ name, breaks, runs: count, ...rest }) => {
    const seeds = `${count} seed${count === 1 ? '' : 's'}`.padStart(10);
    say(`${rest.found ? 'found after' : 'NOT FOUND in'} ${seeds}, ${rest.seconds} s: ${name} (${breaks})`);
  });
  const missed = all.filter(({ found }) => !found).map(({ name }) => name);
  const most = Math.max(...all.map((bug) => bug.runs));
  const seconds = Math.round((Date.now() - startedAt) / 100) / 10;
  say(JSON.stringify({ bugs: bugs.length, found: all.length - missed.length, missed, seedsMax, most, seconds }));
  process.exitCode = missed.length > 0 ? 1 : 0;
}

if (values.planted) await printPlanted();
else if (values.trace) await printTrace();
else if (workers === 1) await here();
else await Promise.all(Array.from({ length: workers }, thread));

if (!values.trace && !values.planted) {
  progress();
  for (const name of Object.keys(COUNTED) as Counted[])
    say(`${coverage.counts[name].toString().padStart(12)} ${COUNTED[name]}`);
  for (const { seed: failed, violations, faults } of failures) {
    say(`\nseed ${failed} fails:\n  ${violations.join('\n  ')}`);
    say(`with these faults (times in ms):\n${faults.map((fault) => `  ${JSON.stringify(fault)}`).join('\n')}`);
    say(`Repeat it: npm run simulate -- ${failed}${options.plant === null ? '' : ` --plant ${options.plant}`} --trace`);
  }
  const seconds = Math.round((Date.now() - startedAt) / 100) / 10;
  say(
    JSON.stringify({ firstSeed, runs, seconds, perSecond: perSecond(), ...options, counts: coverage.counts, failures }),
  );
  process.exitCode = failures.length > 0 ? 1 : 0;
}
