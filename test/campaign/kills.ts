/**
 * `npm run campaign -- [--kills N] [--report FILE.json]`: kills primary and secondary in turn, again and again, under a
 * guest that counts on its console, and watches from outside.
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

interface Kill {
  readonly number: number;
  readonly victim: 'primary' | 'secondary';
  /** The longest time in which the outside program read nothing, from just before the kill until Protected again. */
  readonly silenceMs: number;
  /** From the kill until Protected again. */
  readonly protectedMs: number;
  readonly stunMs: number | null;
  readonly failover: FailoverReport | null;
}

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '20' }, report: { type: 'string' } },
});
const kills = Number(values.kills);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const VM = 'campaign';

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

async function killOnce(host: TestHost, serial: SerialProgram, number: number): Promise<Kill> {
  const victim = number % 2 === 1 ? 'primary' : 'secondary';
  const before = await host.waitFor(VM, 'protected');
  const pid = before[victim]?.pid;
  if (!pid) throw new Error(`there is no ${victim}`);
  const silence = silenceMeter(serial);
  const killedAt = performance.now();
  process.kill(pid, 'SIGKILL');
  while ((await host.status(VM))[victim]?.pid === pid) await delay(20);
  const after = await host.waitFor(VM, 'protected');
  const protectedMs = performance.now() - killedAt;
  const silenceMs = silence.stop();
  const failover = victim === 'primary' ? after.lastFailover : null;
  if (victim === 'primary' && !(failover && failover.at > (before.lastFailover?.at ?? 0))) {
    throw new Error('the primary was killed, but no failover was told');
  }
  const { wrong, count } = checkCounter(serial.output());
  if (wrong) throw new Error(`the console contradicts itself: ${wrong}`);
  const seen = count;
  await until(() => checkCounter(serial.output()).count > seen, 'the counter goes on');
  return { number, victim, silenceMs, protectedMs, stunMs: after.lastStart?.stunMs ?? null, failover };
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

function summary(done: readonly Kill[]): string {
  const secondaries = done.filter((kill) => kill.victim === 'secondary');
  const primaries = done.filter((kill) => kill.victim === 'primary');
  const phase = (name: 'detectMs' | 'drainMs' | 'arbitrateMs' | 'liveMs'): string =>
    percentiles(primaries.flatMap((kill) => (kill.failover ? [kill.failover[name]] : [])));
  return [
    `silence outside, primary killed    ${percentiles(primaries.map((kill) => kill.silenceMs))}`,
    `silence outside, secondary killed  ${percentiles(secondaries.map((kill) => kill.silenceMs))}`,
    `protected again                    ${percentiles(done.map((kill) => kill.protectedMs))}`,
    `stun                               ${percentiles(done.flatMap((kill) => kill.stunMs ?? []))}`,
    `detect                             ${phase('detectMs')}`,
    `drain                              ${phase('drainMs')}`,
    `arbitrate                          ${phase('arbitrateMs')}`,
    `live                               ${phase('liveMs')}`,
  ].join('\n');
}

await prepareCheckout(say);
const host = new TestHost();
const done: Kill[] = [];
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
  for (let number = 1; number <= kills; number++) {
    const kill = await killOnce(host, serial, number);
    done.push(kill);
    say(
      `${number}/${kills} ${kill.victim} killed: silence ${kill.silenceMs.toFixed(0)} ms, ` +
        `protected again after ${(kill.protectedMs / 1000).toFixed(1)} s, ` +
        `counter at ${checkCounter(serial.output()).count}`,
    );
  }
  await serial.close();
} catch (error) {
  failure = (error as Error).message;
} finally {
  await host.stop();
  host.remove();
}
say(summary(done));
if (values.report) {
  const machine = { cpus: os.cpus().length, model: os.cpus()[0]?.model, node: process.version };
  writeFileSync(values.report, `${JSON.stringify({ kills: done, failure, machine }, null, 2)}\n`);
}
say(failure ? `FAILED after ${done.length} kills: ${failure}` : `${done.length} kills, no violation`);
process.exitCode = failure ? 1 : 0;
