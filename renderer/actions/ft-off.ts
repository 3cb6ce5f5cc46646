/**
 * Turn off Fault Tolerance; the VM goes on without a secondary.
 *
 * Invariant: allowed exactly when the rules allow `ft.off`.
 */
import { ShieldOff } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const ftOff: Action = {
  id: 'ft-off',
  label: texts.actions.ftOff,
  hint: texts.actionHints.ftOff,
  icon: ShieldOff,
  enabled: (vm) => refusal('ft.off', vm),
  perform: async ({ vm, call }) => {
    await call('ft.off', { vm: vm.id });
  },
};
