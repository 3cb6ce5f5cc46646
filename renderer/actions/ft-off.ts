/**
 * Turn off Fault Tolerance; the VM goes on without a secondary.
 *
 * Invariant: allowed exactly when the rules allow `ft.off`.
 */
import { ShieldOff } from 'lucide-react';
import { refusal } from '../../preload/rules.ts';
import { en } from '../text/en.ts';
import type { Action } from './action.ts';

export const ftOff: Action = {
  id: 'ft-off',
  label: en.actions.ftOff,
  hint: en.actionHints.ftOff,
  icon: ShieldOff,
  enabled: (vm) => refusal('ft.off', vm),
  perform: async ({ vm, call }) => {
    await call('ft.off', { vm: vm.id });
  },
};
