/**
 * A soak: a protected pair works for half an hour, and what its processes hold in memory is watched.
 *
 * Invariant: the growth per day is drawn from the second half alone, by the least squares; it is an extrapolation, and
 * called one.
 */
import { digits } from '../figures.ts';
import { memoryMB } from '../processes.ts';
import { delay, type Effort, type Outcome, type Scenario } from '../scenario.ts';
import { Subject } from '../subjects/lockstep.ts';

const VM = 'bench';
const LOAD = 'while :; do gzip < /bin/busybox | md5sum > /dev/null; ls -lR / > /dev/null 2>&1; usleep 200000; done\n';
const MINUTES = 30;
const SAMPLE_MS = 10_000;
const MINUTES_PER_DAY = 1440;

interface Sample {
  readonly minute: number;
  readonly host: number;
  readonly primary: number;
  readonly secondary: number;
}

/** MB a day. */
function slope(samples: readonly Sample[], of: (sample: Sample) => number): number {
  const mean = (pick: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + pick(sample), 0) / samples.length;
  const [x, y] = [mean((sample) => sample.minute), mean(of)];
  const above = samples.reduce((sum, sample) => sum + (sample.minute - x) * (of(sample) - y), 0);
  const below = samples.reduce((sum, sample) => sum + (sample.minute - x) ** 2, 0);
  return (above / below) * MINUTES_PER_DAY;
}

export const soak: Scenario = {
  name: 'soak',
  title: 'A soak',
  async run({ option, say }: Effort): Promise<Outcome> {
    const minutes = option('minutes', MINUTES);
    const samples: Sample[] = [];
    const subject = new Subject();
    try {
      await subject.start();
      await subject.create(VM);
      const { guest } = await subject.powerOn(VM);
      await subject.protect(VM);
      guest.write(LOAD);
      const from = performance.now();
      for (let minute = 0; minute < minutes; minute = (performance.now() - from) / 60_000) {
        const { primary, secondary } = await subject.status(VM);
        const [host, first, second] = [subject.pid, primary?.pid ?? 0, secondary?.pid ?? 0].map(memoryMB);
        samples.push({ minute, host: host ?? 0, primary: first ?? 0, secondary: second ?? 0 });
        if (samples.length % 12 === 0)
          say(`  ${digits(minute)} minutes: ${digits(first ?? 0)} + ${digits(second ?? 0)} MB`);
        await delay(SAMPLE_MS);
      }
    } finally {
      await subject.stop();
    }
    const half = samples.slice(Math.floor(samples.length / 2));
    const row = (name: string, of: (sample: Sample) => number): string[] => {
      const [first, middle, last] = [samples[0], half[0], samples.at(-1)].map((sample) =>
        digits(sample ? of(sample) : 0),
      );
      return [name, first ?? '', middle ?? '', last ?? '', digits(slope(half, of))];
    };
    return {
      tables: [
        {
          title: `A protected guest of 128 MB that compresses and starts processes, ${minutes} minutes`,
          heads: ['MB', 'at first', 'halfway', 'at the end', 'a day (extrapolated from the second half)'],
          rows: [
            row('host', (sample) => sample.host),
            row('primary', (sample) => sample.primary),
            row('secondary', (sample) => sample.secondary),
          ],
        },
      ],
      figures: {},
      raw: samples,
    };
  },
};
