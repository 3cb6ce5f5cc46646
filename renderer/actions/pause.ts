/** Let the guest stand still at an epoch boundary. Invariant: allowed exactly when the rules allow `power.pause`. */
import { CirclePause } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const pause: Action = {
  id: 'pause',
  label: texts.actions.pause,
  hint: texts.actionHints.pause,
  icon: CirclePause,
  enabled: (vm) => refusal('power.pause', vm),
  perform: async ({ vm, call }) => {
    await call('power.pause', { vm: vm.id });
  },
};
