/**
 * `npm run campaign:snapshots -- [--actions 50] [--seed S] [--disk-mb 1024] [--format raw|lsd] [--state DIR]
 * [--report FILE]`: snapshots of a VM under write load are taken, reverted to and deleted at random, and its host is
 * killed (kill -9) in every other one of them, at a random moment of it or after it. After each death everything is
 * looked at: the list of snapshots, every disk file, the file system and its files, the folder.
 *
 * With `--state DIR` each step is kept at once, and the same order (or none) goes on with what is left, on a new VM.
 * `--report FILE` writes the results as Markdown.
 *
 * Invariant: it ends with exit status 1 as soon as something reported is lost, a disk is damaged or holds something
 * else than at its moment, or a file is left over. Only processes of its own host are killed.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { prepareCheckout } from '../../main/prepare.ts';
import { TestHost } from '../support/host.ts';
import { drawPlan, type SnapshotOrder, type SnapshotStep } from './snapshot-plan.ts';
import { reportOf, type SnapshotHeader } from './snapshot-report.ts';
import { SnapshotScene, VM, type SnapshotResult } from './snapshot-scene.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: { actions: text, seed: text, 'disk-mb': text, format: text, state: text, report: text },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const EVENTS_SHOWN = 25;

const file = values.state === undefined ? null : path.join(values.state, 'snapshots.jsonl');
const lines = file !== null && existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1).map(parsed) : [];
const former = (lines[0] as SnapshotHeader | undefined)?.order;
const order: SnapshotOrder = {
  seed: Number(values.seed ?? former?.seed ?? Date.now() % 2 ** 31),
  actions: Number(values.actions ?? former?.actions ?? 50),
  diskMB: Number(values['disk-mb'] ?? former?.diskMB ?? 1024),
  format: (values.format ?? former?.format ?? 'raw') === 'lsd' ? 'lsd' : 'raw',
};
if (former && JSON.stringify(former) !== JSON.stringify(order)) {
  throw new Error(`${values.state} holds another campaign; it was ordered with ${JSON.stringify(former)}`);
}

function parsed(line: string): unknown {
  return JSON.parse(line);
}

function keep(line: unknown): void {
  lines.push(line);
  if (file !== null) appendFileSync(file, `${JSON.stringify(line)}\n`);
}

function results(): SnapshotResult[] {
  return lines.slice(1) as SnapshotResult[];
}

function tell(result: SnapshotResult, startedAt: number, doneHere: number): void {
  const { number, action, offline, protect, death, tookMs, stunMs, mergedMs, folderBytes, diskFiles } = result;
  const state = offline ? 'off' : protect ? 'Protected' : 'on';
  const ms = (name: string, value: number | null): string => (value === null ? '' : `, ${name} ${value.toFixed(0)} ms`);
  const end = death ? `, killed after ${death.afterMs} ms (${death.reported ? 'reported' : 'not reported'})` : '';
  const figures = `${ms('took', tookMs)}${ms('stun', stunMs)}${ms('merged', mergedMs)}${end}`;
  const perHour = (doneHere / (performance.now() - startedAt)) * 3_600_000;
  const size = `${(folderBytes / 2 ** 20).toFixed(0)} MiB, disk of ${diskFiles} files, ${result.snapshots} snapshots`;
  say(`${number} ${action} (${state})${figures}; ${size}`);
  say(`  ${results().length}/${order.actions} done, no violation, ${perHour.toFixed(0)} an hour`);
}

/** @returns what was wrong; null where nothing was. */
async function run(steps: readonly SnapshotStep[]): Promise<string | null> {
  const host = new TestHost();
  let interrupted = false;
  let number = 0;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      interrupted = true;
      void host.stop('SIGKILL').finally(() => {
        host.remove();
        process.exit(1);
      });
    });
  }
  let kept = false;
  try {
    await host.start();
    const scene = await SnapshotScene.begin(host, order);
    const startedAt = performance.now();
    for (const [index, step] of steps.entries()) {
      ({ number } = step);
      const result = await scene.step(step);
      keep(result);
      tell(result, startedAt, index + 1);
    }
    await scene.end();
    return null;
  } catch (error) {
    if (interrupted) return await new Promise<never>(() => {});
    const events = await host.call('event.list', { vm: VM, limit: EVENTS_SHOWN }).catch(() => []);
    for (const event of events) say(`${new Date(event.at).toISOString()} ${event.kind}: ${event.message}`);
    kept = true;
    say(`FAILED in step ${number}: ${(error as Error).stack}`);
    say(`The data folder is left for you: ${host.dataFolder}`);
    return `Step ${number}: ${(error as Error).message}`;
  } finally {
    await host.stop();
    if (!kept) host.remove();
  }
}

if (values.state !== undefined) mkdirSync(values.state, { recursive: true });
const machine = { cpus: os.cpus().length, model: os.cpus()[0]?.model ?? 'unknown', node: process.version };
if (lines.length === 0) keep({ order, machine, startedAt: Date.now() } satisfies SnapshotHeader);
const over = new Set(results().map(({ number }) => number));
const steps = drawPlan(order).filter(({ number }) => !over.has(number));
await prepareCheckout(say);
say(`seed ${order.seed}: ${steps.length} of ${order.actions} steps to come`);
const wrong = steps.length === 0 ? null : await run(steps);
if (values.report !== undefined) {
  writeFileSync(values.report, reportOf([{ header: lines[0] as SnapshotHeader, results: results(), wrong }]));
}
process.exit(wrong === null ? 0 : 1);
