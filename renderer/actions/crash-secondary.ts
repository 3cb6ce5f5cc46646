/** Kill the secondary; a new one is started. Invariant: allowed exactly when there is one. */
import { ZapOff } from 'lucide-react';
import { refusal } from '../../preload/rules.ts';
import { en } from '../text/en.ts';
import type { Action } from './action.ts';

export const crashSecondary: Action = {
  id: 'crash-secondary',
  label: en.actions.crashSecondary,
  hint: en.actionHints.crashSecondary,
  icon: ZapOff,
  tone: 'danger',
  enabled: (vm) => refusal('crash-secondary', vm),
  perform: async ({ vm, call }) => {
    await call('fault', { vm: vm.id, kind: 'crash-secondary' });
  },
};
