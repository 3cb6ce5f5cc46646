// Tasks, alarms and events in the database: how they are found, and how much of them is kept.

import { describe, expect, onTestFinished, test } from 'vitest';
import { AlarmTable } from '../../main/store/alarms.ts';
import { openDataFolder } from '../../main/store/database.ts';
import { EventTable, type EventQuery } from '../../main/store/events.ts';
import { trim, type RetentionLimits } from '../../main/store/retention.ts';
import { TaskTable } from '../../main/store/tasks.ts';
import { temporaryFolder } from '../support/folder.ts';

const web = { id: 'id 1', name: 'web' };
const mail = { id: 'id 2', name: 'mail_server' };
const DAY_MS = 86_400_000;

function open(folder = temporaryFolder()) {
  const data = openDataFolder(folder);
  onTestFinished(() => data.close());
  const { database } = data;
  const tables = {
    events: new EventTable<string>(database),
    tasks: new TaskTable(database),
    alarms: new AlarmTable(database),
  };
  return { ...tables, database, close: () => data.close() };
}

describe('events are found', () => {
  function filled(): (query: Partial<EventQuery>) => string[] {
    const { events } = open();
    const add = (kind: string, severity: 'info' | 'error', message: string, vm: typeof web | null = web): void =>
      void events.add({ vm, kind, severity, message });
    add('ft.protected', 'info', 'a');
    add('ft.failover', 'error', 'b: 100 % of it');
    add('ftx', 'info', 'c');
    add('power.on', 'info', 'd: 100 ms', mail);
    add('ft', 'error', 'e', null);
    return (query) => events.list({ limit: 10, ...query }).map(({ message }) => message.charAt(0));
  }

  test('by kind, where a kind means those below it too and no others', () => {
    const find = filled();
    expect(find({ kind: 'ft' })).toEqual(['a', 'b', 'e']);
    expect(find({ kind: 'ft.failover' })).toEqual(['b']);
    expect(find({ kind: 'f' })).toEqual([]);
  });

  test('by severity, by words of any case, by the name of the VM, and by all of it at once', () => {
    const find = filled();
    expect(find({ severity: 'error' })).toEqual(['b', 'e']);
    expect(find({ text: 'FAIL' })).toEqual(['b']);
    expect(find({ text: 'mail' })).toEqual(['d']);
    expect(find({ text: '100', severity: 'info' })).toEqual(['d']);
  });

  test('by words that mean themselves, whatever they mean to SQL', () => {
    const find = filled();
    expect(find({ text: '100 %' })).toEqual(['b']);
    expect(find({ text: '_' })).toEqual(['d']);
    expect(find({ text: "' OR 1 --" })).toEqual([]);
    expect(find({ text: '\\' })).toEqual([]);
  });

  test('page by page backwards, and the first ones after an id', () => {
    const find = filled();
    expect(find({ limit: 2 })).toEqual(['d', 'e']);
    expect(find({ limit: 2, before: 4 })).toEqual(['b', 'c']);
    expect(find({ limit: 2, before: 2 })).toEqual(['a']);
    expect(find({ since: 1, before: 4 })).toEqual(['b', 'c']);
  });
});

describe('a task', () => {
  test('is kept when it begins and when it ends, once', () => {
    const { tasks } = open();
    const { id } = tasks.begin({ vm: web, kind: 'power.on', by: 'user', startedAt: 5 });
    expect(tasks.list({ limit: 10 })).toMatchObject([{ id: 1, vm: web, outcome: null, endedAt: null }]);
    tasks.end(id, 7, 'failed', 'no memory');
    tasks.end(id, 9, 'done', null);
    expect(tasks.list({ limit: 10 })).toMatchObject([{ endedAt: 7, outcome: 'failed', error: 'no memory' }]);
  });

  test('that runs is never left out of a list for newer ones', () => {
    const { tasks } = open();
    for (const vm of [web, mail, web, web]) tasks.begin({ vm, kind: 'power.on', by: 'user', startedAt: 1 });
    for (const id of [3, 4]) tasks.end(id, 2, 'done', null);
    expect(tasks.list({ limit: 3 }).map(({ id }) => id)).toEqual([4, 2, 1]);
    expect(tasks.list({ vm: mail.id, limit: 3 }).map(({ id }) => id)).toEqual([2]);
  });

  test('that ran when the host died was interrupted', () => {
    const folder = temporaryFolder();
    const first = open(folder);
    first.tasks.begin({ vm: web, kind: 'record', by: 'user', startedAt: 1 });
    first.tasks.end(first.tasks.begin({ vm: web, kind: 'power.on', by: 'user', startedAt: 1 }).id, 2, 'done', null);
    first.close();
    const { tasks } = open(folder);
    expect(tasks.interrupt(9)).toBe(1);
    expect(tasks.list({ limit: 10 }).map(({ outcome, endedAt }) => [outcome, endedAt])).toEqual([
      ['done', 2],
      ['interrupted', 9],
    ]);
  });
});

