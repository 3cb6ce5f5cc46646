/** Power off and on again. Invariant: never done unasked, as the guest may lose work. */
import { RotateCcw } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const reset: Action = {
  id: 'reset',
  label: texts.actions.reset,
  icon: RotateCcw,
  enabled: (vm) => refusal('power.reset', vm),
  confirm: texts.confirm.reset,
  perform: async ({ vm, call }) => {
    await call('power.reset', { vm: vm.id });
  },
};
