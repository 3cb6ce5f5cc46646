/** Ask the guest to end. Invariant: nothing is powered off that has not ended by itself. */
import { CircleStop } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const shutdown: Action = {
  id: 'shutdown',
  label: texts.share.shutdown.action,
  hint: texts.share.shutdown.hint,
  icon: CircleStop,
  enabled: (vm) => refusal('power.shutdown', vm),
  perform: async ({ vm, call }) => {
    await call('power.shutdown', { vm: vm.id });
  },
};
