/** Let the guest stand still at an epoch boundary. Invariant: allowed exactly when the rules allow `power.pause`. */
import { CirclePause } from 'lucide-react';
import { refusal } from '../../preload/rules.ts';
import { en } from '../text/en.ts';
import type { Action } from './action.ts';

export const pause: Action = {
  id: 'pause',
  label: en.actions.pause,
  hint: en.actionHints.pause,
  icon: CirclePause,
  enabled: (vm) => refusal('power.pause', vm),
  perform: async ({ vm, call }) => {
    await call('power.pause', { vm: vm.id });
  },
};
