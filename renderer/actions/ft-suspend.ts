/** Stop protecting until Fault Tolerance is resumed. Invariant: allowed exactly when the rules allow `ft.suspend`. */
import { ShieldMinus } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const ftSuspend: Action = {
  id: 'ft-suspend',
  label: texts.actions.ftSuspend,
  hint: texts.actionHints.ftSuspend,
  icon: ShieldMinus,
  enabled: (vm) => refusal('ft.suspend', vm),
  perform: async ({ vm, call }) => {
    await call('ft.suspend', { vm: vm.id });
  },
};
