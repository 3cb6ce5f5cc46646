/** Protect again after a suspension. Invariant: allowed exactly when the rules allow `ft.resume`. */
import { ShieldCheck } from 'lucide-react';
import { refusal } from '../../preload/rules.ts';
import { en } from '../text/en.ts';
import type { Action } from './action.ts';

export const ftResume: Action = {
  id: 'ft-resume',
  label: en.actions.ftResume,
  hint: en.actionHints.ftResume,
  icon: ShieldCheck,
  enabled: (vm) => refusal('ft.resume', vm),
  perform: async ({ vm, call }) => {
    await call('ft.resume', { vm: vm.id });
  },
};
