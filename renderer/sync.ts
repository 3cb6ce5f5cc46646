/**
 * Keeps the store a mirror of the host: the inventory, all events, and the metrics of every VM that is on.
 *
 * Invariant: there is one metrics subscription for each VM that is not off, and none for the others.
 */
import type { Bridge, Subscription } from './bridge.ts';
import { lastEventId, withEvents, withInventory, withMetrics, type Store } from './state.ts';

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
  const events = bridge.subscribe('events', () => ({ since: lastEventId(store.getState()) }), {
    data: (records) => store.setState((state) => withEvents(state, records)),
  });

  return () => {
    inventory.cancel();
    events.cancel();
    for (const subscription of metrics.values()) subscription.cancel();
  };
}
