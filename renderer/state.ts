/**
 * What the page knows: a mirror of the host's inventory, events and metrics, and where the user is.
 *
 * Invariant: the host's part is only ever what the host said last; every change goes through one of the pure functions
 * here, which return a new state and leave the old one as it was.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type {
  AlarmRecord,
  EventRecord,
  ForwardView,
  Inventory,
  MediaDrive,
  TaskRecord,
  VmMetrics,
  VmView,
} from '../preload/contract/contract.ts';
import type { ConnectionPhase } from './host/bridge.ts';
import { HOME, type Route } from './route.ts';
import type { Theme } from './theme.ts';

export const EVENTS_KEPT = 2000;
const TASKS_KEPT = 100;
/** Seconds of metrics a chart shows. */
export const METRICS_KEPT = 120;

export interface Toast {
  readonly id: number;
  readonly tone: 'error' | 'info';
  readonly title: string;
  readonly message: string;
}

export interface SnapshotDialogKind {
  readonly kind: 'snapshot';
  readonly vm: string;
  readonly what: 'take' | 'revert' | 'delete';
  /** Null where one is to be taken. */
  readonly snapshot: { readonly id: string; readonly name: string } | null;
}

export type OpenDialog =
  | { readonly kind: 'newVm'; readonly folder?: string }
  | { readonly kind: 'edit'; readonly vm: string }
  | { readonly kind: 'move'; readonly vm: string }
  /** `folder`: a disc is to be made of one. */
  | { readonly kind: 'media'; readonly vm: string; readonly drive: MediaDrive; readonly folder?: true }
  | { readonly kind: 'diskCheck'; readonly vm: string }
  | { readonly kind: 'diskExtend'; readonly vm: string }
  | { readonly kind: 'diskExport'; readonly vm: string }
  | { readonly kind: 'diskImport'; readonly vm: string }
  /** A new one in `folder` (empty: at the top), or another name for it. */
  | { readonly kind: 'newFolder'; readonly folder: string }
  | { readonly kind: 'renameFolder'; readonly folder: string }
  | { readonly kind: 'palette' }
  | { readonly kind: 'shortcuts' }
  | { readonly kind: 'ftSettings'; readonly vm: string }
  | { readonly kind: 'record'; readonly vm: string }
  | { readonly kind: 'paste'; readonly vm: string }
  | { readonly kind: 'nic'; readonly vm: string }
  | { readonly kind: 'capture'; readonly vm: string }
  /** A new forward where it is null. */
  | { readonly kind: 'forward'; readonly vm: string; readonly forward: ForwardView | null }
  | { readonly kind: 'newNetwork' }
  | { readonly kind: 'clone'; readonly vm: string }
  | { readonly kind: 'export'; readonly vm: string }
  /** The file that is proposed. */
  | { readonly kind: 'import'; readonly file: string }
  | SnapshotDialogKind
  | { readonly kind: 'checkpoint'; readonly vm: string }
  | { readonly kind: 'confirm'; readonly action: string; readonly vm: string };

export interface Guide {
  readonly name: string;
  /** Null until it was created. */
  readonly vm: string | null;
  readonly failure: string | null;
}

export interface State {
  readonly phase: ConnectionPhase;
  /** The page has been connected at least once. */
  readonly everOpen: boolean;
  readonly inventory: Inventory | null;
  /** By rising id. */
  readonly events: readonly EventRecord[];
  /** Newest first. */
  readonly tasks: readonly TaskRecord[];
  /** Active ones, newest first. */
  readonly alarms: readonly AlarmRecord[];
  readonly metrics: { readonly [vm: string]: readonly VmMetrics[] };
  /** Commands under way, as `action:vm`. */
  readonly pending: readonly string[];
  readonly toasts: readonly Toast[];
  readonly dialog: OpenDialog | null;
  /** The first VM, made with one click: which it is, and what went wrong. */
  readonly guide: Guide | null;
  readonly theme: Theme;
  /** The user has logged out: nothing is shown any more. */
  readonly loggedOut: boolean;
  readonly route: Route;
}

