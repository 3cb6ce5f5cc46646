// What the page knows, and how it is kept a mirror of the host.

import { describe, expect, test } from 'vitest';
import type { EventRecord, Inventory, VmMetrics } from '../../preload/contract/contract.ts';
import { createBridge } from '../../renderer/host/bridge.ts';
import { formatRoute, parseRoute, type Route } from '../../renderer/route.ts';
import * as page from '../../renderer/state.ts';
import { mirrorHost } from '../../renderer/host/sync.ts';
import { fakeAlarm, fakeTask } from './fake/history.ts';
import { fakeVm } from './fake/world.ts';
import { MemoryHost } from './fake/memory-pipe.ts';

const event = (id: number): EventRecord => ({
  id,
  at: id,
  vm: null,
  kind: 'test',
  severity: 'info',
  message: `event ${id}`,
  data: {},
});
const sample = (at: number) => ({ at }) as VmMetrics;
const inventory = (...vms: Inventory['vms']): Inventory => ({
  host: { version: '0', dataFolder: '/', recordingsFolder: '/r', hostName: 'h', pid: 1, gatewayPid: null },
  folders: [],
  vms,
});
const ON = fakeVm('One', { power: 'on' });

describe('the state', () => {
  test('keeps each event once, in order, when a reconnection repeats some', () => {
    let state = page.withEvents(page.INITIAL, [event(1), event(2)]);
    state = page.withEvents(state, [event(2), event(3)]);
    expect(state.events.map((one) => one.id)).toEqual([1, 2, 3]);
    expect(page.withEvents(state, [event(3)])).toBe(state);
  });

  test('keeps a bounded number of events and metrics', () => {
    const many = Array.from({ length: page.EVENTS_KEPT + 5 }, (_, index) => event(index + 1));
    const state = page.withEvents(page.INITIAL, many);
    expect(state.events.length).toBe(page.EVENTS_KEPT);
    expect(page.lastEventId(state)).toBe(page.EVENTS_KEPT + 5);
    let metrics = page.INITIAL;
    for (let at = 0; at < page.METRICS_KEPT + 5; at++) metrics = page.withMetrics(metrics, 'a', sample(at));
    expect(metrics.metrics['a']?.length).toBe(page.METRICS_KEPT);
  });

  test('keeps of each task and alarm what was told last, newest first, and no alarm that was cleared', () => {
    const running = { outcome: null, endedAt: null } as const;
    let state = page.withTasks(page.INITIAL, [fakeTask(ON, 2, running), fakeTask(ON, 1)]);
    state = page.withTasks(state, [fakeTask(ON, 3, running), fakeTask(ON, 2)]);
    expect(state.tasks.map(({ id, outcome }) => [id, outcome])).toEqual([
      [3, null],
      [2, 'done'],
      [1, 'done'],
    ]);
    state = page.withAlarms(state, [fakeAlarm(ON, 1), fakeAlarm(ON, 2)]);
    state = page.withAlarms(state, [fakeAlarm(ON, 1, { clearedAt: 5 }), fakeAlarm(ON, 2, { acknowledgedAt: 5 })]);
    expect(state.alarms.map(({ id, acknowledgedAt }) => [id, acknowledgedAt])).toEqual([[2, 5]]);
  });

  test('drops the metrics of a VM that was powered off', () => {
    const state = page.withMetrics(page.INITIAL, ON.id, sample(1));
    expect(page.withInventory(state, inventory(ON)).metrics[ON.id]?.length).toBe(1);
    expect(page.withInventory(state, inventory(fakeVm('One'))).metrics).toEqual({});
  });

  test('finds a VM by id, and by name in any case', () => {
    const state = page.withInventory(page.INITIAL, inventory(ON));
    expect(page.findVm(state, ON.id)).toBe(ON);
    expect(page.findVm(state, 'oNE')).toBe(ON);
    expect(page.findVm(state, 'two')).toBeNull();
  });

  test('shows the same error once', () => {
    const toast = { tone: 'error', title: 't', message: 'm' } as const;
    const state = page.withToast(page.withToast(page.INITIAL, toast), toast);
    expect(state.toasts.length).toBe(1);
    expect(page.withoutToast(state, state.toasts[0]?.id ?? 0).toasts).toEqual([]);
  });
});

describe('the mirror', () => {
  test('asks for the metrics of every VM that is on, and of no other', () => {
    const host = new MemoryHost();
    const store = page.createPageStore();
    const bridge = createBridge({ connect: host.connect, onPhase: () => {} });
    mirrorHost(bridge, store);
    host.open();
    const topic = (name: string) =>
      host.received.flatMap((message) =>
        !(message instanceof Uint8Array) && message.kind === 'subscribe' && message.topic === name ? [message] : [],
      );
    const subscription = topic('inventory')[0]?.subscription ?? 0;
    host.tell({ kind: 'data', subscription, data: inventory(ON, fakeVm('Two')) });
    expect(topic('metrics').map((message) => message.args)).toEqual([{ vm: ON.id }]);
    host.tell({ kind: 'data', subscription: topic('metrics')[0]?.subscription ?? 0, data: sample(7) });
    expect(store.getState().metrics[ON.id]).toEqual([sample(7)]);
    host.tell({ kind: 'data', subscription, data: inventory(fakeVm('One')) });
    expect(host.last('unsubscribe').subscription).toBe(topic('metrics')[0]?.subscription);
  });
});

test('an address comes back as the place it was made of, and nonsense is home', () => {
  const routes: Route[] = [
    { page: 'home' },
    { page: 'events' },
    { page: 'alarms' },
    { page: 'vm', vm: 'a b/ü', tab: 'console' },
  ];
  for (const route of routes) expect(parseRoute(formatRoute(route))).toEqual(route);
  expect(parseRoute('#/vm/x')).toEqual({ page: 'vm', vm: 'x', tab: 'summary' });
  for (const hash of ['', '#', '#/vm/', '#/vm/%E0%A4%A/console', '#/other']) expect(parseRoute(hash).page).toBe('home');
});
