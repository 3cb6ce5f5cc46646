/**
 * Runs actions: asks first where work is lost, shows that something is under way, and shows errors in their own words.
 *
 * Invariant: an action that is refused now is never sent; one action on one VM runs at most once at a time.
 */
import type { VmView } from '../../preload/contract/contract.ts';
import type { Bridge } from '../host/bridge.ts';
import type { Route } from '../route.ts';
import { findVm, withPending, withToast, type OpenDialog, type State, type Store, type Toast } from '../state.ts';
import { errorWords } from '../text/host-words.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';
import { ACTIONS } from './index.ts';

/** Why the action cannot be run now, in words; null when it can. */
export function whyNot(action: Action, vm: VmView, state: Pick<State, 'phase' | 'pending'>): string | null {
  if (state.phase !== 'open') return texts.actionHints.disconnected;
  if (state.pending.includes(pendingKey(action, vm))) return texts.actionHints.busy;
  return action.enabled(vm);
}

export function pendingKey(action: Pick<Action, 'id'>, vm: Pick<VmView, 'id'>): string {
  return `${action.id}:${vm.id}`;
}

export interface Runner {
  /** Runs the action, or opens its question. */
  start(action: Action, vm: VmView): void;
  /** The question was answered with yes. */
  confirmed(actionId: string, vmId: string): void;
  /** Does `work` under a pending key of its own; true when it went well, else the error is shown under `title`. */
  attempt(key: string, title: string, work: () => Promise<void>): Promise<boolean>;
}

export function createRunner(store: Store, call: Bridge['call'], go: (route: Route) => void): Runner {
  const attempt: Runner['attempt'] = async (key, title, work) => {
    store.setState((state) => withPending(state, key, true));
    try {
      await work();
      return true;
    } catch (error) {
      const message = errorWords(error);
      store.setState((state) => withToast(state, { tone: 'error', title, message }));
      return false;
    } finally {
      store.setState((state) => withPending(state, key, false));
    }
  };
  const open = (dialog: OpenDialog) => store.setState({ dialog });
  const toast = (one: Omit<Toast, 'id'>) => store.setState((state) => withToast(state, one));
  const run = (action: Action, vm: VmView) => {
    if (whyNot(action, vm, store.getState()) !== null) return;
    void attempt(pendingKey(action, vm), `${action.label}: ${vm.name}`, () =>
      action.perform({ vm, call, go, open, toast }),
    );
  };
  return {
    attempt,
    start: (action, vm) => {
      if (whyNot(action, vm, store.getState()) !== null) return;
      if (action.confirm) store.setState({ dialog: { kind: 'confirm', action: action.id, vm: vm.id } });
      else run(action, vm);
    },
    confirmed: (actionId, vmId) => {
      store.setState({ dialog: null });
      const action = ACTIONS.find((one) => one.id === actionId);
      const vm = findVm(store.getState(), vmId);
      if (action && vm) run(action, vm);
    },
  };
}
