/** Power off and on again. Invariant: never done unasked, as the guest may lose work. */
import { RotateCcw } from 'lucide-react';
import { refusal } from '../../preload/rules.ts';
import { en } from '../text/en.ts';
import type { Action } from './action.ts';

export const reset: Action = {
  id: 'reset',
  label: en.actions.reset,
  icon: RotateCcw,
  enabled: (vm) => refusal('power.reset', vm),
  confirm: en.confirm.reset,
  perform: async ({ vm, call }) => {
    await call('power.reset', { vm: vm.id });
  },
};
