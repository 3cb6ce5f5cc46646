/** Show the VM's console. Invariant: allowed exactly when the rules allow `console`. */
import { Monitor } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const openConsole: Action = {
  id: 'open-console',
  label: texts.actions.openConsole,
  icon: Monitor,
  enabled: (vm) => refusal('console', vm),
  perform: async ({ vm, go }) => go({ page: 'vm', vm: vm.id, tab: 'console' }),
};
