// Alarms: what raises them, what clears them, and what acknowledging does.

import { describe, expect, onTestFinished, test } from 'vitest';
import { AlarmDesk } from '../../main/fleet/watch/alarm-desk.ts';
import { ALARMS, LAG_STEADY_MS, START_FAILURES_MAX, type AlarmSubject } from '../../main/fleet/watch/alarms.ts';
import { DEFAULT_SETTINGS } from '../../main/ft/constants.ts';
import { AlarmTable } from '../../main/store/alarms.ts';
import { openDataFolder } from '../../main/store/database.ts';
import type { EventKind } from '../../preload/contract/event-kinds.ts';
import { EventTable } from '../../main/store/events.ts';
import { temporaryFolder } from '../support/folder.ts';

const web = { id: 'id 1', name: 'web' };
const good: AlarmSubject = {
  power: 'on',
  ft: { status: 'protected', reason: null, lagMs: 2 },
  ftSettings: DEFAULT_SETTINGS,
  throttle: 0,
};
const off: AlarmSubject = { ...good, power: 'off', ft: { status: 'vmNotRunning', reason: null, lagMs: null } };
const needs = (reason: AlarmSubject['ft']['reason']): AlarmSubject => ({
  ...good,
  ft: { status: 'needSecondary', reason, lagMs: null },
});
const starting: AlarmSubject = { ...good, ft: { status: 'starting', reason: null, lagMs: null } };

