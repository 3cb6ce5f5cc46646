/**
 * One torture: a program is run and recorded, and then repeated from the recording.
 *
 * - cold: a new process, a new machine, from power-on.
 * - warm: in a process that has executed another history of the program and compiled its code: a new machine from
 *   power-on, and the very machine that has that history behind itself, with a snapshot from the middle of the run.
 * - clones: new machines that get a snapshot from the middle of the run, as a backup does.
 *
 * Clones and the used machine find nearly every module hot: while they execute, what the baseline compiler made is
 * exchanged for what the optimising one makes (machine/second-tier.ts). Who records, and the cold machine, do not.
 *
 * Invariant: nobody who repeats knows anything but the recording and what the machine is made of.
 */
import { setImmediate } from 'node:timers/promises';
import { type HashRegion, wholeHead } from '../../main/ft/entry.ts';
import { createMachine } from '../../main/machine/emulated.ts';
import type { Machine } from '../../main/machine/machine.ts';
import { generator } from '../support/mulberry.ts';
import { explain } from './difference.ts';
import { type Guest, guestOf } from './programs.ts';
import { readEntries, readSnapshot, RecordingWriter, snapshotPages } from './recording.ts';
import { World } from './world.ts';

export interface RecordJob {
  readonly kind: 'record';
  readonly program: string;
  readonly seed: number;
  /** How long, from when the guest is at work: in epochs, `EPOCHS_PER_SECOND` of them a second. */
  readonly seconds: number;
  readonly clones: number;
  readonly file: string;
}

export interface RepeatJob {
  readonly kind: 'cold' | 'warm' | 'clones';
  readonly program: string;
  readonly seed: number;
  readonly file: string;
  /** The epochs of the snapshots. */
  readonly snapshots: readonly number[];
}

export type Job = RecordJob | RepeatJob;

export interface Recorded {
  /** Of virtual time. */
  readonly seconds: number;
  readonly epochs: number;
  readonly instructions: number;
  readonly modules: number;
  readonly snapshots: readonly number[];
  /** The end of what the guest printed. */
  readonly printed: string;
}

export interface Repeated {
  /** Machines that were compared from their beginning to the end of the recording. */
  readonly machines: number;
  readonly hashes: number;
  readonly fullHashes: number;
  /** Modules that were compiled a second time on the way. */
  readonly optimised: number;
  /** What differed: one line for each machine that did. */
  readonly differences: readonly string[];
}

/** The epochs of a history that a warm machine has behind itself. */
const WARMING_EPOCHS = 1500;
/** About as many as a busy guest executes in a second. */
const EPOCHS_PER_SECOND = 2500;
/** When a module counts as hot for clones. */
const HOT_INSTRUCTIONS = 50_000;
/** Modules are exchanged when a machine rests: after so many epochs, for a moment. */
const REST_EPOCHS = 10;
/** A guest that is not at work by then never will be. */
const START_EPOCHS_MAX = 200_000;

/** Snapshots are taken once this much of the time has passed. Sorted, as shares of the whole. */
function cloneTimes(seed: number, count: number): number[] {
  const random = generator(seed ^ 0x5c10_0e5);
  return Array.from({ length: count }, () => 0.05 + random(9000) / 10_000).sort((a, b) => a - b);
}

export async function record({ program, seed, seconds, clones, file }: RecordJob): Promise<Recorded> {
  const guest = await guestOf(program);
  const machine = await createMachine(guest.config);
  const world = new World(machine, guest, seed);
  const writer = new RecordingWriter(file);
  const times = cloneTimes(seed, clones);
  const snapshots: number[] = [];
  let startedAt = 0;
  for (;;) {
    if (!world.ready) startedAt = machine.epoch;
    const progress = (machine.epoch - startedAt) / EPOCHS_PER_SECOND / seconds;
    if (progress >= 1 || machine.stopped || startedAt > START_EPOCHS_MAX) break;
    const wanted = progress > (times[0] ?? 1);
    const quiet = wanted ? world.quietHead() : null;
    const due = wanted && quiet === null;
    writer.check(machine, due);
    if (due) {
      writer.snapshot(machine);
      snapshots.push(machine.epoch);
      times.shift();
    }
    const head = quiet ?? world.head();
    writer.head(machine.epoch, head);
    world.executed(machine.execute(head));
  }
  writer.check(machine, true);
  writer.close();
  const { epoch: epochs, instructions, virtualNs } = machine;
  const modules = machine.metrics.compiledModules;
  return { seconds: virtualNs / 1e9, epochs, instructions, modules, snapshots, printed: world.printed };
}

