/**
 * Kill the primary: the demonstration.
 *
 * Invariant: done at once, without a question; it is what Fault Tolerance is for.
 */
import { Zap } from 'lucide-react';
import { refusal } from '../../preload/rules.ts';
import { en } from '../text/en.ts';
import type { Action } from './action.ts';

export const crashPrimary: Action = {
  id: 'crash-primary',
  label: en.actions.crashPrimary,
  hint: en.actionHints.crashPrimary,
  icon: Zap,
  tone: 'danger',
  enabled: (vm) => refusal('crash-primary', vm),
  perform: async ({ vm, call }) => {
    await call('fault', { vm: vm.id, kind: 'crash-primary' });
  },
};
