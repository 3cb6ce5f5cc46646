/**
 * `npm run campaign:report -- FILE.json …`: reports of campaigns (failures.ts) as one Markdown page.
 *
 * Invariant: every number is of the files; a campaign that failed is shown first and says why.
 */
import { readFileSync } from 'node:fs';
import type { Failure } from './failures.ts';

interface Report {
  readonly disk: string;
  readonly reads: string;
  readonly failures: readonly Failure[];
  readonly failure: string | null;
  readonly machine: { readonly cpus: number; readonly model: string; readonly node: string };
}

const reports = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')) as Report);

function figures(numbers: readonly number[]): string {
  if (numbers.length === 0) return '–';
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (fraction: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? 0);
  return `${at(0.5)} / ${at(0.99)} / ${at(1)}`;
}

function row(name: string, cells: readonly string[]): string {
  return `| ${[name, ...cells].join(' | ')} |`;
}

/** What happened to each kind of victim. */
function groups(failures: readonly Failure[]): Map<string, Failure[]> {
  const all = new Map<string, Failure[]>();
  for (const failure of failures) {
    const name = failure.victim ? `${failure.fault} ${failure.victim}` : 'cut channel';
    all.set(name, [...(all.get(name) ?? []), failure]);
  }
  return all;
}

function section({ disk, reads, failures, failure }: Report): string {
  const observers = Object.keys(failures[0]?.silenceMs ?? {});
  const lines = [...groups(failures)].map(([name, list]) => {
    const silences = observers.map((observer) => figures(list.map(({ silenceMs }) => silenceMs[observer] ?? 0)));
    const again = figures(list.map(({ protectedMs }) => protectedMs));
    return row(name, [String(list.length), ...silences, again]);
  });
  const phases = (['detectMs', 'drainMs', 'arbitrateMs', 'liveMs'] as const).map((phase) =>
    figures(failures.flatMap(({ fault, failover }) => (fault === 'kill' && failover ? [failover[phase]] : []))),
  );
  return [
    `## Disk ${disk}, reads ${reads === 'log' ? 'through the log' : 'on the secondary'}: ` +
      `${failures.length} failures, ${failure === null ? 'no violation' : `FAILED: ${failure}`}`,
    '',
    row('Silence in ms, median / p99 / worst', ['n', ...observers, 'Protected again']),
    row('---', ['---:', ...observers.map(() => '---:'), '---:']),
    ...lines,
    '',
    `Primary killed, phases in ms (median / p99 / worst): detect ${phases[0]}, drain ${phases[1]}, ` +
      `test-and-set ${phases[2]}, live ${phases[3]}. Stun ${figures(failures.flatMap(({ stunMs }) => stunMs ?? []))}.`,
  ].join('\n');
}

const [first] = reports;
const text = [
  '# Campaigns',
  '',
  'Real processes, killed (`kill -9`), stopped (SIGSTOP for longer than the failure timeout, 800 or 1500 ms) or ' +
    'cut off from each other, by `npm run campaign`. The sample guest counts on its console and over TCP, writes, ' +
    'syncs and reads back its disk, and serves HTTP on one kept connection, a session, and a key-value store whose ' +
    'history is checked. Each observer is a program apart from the product; its silence contains its own pace (60 to ' +
    '500 ms between two signs of life). At the end the disk image is checked by e2fsck and file by file.',
  '',
  `${first?.machine.cpus ?? 0} cores (${first?.machine.model ?? 'unknown'}), Node ${first?.machine.node ?? ''}. ` +
    'Primary and secondary are processes of one computer, not independent hosts.',
  '',
  ...reports
    .toSorted((a, b) => Number(a.failure === null) - Number(b.failure === null))
    .map((one) => `${section(one)}\n`),
];
process.stdout.write(`${text.join('\n').trimEnd()}\n`);