describe('an alarm', () => {
  const failover = { vm: web, definition: 'ft.failover', severity: 'warning', message: 'first' } as const;

  test('that is raised while it is active counts on, and after it was cleared is another one', () => {
    const { alarms } = open();
    const first = alarms.raise(failover, 10);
    expect(alarms.raise({ ...failover, message: 'again' }, 20)).toMatchObject({
      id: first.id,
      count: 2,
      raisedAt: 10,
      lastAt: 20,
      message: 'again',
    });
    expect(alarms.raise({ ...failover, vm: mail }, 20).id).not.toBe(first.id);
    expect(alarms.clear(first.id, 30)).toMatchObject({ clearedAt: 30 });
    expect(alarms.clear(first.id, 40)).toBeNull();
    expect(alarms.raise(failover, 50).id).toBeGreaterThan(first.id);
    expect(alarms.active().map(({ vm, count }) => [vm.name, count])).toEqual([
      ['web', 1],
      ['mail_server', 1],
    ]);
  });

  test('keeps when it was acknowledged first', () => {
    const { alarms } = open();
    const { id } = alarms.raise(failover, 10);
    alarms.acknowledge(id, 20);
    expect(alarms.acknowledge(id, 30)).toMatchObject({ acknowledgedAt: 20 });
    expect(alarms.acknowledge(99, 30)).toBeNull();
  });
});

describe('what is kept', () => {
  const many: RetentionLimits = { events: 10, tasks: 3, alarms: 2, failovers: 3, days: 90 };

  test('is so many of each, the newest; what runs or is active stays; ids never come again', () => {
    const { database, events, tasks, alarms } = open();
    for (let number = 0; number < 25; number++) events.add({ vm: web, kind: 'a', severity: 'info', message: 'a' });
    for (let number = 0; number < 8; number++) tasks.begin({ vm: web, kind: 'power.on', by: 'user', startedAt: 1 });
    for (const id of [2, 3, 4, 5, 6, 7, 8]) tasks.end(id, Date.now(), 'done', null);
    for (const definition of ['a', 'b', 'c', 'd', 'e'])
      alarms.raise({ vm: web, definition, severity: 'error', message: '' }, 1);
    for (const id of [2, 3, 4, 5]) alarms.clear(id, Date.now());

    expect(trim(database, Date.now(), many, 1)).toBe(15 + 4 + 2);
    expect(trim(database, Date.now(), many, 1)).toBe(0);
    expect(events.list({ limit: 100 }).map(({ id }) => id)).toEqual([16, 17, 18, 19, 20, 21, 22, 23, 24, 25]);
    expect(tasks.list({ limit: 100 }).map(({ id }) => id)).toEqual([8, 7, 6, 1]);
    expect(alarms.list({ limit: 100 }).map(({ id }) => id)).toEqual([5, 4, 1]);
    expect(events.add({ vm: web, kind: 'a', severity: 'info', message: 'a' }).id).toBe(26);
  });

  test('is not older than its age, except for the newest', () => {
    const { database, events } = open();
    for (let number = 0; number < 8; number++) events.add({ vm: web, kind: 'a', severity: 'info', message: 'a' });
    const { days } = many;
    expect(trim(database, Date.now() + (days - 1) * DAY_MS, many, 3)).toBe(0);
    expect(trim(database, Date.now() + (days + 1) * DAY_MS, many, 3)).toBe(5);
    expect(events.list({ limit: 100 }).map(({ id }) => id)).toEqual([6, 7, 8]);
  });

  test('is trimmed a little at a time', () => {
    const { database, events } = open();
    database.transaction(() => {
      for (let number = 0; number < 1205; number++) events.add({ vm: web, kind: 'a', severity: 'info', message: 'a' });
    })();
    const steps = [1, 2, 3, 4].map(() => trim(database, Date.now(), many, 1));
    expect(steps).toEqual([500, 500, 195, 0]);
  });
});
