/** Suspend a VM to disk. Invariant: allowed exactly when the rules allow `power.suspend`. */
import { Moon } from 'lucide-react';
import { refusal } from '../../preload/rules.ts';
import { enSnapshots } from '../text/en-snapshots.ts';
import type { Action } from './action.ts';

export const suspend: Action = {
  id: 'suspend',
  label: enSnapshots.suspend,
  hint: enSnapshots.suspendHint,
  icon: Moon,
  enabled: (vm) => refusal('power.suspend', vm),
  perform: async ({ vm, call }) => {
    await call('power.suspend', { vm: vm.id });
  },
};
