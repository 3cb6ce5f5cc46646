/**
 * Turning FT on: how long the guest stands still, how long until Protected, and how much memory a pair takes, by the
 * size of the guest.
 *
 * Invariant: the guest works meanwhile (it counts in its shell), so its memory is as a user's would be, and half of it
 * holds data.
 */
import { Collected, digits, median, percentile, spread } from '../figures.ts';
import { memoryMB } from '../processes.ts';
import type { Effort, Outcome, Scenario } from '../scenario.ts';
import { work } from '../subjects/guest.ts';
import { Subject } from '../subjects/lockstep.ts';

/** MB. The sample guest does not boot with less than 72. */
const SIZES = [72, 128, 256, 512] as const;
const TIMES = 5;
const PHASES = ['builtMs', 'capturedMs', 'copiedMs', 'protectedMs'] as const;
const OVERHEAD_MB = 48;

interface Row {
  readonly size: number;
  readonly stun: readonly number[];
  readonly protectedMs: readonly number[];
  /** Medians of its phases, in their order. */
  readonly phases: readonly number[];
  /** MB: of primary and secondary together. */
  readonly memory: number;
}

async function measure(subject: Subject, size: number, times: number): Promise<Row> {
  const name = `mb${size}`;
  await subject.create(name, '--memory', String(size));
  const { guest } = await subject.powerOn(name);
  const data = Math.floor((size - OVERHEAD_MB) / 2);
  await work(guest, `mkdir -p /run/data; mount -t tmpfs -o size=${size}m none /run/data`);
  await work(guest, `dd if=/dev/urandom of=/run/data/it bs=1M count=${data} 2>/dev/null`);
  guest.write("awk 'BEGIN { while (1) s++ }' &\n");
  const figures = new Collected();
  let memory = Number.NaN;
  for (let time = 0; time < times; time += 1) {
    const { lastStart, primary, secondary } = await subject.protect(name);
    figures.add('stun', lastStart?.stunMs ?? Number.NaN);
    for (const phase of PHASES) figures.add(phase, lastStart?.[phase] ?? Number.NaN);
    memory = memoryMB(primary?.pid ?? 0) + memoryMB(secondary?.pid ?? 0);
    await subject.client.call('ft.off', { vm: name });
  }
  await subject.client.call('power.off', { vm: name });
  const phases = PHASES.map((phase) => median(figures.of(phase)));
  return { size, stun: figures.of('stun'), protectedMs: figures.of('protectedMs'), phases, memory };
}

export const start: Scenario = {
  name: 'start',
  title: 'Turning FT on',
  async run({ quick, say }: Effort): Promise<Outcome> {
    const rows: Row[] = [];
    const subject = new Subject();
    try {
      await subject.start();
      for (const size of quick ? [128] : SIZES) {
        say(`  ${size} MB`);
        rows.push(await measure(subject, size, quick ? 2 : TIMES));
      }
    } finally {
      await subject.stop();
    }
    const of = (size: number): Row | undefined => rows.find((row) => row.size === size);
    const [small, large] = [of(128), of(512)];
    return {
      tables: [
        {
          title: 'By the size of a guest that computes, half of its memory full of random data',
          heads: [
            'guest, MB',
            'stun, ms',
            'worst stun, ms',
            'Protected after, ms',
            'of these: machine built / captured / copied',
            'pair, MB',
            'beyond the guests, MB',
          ],
          rows: rows.map(({ size, stun, protectedMs, phases, memory }) => [
            String(size),
            spread(stun),
            digits(percentile(stun, 1)),
            spread(protectedMs),
            phases.slice(0, -1).map(digits).join(' / '),
            digits(memory),
            digits(memory - 2 * size),
          ]),
          note: 'Memory as the operating system counts it (PSS), in pages that the guest has touched.',
        },
      ],
      figures: {
        ...(small && {
          stun128: median(small.stun),
          protectedAfterClick: median(small.protectedMs) / 1000,
          memoryBeyondGuest: small.memory - 256,
        }),
        ...(large && { stun512: median(large.stun) }),
      },
      raw: rows,
    };
  },
};
