/**
 * Takeover: the primary is ended by `kill -9` again and again, under a guest that prints a line every 4 ms.
 *
 * Invariant: the silence is seen from outside, from the kill to the first new line; the phases are those that the
 * product reports. Every line must follow the one before.
 */
import { Collected, digits, percentile, spread } from '../figures.ts';
import { delay, type Effort, type Outcome, type Scenario } from '../scenario.ts';
import { Subject, type VmGuest } from '../subjects/lockstep.ts';

const VM = 'bench';
/** A line at every tick of the guest's timer (4 ms); the shell starts no process for it. */
const COUNT = 'mkfifo /tmp/f; exec 3<>/tmp/f; i=0; while :; do i=$((i+1)); echo "=$i"; read -t 0.002 -u 3 x; done\n';
const PHASES = ['detectMs', 'drainMs', 'arbitrateMs', 'liveMs', 'firstOutputMs'] as const;

/** Watches the lines of the guest. @throws from `check` when one was lost or repeated. */
class Lines {
  #rest = '';
  #last = 0;
  #wrong: string | null = null;
  #waiting: (() => void) | null = null;

  constructor(guest: VmGuest) {
    guest.onOutput = (text) => {
      const lines = (this.#rest + text).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#line(line.trim());
    };
  }

  #line(line: string): void {
    if (!/^=\d+$/.test(line)) return;
    const number = Number(line.slice(1));
    if (this.#last !== 0 && number !== this.#last + 1) this.#wrong ??= `${this.#last} was followed by ${number}`;
    this.#last = number;
    this.#waiting?.();
    this.#waiting = null;
  }

  next(): Promise<void> {
    return new Promise((resolve) => (this.#waiting = resolve));
  }

  check(): void {
    if (this.#wrong) throw new Error(`the console is not one continuation: ${this.#wrong}`);
  }
}

async function strike(subject: Subject, lines: Lines, figures: Collected): Promise<void> {
  const { primary } = await subject.status(VM);
  if (!primary) throw new Error('there is no primary');
  // What had left before the kill may still be on its way to us.
  process.kill(primary.pid, 'SIGKILL');
  const killedAt = performance.now();
  await delay(1);
  await lines.next();
  figures.add('silence', performance.now() - killedAt);
  const { lastFailover } = await subject.untilProtected(VM);
  lines.check();
  for (const phase of PHASES) figures.add(phase, lastFailover?.[phase] ?? Number.NaN);
  figures.add('protectedMs', lastFailover?.protectedMs ?? Number.NaN);
}

export const takeover: Scenario = {
  name: 'takeover',
  title: 'Takeover',
  async run({ quick, option, say }: Effort): Promise<Outcome> {
    const kills = option('kills', quick ? 3 : 100);
    const figures = new Collected();
    const subject = new Subject();
    try {
      await subject.start();
      await subject.create(VM);
      const { guest } = await subject.powerOn(VM);
      const lines = new Lines(guest);
      guest.write(COUNT);
      await subject.protect(VM);
      for (let kill = 1; kill <= kills; kill += 1) {
        // A settled pair, and another moment of the guest's each time.
        await delay(500 + Math.random() * 500);
        await strike(subject, lines, figures);
        if (kill % 10 === 0) say(`  ${kill} of ${kills} kills`);
      }
    } finally {
      await subject.stop();
    }
    const row = (name: string, text: string): string[] => {
      const samples = figures.of(name);
      return [text, ...[0.5, 0.9, 0.99, 1].map((share) => digits(percentile(samples, share)))];
    };
    return {
      tables: [
        {
          title: `${kills} times kill -9 of the primary; every line arrived once, in order`,
          heads: ['ms', 'p50', 'p90', 'p99', 'worst'],
          rows: [
            row('silence', 'from the kill to the first new line, seen from outside'),
            row('detectMs', 'from the last sign of life to the suspicion'),
            row('drainMs', 'executing the rest of the log'),
            row('arbitrateMs', 'test-and-set'),
            row('liveMs', 'from there to the first live epoch'),
            row('firstOutputMs', 'from the test-and-set to the first new output'),
            row('protectedMs', 'from the test-and-set to Protected again'),
          ],
          note: `Silences: ${spread(figures.of('silence'))} ms. The paper gives none; HydraVM 1.6 s.`,
        },
      ],
      figures: {
        takeoverP50: percentile(figures.of('silence'), 0.5),
        takeoverP99: percentile(figures.of('silence'), 0.99),
        protectedAgain: percentile(figures.of('protectedMs'), 0.5) / 1000,
      },
      raw: figures.all(),
    };
  },
};
