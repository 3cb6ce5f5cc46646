/**
 * The commands about what happened and what goes on: events, tasks, alarms.
 *
 * Invariant: with `--json` one record is what the contract says it is: in an array, or with `--follow` one a line.
 */
import { CommandError, EVENTS_LIMIT_MAX, type EventRecord } from '../../preload/contract/contract.ts';
import {
  allEvents,
  exportAlarms,
  exportEvents,
  exportTasks,
  EXPORT_FORMATS,
  type ExportFormat,
} from '../../preload/contract/export.ts';
import { SEVERITIES } from '../../preload/contract/history.ts';
import type { Client } from './client.ts';
import { follow, number, withHost, type Command, type Invocation } from './command.ts';
import { alarmLine, eventLine, taskLine } from './print.ts';

function printAll<T>({ json, print }: Invocation, list: readonly T[], line: (one: T) => string): void {
  if (json) print(JSON.stringify(list));
  else if (list.length > 0) print(list.map(line).join('\n'));
}

function printEach<T>({ json, print }: Invocation, list: readonly T[], line: (one: T) => string): void {
  for (const one of list) print(json ? JSON.stringify(one) : line(one));
}

/** The VM, where one is named. */
function named({ positionals }: Invocation): { vm?: string } {
  const [vm] = positionals;
  return vm === undefined ? {} : { vm };
}

/** Options that are numbers, by the contract's names; those that were not given are left out. */
function numbers({ options }: Invocation, names: readonly string[]): { [name: string]: number } {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = number(name, options[name]);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

function formatOf({ options, json }: Invocation): ExportFormat | null {
  const { format } = options;
  if (format === undefined) return null;
  const known = EXPORT_FORMATS.find((one) => one === format);
  if (!known || json) throw new CommandError('usage', `--format takes ${EXPORT_FORMATS.join(' or ')}, without --json.`);
  return known;
}

async function listEvents(client: Client, invocation: Invocation): Promise<void> {
  const { kind, severity, search } = invocation.options;
  const page = numbers(invocation, ['since', 'before', 'limit']);
  const words = { ...(kind !== undefined && { kind }), ...(severity !== undefined && { severity }) };
  const filter = { ...named(invocation), ...words, ...(search !== undefined && { text: search }) };
  const list = (part: object): Promise<readonly EventRecord[]> =>
    client.call('event.list', { ...filter, ...part } as never);
  const format = formatOf(invocation);
  if (!format) return printAll(invocation, await list(page), eventLine);
  // A file has all of it, unless the user says how much.
  const all = Object.keys(page).length > 0 ? await list(page) : await allEvents(list, EVENTS_LIMIT_MAX);
  return invocation.print(exportEvents(all, format).trimEnd());
}

const events: Command = {
  words: 'events',
  takes: ['NAME?'],
  options: {
    follow: true,
    since: 'ID',
    before: 'ID',
    limit: 'N',
    kind: 'KIND',
    severity: SEVERITIES.join('|'),
    search: 'TEXT',
    format: EXPORT_FORMATS.join('|'),
  },
  help:
    'Show what happened, of one VM or of all; --follow goes on. --kind ft means all that begins with "ft."; ' +
    '--format exports all of it, not only the newest 1000',
  run: (invocation) =>
    withHost(invocation, (client) => {
      if (!invocation.options['follow']) return listEvents(client, invocation);
      const others = Object.keys(invocation.options).filter((name) => name !== 'follow' && name !== 'since');
      if (others.length > 0) throw new CommandError('usage', `--follow goes with --since only, not --${others[0]}.`);
      const args = { ...named(invocation), ...numbers(invocation, ['since']) };
      return follow(client, 'events', args, (list) => printEach(invocation, list, eventLine));
    }),
};

const tasks: Command = {
  words: 'tasks',
  takes: ['NAME?'],
  options: { follow: true, limit: 'N', format: EXPORT_FORMATS.join('|') },
  help: 'Show what is being done and was done last, newest first; --follow goes on',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const args = named(invocation);
      if (invocation.options['follow']) {
        return follow(client, 'tasks', args, (list) => printEach(invocation, list.toReversed(), taskLine));
      }
      const format = formatOf(invocation);
      const list = await client.call('task.list', { ...args, ...numbers(invocation, ['limit']) });
      if (format) return invocation.print(exportTasks(list, format).trimEnd());
      return printAll(invocation, list, taskLine);
    }),
};

const alarms: Command = {
  words: 'alarms',
  takes: ['NAME?'],
  options: { all: true, limit: 'N', follow: true, format: EXPORT_FORMATS.join('|') },
  help: 'Show active alarms, newest first; --all shows those that were cleared too, --follow goes on',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const args = named(invocation);
      if (invocation.options['follow']) {
        return follow(client, 'alarms', args, (list) => printEach(invocation, list.toReversed(), alarmLine));
      }
      const all = Boolean(invocation.options['all']);
      const format = formatOf(invocation);
      const list = await client.call('alarm.list', { ...args, all, ...numbers(invocation, ['limit']) });
      if (format) return invocation.print(exportAlarms(list, format).trimEnd());
      return printAll(invocation, list, alarmLine);
    }),
};

const acknowledge: Command = {
  words: 'alarm acknowledge',
  takes: ['ID?'],
  options: { all: true, vm: 'NAME' },
  help: 'Acknowledge an alarm, or --all (of one VM with --vm): one about an event is cleared by it',
  run: (invocation) =>
    withHost(invocation, async (client) => {
      const { all, vm } = invocation.options;
      const id = number('ID', invocation.positionals[0]);
      const args = { all: Boolean(all), ...(id !== undefined && { id }), ...(vm !== undefined && { vm }) };
      const list = await client.call('alarm.acknowledge', args as never);
      printAll(invocation, list, alarmLine);
    }),
};

export const historyCommands: readonly Command[] = [events, tasks, alarms, acknowledge];
