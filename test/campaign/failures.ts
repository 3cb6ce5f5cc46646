/**
 * `npm run campaign -- [--kills N] [--points N] [--gateways N] [--hosts N] [--hangs N] [--cuts N] [--state DIR]
 * [--seed S] [--disk shared|separate] [--reads log|backup] [--batch N] [--victim primary|secondary|both]
 * [--point TEXT] [--timeout MS]`: makes a pair fail again and again, under a guest that counts on its console, writes
 * and reads its disk and serves programs over the network, and watches from outside (observers.ts, clients.ts).
 *
 * `--kills` are kill -9 of primary and secondary in turn at any moment, `--points` at named points (points.ts;
 * `--point` chooses among them by a part of their names), `--gateways` and `--hosts` of those processes; `--hangs`
 * are SIGSTOP for longer than the failure timeout, `--cuts` cut the channel. Without `--disk` and `--reads` it goes
 * through all four disk modes, `--batch` failures at a time. With `--state DIR` each failure is kept at once, and the
 * same order (or none) goes on where it was interrupted.
 *
 * Invariant: it ends with exit status 1 as soon as an observer sees a gap, a repeat, a contradiction or a lost write,
 * two replicas go on in one generation, or the pair does not become Protected again. Only processes of its own host
 * are killed.
 */
import os from 'node:os';
import { parseArgs } from 'node:util';
import { prepareCheckout } from '../../main/prepare.ts';
import { TestHost } from '../support/host.ts';
import { groupBy, kindOf, words } from './figures.ts';
import { VM } from './life.ts';
import { drawPlan, MODES, type Mode, type Order, type Step } from './plan.ts';
import { isViolation, ResultFile, type Failure } from './results.ts';
import { Scene } from './scene.ts';
import { strike } from './strikes.ts';

const COUNTS = {
  kills: 'random',
  points: 'point',
  gateways: 'gateway',
  hosts: 'host',
  hangs: 'hang',
  cuts: 'cut',
} as const;
const KILLS = 20;
const EVENTS_KEPT = 100;
const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    kills: text,
    points: text,
    gateways: text,
    hosts: text,
    hangs: text,
    cuts: text,
    state: text,
    seed: text,
    disk: text,
    reads: text,
    batch: { type: 'string', default: '25' },
    victim: { type: 'string', default: 'both' },
    point: { type: 'string', default: '' },
    // With two cores a replica may get no time for longer than the default of 500 ms.
    timeout: { type: 'string', default: '800' },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** What the command line asks for; `former` is what these results were ordered with before. */
function ordered(former: Order | null): Order {
  const asked = Object.entries(COUNTS).map(
    ([option, fault]) => [fault, values[option as keyof typeof COUNTS]] as const,
  );
  const named = asked.some(([, count]) => count !== undefined);
  const counts = Object.fromEntries(asked.map(([fault, count]) => [fault, Number(count ?? 0)])) as Order['counts'];
  const modes = MODES.filter(
    ({ disk, reads }: Mode) => (values.disk ?? disk) === disk && (values.reads ?? reads) === reads,
  );
  if (modes.length === 0) throw new Error('--disk is shared or separate, --reads is log or backup');
  return {
    seed: Number(values.seed ?? former?.seed ?? Date.now() % 2 ** 31),
    counts: named ? counts : (former?.counts ?? { ...counts, random: KILLS }),
    modes,
    batch: Number(values.batch),
    victim: values.victim as Order['victim'],
    point: values.point,
    timeoutMs: Number(values.timeout),
  };
}

/** The order that these results belong to. @throws {Error} where they belong to another than was asked for. */
function orderOf({ order: former }: ResultFile): Order {
  const asked = ordered(former);
  if (!former || JSON.stringify(asked) === JSON.stringify(former)) return asked;
  throw new Error(`${values.state} holds another campaign; it was ordered with ${JSON.stringify(former)}`);
}

