// The table of events: kept first, told then, in order for ever.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { EventRecord } from '../../preload/contract/contract.ts';
import { openDataFolder } from '../../main/store/database.ts';
import { EventTable } from '../../main/store/events.ts';
import '../support/eventually.ts';
import { temporaryFolder } from '../support/folder.ts';

function table(folder = temporaryFolder()): EventTable<string> {
  const data = openDataFolder(folder);
  onTestFinished(() => data.close());
  return new EventTable<string>(data.database);
}

const web = { id: 'id 1', name: 'web' };
const note = (message: string, vm: typeof web | null = null): Parameters<EventTable<string>['add']>[0] => ({
  vm,
  kind: 'test.noted',
  severity: 'info',
  message,
});
const messages = (events: readonly EventRecord[]): string[] => events.map(({ message }) => message);

test('for which there is no room are told, listed, and written in their order as soon as there is', () => {
  const data = openDataFolder(temporaryFolder());
  onTestFinished(() => data.close());
  const events = new EventTable<string>(data.database);
  const pages = data.database.pragma('page_count', { simple: true }) as number;
  // So small that nothing more fits: SQLite says what it says on a full disk.
  data.database.pragma(`max_page_count = ${pages}`);
  const told: string[] = [];
  events.follow(({ message }) => told.push(message));
  const long = 'x'.repeat(100_000);
  let last = events.add(note(`0 ${long}`));
  for (let count = 1; count < 40; count += 1) last = events.add(note(`${count} ${long}`, web));
  const inTable = (): number => data.database.prepare<[], number>('SELECT count(*) FROM event').pluck().get() ?? 0;
  expect(inTable()).toBeLessThan(40);
  expect(inTable()).toBeGreaterThan(10);
  expect(told).toHaveLength(40);
  const listed = events.list({ limit: 100 });
  expect(listed.map(({ id }) => id)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  expect(events.list({ limit: 1 })).toEqual([last]);
  expect(events.list({ limit: 100, vm: web.id, since: 38, kind: 'test', text: '39 X' })).toEqual([last]);
  data.database.pragma(`max_page_count = ${pages * 10}`);
  events.add(note('there is room'));
  expect(inTable()).toBe(41);
  expect(events.list({ limit: 100 }).slice(0, -1)).toEqual(listed);
});

describe('events', () => {
  test('come back as they were kept, oldest first, numbered from 1', () => {
    const events = table();
    const kept = [
      events.add({
        vm: web,
        kind: 'ft.protected',
        severity: 'info',
        message: 'Protected.',
        data: { epoch: 7, of: ['a', null] },
      }),
      events.add({ vm: null, kind: 'host.stopped', severity: 'error', message: 'Später 🔒' }),
    ];
    expect(kept.map(({ id }) => id)).toEqual([1, 2]);
    expect(events.list({ limit: 10 })).toEqual(kept);
    expect(kept[1]?.data).toEqual({});
  });

  test('of one VM are told apart from the others, also when it is gone', () => {
    const events = table();
    for (const event of [note('of nobody'), note('of web', web), note('of mail', { id: 'id 2', name: 'mail' })])
      events.add(event);
    expect(messages(events.list({ vm: 'id 1', limit: 10 }))).toEqual(['of web']);
    expect(events.list({ vm: 'nobody', limit: 10 })).toEqual([]);
  });

  test('after an id are those with greater ones, the first of them first; without one the newest come', () => {
    const events = table();
    for (const message of ['a', 'b', 'c', 'd']) events.add(note(message));
    expect(messages(events.list({ since: 2, limit: 10 }))).toEqual(['c', 'd']);
    expect(messages(events.list({ since: 4, limit: 10 }))).toEqual([]);
    expect(messages(events.list({ limit: 3 }))).toEqual(['b', 'c', 'd']);
    expect(messages(events.list({ since: 1, limit: 2 }))).toEqual(['b', 'c']);
  });

  test('are told to those who follow, after they were kept, until they stop following', () => {
    const events = table();
    const told: string[] = [];
    const unfollow = events.follow((event) => {
      expect(events.list({ since: event.id - 1, limit: 10 })).toEqual([event]);
      told.push(event.message);
    });
    events.add(note('a'));
    unfollow();
    events.add(note('b'));
    expect(told).toEqual(['a']);
  });

  test('of a later run have greater ids than all before them', () => {
    const folder = temporaryFolder();
    const first = openDataFolder(folder);
    const last =
      [1, 2, 3].map((number) => new EventTable<string>(first.database).add(note(`${number}`)).id).at(-1) ?? 0;
    first.database.exec('DELETE FROM event');
    first.close();
    expect(table(folder).add(note('next')).id).toBeGreaterThan(last);
  });
});

test('every event that a process had kept when it was killed is there afterwards', async () => {
  const folder = temporaryFolder();
  const writer = spawn(process.execPath, [fileURLToPath(new URL('./writer.ts', import.meta.url)), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void writer.kill('SIGKILL'));
  let said = '';
  writer.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    // In the middle of its work, wherever that is.
    if (said.length > 500) writer.kill('SIGKILL');
  });
  await once(writer, 'close');
  const acknowledged = said.split('\n').slice(0, -1).map(Number);

  const kept = table(folder).list({ limit: 10_000 });
  expect(acknowledged.length).toBeGreaterThan(50);
  expect(kept.slice(0, acknowledged.length).map(({ id }) => id)).toEqual(acknowledged);
  expect(kept.length - acknowledged.length).toBeLessThanOrEqual(1);
  expect(kept.map(({ data }) => data['number'])).toEqual(kept.map((_, index) => index + 1));
});
