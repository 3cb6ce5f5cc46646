/**
 * `npm run campaign -- [--kills N] [--hangs N] [--cuts N] [--report FILE.json]`: makes a pair fail again and again,
 * under a guest that counts on its console, and watches from outside. Kills (kill -9) and hangs (SIGSTOP for longer
 * than the failure timeout) hit primary and secondary in turn; a cut channel leaves both alive.
 *
 * Invariant: it ends with exit status 1 as soon as the counter shows a gap, a repeat or a contradiction, or the pair
 * does not become Protected again. Only processes of its own host are killed.
 */
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { parseArgs } from 'node:util';
import type { FailoverReport } from '../../preload/contract.ts';
import { prepareCheckout } from '../../main/prepare.ts';
import { checkCounter, COUNTER_LOOP } from '../support/counter.ts';
import { TestHost, type SerialProgram } from '../support/host.ts';

type Fault = 'kill' | 'hang' | 'cut';

interface Failure {
  readonly number: number;
  readonly fault: Fault;
  /** Whom it hit; null for a cut channel. */
  readonly victim: 'primary' | 'secondary' | null;
  /** The longest time in which the outside program read nothing, from just before the fault until Protected again. */
  readonly silenceMs: number;
  /** From the fault until Protected again. */
  readonly protectedMs: number;
  readonly stunMs: number | null;
  /** What the new primary told of its going live; null where the primary stayed the same. */
  readonly failover: FailoverReport | null;
}

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    hangs: { type: 'string', default: '0' },
    cuts: { type: 'string', default: '0' },
    report: { type: 'string' },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const VM = 'campaign';

/** The faults in the order in which they come: the kinds mixed evenly. */
function plan(): Fault[] {
  const counts = { kill: Number(values.kills), hang: Number(values.hangs), cut: Number(values.cuts) };
  const faults = Object.entries(counts).flatMap(([fault, count]) =>
    Array.from({ length: count }, (_, index) => ({ fault: fault as Fault, place: (index + 0.5) / count })),
  );
  return faults.toSorted((a, b) => a.place - b.place).map(({ fault }) => fault);
}

/** Watches how long nothing is read. */
function silenceMeter(serial: SerialProgram): { stop(): number } {
  let longest = 0;
  let length = serial.output().length;
  let changedAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - changedAt);
    if (serial.output().length === length) return;
    length = serial.output().length;
    changedAt = now;
  }, 1);
  return {
    stop() {
      clearInterval(timer);
      return longest;
    },
  };
}

async function failOnce(host: TestHost, serial: SerialProgram, number: number, fault: Fault): Promise<Failure> {
  const victim = fault === 'cut' ? null : number % 2 === 1 ? 'primary' : 'secondary';
  const before = await host.waitFor(VM, 'protected');
  const silence = silenceMeter(serial);
  const failedAt = performance.now();
  if (victim && fault === 'kill') process.kill(before[victim]?.pid ?? 0, 'SIGKILL');
  else await host.json('fault', VM, victim ? `hang-${victim}` : 'cut-channel');
  const deadline = Date.now() + 30_000;
  while ((await host.status(VM)).generation === before.generation) {
    if (Date.now() > deadline) throw new Error(`after the ${fault} nobody went on within 30 s`);
    await delay(20);
  }
  if (fault === 'hang') await host.json('fault', VM, 'heal');
  const after = await host.waitFor(VM, 'protected');
  const protectedMs = performance.now() - failedAt;
  const silenceMs = silence.stop();
  const changed = after.primary?.pid !== before.primary?.pid;
  if (victim && changed !== (victim === 'primary')) throw new Error(`the ${victim} was hit, and the wrong one went on`);
  const { wrong, count } = checkCounter(serial.output());
  if (wrong) throw new Error(`the console contradicts itself: ${wrong}`);
  await until(() => checkCounter(serial.output()).count > count, 'the counter goes on');
  const failover = changed ? after.lastFailover : null;
  return { number, fault, victim, silenceMs, protectedMs, stunMs: after.lastStart?.stunMs ?? null, failover };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`${what}: not within 30 s`);
    await delay(20);
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function percentiles(values: readonly number[]): string {
  if (values.length === 0) return '–';
  const sorted = values.toSorted((a, b) => a - b);
  const at = (fraction: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? 0).toFixed(1);
  return `median ${at(0.5)}, p90 ${at(0.9)}, worst ${at(1)} ms (n = ${sorted.length})`;
}

function summary(done: readonly Failure[]): string {
  const groups = new Map<string, Failure[]>();
  for (const failure of done) {
    const name = failure.victim ? `${failure.fault} ${failure.victim}` : failure.fault;
    groups.set(name, [...(groups.get(name) ?? []), failure]);
  }
  const failovers = done.flatMap(({ fault, failover }) => (fault === 'kill' && failover ? [failover] : []));
  const line = (name: string, numbers: readonly number[]): string => `${name.padEnd(30)} ${percentiles(numbers)}`;
  return [
    ...[...groups].map(([name, list]) =>
      line(
        `silence outside, ${name}`,
        list.map((one) => one.silenceMs),
      ),
    ),
    line(
      'protected again',
      done.map((failure) => failure.protectedMs),
    ),
    line(
      'stun',
      done.flatMap((failure) => failure.stunMs ?? []),
    ),
    ...(['detectMs', 'drainMs', 'arbitrateMs', 'liveMs'] as const).map((phase) =>
      line(
        `primary killed: ${phase.slice(0, -2)}`,
        failovers.map((failover) => failover[phase]),
      ),
    ),
  ].join('\n');
}

await prepareCheckout(say);
const host = new TestHost();
const done: Failure[] = [];
let failure: string | null = null;
try {
  await host.start();
  await host.json('vm', 'create', VM, '--sample', 'linux');
  await host.json('power', 'on', VM);
  const serial = host.attach(VM);
  await serial.until(/:~# $/);
  serial.write(COUNTER_LOOP);
  await serial.until(/\n100\r/);
  await host.json('ft', 'on', VM);
  const faults = plan();
  for (const [index, fault] of faults.entries()) {
    const failure = await failOnce(host, serial, index + 1, fault);
    done.push(failure);
    say(
      `${failure.number}/${faults.length} ${fault} ${failure.victim ?? 'channel'}: ` +
        `silence ${failure.silenceMs.toFixed(0)} ms, ` +
        `protected again after ${(failure.protectedMs / 1000).toFixed(1)} s, ` +
        `counter at ${checkCounter(serial.output()).count}`,
    );
  }
  await serial.close();
} catch (error) {
  failure = (error as Error).message;
  const events = await host.events(VM).catch(() => []);
  for (const event of events.slice(-20)) say(`${new Date(event.at).toISOString()} ${event.kind}: ${event.message}`);
} finally {
  await host.stop();
  host.remove();
}
say(summary(done));
if (values.report) {
  const machine = { cpus: os.cpus().length, model: os.cpus()[0]?.model, node: process.version };
  writeFileSync(values.report, `${JSON.stringify({ failures: done, failure, machine }, null, 2)}\n`);
}
say(failure ? `FAILED after ${done.length} failures: ${failure}` : `${done.length} failures, no violation`);
process.exitCode = failure ? 1 : 0;