/** Every generation has had one holder that went on: the events say who did. */
async function checkGenerations(host: TestHost): Promise<void> {
  const holders = new Map<number, number>();
  for (const event of await host.call('event.list', { vm: VM, limit: 10_000 })) {
    if (event.kind !== 'ft.failover') continue;
    const { generation, pid } = event.data as { generation: number; pid: number };
    const other = holders.get(generation);
    if (other !== undefined) throw new Error(`${other} and ${pid} both went live in generation ${generation}`);
    holders.set(generation, pid);
  }
}

function tell(failed: Failure, progress: string): void {
  const silence = Object.entries(failed.silenceMs).map(([name, ms]) => `${name} ${ms.toFixed(0)}`);
  const { mode, point, outcome } = failed;
  const what = `${kindOf(failed)}${point === null ? '' : ` (${point})`}, ${mode.disk}/${mode.reads}`;
  const came = outcome === 'lived' ? `silent for ms: ${silence.join(', ')}` : 'ended, and was powered on anew';
  say(`${failed.number} ${what}: Protected after ${(failed.protectedMs / 1000).toFixed(1)} s, ${came}`);
  say(`  ${progress}`);
}

/** How far it is, for people: rate and time left are of this run. */
function progressOf(results: ResultFile, total: number, doneHere: number, sinceMs: number): string {
  const { done } = results;
  const perHour = (doneHere / sinceMs) * 3_600_000;
  const left = (((total - done.length) / perHour) * 60).toFixed(0);
  const violations = done.filter(isViolation).length;
  return `${done.length}/${total} done, ${violations} violations, ${perHour.toFixed(0)} an hour, ${left} minutes left`;
}

/** Whoever interrupts a campaign takes its host with it; what was under way counts for nothing. */
function endOnSignal(host: TestHost): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      say(`${signal}: the campaign ends here`);
      void host.stop('SIGKILL').finally(() => {
        host.remove();
        process.exit(1);
      });
      interrupted = true;
    });
  }
}

/** @returns whether nothing was wrong. */
async function run(results: ResultFile, steps: readonly Step[], total: number): Promise<boolean> {
  const host = new TestHost();
  endOnSignal(host);
  let number = steps[0]?.number ?? 0;
  try {
    await host.start();
    const scene = await Scene.begin(host, (steps[0] as Step).mode, order.timeoutMs);
    const startedAt = performance.now();
    for (const [index, step] of steps.entries()) {
      number = step.number;
      const failed = await strike(scene, step);
      results.add(failed);
      tell(failed, progressOf(results, total, index + 1, performance.now() - startedAt));
    }
    await checkGenerations(host);
    await scene.end();
    return true;
  } catch (error) {
    if (interrupted) return await new Promise<never>(() => {});
    const violation = (error as Error).message;
    const events = await host.call('event.list', { vm: VM, limit: EVENTS_KEPT }).catch(() => []);
    results.add({ number, violation, events });
    for (const event of events.slice(-20)) say(`${new Date(event.at).toISOString()} ${event.kind}: ${event.message}`);
    say(`FAILED in failure ${number}: ${violation}`);
    return false;
  } finally {
    await host.stop();
    host.remove();
  }
}

let interrupted = false;
const results = new ResultFile(values.state ?? null);
const order = orderOf(results);
const plan = drawPlan(order);
const over = new Set(results.done.map(({ number }) => number));
const steps = plan.filter(({ number }) => !over.has(number));
await prepareCheckout(say);
const machine = { cpus: os.cpus().length, model: os.cpus()[0]?.model ?? 'unknown', node: process.version };
results.begin({ order, machine, startedAt: Date.now() });
say(`seed ${order.seed}: ${steps.length} of ${plan.length} failures to come`);
const well = steps.length === 0 || (await run(results, steps, plan.length));
const failures = results.done.filter((one) => !isViolation(one)) as Failure[];
for (const { name, n, protectedMs, silenceMs } of groupBy(failures, kindOf)) {
  say(`${name} (${n}), p50 / p90 / p99 / worst in ms: Protected again ${words(protectedMs)}`);
  for (const [observer, figures] of Object.entries(silenceMs)) say(`  ${observer} silent ${words(figures)}`);
}
say(`${failures.length} failures, ${results.done.length - failures.length} violations`);
// Not by itself: after a violation its observers go on.
process.exit(well ? 0 : 1);
