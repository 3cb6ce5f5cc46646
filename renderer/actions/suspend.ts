/** Suspend a VM to disk. Invariant: allowed exactly when the rules allow `power.suspend`. */
import { Moon } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const suspend: Action = {
  id: 'suspend',
  label: texts.snapshots.suspend,
  hint: texts.snapshots.suspendHint,
  icon: Moon,
  enabled: (vm) => refusal('power.suspend', vm),
  perform: async ({ vm, call }) => {
    await call('power.suspend', { vm: vm.id });
  },
};