/** Executes the rest of the recording on a machine, comparing every hash. Says where and how it differs, or null. */
export async function compare(
  machine: Machine,
  file: string,
  counts: { hashes: number; full: number },
): Promise<string | null> {
  const start = machine.epoch;
  const different: HashRegion[] = [];
  for (const entry of readEntries(file)) {
    if (!('epoch' in entry) || entry.epoch < start) continue;
    if (entry.kind === 'hash') {
      if (machine.hash(entry.region) !== entry.hash) different.push(entry.region);
      counts.hashes += 1;
      if (entry.region === 'full') counts.full += 1;
    } else if (entry.kind === 'head') {
      // All hashes of an epoch stand before its head: now it is known what differs.
      if (different.length > 0) break;
      const head = wholeHead(entry.head);
      if (!head) throw new Error(`the head of epoch ${entry.epoch} lacks data`);
      machine.execute(head);
      if (machine.epoch % REST_EPOCHS === 0) await setImmediate();
    }
  }
  if (different.length === 0) return null;
  const parts = different.map((region) =>
    typeof region === 'string' ? region : `pages ${region.first} to ${region.end - 1}`,
  );
  return `before epoch ${machine.epoch}: ${parts.join(', ')}`;
}

/** A machine that has another history of the program behind itself. */
async function used(guest: Guest, seed: number): Promise<Machine> {
  const machine = await createMachine({ ...guest.config, hotInstructions: HOT_INSTRUCTIONS });
  const world = new World(machine, guest, seed + 1);
  for (let epoch = 0; epoch < WARMING_EPOCHS; epoch += 1) world.executed(machine.execute(world.head()));
  for (let head = world.quietHead(); head; head = world.quietHead()) world.executed(machine.execute(head));
  return machine;
}

/** The machines of the job, each when it is its turn, and where it begins. */
async function* machines(job: RepeatJob, guest: Guest): AsyncGenerator<readonly [Machine, string]> {
  if (job.kind === 'clones') {
    for (const epoch of job.snapshots) {
      const machine = await createMachine({ ...guest.config, hotInstructions: HOT_INSTRUCTIONS });
      machine.restore(readSnapshot(job.file, epoch));
      yield [machine, `clone of epoch ${epoch}`];
    }
    return;
  }
  const old = job.kind === 'warm' ? await used(guest, job.seed) : null;
  yield [await createMachine(guest.config), job.kind];
  const [epoch] = job.snapshots;
  if (old === null || epoch === undefined) return;
  const snapshot = readSnapshot(job.file, epoch);
  // Memory does not shrink: a machine that has used more than the snapshot holds is refused it.
  if (old.pages > snapshotPages(snapshot)) return;
  old.restore(snapshot);
  yield [old, `used machine from epoch ${epoch}`];
}

export async function repeat(job: RepeatJob): Promise<Repeated> {
  const guest = await guestOf(job.program);
  const counts = { machines: 0, hashes: 0, full: 0, optimised: 0 };
  const differences: string[] = [];
  for await (const [machine, name] of machines(job, guest)) {
    counts.machines += 1;
    const where = await compare(machine, job.file, counts);
    counts.optimised += machine.metrics.optimisedModules;
    if (where === null) continue;
    const what = await explain(machine, guest, job.file);
    differences.push([`${job.program}, seed ${job.seed}, ${name}: ${where}`, ...what].join('\n    '));
  }
  const { full: fullHashes, ...others } = counts;
  return { ...others, fullHashes, differences };
}
