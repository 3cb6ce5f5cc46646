/** Stop protecting until Fault Tolerance is resumed. Invariant: allowed exactly when the rules allow `ft.suspend`. */
import { ShieldMinus } from 'lucide-react';
import { refusal } from '../../preload/rules.ts';
import { en } from '../text/en.ts';
import type { Action } from './action.ts';

export const ftSuspend: Action = {
  id: 'ft-suspend',
  label: en.actions.ftSuspend,
  hint: en.actionHints.ftSuspend,
  icon: ShieldMinus,
  enabled: (vm) => refusal('ft.suspend', vm),
  perform: async ({ vm, call }) => {
    await call('ft.suspend', { vm: vm.id });
  },
};
