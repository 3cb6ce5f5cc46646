/**
 * The commands about what is measured and how failovers went.
 *
 * Invariant: with `--json` the answer is the contract's; a series that was not measured is left out of a table, and a
 * single value that is not known is a dash.
 */
import { CommandError, type FailoverRecord } from '../../preload/contract/contract.ts';
import { RANGE_NAMES, SERIES_NAMES, type MetricsHistory } from '../../preload/contract/metrics.ts';
import { follow, number, withHost, type Command } from './command.ts';
import { metricsLine, milliseconds, table } from './print.ts';

const metrics: Command = {
  words: 'metrics',
  takes: ['NAME'],
  options: { follow: true, range: RANGE_NAMES.join('|') },
  help:
    'Show speed, lag, log bandwidth and output delay; --follow goes on, once a second; ' +
    '--range shows every series over the last minute to day (with --json: each step of it)',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm = ''] = invocation.positionals;
      const { range, follow: goesOn } = invocation.options;
      if (range !== undefined) {
        if (goesOn) throw new CommandError('usage', '--follow and --range do not go together.');
        const history = await client.call('metrics.history', { vm, range } as never);
        return invocation.print(invocation.json ? JSON.stringify(history) : historyTable(history));
      }
      const show = (now: Parameters<typeof metricsLine>[0]): void =>
        invocation.print(invocation.json ? JSON.stringify(now) : metricsLine(now));
      if (!goesOn) return show(await client.call('metrics', { vm }));
      return follow(client, 'metrics', { vm }, show);
    }),
};

const failovers: Command = {
  words: 'failovers',
  takes: ['NAME?'],
  options: { limit: 'N' },
  help: 'Show how long the last failovers took, phase by phase, newest first',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const [vm] = invocation.positionals;
      const limit = number('limit', invocation.options['limit']);
      const args = { ...(vm !== undefined && { vm }), ...(limit !== undefined && { limit }) };
      const list = await client.call('failover.list', args);
      invocation.print(invocation.json ? JSON.stringify(list) : failoverTable(list));
    }),
};

function historyTable({ series, range, from, points, stepMs }: MetricsHistory): string {
  const rows = SERIES_NAMES.flatMap((name) => {
    const line = series[name];
    if (!line) return [];
    const known = line.mean.filter((value) => value !== null);
    const peaks = line.peak.filter((value) => value !== null);
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
    const measured = `${known.length} of ${points}`;
    return [[name, figure(known.at(-1)), figure(mean), figure(Math.max(...peaks)), measured]];
  });
  if (rows.length === 0) return `Nothing was measured in the last ${range}: the VM was off.`;
  const since = `Since ${new Date(from).toISOString()}, in steps of ${stepMs / 1000} s.`;
  return `${table(['SERIES', 'LAST', 'MEAN', 'PEAK', 'STEPS'], rows)}\n${since}`;
}

function figure(value: number | undefined): string {
  return value === undefined ? '–' : String(Number(value.toPrecision(4)));
}

function failoverTable(list: readonly FailoverRecord[]): string {
  if (list.length === 0) return 'There was no failover.';
  const rows = list.map((one) => [
    new Date(one.at).toISOString(),
    one.vm.name,
    ...[one.detectMs, one.drainMs, one.arbitrateMs, one.liveMs, one.firstOutputMs, one.protectedMs].map(milliseconds),
    one.requested ? `requested: ${one.reason}` : one.reason,
  ]);
  const heading = ['TIME', 'VM', 'DETECT', 'DRAIN', 'TEST-AND-SET', 'LIVE', 'FIRST OUTPUT', 'PROTECTED', 'WHY'];
  return table(heading, rows);
}

export const metricsCommands: readonly Command[] = [metrics, failovers];
