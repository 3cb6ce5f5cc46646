// Events as files for other programs.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AlarmRecord, EventRecord, TaskRecord } from '../../preload/contract/contract.ts';
import { allEvents, exportAlarms, exportEvents, exportTasks } from '../../preload/contract/export.ts';

const event = (id: number, message: string, data: EventRecord['data'] = {}): EventRecord => ({
  id,
  at: 0,
  vm: { id: 'x', name: 'web' },
  kind: 'a.b',
  severity: 'info',
  message,
  data,
});

/** RFC 4180, read the plain way. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

test('CSV comes back cell by cell, whatever is in a message', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', ' ', '"', ',', '\n', '\r', 'ü') })), (messages) => {
      const events = messages.map((message, index) => event(index + 1, `m${message}`, { message }));
      const rows = readCsv(exportEvents(events, 'csv'));
      expect(rows[0]).toEqual(['id', 'time', 'severity', 'vm', 'kind', 'message', 'data']);
      expect(rows.slice(1).map((row) => [row[5], JSON.parse(row[6] ?? '')])).toEqual(
        events.map(({ message, data }) => [message, data]),
      );
    }),
  );
});

test('a cell that a program would calculate is text', () => {
  for (const message of ['=1+1', '+1', '-1', '@a', '\tb'])
    expect(readCsv(exportEvents([event(1, message)], 'csv'))[1]?.[5]).toBe(`'${message}`);
});

test('JSON is the records themselves', () => {
  const events = [event(1, 'a'), event(2, 'b', { c: null })];
  expect(JSON.parse(exportEvents(events, 'json'))).toEqual(events);
});

test.for([0, 1, 9, 10, 11, 35])('all events are fetched page by page: %i of them', async (count) => {
  const kept = Array.from({ length: count }, (_, index) => event(index + 1, 'a'));
  const list = async ({ before = Number.POSITIVE_INFINITY, limit }: { before?: number; limit: number }) =>
    kept.filter(({ id }) => id < before).slice(-limit);
  expect(await allEvents(list, 10)).toEqual(kept);
});

test('tasks and alarms have columns of their own, and what has not happened is an empty cell', () => {
  const vm = { id: 'x', name: 'web' };
  const task: TaskRecord = {
    id: 3,
    vm,
    kind: 'ft.on',
    title: 'Turn On Fault Tolerance',
    by: 'user',
    startedAt: 0,
    endedAt: null,
    progress: 0.5,
    phase: null,
    outcome: null,
    error: null,
  };
  const alarm: AlarmRecord = {
    id: 4,
    vm,
    definition: 'ft.failover',
    name: 'Failover',
    severity: 'warning',
    about: 'event',
    message: 'after 3 ms, once',
    raisedAt: 0,
    lastAt: 1000,
    count: 2,
    clearedAt: null,
    acknowledgedAt: 2000,
  };
  const began = '1970-01-01T00:00:00.000Z';
  expect(readCsv(exportTasks([task], 'csv'))).toEqual([
    ['id', 'started', 'ended', 'vm', 'kind', 'title', 'by', 'outcome', 'error'],
    ['3', began, '', 'web', 'ft.on', 'Turn On Fault Tolerance', 'user', '', ''],
  ]);
  const [heading, row] = readCsv(exportAlarms([alarm], 'csv'));
  expect(heading).toHaveLength(row?.length ?? 0);
  expect(row?.slice(8)).toEqual(['after 3 ms, once', '1970-01-01T00:00:02.000Z', '']);
  expect(JSON.parse(exportAlarms([alarm], 'json'))).toEqual([alarm]);
});