class Desk {
  readonly folder = temporaryFolder();
  readonly #data = openDataFolder(this.folder);
  readonly #events = new EventTable(this.#data.database);
  readonly desk = new AlarmDesk(new AlarmTable(this.#data.database), this.#events);

  constructor() {
    this.#events.follow((event) => this.desk.heard(event));
    onTestFinished(() => this.#data.close());
  }

  look(subject: AlarmSubject, now = 0): this {
    this.desk.look({ ...web, ...subject }, now);
    return this;
  }

  event(kind: EventKind, data: { [key: string]: unknown } = {}): this {
    this.#events.add({ vm: web, kind, severity: 'error', message: `message of ${kind}`, data });
    return this;
  }

  /** The active alarms, oldest first. */
  get active(): string[] {
    return this.desk
      .list({ all: false, limit: 100 })
      .map(({ definition }) => definition)
      .toReversed();
  }

  get story(): string[] {
    return this.#events.list({ limit: 100 }).map(({ kind }) => kind);
  }
}

test('every alarm has a word of its own, a name, and a way to be raised; a condition has a way to end', () => {
  expect(new Set(ALARMS.map(({ id }) => id)).size).toBe(ALARMS.length);
  for (const { id, name, about, raisedBy, while: holds, until } of ALARMS) {
    expect([id, name.length > 5, Boolean(raisedBy ?? holds)]).toEqual([id, true, true]);
    if (about === 'condition') expect([id, Boolean(holds ?? until)]).toEqual([id, true]);
  }
});

describe('an alarm about a condition', () => {
  test('is raised when a VM needs a secondary, stays while one is started, and clears itself at Protected', () => {
    const desk = new Desk().look(good).look(needs('lostConnection'));
    expect(desk.active).toEqual(['ft.needSecondary']);
    expect(desk.desk.list({ all: false, limit: 1 })[0]).toMatchObject({
      severity: 'error',
      about: 'condition',
      message: 'Need Secondary VM: the connection was lost.',
      clearedAt: null,
    });
    expect(desk.look(starting).active).toEqual(['ft.needSecondary']);
    expect(desk.look(good, 70).active).toEqual([]);
    expect(desk.desk.list({ all: true, limit: 9 })).toMatchObject([{ clearedAt: 70, acknowledgedAt: null }]);
  });

  test('is not raised by what the user asked for, nor by the first start', () => {
    expect(new Desk().look(needs('userAction')).look(needs('initializing')).look(starting).active).toEqual([]);
  });

  test('about lag is raised when it lasts, and cleared when that has lasted', () => {
    const slow = { ...good, throttle: 0.5 };
    const behind = { ...good, ft: { ...good.ft, lagMs: DEFAULT_SETTINGS.lagThrottleMs } };
    const desk = new Desk().look(slow, 0).look(behind, LAG_STEADY_MS - 1);
    expect(desk.active).toEqual([]);
    desk.look(good, LAG_STEADY_MS).look(slow, LAG_STEADY_MS + 1);
    expect(desk.look(slow, 2 * LAG_STEADY_MS).active).toEqual([]);
    expect(desk.look(slow, 2 * LAG_STEADY_MS + 1).active).toEqual(['ft.interval']);
    expect(desk.look(good, 3 * LAG_STEADY_MS).look(slow, 4 * LAG_STEADY_MS).active).toEqual(['ft.interval']);
    expect(desk.look(good, 5 * LAG_STEADY_MS).look(good, 6 * LAG_STEADY_MS).active).toEqual([]);
  });

  test('about failed starts is raised at the third failure in a row', () => {
    const desk = new Desk();
    for (let failures = 1; failures < START_FAILURES_MAX; failures++) desk.event('ft.startFailed', { failures });
    expect(desk.active).toEqual([]);
    desk.event('ft.startFailed', { failures: START_FAILURES_MAX }).event('ft.startFailed', { failures: 9 });
    expect(desk.active).toEqual(['ft.startFailed']);
    expect(desk.look(starting).active).toEqual(['ft.startFailed']);
    expect(desk.look(good).active).toEqual([]);
  });

  test('about the datastore ends when it can be reached, and that about the guest when the VM is powered off', () => {
    const desk = new Desk().event('ft.storageUnreachable').event('guest.stopped');
    expect(desk.active).toEqual(['datastore.unreachable', 'guest.stopped']);
    expect(desk.event('ft.storageReachable').active).toEqual(['guest.stopped']);
    expect(desk.look(off).active).toEqual([]);
  });

  test('that is acknowledged stays until the condition ends', () => {
    const desk = new Desk().look(needs('divergence'));
    const [seen] = desk.desk.acknowledge({ all: true });
    expect(seen).toMatchObject({ clearedAt: null, acknowledgedAt: expect.any(Number) });
    expect(desk.desk.summary(web.id)).toEqual({ active: 1, unacknowledged: 0, worst: null });
    expect(desk.look(good).active).toEqual([]);
  });
});

describe('an alarm about an event', () => {
  test('stays, and counts, until it is acknowledged, and that is an event', () => {
    const desk = new Desk().event('ft.failover').event('ft.failover').event('disk.error').look(good).look(off);
    expect(desk.desk.list({ all: false, limit: 9 })).toMatchObject([
      { definition: 'disk.error', count: 1 },
      { definition: 'ft.failover', count: 2, message: 'message of ft.failover' },
    ]);
    expect(desk.desk.summary(web.id)).toEqual({ active: 2, unacknowledged: 2, worst: 'error' });
    const [first] = desk.desk.list({ all: false, limit: 1 });
    desk.desk.acknowledge({ id: first?.id, all: false });
    expect(desk.active).toEqual(['ft.failover']);
    expect(desk.desk.summary(web.id)).toMatchObject({ worst: 'warning' });
    expect(desk.story.at(-1)).toBe('alarm.acknowledged');
    expect(desk.desk.acknowledge({ id: first?.id, all: false })).toEqual([]);
  });

  test('is not raised by a failover that the user asked for', () => {
    expect(new Desk().event('ft.failover', { requested: true }).active).toEqual([]);
  });

  test('ends with its remedy: a VM that was lost is powered on again', () => {
    const desk = new Desk().event('power.lost');
    expect(desk.active).toEqual(['power.lost']);
    expect(desk.event('power.on').active).toEqual([]);
  });
});

test('the alarms of a VM that is deleted are cleared', () => {
  expect(new Desk().event('disk.error').look(needs('other')).event('vm.deleted').active).toEqual([]);
});

test('acknowledging needs one choice, of something that is there', () => {
  const { desk } = new Desk();
  expect(() => desk.acknowledge({ all: false })).toThrow(/Say which alarm/);
  expect(() => desk.acknowledge({ all: true, id: 1 })).toThrow(/Say which alarm/);
  expect(() => desk.acknowledge({ all: false, id: 1 })).toThrow('There is no alarm 1.');
  expect(desk.acknowledge({ all: true })).toEqual([]);
});
