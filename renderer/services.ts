/**
 * What every view can reach: the store, the bridge, the runner of actions, and navigation.
 *
 * Invariant: views read the host's state from the store alone and act on the host through the runner or the bridge
 * alone.
 */
import { createContext, useContext } from 'react';
import { useStore } from 'zustand';
import type { Runner } from './actions/run.ts';
import type { Bridge } from './host/bridge.ts';
import type { Route } from './route.ts';
import type { State, Store } from './state.ts';

export interface Services {
  readonly store: Store;
  readonly bridge: Bridge;
  readonly runner: Runner;
  readonly go: (route: Route) => void;
}

export const ServicesContext = createContext<Services | null>(null);

export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (!services) throw new Error('useServices needs a ServicesContext around it');
  return services;
}

export function usePage<T>(select: (state: State) => T): T {
  return useStore(useServices().store, select);
}
