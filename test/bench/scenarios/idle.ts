/**
 * Idle pairs: what one, four and eight protected VMs that do nothing take of the processor and of memory.
 *
 * Invariant: measured by the operating system over the whole family of processes (host, gateway, replicas), with nobody
 * looking at a screen.
 */
import { digits } from '../figures.ts';
import { cpuMs, family, memoryMB, wakeUps } from '../processes.ts';
import { delay, type Effort, type Outcome, type Scenario } from '../scenario.ts';
import { Subject } from '../subjects/lockstep.ts';

const PAIRS = [1, 4, 8] as const;

interface Row {
  readonly pairs: number;
  /** Percent of one core. */
  readonly replicas: number;
  readonly rest: number;
  readonly wakeUpsPerSecond: number;
  readonly memory: number;
}

async function measure(subject: Subject, pairs: number, seconds: number): Promise<Row> {
  const statuses = await Promise.all(Array.from({ length: pairs }, (_, index) => subject.status(`idle${index}`)));
  const replicas = statuses.flatMap(({ primary, secondary }) => [primary?.pid ?? 0, secondary?.pid ?? 0]);
  const rest = family(subject.pid).filter((pid) => !replicas.includes(pid));
  const sum = (of: (pid: number) => number, pids: readonly number[]): number =>
    pids.reduce((total, pid) => total + of(pid), 0);
  const before = { replicas: sum(cpuMs, replicas), rest: sum(cpuMs, rest), wakes: sum(wakeUps, replicas) };
  const from = performance.now();
  await delay(seconds * 1000);
  const passed = performance.now() - from;
  return {
    pairs,
    replicas: ((sum(cpuMs, replicas) - before.replicas) / passed) * 100,
    rest: ((sum(cpuMs, rest) - before.rest) / passed) * 100,
    wakeUpsPerSecond: ((sum(wakeUps, replicas) - before.wakes) / passed) * 1000,
    memory: sum(memoryMB, replicas),
  };
}

export const idle: Scenario = {
  name: 'idle',
  title: 'Idle pairs',
  async run({ quick, say }: Effort): Promise<Outcome> {
    const rows: Row[] = [];
    const subject = new Subject();
    try {
      await subject.start();
      let running = 0;
      for (const pairs of quick ? [1] : PAIRS) {
        say(`  ${pairs}`);
        for (; running < pairs; running += 1) {
          await subject.create(`idle${running}`);
          await subject.powerOn(`idle${running}`);
          await subject.protect(`idle${running}`);
        }
        // The guest's own beginnings (its network, its services) and the JIT's settle.
        await delay(quick ? 5000 : 15_000);
        rows.push(await measure(subject, pairs, quick ? 5 : 20));
      }
    } finally {
      await subject.stop();
    }
    const of = (pairs: number): Row | undefined => rows.find((row) => row.pairs === pairs);
    const [one, eight] = [of(1), of(8)];
    return {
      tables: [
        {
          title: 'Protected pairs of 128 MB whose guest waits at its prompt',
          heads: ['pairs', 'replicas, % of a core', 'host and gateway, %', 'wake-ups of replicas, 1/s', 'replicas, MB'],
          rows: rows.map((row) => [
            String(row.pairs),
            digits(row.replicas),
            digits(row.rest),
            digits(row.wakeUpsPerSecond),
            digits(row.memory),
          ]),
          note: 'The guest ticks at 250 Hz also when idle: its kernel was built so.',
        },
      ],
      figures: { ...(one && { idlePair: one.replicas }), ...(eight && { idleEight: eight.replicas }) },
      raw: rows,
    };
  },
};
