/** Protect again after a suspension. Invariant: allowed exactly when the rules allow `ft.resume`. */
import { ShieldCheck } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const ftResume: Action = {
  id: 'ft-resume',
  label: texts.actions.ftResume,
  hint: texts.actionHints.ftResume,
  icon: ShieldCheck,
  enabled: (vm) => refusal('ft.resume', vm),
  perform: async ({ vm, call }) => {
    await call('ft.resume', { vm: vm.id });
  },
};
