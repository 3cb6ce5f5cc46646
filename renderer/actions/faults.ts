/**
 * Faults made on purpose: one action each, for the fault lab, menus and tests.
 *
 * Invariant: done at once, without a question; surviving them is what Fault Tolerance is for.
 */
import {
  Cable,
  HeartPulse,
  Hourglass,
  Pause,
  ScissorsLineDashed,
  Shuffle,
  Zap,
  ZapOff,
  type LucideIcon,
} from 'lucide-react';
import type { FaultKind } from '../../preload/contract/contract.ts';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

const ICONS: { readonly [kind in FaultKind]: LucideIcon } = {
  'crash-primary': Zap,
  'crash-secondary': ZapOff,
  'hang-primary': Pause,
  'hang-secondary': Hourglass,
  'corrupt-secondary': Shuffle,
  'cut-channel': ScissorsLineDashed,
  'delay-channel': Cable,
  heal: HeartPulse,
};

/** Those of which one may say how many milliseconds, and how many unless one does. */
export const FAULT_MS: { readonly [kind in FaultKind]?: number } = {
  'hang-primary': 2000,
  'hang-secondary': 2000,
  'delay-channel': 50,
};

export function faultAction(kind: FaultKind, ms = FAULT_MS[kind]): Action {
  return {
    id: kind,
    label: texts.faults[kind].label,
    hint: texts.faults[kind].hint,
    icon: ICONS[kind],
    ...(kind !== 'heal' && { tone: 'danger' as const }),
    enabled: (vm) => refusal(kind, vm),
    perform: async ({ vm, call }) => {
      await call('fault', { vm: vm.id, kind, ...(ms !== undefined && { ms }) });
    },
  };
}

export const crashPrimary = faultAction('crash-primary');
export const crashSecondary = faultAction('crash-secondary');
/** In the order in which the lab shows them. */
export const FAULT_ACTIONS: readonly Action[] = [
  crashPrimary,
  crashSecondary,
  faultAction('hang-primary'),
  faultAction('hang-secondary'),
  faultAction('cut-channel'),
  faultAction('delay-channel'),
  faultAction('corrupt-secondary'),
  faultAction('heal'),
];
