// Events as files for other programs.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EventRecord } from '../../preload/contract.ts';
import { allEvents, exportEvents } from '../../preload/export.ts';

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
