/** Turn on Fault Tolerance. Invariant: allowed exactly when the rules allow `ft.on`. */
import { ShieldPlus } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const ftOn: Action = {
  id: 'ft-on',
  label: texts.actions.ftOn,
  hint: texts.actionHints.ftOn,
  icon: ShieldPlus,
  tone: 'primary',
  enabled: (vm) => refusal('ft.on', vm),
  perform: async ({ vm, call }) => {
    await call('ft.on', { vm: vm.id });
  },
};
