/**
 * Keeps the store a mirror of the host: the inventory, the newest events, tasks, alarms, and the metrics of every VM
 * that is on.
 *
 * Invariant: there is one metrics subscription for each VM that is not off, and none for the others.
 */
import type { Bridge, Subscription } from './bridge.ts';
import { lastEventId, withAlarms, withEvents, withInventory, withMetrics, withTasks, type Store } from '../state.ts';

/** Returns the function that stops it. */
export function mirrorHost(bridge: Bridge, store: Store): () => void {
  const metrics = new Map<string, Subscription>();

  const followMetrics = (running: ReadonlySet<string>) => {
    for (const [vm, subscription] of metrics) {
      if (running.has(vm)) continue;
      subscription.cancel();
      metrics.delete(vm);
    }
    for (const vm of running) {
      if (metrics.has(vm)) continue;
      const subscription = bridge.subscribe(
        'metrics',
        { vm },
        {
          data: (sample) => store.setState((state) => withMetrics(state, vm, sample)),
          end: () => {
            if (metrics.get(vm) === subscription) metrics.delete(vm);
          },
        },
      );
      metrics.set(vm, subscription);
    }
  };

  const inventory = bridge.subscribe(
    'inventory',
    {},
    {
      data: (data) => {
        store.setState((state) => withInventory(state, data));
        followMetrics(new Set(data.vms.filter((vm) => vm.power !== 'off').map((vm) => vm.id)));
      },
    },
  );
  // The first time only the newest events come; after a lost connection those that were missed.
  const eventArgs = () => {
    const since = lastEventId(store.getState());
    return since === 0 ? {} : { since };
  };
  const events = bridge.subscribe('events', eventArgs, {
    data: (records) => store.setState((state) => withEvents(state, records)),
  });
  const tasks = bridge.subscribe(
    'tasks',
    {},
    { data: (records) => store.setState((state) => withTasks(state, records)) },
  );
  const alarms = bridge.subscribe(
    'alarms',
    {},
    {
      // The host says first which are active: those it does not name have been cleared meanwhile.
      begin: () => store.setState({ alarms: [] }),
      data: (records) => store.setState((state) => withAlarms(state, records)),
    },
  );

  return () => {
    inventory.cancel();
    events.cancel();
    tasks.cancel();
    alarms.cancel();
    for (const subscription of metrics.values()) subscription.cancel();
  };
}
