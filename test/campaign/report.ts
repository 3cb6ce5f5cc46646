/**
 * `npm run campaign:report -- [--write FILE.md] [--json FILE.json] [--note TEXT] RESULTS…`: results of campaigns
 * (failures.ts; a folder or its results.jsonl) as one Markdown page and as JSON, with percentiles by kind of fault,
 * victim and point.
 *
 * Invariants: every number is of the results; what was wrong stands first. `--write` replaces the page down to its
 * section "Earlier campaigns", and leaves that as it is.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { groupBy, kindOf, PHASES, words, type GroupFigures } from './figures.ts';
import { isViolation, readResults, type Failure, type Results, type Violation } from './results.ts';

const EARLIER = '## Earlier campaigns';

const INTRODUCTION = [
  'Real processes, killed (`kill -9`), stopped (SIGSTOP for longer than the failure timeout) or cut off from each',
  'other, by `npm run campaign`. The sample guest (72 MB) counts on its console and over TCP, writes, syncs and',
  'reads back its disk, and serves HTTP on one kept connection, a session, and a key-value store whose history is',
  'checked. Each observer is a program apart from the product; its silence contains its own pace (60 ms to a second',
  'between two signs of life).',
  '',
  '- A replica is killed at any moment, or kills itself at a named point: before or after a log entry, an',
  '  acknowledgement, an output, a disk request, a test-and-set, the answer to one, going live, or the capture, a',
  '  chunk, the restoring of a snapshot. Where another copy lives (or nobody else has won the lease), nothing may be',
  '  lost, repeated or cut. Where the only copy died, the VM must say so ("powered off unexpectedly"), leave no',
  '  process, have on its disk everything that was synced (e2fsck, and file by file), and work when it is powered on',
  '  anew.',
  '- A killed gateway cuts connections; console and disk go on, the users connect again, and the store still knows',
  '  what it has acknowledged. Every other time the primary dies with it.',
  '- A killed host ends its VMs; it must know its settings, networks, forwards and events, and its VM as after the',
  '  death of an only copy.',
].join('\n');

function row(name: string, cells: readonly string[]): string {
  return `| ${[name, ...cells].join(' | ')} |`;
}

function table(title: string, heads: readonly string[], lines: readonly string[]): string {
  return [
    row(title, heads),
    row(
      '---',
      heads.map(() => '---:'),
    ),
    ...lines,
  ].join('\n');
}

function silences(groups: readonly GroupFigures[]): string {
  const observers = [...new Set(groups.flatMap(({ silenceMs }) => Object.keys(silenceMs)))];
  const lines = groups.map((group) => {
    const cells = observers.map((observer) => words(group.silenceMs[observer] ?? null));
    return row(group.name, [String(group.n), String(group.ended), ...cells, words(group.protectedMs)]);
  });
  return table('Silence in ms, p50 / p90 / p99 / worst', ['n', 'anew', ...observers, 'Protected again'], lines);
}

function phases(groups: readonly GroupFigures[]): string {
  const measured = groups.filter((group) => group.phases.detectMs !== null);
  const heads = ['failovers', 'detect', 'drain', 'test-and-set', 'live'];
  const lines = measured.map((group) =>
    row(group.name, [String(group.phases.detectMs?.n), ...PHASES.map((phase) => words(group.phases[phase]))]),
  );
  return table('Failover, ms, p50 / p90 / p99 / worst', heads, lines);
}

const suspicions = (failures: readonly Failure[]): number =>
  failures.reduce((sum, failure) => sum + failure.suspicions, 0);

function violation({ number, violation: what, events }: Violation): string {
  const lines = events.map(({ at, kind, message }) => `${new Date(at).toISOString()} ${kind}: ${message}`);
  return [`**Failure ${number}: ${what}**`, '', '```', ...lines, '```'].join('\n');
}

const modeName = ({ mode }: Failure): string =>
  `disk ${mode.disk}, reads ${mode.reads === 'log' ? 'through the log' : 'on the secondary'}`;

/** `note`: what else a reader should know of the circumstances. */
function page(all: readonly Results[], note?: string): string {
  const failures = all.flatMap(({ done }) => done.filter((one): one is Failure => !isViolation(one)));
  const violations = all.flatMap(({ done }) => done.filter(isViolation));
  const { machine } = all[0]?.header ?? {};
  const days = [...new Set(all.map(({ header }) => new Date(header.startedAt).toISOString().slice(0, 10)))];
  const timeouts = [...new Set(all.map(({ header }) => header.order.timeoutMs))];
  const kinds = groupBy(failures, kindOf);
  const points = failures.filter(({ point }) => point !== null);
  const count = violations.length === 0 ? 'no violation' : `${violations.length} violations`;
  return [
    '# Campaigns',
    '',
    INTRODUCTION,
    '',
    `${machine?.cpus ?? 0} cores (${machine?.model ?? ''}), Node ${machine?.node ?? ''}, ${days.join(', ')}, ` +
      `failure timeout ${timeouts.join(' and ')} ms. ` +
      'Primary and secondary are processes of one computer, not independent hosts.',
    ...(note === undefined ? [] : ['', note]),
    '',
    `## ${failures.length} failures, ${count}`,
    '',
    ...violations.flatMap((one) => [violation(one), '']),
    '"Anew": how often the only copy died and the guest was powered on again; "Protected again" contains that.',
    '',
    silences(kinds),
    '',
    phases(kinds),
    '',
    `Replicas suspected without having been hit, because they got no time: ${suspicions(failures)}.`,
    '',
    `By disk mode: ${groupBy(failures, modeName)
      .map(({ name, n, stunMs }) => `${name} ${n} (stun ${words(stunMs)} ms)`)
      .join('; ')}.`,
    ...(points.length === 0 ? [] : ['', '### By named point', '', silences(groupBy(points, (one) => one.point ?? ''))]),
  ].join('\n');
}

/** The page's last section, which nobody makes again. */
function earlier(file: string): string {
  if (!existsSync(file)) return '';
  const text = readFileSync(file, 'utf8');
  const at = text.indexOf(EARLIER);
  return at < 0 ? '' : `\n${text.slice(at)}`;
}

const { values, positionals } = parseArgs({
  options: { write: { type: 'string' }, json: { type: 'string' }, note: { type: 'string' } },
  allowPositionals: true,
});
if (positionals.length === 0) throw new Error('name the results of at least one campaign: campaign:report -- DIR');
const all = positionals.map(readResults);
const text = `${page(all, values.note)}\n`;
if (values.write === undefined) process.stdout.write(text);
else writeFileSync(values.write, `${text}${earlier(values.write)}`);
if (values.json !== undefined) {
  const failures = all.flatMap(({ done }) => done.filter((one): one is Failure => !isViolation(one)));
  const figures = { kinds: groupBy(failures, kindOf), points: groupBy(failures, ({ point }) => point ?? 'any moment') };
  const campaigns = all.map(({ header, done }) => ({ ...header, failures: done.length }));
  const report = { campaigns, violations: all.flatMap(({ done }) => done.filter(isViolation)), ...figures };
  writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}
