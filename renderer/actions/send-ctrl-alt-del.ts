/** Press Ctrl+Alt+Del in the guest. Invariant: allowed exactly when the rules allow `console`. */
import { Keyboard } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const sendCtrlAltDel: Action = {
  id: 'ctrl-alt-del',
  label: texts.console.ctrlAltDel,
  icon: Keyboard,
  enabled: (vm) => refusal('console', vm),
  perform: async ({ vm, call }) => {
    await call('console.key', { vm: vm.id, combo: 'ctrl+alt+del' });
  },
};