export const INITIAL: State = {
  phase: 'connecting',
  everOpen: false,
  inventory: null,
  events: [],
  tasks: [],
  alarms: [],
  metrics: {},
  pending: [],
  toasts: [],
  dialog: null,
  guide: null,
  theme: 'system',
  loggedOut: false,
  route: HOME,
};

export type Store = StoreApi<State>;

export function createPageStore(initial: Partial<State> = {}): Store {
  return createStore<State>(() => ({ ...INITIAL, ...initial }));
}

export function withPhase(state: State, phase: ConnectionPhase): State {
  return { ...state, phase, everOpen: state.everOpen || phase === 'open' };
}

/** Metrics of VMs that are off or gone are dropped: their charts start afresh at the next power-on. */
export function withInventory(state: State, inventory: Inventory): State {
  const running = new Set(inventory.vms.filter((vm) => vm.power !== 'off').map((vm) => vm.id));
  const metrics = Object.fromEntries(Object.entries(state.metrics).filter(([vm]) => running.has(vm)));
  return { ...state, inventory: sharing(state.inventory, inventory), metrics };
}

/** What has not changed stays the same object, so that what shows it is not drawn again. */
function sharing(before: Inventory | null, now: Inventory): Inventory {
  if (before === null) return now;
  const known = new Map(before.vms.map((vm) => [vm.id, vm]));
  const vms = now.vms.map((vm) => {
    const old = known.get(vm.id);
    return old && JSON.stringify(old) === JSON.stringify(vm) ? old : vm;
  });
  return { ...now, vms };
}

/** Adds what is new; an event that is known already (after a reconnection) is not added again. */
export function withEvents(state: State, records: readonly EventRecord[]): State {
  const last = lastEventId(state);
  const fresh = records.filter((record) => record.id > last);
  if (fresh.length === 0) return state;
  return { ...state, events: [...state.events, ...fresh].slice(-EVENTS_KEPT) };
}

export function lastEventId(state: State): number {
  return state.events.at(-1)?.id ?? 0;
}

/** Adds tasks, or takes what is new about them. */
export function withTasks(state: State, records: readonly TaskRecord[]): State {
  return { ...state, tasks: merged(state.tasks, records).slice(0, TASKS_KEPT) };
}

/** The same for alarms; those that were cleared go. */
export function withAlarms(state: State, records: readonly AlarmRecord[]): State {
  return { ...state, alarms: merged(state.alarms, records).filter(({ clearedAt }) => clearedAt === null) };
}

/** Newest first, each id once, as it was told last. */
function merged<T extends { readonly id: number }>(known: readonly T[], told: readonly T[]): T[] {
  const byId = new Map([...known, ...told].map((one) => [one.id, one]));
  return [...byId.values()].toSorted((a, b) => b.id - a.id);
}

export function withMetrics(state: State, vm: string, sample: VmMetrics): State {
  const samples = [...(state.metrics[vm] ?? []), sample].slice(-METRICS_KEPT);
  return { ...state, metrics: { ...state.metrics, [vm]: samples } };
}

export function withPending(state: State, key: string, pending: boolean): State {
  const others = state.pending.filter((other) => other !== key);
  return { ...state, pending: pending ? [...others, key] : others };
}

let lastToast = 0;

/** The same message twice is shown once. */
export function withToast(state: State, toast: Omit<Toast, 'id'>): State {
  const others = state.toasts.filter((other) => other.message !== toast.message || other.title !== toast.title);
  return { ...state, toasts: [...others, { ...toast, id: ++lastToast }].slice(-4) };
}

export function withoutToast(state: State, id: number): State {
  return { ...state, toasts: state.toasts.filter((toast) => toast.id !== id) };
}

/** By id, or by name, not case-sensitive. */
export function findVm(state: Pick<State, 'inventory'>, vm: string): VmView | null {
  const vms = state.inventory?.vms ?? [];
  return vms.find((one) => one.id === vm) ?? vms.find((one) => one.name.toLowerCase() === vm.toLowerCase()) ?? null;
}
